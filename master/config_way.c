/* SPDX-License-Identifier: ISC */
/* The end of a route block: what does not go together in it, what its hop is
 * called, and a route for each of its patterns. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "master/config_read.h"
#include "shared/alloc.h"

enum { WAYS = 5 };	/* keywords of a route that say where to */

#define EXPECTED(r, ...) \
	config_error((r)->notes, (r)->file, (r)->head, "expected " __VA_ARGS__)

/* ---- what goes together -------------------------------------------------- */

static bool
has_one_way(struct reader *r)
{
	const unsigned	*said = r->said[SECTION_ROUTE];
	unsigned	 i, n = 0;

	for (i = 0; i < WAYS; i++)
		n += said[i] != 0;
	if (n != 1)
		EXPECTED(r, "one of via, lmtp, socket, discard and refuse in "
		    "this block");
	return n == 1;
}

static bool
is_kind(const struct reader *r, const char *kind)
{
	return span_starts(span_of(r->way.route.destination), kind);
}

static bool
is_by_path(const struct reader *r)
{
	return is_kind(r, "unix:/") || is_kind(r, "lmtp:/");
}

/* The first word about how a host is spoken to, or NULL. */
static const char *
first_of_hop(const struct reader *r)
{
	const struct config_keyword	*k;
	unsigned			 i;

	k = config_block(SECTION_ROUTE)->keywords;
	for (i = 0; k[i].word != NULL; i++)
		if (k[i].field >= offsetof(struct config_way, hop) &&
		    r->said[SECTION_ROUTE][i] != 0)
			return k[i].word;
	return NULL;
}

static void
check_words(struct reader *r)
{
	static const char *const	 of_hosts[] = {
		"tls", "tls-immediate", "login", "source"
	};
	size_t				 i;

	for (i = 0; i < COUNT(of_hosts) && is_by_path(r); i++)
		if (reader_says(r, of_hosts[i]))
			EXPECTED(r, "no %s with a socket", of_hosts[i]);
	if (reader_says(r, "fallback") && !reader_says(r, "via"))
		EXPECTED(r, "via in this block, since there is fallback");
	if (reader_says(r, "mechanisms") && !reader_says(r, "login"))
		EXPECTED(r, "login in this block, since there is mechanisms");
}

static void
check_security(struct reader *r)
{
	const struct config_hop	*h = &r->way.hop;

	if (reader_says(r, "login") && reader_says(r, "tls") &&
	    h->tls != REMOTE_TLS_VERIFIED)
		EXPECTED(r, "\"tls verified\" in this block: there is no "
		    "login without it");
	if (h->immediate == ANSWER_YES && h->tls == REMOTE_TLS_NO)
		EXPECTED(r, "other than \"tls no\" in this block, since there "
		    "is tls-immediate");
}

static bool
goes_together(struct reader *r)
{
	unsigned	 before = r->notes->nerrors;
	const char	*word = first_of_hop(r);

	if (!has_one_way(r))
		return false;
	if (word != NULL &&
	    (reader_says(r, "discard") || reader_says(r, "refuse")))
		EXPECTED(r, "via, lmtp or socket in this block, since there "
		    "is %s", word);
	check_words(r);
	check_security(r);
	return r->notes->nerrors == before;
}

/* ---- hops ---------------------------------------------------------------- */

static bool
has_hop(const struct config *c, const char *name)
{
	unsigned	 i;

	for (i = 0; i < c->nhops; i++)
		if (strcmp(c->hops[i].name, name) == 0)
			return true;
	return false;
}

/*
 * The block's first pattern, and a number when that is taken: what stands in
 * destinations behind ";", is kept with waiting mail, and stays the same as
 * long as the file does.
 */
static void
name_hop(const struct config *c, const char *pattern, char *name)
{
	char		 number[16] = "";
	unsigned	 i, n = 1;

	do {
		if (n > 1)
			snprintf(number, sizeof number, "/%u", n);
		snprintf(name, HOP_NAME_MAX + 1, "%.*s%s",
		    HOP_NAME_MAX - (int)strlen(number), pattern, number);
		for (i = 0; name[i] != '\0'; i++)
			if (!isalnum((unsigned char)name[i]) &&
			    strchr("*.-_@+=/", name[i]) == NULL)
				name[i] = '_';
		n++;
	} while (has_hop(c, name));
}

static bool
ends_in(const char *s, const char *end)
{
	size_t	 n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

/* Port 465 speaks TLS at once unless it is said otherwise (RFC 8314). */
static bool
is_immediate(const struct reader *r)
{
	return r->way.hop.immediate == ANSWER_UNSAID && !is_by_path(r) &&
	    r->way.hop.tls != REMOTE_TLS_NO &&
	    ends_in(r->way.route.destination, ":465");
}

/* A block that says no more than where to has none. */
static void
add_hop(struct reader *r, const char *pattern)
{
	struct config		*c = r->config;
	struct config_hop	*h = &r->way.hop;
	char			*to = r->way.route.destination;
	size_t			 len = strlen(to);

	if (is_immediate(r))
		h->immediate = ANSWER_YES;
	else if (first_of_hop(r) == NULL)
		return;
	h->by_via = reader_says(r, "via");
	h->by_path = is_by_path(r);
	name_hop(c, pattern, h->name);
	snprintf(to + len, sizeof r->way.route.destination - len, ";%s",
	    h->name);
	memcpy(h->destination, to, sizeof h->destination);
	c->hops = xreallocarray(c->hops, c->nhops + 1, sizeof *c->hops);
	c->hops[c->nhops++] = *h;
}

/* ---- routes -------------------------------------------------------------- */

static void
bad_pattern(struct reader *r, struct span pattern)
{
	char	 shown[CONFIG_SHOWN_SIZE];

	config_show(shown, pattern);
	EXPECTED(r, "an address, a domain name, *.DOMAIN or *, not \"%s\"",
	    shown);
}

static void
add_route(struct reader *r, const char *pattern)
{
	struct config	*c = r->config;

	if (c->nroutes == ROUTES_MAX) {
		COMPLAIN(r, "expected at most %d routes", ROUTES_MAX);
		return;
	}
	memcpy(r->way.route.pattern, pattern, strlen(pattern) + 1);
	c->routes = xreallocarray(c->routes, c->nroutes + 1,
	    sizeof *c->routes);
	c->routes[c->nroutes++] = r->way.route;
}

void
reader_end_route(struct reader *r)
{
	char		 pattern[ADDR_TEXT_MAX + 1];
	unsigned	 i;
	bool		 good = goes_together(r);

	r->way.route.n = r->way.route.all->n - r->way.route.first;
	if (r->way.discard)
		memcpy(r->way.route.destination, "discard:",
		    sizeof "discard:");
	for (i = 1; i < r->names.n; i++) {
		if (!config_route_pattern(r->names.word[i], pattern)) {
			bad_pattern(r, r->names.word[i]);
			continue;
		}
		if (i == 1 && good)
			add_hop(r, pattern);
		if (good)
			add_route(r, pattern);
	}
}
