/* SPDX-License-Identifier: ISC */
#include "remote/mechanism.h"
#include "remote/offer.h"
#include "remote/xforward.h"

enum { LIMIT_MAX = 999999 };	/* RFC 9422 section 4: six digits */

static void
take_size(struct offer *o, struct span rest)
{
	uint64_t	 size;

	o->extensions |= OFFER_SIZE;
	o->size = span_parse_u64(span_word(&rest), UINT64_MAX, &size) ?
	    size : 0;
}

/* What is no limit that we know, or has no value for one, is passed by. */
static void
take_limits(struct offer *o, struct span rest)
{
	struct span	 word, name;
	uint64_t	 value;

	while ((word = span_word(&rest)).len > 0) {
		word = span_cut(word, '=', &name);
		if (!span_parse_u64(word, LIMIT_MAX, &value) || value == 0)
			continue;
		if (span_is_word(name, "MAILMAX"))
			o->mails = value;
		else if (span_is_word(name, "RCPTMAX"))
			o->recipients = value;
		else if (span_is_word(name, "RCPTDOMAINMAX"))
			o->domains = value;
	}
}

static void
take_xforward(struct offer *o, struct span rest)
{
	o->xforward = xforward_offered(rest);
}

static void
take_auth(struct offer *o, struct span rest)
{
	o->mechanisms |= mechanism_bits(rest);
}

static const struct {
	const char	*word;
	unsigned	 extension;
	void		(*take)(struct offer *, struct span rest);
} keywords[] = {
	{ "PIPELINING",		OFFER_PIPELINING,	NULL },
	{ "SIZE",		0,			take_size },
	{ "8BITMIME",		OFFER_8BITMIME,		NULL },
	{ "CHUNKING",		OFFER_CHUNKING,		NULL },
	{ "STARTTLS",		OFFER_STARTTLS,		NULL },
	{ "DSN",		OFFER_DSN,		NULL },
	{ "AUTH",		0,			take_auth },
	{ "LIMITS",		0,			take_limits },
	{ "XFORWARD",		0,			take_xforward },
};

void
offer_line(struct offer *o, struct span line)
{
	struct span	 word = span_word(&line);
	size_t		 i;

	for (i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
		if (!span_is_word(word, keywords[i].word))
			continue;
		o->extensions |= keywords[i].extension;
		if (keywords[i].take != NULL)
			keywords[i].take(o, line);
	}
}
