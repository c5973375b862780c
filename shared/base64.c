/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "shared/base64.h"

static const char	 alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz0123456789+/";

size_t
base64_length(size_t n)
{
	return (n + 2) / 3 * 4;
}

size_t
base64_octets(size_t n)
{
	return n / 4 * 3;
}

bool
base64_put(struct buf *b, struct span octets)
{
	const unsigned char	*p = (const unsigned char *)octets.ptr;
	size_t			 i, left, n = octets.len;
	uint32_t		 bits;
	char			 four[4];

	if (n > b->max || base64_length(n) > buf_space(b))
		return false;
	for (i = 0; i < n; i += 3) {
		left = n - i;
		bits = (uint32_t)p[i] << 16;
		if (left > 1)
			bits |= (uint32_t)p[i + 1] << 8;
		if (left > 2)
			bits |= p[i + 2];
		four[0] = alphabet[bits >> 18];
		four[1] = alphabet[bits >> 12 & 63];
		four[2] = left > 1 ? alphabet[bits >> 6 & 63] : '=';
		four[3] = left > 2 ? alphabet[bits & 63] : '=';
		if (!buf_put(b, span_make(four, sizeof four)))
			return false;
	}
	return true;
}

/* 64: none. */
static uint32_t
value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : 64;
}

/* How many of the last four are padding; 3: it is none. */
static size_t
padding_of(struct span text)
{
	if (text.len == 0 || text.ptr[text.len - 1] != '=')
		return 0;
	return text.ptr[text.len - 2] == '=' ? 2 : 1;
}

bool
base64_take(struct span text, void *into, size_t size, size_t *len)
{
	unsigned char	*out = into;
	size_t		 i, n = 0, pad;
	uint32_t	 value, bits = 0;

	if (text.len % 4 != 0)
		return false;
	pad = padding_of(text);
	if (base64_octets(text.len) - pad > size)
		return false;
	for (i = 0; i < text.len - pad; i++) {
		value = value_of(text.ptr[i]);
		if (value == 64)
			return false;
		bits = (bits << 6 | value) & 0xffffff;
		if (i % 4 != 0)
			out[n++] = bits >> (6 - i % 4 * 2);
	}
	/* Bits that no octet has. */
	if ((pad == 1 && bits & 3) || (pad == 2 && bits & 15))
		return false;
	*len = n;
	return true;
}
