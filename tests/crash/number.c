/* SPDX-License-Identifier: ISC */
#include <err.h>

#include "shared/span.h"
#include "tests/crash/number.h"

uint64_t
number(const char *text)
{
	uint64_t	 n;

	if (!span_parse_u64(span_of(text), UINT64_MAX, &n))
		errx(2, "%s: no number", text);
	return n;
}
