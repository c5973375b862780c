/* SPDX-License-Identifier: ISC */
/* Destination blocks: a row for each pattern, most specific first, as queue
 * looks through them. */
#include <stdlib.h>
#include <string.h>

#include "master/config_read.h"
#include "shared/alloc.h"

/* ---- the end of a block -------------------------------------------------- */

static void
bad_pattern(struct reader *r, struct span pattern)
{
	char	 shown[CONFIG_SHOWN_SIZE];

	config_show(shown, pattern);
	config_error(r->notes, r->file, r->head, "expected a domain name, "
	    "*.DOMAIN, *, [ADDRESS], the path of a socket or local, not "
	    "\"%s\"", shown);
}

static void
add_destination(struct reader *r)
{
	struct config	*c = r->config;

	if (c->ndestinations == DESTINATION_RULES_MAX) {
		COMPLAIN(r, "expected at most %d patterns of destinations",
		    DESTINATION_RULES_MAX);
		return;
	}
	c->destinations = xreallocarray(c->destinations, c->ndestinations + 1,
	    sizeof *c->destinations);
	c->destinations[c->ndestinations++] = r->destination;
}

void
reader_end_destination(struct reader *r)
{
	struct config_destination	*d = &r->destination;
	unsigned			 i;

	if (reader_says(r, "delay-notice") && d->delay_notice == 0)
		d->delay_notice = CONFIG_NEVER;
	for (i = 1; i < r->names.n; i++)
		if (config_destination_pattern(r->names.word[i], d->pattern))
			add_destination(r);
		else
			bad_pattern(r, r->names.word[i]);
}

/* ---- all of them --------------------------------------------------------- */

/* How many octets of a name it leaves open, or so: 0 of an exact one. */
static size_t
openness(const struct config_destination *d)
{
	return d->pattern[0] != '*' ? 0 :
	    DESTINATION_TEXT_MAX + 1 - strlen(d->pattern);
}

static int
compare(const void *x, const void *y)
{
	const struct config_destination	*a = x, *b = y;
	size_t				 open_a = openness(a);
	size_t				 open_b = openness(b);
	int				 order;

	if (open_a != open_b)
		return open_a < open_b ? -1 : 1;
	order = strcmp(a->pattern, b->pattern);
	if (order != 0)
		return order;
	return a->line < b->line ? -1 : a->line > b->line;
}

static void
check_times(const struct config *c, const struct config_destination *d,
    const char *file, struct config_notes *notes)
{
	uint64_t	 first = d->retry_first, most = d->retry_maximum;

	if (first == 0 && most == 0)
		return;
	if ((first != 0 ? first : c->retry.first) <=
	    (most != 0 ? most : c->retry.maximum))
		return;
	if (first != 0 && most != 0)
		config_error(notes, file, d->line, "expected retry-first to be "
		    "at most retry-maximum");
	else if (first != 0)
		config_error(notes, file, d->line, "expected retry-maximum in "
		    "this block: retry-first is above maximum of retry");
	else
		config_error(notes, file, d->line, "expected retry-first in "
		    "this block: first of retry is above retry-maximum");
}

static void
check_window(const struct config_destination *d, const char *file,
    struct config_notes *notes)
{
	uint64_t	 most = d->window != 0 ? d->window : WINDOW_MAX;

	if (d->window_first <= most)
		return;
	if (d->window != 0)
		config_error(notes, file, d->line, "expected window-first to "
		    "be at most window");
	else
		config_error(notes, file, d->line, "expected window in this "
		    "block: window-first is above %d", WINDOW_MAX);
}

struct place {
	struct config_notes	*notes;
	const char		*file;
	unsigned		 line;
};

/* Queue looks through what waits once for each of them. */
struct times {
	const char	*what;
	uint64_t	 list[LIVES_MAX];
	unsigned	 n;
	bool		 is_full;
};

static void
count_time(struct times *t, uint64_t one, const struct place *at)
{
	unsigned	 i;

	for (i = 0; i < t->n; i++)
		if (t->list[i] == one)
			return;
	if (one == 0 || one == CONFIG_NEVER || t->is_full)
		return;
	if (t->n < LIVES_MAX) {
		t->list[t->n++] = one;
		return;
	}
	t->is_full = true;
	config_error(at->notes, at->file, at->line, "expected at most %d "
	    "different times of %s", LIVES_MAX, t->what);
}

static void
count_times(const struct config *c, const char *file,
    struct config_notes *notes)
{
	struct times	 lives = { .what = "lifetime and notice-lifetime" };
	struct times	 delays = { .what = "delay-notice" };
	struct place at = { notes, file, 0 };
	unsigned	 i;

	count_time(&lives, c->retry.lifetime, &at);
	count_time(&lives, c->retry.notice_lifetime, &at);
	count_time(&delays, c->notices.delay, &at);
	for (i = 0; i < c->ndestinations; i++) {
		at.line = c->destinations[i].line;
		count_time(&lives, c->destinations[i].lifetime, &at);
		count_time(&lives, c->destinations[i].notice_lifetime, &at);
		count_time(&delays, c->destinations[i].delay_notice, &at);
	}
}

void
config_check_destinations(struct config *c, const char *file,
    struct config_notes *notes)
{
	struct config_destination	*d = c->destinations;
	unsigned			 i, n = c->ndestinations;

	if (n > 1)
		qsort(d, n, sizeof *d, compare);
	for (i = 0; i < n; i++) {
		if (i > 0 && strcmp(d[i].pattern, d[i - 1].pattern) == 0)
			config_error(notes, file, d[i].line, "expected the "
			    "pattern %s once, and it is in line %u",
			    d[i].pattern, d[i - 1].line);
		if (i > 0 && d[i].line == d[i - 1].line)
			continue;	/* of the same block */
		check_times(c, &d[i], file, notes);
		check_window(&d[i], file, notes);
	}
	count_times(c, file, notes);
}
