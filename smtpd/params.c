/* SPDX-License-Identifier: ISC */
#include "shared/alloc.h"
#include "smtpd/params.h"
#include "shared/xtext.h"

enum outcome { TAKEN, MALFORMED, NOT_KNOWN };

/* What is being filled: one of them. */
struct params {
	struct mail_params *mail;
	struct rcpt_params *rcpt;
};

/* RFC 1870 section 3, RFC 3030 section 2: at most 20 digits. */
static bool
take_octets(struct span digits, uint64_t *size)
{
	return digits.len <= 20 && span_parse_u64(digits, UINT64_MAX, size);
}

static enum outcome
take_size(struct span value, struct params *p)
{
	return take_octets(value, &p->mail->size) ? TAKEN : MALFORMED;
}

static enum outcome
take_body(struct span value, struct params *p)
{
	p->mail->eight_bit = span_is_word(value, "8BITMIME");
	if (p->mail->eight_bit || span_is_word(value, "7BIT"))
		return TAKEN;
	return value.len > 0 ? NOT_KNOWN : MALFORMED;
}

static enum outcome
take_auth(struct span value, struct params *p)
{
	char	 text[ADDR_TEXT_MAX + 1];

	p->mail->has_author = true;
	if (span_is(value, "<>"))
		return TAKEN;
	return value.len > 0 && xtext_decode(value, text, sizeof(text)) &&
	    addr_parse(span_of(text), &p->mail->author) == ADDR_OK ?
	    TAKEN : MALFORMED;
}

/* A value of these says too little to be merely unknown. */
static enum outcome
take_ret(struct span value, struct params *p)
{
	return dsn_parse_ret(value, &p->mail->ret) ? TAKEN : MALFORMED;
}

static enum outcome
take_envid(struct span value, struct params *p)
{
	p->mail->envid = value;
	return dsn_is_envid(value) ? TAKEN : MALFORMED;
}

static enum outcome
take_notify(struct span value, struct params *p)
{
	return dsn_parse_notify(value, &p->rcpt->notify) ? TAKEN : MALFORMED;
}

static enum outcome
take_orcpt(struct span value, struct params *p)
{
	p->rcpt->orcpt = value;
	return dsn_is_orcpt(value) ? TAKEN : MALFORMED;
}

static const struct known {
	const char	*name;
	enum outcome	(*take)(struct span value, struct params *);
} of_mail[] = {		/* AUTH is first, so that it can be left out */
	{ "AUTH",	take_auth },
	{ "SIZE",	take_size },
	{ "BODY",	take_body },
	{ "RET",	take_ret },
	{ "ENVID",	take_envid },
	{ NULL,		NULL }
}, of_rcpt[] = {
	{ "NOTIFY",	take_notify },
	{ "ORCPT",	take_orcpt },
	{ NULL,		NULL }
};

static const struct known *
find(struct span name, const struct known *known)
{
	while (known->name != NULL && !span_is_word(name, known->name))
		known++;
	return known->name == NULL ? NULL : known;
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
take(struct span word, const struct known *k, struct params *p,
    struct reply *why)
{
	struct span	 name, value = span_cut(word, '=', &name);
	enum outcome	 outcome = k->take(value, p);

	if (outcome == TAKEN)
		return true;
	*why = outcome == MALFORMED ?
	    reply_make(501, "5.5.4", "Bad value of %s", k->name) :
	    reply_make(555, "5.5.4", "Value of %s not recognized", k->name);
	return false;
}

static bool
take_all(struct span s, const struct known *known, struct params *p,
    struct reply *why)
{
	const struct known	*k;
	struct span		 word, name;
	unsigned		 told = 0;

	while ((word = span_word(&s)).len > 0) {
		(void)span_cut(word, '=', &name);
		k = find(name, known);
		if (k == NULL)
			return refuse(why, word);
		if (told & 1u << (k - known)) {
			*why = reply_make(501, "5.5.4", "%s is there twice",
			    k->name);
			return false;
		}
		told |= 1u << (k - known);
		if (!take(word, k, p, why))
			return false;
	}
	return true;
}

bool
params_parse(struct span s, const struct mail_rules *rules,
    struct mail_params *m, struct reply *why)
{
	struct params	 p = { .mail = m };

	*m = (struct mail_params){ .envid = span_of("") };
	if (!take_all(s, rules->auth ? of_mail : of_mail + 1, &p, why))
		return false;
	if (rules->size_max == 0 || m->size <= rules->size_max)
		return true;
	*why = reply_make(552, "5.3.4", "Message size exceeds the limit of "
	    "%llu octets", (unsigned long long)rules->size_max);
	return false;
}

bool
params_parse_rcpt(struct span s, struct rcpt_params *r, struct reply *why)
{
	struct params	 p = { .rcpt = r };

	*r = (struct rcpt_params){ 0, span_of("") };
	return take_all(s, of_rcpt, &p, why);
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
