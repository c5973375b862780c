/* SPDX-License-Identifier: ISC */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "shared/pattern.h"

/* ---- making -------------------------------------------------------------- */

bool
pattern_lower(struct span s, char into[ADDR_TEXT_MAX + 1])
{
	size_t	 i;

	if (!span_copy(s, into, ADDR_TEXT_MAX + 1))
		return false;
	for (i = 0; into[i] != '\0'; i++)
		into[i] = tolower((unsigned char)into[i]);
	return true;
}

struct span
pattern_domain(struct span s)
{
	size_t	 i = s.len;

	while (i > 0 && s.ptr[i - 1] != '@')
		i--;
	return span_skip(s, i);
}

bool
pattern_parse_address(struct span s, char into[ADDR_TEXT_MAX + 1])
{
	struct span	 domain = pattern_domain(s), local;
	char		 text[ADDR_TEXT_MAX + 1], whole[2 * ADDR_TEXT_MAX];
	struct addr	 a;

	if (domain.len == s.len)
		return pattern_lower(s, into);
	local = span_head(s, s.len - domain.len - 1);
	if (local.len > ADDR_TEXT_MAX || domain.len > ADDR_TEXT_MAX)
		return false;
	if (span_is(local, "*"))
		return pattern_lower(s, into);
	snprintf(text, sizeof text, "%.*s@a", (int)local.len, local.ptr);
	if (addr_parse(span_of(text), &a) != ADDR_OK)
		return false;
	snprintf(whole, sizeof whole, "%.*s@%.*s", (int)a.at, a.text,
	    (int)domain.len, domain.ptr);
	return pattern_lower(span_of(whole), into);
}

/* ---- asking -------------------------------------------------------------- */

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

/* ---- conditions ---------------------------------------------------------- */

void
pattern_count(struct pattern_tally *t, unsigned condition, bool except,
    bool matches)
{
	unsigned	 bit = 1u << condition;

	t->said |= bit;
	if (!except)
		t->wanted |= bit;
	if (matches && except)
		t->barred |= bit;
	if (matches && !except)
		t->met |= bit;
}

bool
pattern_holds(const struct pattern_tally *t, unsigned but)
{
	return (t->barred & ~but) == 0 && (t->wanted & ~t->met & ~but) == 0;
}
