/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "queue/lines.h"
#include "queue/queue_limits.h"
#include "shared/alloc.h"

/* The highest priority first. */
static int
turn_cmp(const struct line *a, const struct line *b)
{
	if (a->priority != b->priority)
		return a->priority > b->priority ? -1 : 1;
	return a->turn < b->turn ? -1 : a->turn > b->turn;
}

static int
sender_cmp(const struct line *a, const struct line *b)
{
	if (a->sender != b->sender)
		return a->sender < b->sender ? -1 : 1;
	return a->priority < b->priority ? -1 : a->priority > b->priority;
}

RB_PROTOTYPE(line_turns, line, by_turn, turn_cmp);
RB_GENERATE(line_turns, line, by_turn, turn_cmp)
RB_PROTOTYPE(line_senders, line, by_sender, sender_cmp);
RB_GENERATE(line_senders, line, by_sender, sender_cmp)

void
lines_init(struct lines *l)
{
	*l = (struct lines){ .count = 0 };
	RB_INIT(&l->turns);
	RB_INIT(&l->senders);
}

static struct line *
find(struct lines *l, const struct message *m)
{
	struct line	 key = { .sender = m->line, .priority = m->priority };

	return RB_FIND(line_senders, &l->senders, &key);
}

static struct line *
line_new(struct lines *l, const struct message *m)
{
	struct line	*line = &l->own;

	if (line->count > 0)
		line = xcalloc(1, sizeof *line);
	line->sender = m->line;
	line->priority = m->priority;
	line->turn = ++l->given;
	TAILQ_INIT(&line->list);
	RB_INSERT(line_turns, &l->turns, line);
	RB_INSERT(line_senders, &l->senders, line);
	l->count++;
	return line;
}

void
lines_put(struct lines *l, struct recipient *r)
{
	struct line	*line = find(l, r->message);

	if (line == NULL)
		line = line_new(l, r->message);
	TAILQ_INSERT_TAIL(&line->list, r, entry);
	line->count++;
}

void
lines_take(struct lines *l, struct recipient *r)
{
	struct line	*line = find(l, r->message);

	TAILQ_REMOVE(&line->list, r, entry);
	if (--line->count > 0)
		return;
	RB_REMOVE(line_turns, &l->turns, line);
	RB_REMOVE(line_senders, &l->senders, line);
	l->count--;
	if (line != &l->own)
		free(line);
}

/* ---- turns --------------------------------------------------------------- */

/* The first line below a priority; NULL: there is none. */
static struct line *
below(struct lines *l, int priority)
{
	struct line	 key = { .priority = priority - 1 };

	return RB_NFIND(line_turns, &l->turns, &key);
}

/* Of the lower priorities each in turn. */
static struct line *
lower(struct lines *l, const struct line *highest)
{
	struct line	*line = l->low < highest->priority ?
			    below(l, l->low) : NULL;

	return line != NULL ? line : below(l, highest->priority);
}

struct recipient *
lines_next(struct lines *l)
{
	struct line	*line = RB_MIN(line_turns, &l->turns), *low = NULL;

	if (line == NULL)
		return NULL;
	if (l->overtaken >= OVERTAKE_MAX)
		low = lower(l, line);
	return TAILQ_FIRST(low != NULL ? &low->list : &line->list);
}

void
lines_turn_over(struct lines *l, const struct recipient *r)
{
	struct line	*line = find(l, r->message), *first;

	if (l->count == 1)
		return;
	first = RB_MIN(line_turns, &l->turns);
	if (line->priority < first->priority) {
		l->low = line->priority;
		l->overtaken = 0;
	} else if (below(l, line->priority) != NULL)
		l->overtaken++;
	RB_REMOVE(line_turns, &l->turns, line);
	line->turn = ++l->given;
	RB_INSERT(line_turns, &l->turns, line);
}

struct recipient *
lines_last(struct lines *l, const struct message *m)
{
	struct line	*line = find(l, m);

	return line != NULL ? TAILQ_LAST(&line->list, recipient_list) : NULL;
}

struct line *
lines_before(struct lines *l, struct line *line)
{
	return line == NULL ? RB_MAX(line_turns, &l->turns) :
	    RB_PREV(line_turns, &l->turns, line);
}
