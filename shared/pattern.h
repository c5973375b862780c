/* SPDX-License-Identifier: ISC */
#ifndef SHARED_PATTERN_H
#define SHARED_PATTERN_H

#include "shared/addr.h"

/*
 * The patterns of relais.conf(5), in lower case as they are made here, against
 * what a client said, in any letter case.  "*" is whatever there is: nothing
 * matches an empty name or identity, and "<>" alone the null path.
 */

/* `s` in lower case, as patterns are; false when it is longer than any. */
bool	 pattern_lower(struct span s, char into[ADDR_TEXT_MAX + 1]);

/*
 * Makes a pattern for pattern_has_address of what somebody wrote: a local part
 * gets its shortest quoting.  The domain is not looked at: that is what
 * pattern_domain gives, all of `s` without an "@".
 */
struct span	 pattern_domain(struct span s);
bool	 pattern_parse_address(struct span s, char into[ADDR_TEXT_MAX + 1]);

/* "example.org", "*.example.org" (all below it, not itself), "*". */
bool	 pattern_has_name(const char *pattern, struct span name);

/* The same of an address's domain, or in front of it "@" and a local part or
 * "*".  <postmaster> without a domain is in every domain's "*" only. */
bool	 pattern_has_address(const char *pattern, const struct addr *);

/* "joe", "*@example.org", "uid:1000", "uid:*", "*". */
bool	 pattern_has_identity(const char *pattern, struct span identity);

/*
 * Conditions, of which each has a number below 32 and any number of values: it
 * holds when one value matches and none behind "!" does; one that has only
 * these holds otherwise.  Values are counted one by one.
 */
struct pattern_tally {
	unsigned	 said;		/* there are values of it */
	unsigned	 wanted;	/* one of them has to match */
	unsigned	 met;		/* and one does */
	unsigned	 barred;	/* one behind "!" matches */
};

void	 pattern_count(struct pattern_tally *, unsigned condition, bool except,
	    bool matches);

/* All conditions hold, or do but for those whose bits are in `but`. */
bool	 pattern_holds(const struct pattern_tally *, unsigned but);

#endif
