/* SPDX-License-Identifier: ISC */
#include <limits.h>

#include "shared/xtext.h"

int
xtext_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One octet off the head; -1 when it is none. */
static int
take_octet(struct span *s)
{
	int	 c = (unsigned char)s->ptr[0], high, low;

	*s = span_skip(*s, 1);
	if (c != '+')
		return c == '=' ? -1 : c;
	if (s->len < 2)
		return -1;
	high = xtext_digit(s->ptr[0]);
	low = xtext_digit(s->ptr[1]);
	*s = span_skip(*s, 2);
	return high == -1 || low == -1 ? -1 : high << 4 | low;
}

static bool
decode(struct span s, char *into, size_t size, int last)
{
	size_t	 n = 0;
	int	 c;

	while (s.len > 0) {
		c = take_octet(&s);
		if (c < ' ' || c == '\177' || c > last || n + 1 >= size)
			return false;
		into[n++] = (char)c;
	}
	into[n] = '\0';
	return true;
}

bool
xtext_decode(struct span s, char *into, size_t size)
{
	return decode(s, into, size, '~');
}

bool
xtext_decode_text(struct span s, char *into, size_t size)
{
	return decode(s, into, size, UCHAR_MAX);
}

static bool
is_plain(unsigned char c)
{
	return c > ' ' && c <= '~' && c != '+' && c != '=';
}

bool
xtext_encode(struct span s, char *into, size_t size)
{
	static const char	 digits[] = "0123456789ABCDEF";
	size_t			 i, n = 0;
	unsigned char		 c;

	for (i = 0; i < s.len; i++) {
		c = (unsigned char)s.ptr[i];
		if (n + 3 >= size) {
			into[0] = '\0';
			return false;
		}
		if (is_plain(c))
			into[n++] = (char)c;
		else {
			into[n++] = '+';
			into[n++] = digits[c >> 4];
			into[n++] = digits[c & 15];
		}
	}
	into[n] = '\0';
	return true;
}
