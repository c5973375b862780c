/* SPDX-License-Identifier: ISC */
#include "shared/id.h"

static const char	 alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

enum { BITS = 5, MASK = (1 << BITS) - 1 };

void
id_format(char into[ID_SIZE], uint64_t n)
{
	int	 i;

	for (i = ID_LEN - 1; i >= 0; i--) {
		into[i] = alphabet[n & MASK];
		n >>= BITS;
	}
	into[ID_LEN] = '\0';
}

static bool
value_of(char c, uint64_t *value)
{
	struct span	 digits = span_of(alphabet);

	if (c >= 'a' && c <= 'z')
		c = c - 'a' + 'A';
	*value = span_index(digits, c);
	return *value < digits.len;
}

/* 13 characters hold 65 bits: the first may use four of its five. */
bool
id_parse(struct span s, uint64_t *result)
{
	uint64_t	 n = 0, value;
	size_t		 i;

	if (s.len != ID_LEN)
		return false;
	for (i = 0; i < s.len; i++) {
		if (!value_of(s.ptr[i], &value) || n >> (64 - BITS) != 0)
			return false;
		n = n << BITS | value;
	}
	*result = n;
	return true;
}
