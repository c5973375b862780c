/* SPDX-License-Identifier: ISC */
#include "lookup/name.h"

void
name_lower(struct span s, char *into)
{
	size_t	 i;

	for (i = 0; i < s.len; i++)
		into[i] = s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ?
		    s.ptr[i] - 'A' + 'a' : s.ptr[i];
	into[s.len] = '\0';
}
