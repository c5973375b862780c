/* SPDX-License-Identifier: ISC */
/* Whom a listed client speaks for: smtpd/xclient. */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <stdio.h>
#include <string.h>

#include "smtpd/xclient.h"
#include "tests/fuzz/fuzz.h"

static const char *const names[XCLIENT_COUNT] = {
	"NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR",
	"DESTPORT", "IDENT", "SOURCE"
};

/* Each octet as xtext may have it: all of them as "+XX". */
static void
put(struct buf *b, const char *name, const char *value)
{
	(void)buf_printf(b, " %s=", name);
	for (; *value != '\0'; value++)
		(void)buf_printf(b, "+%02X", (unsigned char)*value);
}

static void
check_values(const struct xclient *x)
{
	size_t		 i;
	struct span	 text;

	for (i = 0; i < XCLIENT_COUNT; i++) {
		text = span_make(x->text[i], strnlen(x->text[i],
		    HOST_TEXT_MAX + 1));
		fuzz_claim(text.len <= HOST_TEXT_MAX && span_is_text(text),
		    "a value is a short text");
		fuzz_claim(x->state[i] == XCLIENT_UNSAID || text.len > 0,
		    "what is said is not empty");
	}
	fuzz_claim(x->state[XCLIENT_ADDR] != XCLIENT_SAID ||
	    x->family == AF_INET || x->family == AF_INET6,
	    "an address has a family");
}

static void
say_again(const struct xclient *x, const char *words)
{
	struct xclient	 again;
	struct reply	 why;
	struct buf	 b;
	size_t		 i;

	buf_init(&b, 1 << 16);
	for (i = 0; i < XCLIENT_COUNT; i++)
		if (x->state[i] != XCLIENT_UNSAID)
			put(&b, names[i], x->text[i]);
	fuzz_claim(xclient_parse(buf_span(&b), words, &again, &why),
	    "what was said can be said");
	fuzz_claim(memcmp(x->state, again.state, sizeof x->state) == 0 &&
	    x->family == again.family && x->port == again.port &&
	    memcmp(x->address, again.address, sizeof x->address) == 0,
	    "and is the same");
	for (i = 0; i < XCLIENT_COUNT; i++)
		fuzz_claim(strcmp(x->text[i], again.text[i]) == 0,
		    "word for word");
	buf_clear(&b);
}

static void
parse(struct span input, const char *words)
{
	struct xclient	 x;
	struct reply	 why = { 0 };
	struct buf	 b;

	if (xclient_parse(input, words, &x, &why)) {
		check_values(&x);
		say_again(&x, words);
		return;
	}
	fuzz_claim(reply_is_refusal(&why), "what is wrong is refused");
	buf_init(&b, 4096);
	fuzz_claim(reply_put(&why, &b) && fuzz_replies(buf_span(&b)) == 1,
	    "in a reply");
	buf_clear(&b);
}

void
fuzz_one(struct span input)
{
	parse(input, XCLIENT_WORDS);
	parse(input, XFORWARD_WORDS);
}
