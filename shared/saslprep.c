/* SPDX-License-Identifier: ISC */
/*
 * Printable ASCII is what nearly all write, and is itself; the tables of
 * Unicode for the rest are libidn's.
 */
#include <stringprep.h>
#include <string.h>

#include "shared/saslprep.h"
#include "shared/utf8.h"

static bool
is_plain(struct span s)
{
	size_t	 i;

	for (i = 0; i < s.len; i++)
		if (s.ptr[i] < ' ' || s.ptr[i] > '~')
			return false;
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
	if (memchr(into, '\0', text.len) != NULL || !utf8_is_valid(text))
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
