/* SPDX-License-Identifier: ISC */
#include "shared/alloc.h"
#include "smtpd/params.h"
#include "shared/xtext.h"

enum outcome { TAKEN, MALFORMED, NOT_KNOWN };

/* RFC 1870 section 3, RFC 3030 section 2: at most 20 digits. */
static bool
take_octets(struct span digits, uint64_t *size)
{
	return digits.len <= 20 && span_parse_u64(digits, UINT64_MAX, size);
}

static enum outcome
take_size(struct span value, struct mail_params *p)
{
	return take_octets(value, &p->size) ? TAKEN : MALFORMED;
}

static enum outcome
take_body(struct span value, struct mail_params *p)
{
	p->eight_bit = span_is_word(value, "8BITMIME");
	if (p->eight_bit || span_is_word(value, "7BIT"))
		return TAKEN;
	return value.len > 0 ? NOT_KNOWN : MALFORMED;
}

static enum outcome
take_auth(struct span value, struct mail_params *p)
{
	char	 text[ADDR_TEXT_MAX + 1];

	p->has_author = true;
	if (span_is(value, "<>"))
		return TAKEN;
	return value.len > 0 && xtext_decode(value, text, sizeof(text)) &&
	    addr_parse(span_of(text), &p->author) == ADDR_OK ?
	    TAKEN : MALFORMED;
}

static const struct {
	const char	*name;
	enum outcome	(*take)(struct span value, struct mail_params *);
} known[] = {
	{ "SIZE",	take_size },
	{ "BODY",	take_body },
	{ "AUTH",	take_auth },
};

static size_t
find(struct span name, const struct mail_rules *rules)
{
	size_t	 i;

	for (i = 0; i < COUNT(known); i++)
		if (span_is_word(name, known[i].name))
			break;
	return i < COUNT(known) && known[i].take == take_auth &&
	    !rules->auth ? COUNT(known) : i;
}

static bool
is_keyword_octet(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z');
}

/* esmtp-param of RFC 5321 section 4.1.2. */
static bool
is_well_formed(struct span word)
{
	struct span	 name, value = span_cut(word, '=', &name);
	size_t		 i;

	for (i = 0; i < name.len; i++)
		if (!is_keyword_octet(name.ptr[i]) &&
		    (i == 0 || name.ptr[i] != '-'))
			return false;
	for (i = 0; i < value.len; i++)
		if (value.ptr[i] <= ' ' || value.ptr[i] > '~' ||
		    value.ptr[i] == '=')
			return false;
	return name.len > 0 && (name.len == word.len || value.len > 0);
}

static bool
refuse(struct reply *why, struct span word)
{
	if (is_well_formed(word))
		*why = reply_make(555, "5.5.4", "Parameter not recognized; "
		    "EHLO tells which are");
	else
		*why = reply_make(501, "5.5.4",
		    "Parameters are KEYWORD or KEYWORD=value");
	return false;
}

static bool
take(struct span word, size_t i, unsigned *told, struct mail_params *p,
    struct reply *why)
{
	struct span	 name, value = span_cut(word, '=', &name);
	enum outcome	 outcome;

	if (i == COUNT(known))
		return refuse(why, word);
	if (*told & 1u << i) {
		*why = reply_make(501, "5.5.4", "%s is there twice",
		    known[i].name);
		return false;
	}
	*told |= 1u << i;
	outcome = known[i].take(value, p);
	if (outcome == TAKEN)
		return true;
	*why = outcome == MALFORMED ?
	    reply_make(501, "5.5.4", "Bad value of %s", known[i].name) :
	    reply_make(555, "5.5.4", "Value of %s not recognized",
		known[i].name);
	return false;
}

bool
params_parse(struct span s, const struct mail_rules *rules,
    struct mail_params *p, struct reply *why)
{
	struct span	 word, name;
	unsigned	 told = 0;

	*p = (struct mail_params){ 0 };
	while ((word = span_word(&s)).len > 0) {
		(void)span_cut(word, '=', &name);
		if (!take(word, find(name, rules), &told, p, why))
			return false;
	}
	if (rules->size_max == 0 || p->size <= rules->size_max)
		return true;
	*why = reply_make(552, "5.3.4", "Message size exceeds the limit of "
	    "%llu octets", (unsigned long long)rules->size_max);
	return false;
}

bool
params_none(struct span s, struct reply *why)
{
	struct span	 word = span_word(&s);

	return word.len == 0 || refuse(why, word);
}

enum chunk_status
params_parse_chunk(struct span s, uint64_t *size, bool *last)
{
	struct span	 digits = span_word(&s), word = span_word(&s);

	if (!take_octets(digits, size))
		return CHUNK_UNFRAMED;
	*last = span_is_word(word, "LAST");
	if (word.len > 0 && (!*last || span_word(&s).len > 0))
		return CHUNK_MALFORMED;
	return CHUNK_OK;
}
