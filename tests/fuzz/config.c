/* SPDX-License-Identifier: ISC */
/* relais.conf(5): master/config_read, and what it needs. */
#include <stdio.h>
#include <string.h>

#include "master/config.h"
#include "shared/addr.h"
#include "tests/fuzz/fuzz.h"

static unsigned
lines_of(struct span s)
{
	unsigned	 n = 0;
	struct span	 line;

	while (s.len > 0) {
		s = span_cut(s, '\n', &line);
		n++;
	}
	return n;
}

/* "file:line: what was expected", or "file: ..." */
static void
check_notes(struct span notes, unsigned lines)
{
	struct span	 line, number;
	uint64_t	 n;

	while (notes.len > 0) {
		notes = span_cut(notes, '\n', &line);
		fuzz_claim(span_is_text(line), "a note is text");
		fuzz_claim(span_starts(line, "file:"), "and names the file");
		line = span_cut(span_skip(line, strlen("file:")), ':',
		    &number);
		fuzz_claim(span_starts(number, " ") || (line.len > 0 &&
		    span_parse_u64(number, lines, &n) && n > 0),
		    "and a line that is there");
	}
}

/* Each hop that a route names is there once. */
static void
check_routes(const struct config *c)
{
	const char	*hop;
	unsigned	 i, j, found;

	for (i = 0; i < c->nroutes; i++) {
		fuzz_claim((c->routes[i].destination[0] == '\0') ==
		    reply_is_refusal(&c->routes[i].reply),
		    "a route leads somewhere, or refuses");
		hop = strchr(c->routes[i].destination, ';');
		for (j = found = 0; hop != NULL && j < c->nhops; j++)
			found += strcmp(c->hops[j].name, hop + 1) == 0;
		fuzz_claim(hop == NULL || found == 1, "a hop has a name");
	}
	for (i = 0; i < c->nhops; i++)
		fuzz_claim(c->hops[i].tls == REMOTE_TLS_VERIFIED ||
		    c->hops[i].login.user[0] == '\0',
		    "nobody logs in where he does not know the host");
	for (i = 0; i < c->rewrites.n; i++)
		fuzz_claim(c->rewrites.item[i].where != 0 &&
		    strchr(c->rewrites.item[i].from, '@') != NULL,
		    "a rewrite is of an address");
}

/* What is complete and in range, or there is an error. */
static void
check(const struct config *c)
{
	unsigned	 i;

	fuzz_claim(domain_is_valid(span_of(c->hostname)), "a host has a name");
	fuzz_claim(c->spool[0] == '/' && c->runtime[0] == '/', "paths begin");
	fuzz_claim(c->message_size > 0 && c->watchdog > 0, "numbers are set");
	fuzz_claim(c->retry.first <= c->retry.maximum, "times are in order");
	fuzz_claim(c->relay_from.n <= NETWORKS_MAX &&
	    c->resolvers.n <= RESOLVERS_MAX, "lists have their ceilings");
	for (i = 0; i < c->relay_from.n; i++)
		fuzz_claim(c->relay_from.item[i].prefix <= 128,
		    "a network is one");
	for (i = 0; i < c->nlistens; i++)
		fuzz_claim(c->listens[i].port <= UINT16_MAX, "a port is one");
	check_routes(c);
}

/* Twice, for the second reading must not know of the first. */
static void
read_it(struct span input, struct config_notes *notes)
{
	struct config	*c = config_new();
	bool		 good;

	config_notes_init(notes);
	good = config_parse(c, "file", input, notes);
	fuzz_claim(good == (notes->nerrors == 0), "errors are counted");
	good = config_check(c, "file", notes);
	fuzz_claim(good == (notes->nerrors == 0), "here too");
	fuzz_claim(good == (buf_len(&notes->errors) == 0), "and told");
	if (good)
		check(c);
	config_free(c);
}

void
fuzz_one(struct span input)
{
	struct config_notes	 one, other;

	read_it(input, &one);
	check_notes(buf_span(&one.errors), lines_of(input));
	check_notes(buf_span(&one.warnings), lines_of(input));
	read_it(input, &other);
	fuzz_claim(span_equal(buf_span(&one.errors), buf_span(&other.errors)),
	    "a file is read the same twice");
	config_notes_clear(&one);
	config_notes_clear(&other);
}
