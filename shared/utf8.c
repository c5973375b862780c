/* SPDX-License-Identifier: ISC */
#include "shared/utf8.h"

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
 * the second octet: section 4. */
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

size_t
utf8_length(struct span s)
{
	const unsigned char	*p = (const unsigned char *)s.ptr;
	int			 more = s.len == 0 ? -1 : more_behind(p[0]), i;

	if (more == -1 || s.len <= (size_t)more)
		return 0;
	if (more > 0 && !is_second(p[0], p[1]))
		return 0;
	for (i = 2; i <= more; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return 1 + (size_t)more;
}

bool
utf8_is_valid(struct span s)
{
	size_t	 n;

	for (; s.len > 0; s = span_skip(s, n))
		if ((n = utf8_length(s)) == 0)
			return false;
	return true;
}

uint32_t
utf8_number(struct span s, size_t length)
{
	uint32_t	 n = (unsigned char)s.ptr[0];
	size_t		 i;

	if (length > 1)
		n &= 0x7fu >> length;
	for (i = 1; i < length; i++)
		n = n << 6 | ((unsigned char)s.ptr[i] & 0x3f);
	return n;
}

bool
utf8_is_ascii(struct span s)
{
	size_t	 i;

	for (i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] >= 0x80)
			return false;
	return true;
}
