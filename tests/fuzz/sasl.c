/* SPDX-License-Identifier: ISC */
/* What a client says to prove who it is: lookup/sasl, lookup/sasl_scram. */
#include <string.h>

#include "lookup/sasl.h"
#include "shared/saslprep.h"
#include "tests/fuzz/fuzz.h"

/* RFC 7677's key; the nonce is ours, as there. */
#define NONCE	"%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define KEY	"4096,W22ZaJ0SNY7soEsUEjb6gQ==," \
		"WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=," \
		"wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

/* The only proof for this key and nonce that anybody has. */
#define KNOWN	"dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="

static void
check_name(const struct sasl *s)
{
	char	 again[ACCOUNT_TEXT_MAX + 1];

	fuzz_claim(span_is_text(span_of(s->name)), "a name is text");
	if (s->name[0] != '\0')
		fuzz_claim(saslprep(span_of(s->name), SASLPREP_COMPARED,
		    again, sizeof again), "a name is prepared");
}

static bool
contains(struct span s, const char *word)
{
	while (s.len >= strlen(word) && !span_starts(s, word))
		s = span_skip(s, 1);
	return span_starts(s, word);
}

static enum sasl_want
hear(struct sasl *s, struct span message)
{
	struct scram_key	 k;
	enum sasl_want		 want = sasl_hear(s, message);

	if (want == SASL_KEY) {
		fuzz_claim(s->name[0] != '\0', "a key is somebody's");
		fuzz_claim(scram_key_parse(&k, span_of(KEY)), "a key is one");
		want = sasl_key(s, &k, span_of(NONCE));
		if (want == SASL_SAY)
			fuzz_claim(s->said_len > 2 &&
			    memcmp(s->said, "r=", 2) == 0, "a nonce is said");
	}
	if (want == SASL_PASSWORD)
		fuzz_claim(s->name[0] != '\0' && s->password[0] != '\0',
		    "a password is somebody's");
	check_name(s);
	return want;
}

/* Messages are parted by an octet that is in no UTF-8. */
static enum sasl_want
talk(struct sasl *s, struct span input, enum sasl_mechanism m, bool bound)
{
	enum sasl_want	 want = SASL_SAY;
	struct span	 message;

	sasl_init(s, m, span_of(bound ? "tls-exporter" : ""),
	    span_of(bound ? "0123456789abcdef" : ""));
	while (want == SASL_SAY && input.len > 0) {
		input = span_cut(input, '\xff', &message);
		want = hear(s, message);
		fuzz_claim(s->said_len <= sizeof s->said, "we say enough");
	}
	return want;
}

void
fuzz_one(struct span input)
{
	static struct sasl	 once, twice;
	struct span		 all = input;
	uint8_t			 choice = fuzz_choice(&input);
	enum sasl_mechanism	 m = choice % SASL_COUNT;
	enum sasl_want		 want = talk(&once, input, m, choice & 4);

	fuzz_claim(talk(&twice, input, m, choice & 4) == want &&
	    memcmp(&once, &twice, sizeof once) == 0, "twice is the same");
	if (want == SASL_GOOD)
		fuzz_claim(m >= SASL_SCRAM && contains(all, KNOWN),
		    "nobody gets in without a proof");
	sasl_clear(&once);
	sasl_clear(&twice);
}
