/* SPDX-License-Identifier: ISC */
#include "shared/alloc.h"
#include "smtpd/params.h"

/* RFC 1870 section 3, RFC 3030 section 2: at most 20 digits. */
static bool
take_octets(struct span digits, uint64_t *size)
{
	return digits.len <= 20 && span_parse_u64(digits, UINT64_MAX, size);
}

static bool
take_size(struct span value, struct mail_params *p)
{
	return take_octets(value, &p->size);
}

static bool
take_body(struct span value, struct mail_params *p)
{
	p->eight_bit = span_is_word(value, "8BITMIME");
	return p->eight_bit || span_is_word(value, "7BIT");
}

static const struct {
	const char	*name;
	bool		(*take)(struct span value, struct mail_params *);
} known[] = {
	{ "SIZE",	take_size },
	{ "BODY",	take_body },
};

static size_t
find(struct span name)
{
	size_t	 i;

	for (i = 0; i < COUNT(known); i++)
		if (span_is_word(name, known[i].name))
			break;
	return i;
}

bool
params_parse(struct span s, uint64_t size_max, struct mail_params *p,
    struct reply *why)
{
	struct span	 word, name, value;
	unsigned	 told = 0;
	size_t		 i;

	*p = (struct mail_params){ 0 };
	while ((word = span_word(&s)).len > 0) {
		value = span_cut(word, '=', &name);
		i = find(name);
		if (i == COUNT(known)) {
			*why = reply_make(555, "5.5.4",
			    "Parameter not recognized");
			return false;
		}
		if (told & 1u << i || !known[i].take(value, p)) {
			*why = reply_make(501, "5.5.4", "Bad %s parameter",
			    known[i].name);
			return false;
		}
		told |= 1u << i;
	}
	if (size_max == 0 || p->size <= size_max)
		return true;
	*why = reply_make(552, "5.3.4", "Message size exceeds fixed limit");
	return false;
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
