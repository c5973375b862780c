/* SPDX-License-Identifier: ISC */
/*
 * Printable ASCII is what nearly all write, and is itself; the tables of
 * Unicode for the rest are libidn's.
 */
#include <stringprep.h>
#include <string.h>

#include "shared/saslprep.h"

static bool
is_plain(struct span s)
{
	size_t	 i;

	for (i = 0; i < s.len; i++)
		if (s.ptr[i] < ' ' || s.ptr[i] > '~')
			return false;
	return true;
}

/* How many octets follow this first one; -1: it is no first one. */
static int
more_behind(unsigned char c)
{
	if (c < 0x80)
		return 0;
	if (c >= 0xc2 && c <= 0xdf)
		return 1;
	if (c >= 0xe0 && c <= 0xef)
		return 2;
	return c >= 0xf0 && c <= 0xf4 ? 3 : -1;
}

/* Shorter spellings, halves of pairs and what is beyond Unicode are told by
 * the second octet: RFC 3629 section 4. */
static bool
is_second(unsigned char first, unsigned char c)
{
	unsigned char	 low = 0x80, high = 0xbf;

	if (first == 0xe0)
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;
	return c >= low && c <= high;
}

static bool
is_utf8(struct span s)
{
	const unsigned char	*p = (const unsigned char *)s.ptr;
	size_t			 i, end;
	int			 more;

	for (i = 0; i < s.len; i = end) {
		more = more_behind(p[i]);
		if (more == -1 || s.len - i <= (size_t)more)
			return false;
		end = i + 1 + more;
		if (more > 0 && !is_second(p[i], p[i + 1]))
			return false;
		for (i += 2; i < end; i++)
			if ((p[i] & 0xc0) != 0x80)
				return false;
	}
	return true;
}

static bool
prepare(struct span text, enum saslprep_use use, char *into, size_t size)
{
	int	 flags = use == SASLPREP_KEPT ? STRINGPREP_NO_UNASSIGNED : 0;

	if (text.len == 0 || !span_copy(text, into, size))
		return false;
	if (is_plain(text))
		return true;
	if (memchr(into, '\0', text.len) != NULL || !is_utf8(text))
		return false;
	return stringprep(into, size, flags, stringprep_saslprep) ==
	    STRINGPREP_OK && into[0] != '\0';
}

/* What is no name shall not be taken for one. */
bool
saslprep(struct span text, enum saslprep_use use, char *into, size_t size)
{
	if (prepare(text, use, into, size))
		return true;
	explicit_bzero(into, size);
	return false;
}
