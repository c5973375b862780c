/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "shared/alloc.h"
#include "shared/dsn.h"
#include "shared/words.h"
#include "shared/xtext.h"

enum { NOTIFY_SIZE = 32 };	/* all of them at once */

/* In the order in which they are written. */
static const struct {
	const char	*name;
	unsigned	 bit;
} notifies[] = {
	{ "never",	DSN_NEVER },
	{ "success",	DSN_SUCCESS },
	{ "failure",	DSN_FAILURE },
	{ "delay",	DSN_DELAY },
};

/* ---- NOTIFY and RET ------------------------------------------------------ */

static unsigned
notify_bit(struct span word)
{
	size_t	 i;

	for (i = 0; i < COUNT(notifies); i++)
		if (span_is_word(word, notifies[i].name))
			return notifies[i].bit;
	return 0;
}

bool
dsn_parse_notify(struct span list, unsigned *notify)
{
	struct span	 word;
	unsigned	 bit;
	bool		 more;

	*notify = 0;
	do {
		more = span_index(list, ',') < list.len;
		list = span_cut(list, ',', &word);
		bit = notify_bit(word);
		if (bit == 0 || (*notify & bit) != 0)
			return false;
		*notify |= bit;
	} while (more);
	return !(*notify & DSN_NEVER) || *notify == DSN_NEVER;
}

bool
dsn_parse_ret(struct span s, enum dsn_ret *ret)
{
	*ret = span_is_word(s, "FULL") ? DSN_RET_FULL :
	    span_is_word(s, "HDRS") ? DSN_RET_HDRS : DSN_RET_NONE;
	return *ret != DSN_RET_NONE;
}

/* ---- ENVID and ORCPT ----------------------------------------------------- */

static bool
is_xtext(struct span s)
{
	char	 text[ORCPT_MAX + 1];
	size_t	 i;

	for (i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] > '~')
			return false;
	return s.len > 0 && xtext_decode(s, text, sizeof text);
}

bool
dsn_is_envid(struct span s)
{
	return s.len <= ENVID_MAX && is_xtext(s);
}

/* RFC 5322 section 3.2.3, of what may stand in a parameter. */
static bool
is_atom(struct span s)
{
	size_t	 i;

	for (i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] > '~' ||
		    strchr("()<>@,;:\\\".[]=", s.ptr[i]) != NULL)
			return false;
	return s.len > 0;
}

/* HEXPOINT of RFC 6533 section 3, less what is a control character: as short
 * as it can be, and of no character that could stand for itself. */
static bool
is_point(struct span s)
{
	uint32_t	 point = 0;
	size_t		 i;
	int		 digit;

	if (s.len < 2 || s.len > 6 || *s.ptr == '0')
		return false;
	for (i = 0; i < s.len; i++) {
		digit = xtext_digit(s.ptr[i]);
		if (digit == -1)
			return false;
		point = point << 4 | (uint32_t)digit;
	}
	if (point < 0x7f)
		return point == ' ' || point == '+' || point == '=' ||
		    point == '\\';
	return point >= 0xa0 && point <= 0x10ffff &&
	    (point < 0xd800 || point > 0xdfff);
}

/* utf-8-addr-xtext. */
static bool
is_utf8_xtext(struct span s)
{
	struct span	 point;
	size_t		 whole;

	if (s.len == 0)
		return false;
	while (s.len > 0) {
		if (*s.ptr <= ' ' || *s.ptr > '~' || *s.ptr == '+' ||
		    *s.ptr == '=')
			return false;
		if (*s.ptr != '\\') {
			s = span_skip(s, 1);
			continue;
		}
		whole = s.len;
		if (!span_starts(s, "\\x{"))
			return false;
		s = span_cut(span_skip(s, 3), '}', &point);
		if (3 + point.len == whole || !is_point(point))
			return false;
	}
	return true;
}

bool
dsn_is_orcpt(struct span s)
{
	struct span	 type, rest = span_cut(s, ';', &type);

	if (s.len > ORCPT_MAX || !is_atom(type))
		return false;
	return span_is_word(type, "utf-8") ? is_utf8_xtext(rest) :
	    is_xtext(rest);
}

/* ---- words --------------------------------------------------------------- */

struct span
dsn_mail_words(enum dsn_ret ret, struct span envid,
    char into[DSN_MAIL_MAX + 1])
{
	struct words	 w;

	words_init(&w, into, DSN_MAIL_MAX + 1);
	if (ret != DSN_RET_NONE)
		words_put(&w, "ret", span_of(ret == DSN_RET_FULL ? "full" :
		    "hdrs"));
	if (envid.len > 0)
		words_put(&w, "envid", envid);
	return words_span(&w);
}

static struct span
notify_list(unsigned notify, char into[NOTIFY_SIZE])
{
	size_t	 i, n = 0;

	for (i = 0; i < COUNT(notifies); i++) {
		if (!(notify & notifies[i].bit))
			continue;
		if (n > 0)
			into[n++] = ',';
		memcpy(into + n, notifies[i].name, strlen(notifies[i].name));
		n += strlen(notifies[i].name);
	}
	return span_make(into, n);
}

struct span
dsn_rcpt_words(unsigned notify, struct span orcpt,
    char into[RCPT_PARAMETERS_MAX + 1])
{
	struct words	 w;
	char		 list[NOTIFY_SIZE];

	words_init(&w, into, RCPT_PARAMETERS_MAX + 1);
	if (notify != 0)
		words_put(&w, "notify", notify_list(notify, list));
	if (orcpt.len > 0)
		words_put(&w, "orcpt", orcpt);
	return words_span(&w);
}
