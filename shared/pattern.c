/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "shared/pattern.h"

/* Ends in `tail`, and is longer. */
static bool
ends_below(struct span s, const char *tail)
{
	size_t	 n = strlen(tail);

	return s.len > n && span_is_word(span_skip(s, s.len - n), tail);
}

bool
pattern_has_name(const char *pattern, struct span name)
{
	if (name.len == 0)
		return false;
	if (strcmp(pattern, "*") == 0)
		return true;
	if (strncmp(pattern, "*.", 2) == 0)
		return ends_below(name, pattern + 1);
	return span_is_word(name, pattern);
}

static bool
has_domain(const char *pattern, const struct addr *a)
{
	return strcmp(pattern, "*") == 0 ||
	    pattern_has_name(pattern, addr_domain(a));
}

/* Both are in their shortest quoting. */
static bool
has_local(struct span pattern, const struct addr *a)
{
	char	 local[ADDR_TEXT_MAX + 1];

	if (span_is(pattern, "*"))
		return true;
	return span_copy(pattern, local, sizeof(local)) &&
	    span_is_word(span_head(addr_span(a), a->at), local);
}

bool
pattern_has_address(const char *pattern, const struct addr *a)
{
	const char	*at = strrchr(pattern, '@');

	if (addr_is_null(a))
		return strcmp(pattern, "<>") == 0;
	if (at == NULL)
		return has_domain(pattern, a);
	return has_local(span_make(pattern, at - pattern), a) &&
	    has_domain(at + 1, a);
}

bool
pattern_has_identity(const char *pattern, struct span identity)
{
	if (identity.len == 0)
		return false;
	if (strcmp(pattern, "*") == 0)
		return true;
	if (strcmp(pattern, "uid:*") == 0)
		return span_starts(identity, "uid:");
	if (strncmp(pattern, "*@", 2) == 0)
		return ends_below(identity, pattern + 1);
	return span_is_word(identity, pattern);
}
