/* SPDX-License-Identifier: ISC */
/*
 * A message whose ACCEPT is in the journal has all that came later there too,
 * since segments go oldest first.  So it can be told from the journal alone
 * whether anything is left of it.  If there is, and it has rows, those are
 * what counts, together with what they have not heard of.
 */
#include <bsd/sys/tree.h>
#include <stdlib.h>
#include <string.h>

#include "queue/queue.h"
#include "queue/replay.h"
#include "queue/result.h"
#include "queue/scan.h"
#include "shared/alloc.h"
#include "shared/log.h"

enum { APPLY_MAX = 4096 };	/* changes in one transaction */

/* A recipient; EXPANDED: its leaves are there, and it is to be told of. */
enum stands { GONE, ALIVE, EXPANDED };

struct entry {
	RB_ENTRY(entry) by_id;
	uint64_t	 id;
	struct change	*accept;
	struct job_list	 later;		/* what came behind it */
	uint8_t		*stands;	/* by number: enum stands */
	uint32_t	 next, left;
	bool		 spilled;
};
RB_HEAD(entries, entry);

struct replaying {
	struct queue	*queue;
	struct entries	 entries;
	struct job_list	 cold;		/* for the index */
	unsigned	 count;		/* of them */
	uint64_t	 applied, hot;
};

static int
compare(const struct entry *a, const struct entry *b)
{
	return a->id < b->id ? -1 : a->id > b->id;
}

RB_PROTOTYPE(entries, entry, by_id, compare);
RB_GENERATE(entries, entry, by_id, compare)

static struct entry *
find(struct replaying *r, uint64_t id)
{
	struct entry	 key = { .id = id };

	return RB_FIND(entries, &r->entries, &key);
}

static void
free_all(struct job_list *list)
{
	struct job	*j;

	while ((j = STAILQ_FIRST(list)) != NULL) {
		STAILQ_REMOVE_HEAD(list, entry);
		change_free((struct change *)j);
	}
}

static void
forget(struct replaying *r, struct entry *e)
{
	RB_REMOVE(entries, &r->entries, e);
	free_all(&e->later);
	change_free(e->accept);
	free(e->stands);
	free(e);
}

/* ---- what goes to the index ---------------------------------------------- */

static void
apply_cold(struct replaying *r)
{
	struct job	*j;
	struct change	*c;

	if (STAILQ_EMPTY(&r->cold))
		return;
	spiller_batch(&r->queue->writer, &r->cold);
	STAILQ_FOREACH(j, &r->cold, entry) {
		c = (struct change *)j;
		if (c->error != 0)
			fatal("the journal cannot be applied to the index: "
			    "%s", strerror(c->error));
	}
	r->applied += r->count;
	r->count = 0;
	free_all(&r->cold);
}

static void
put_cold(struct replaying *r, struct change *c)
{
	STAILQ_INSERT_TAIL(&r->cold, &c->job, entry);
	if (++r->count >= APPLY_MAX)
		apply_cold(r);
}

static bool
has_rows(struct replaying *r, uint64_t id)
{
	struct view	 v;
	bool		 has;

	view_open(&v, r->queue->index);
	has = view_has_message(&v, id);
	view_close(&v);
	return has;
}

/* Nothing is left of it, wherever it is. */
static void
finish(struct replaying *r, struct entry *e)
{
	struct change	*c;

	if (has_rows(r, e->id)) {
		c = change_new(CHANGE_REMOVE, change_free);
		c->id = e->id;
		c->replayed = true;
		put_cold(r, c);
	}
	forget(r, e);
}

/* ---- record by record ---------------------------------------------------- */

static void
begin(struct replaying *r, struct change *c)
{
	struct entry	*e = find(r, c->id);

	if (e != NULL)
		forget(r, e);	/* a notice that was written once more */
	tokens_add(&r->queue->journal.tokens, c->token, c->id);
	e = xcalloc(1, sizeof *e);
	e->id = c->id;
	e->accept = c;
	e->next = e->left = c->letter->count;
	e->stands = xcalloc(e->next, sizeof *e->stands);
	memset(e->stands, ALIVE, e->next);
	STAILQ_INIT(&e->later);
	RB_INSERT(entries, &r->entries, e);
}

static void
lose(struct entry *e, uint32_t number)
{
	if (number >= e->next || e->stands[number] == GONE)
		return;
	e->stands[number] = GONE;
	e->left--;
}

/* Does it change anything that is left? */
static bool
counts(const struct entry *e, const struct change *c)
{
	if (c->number >= e->next || e->stands[c->number] == GONE)
		return false;
	return c->kind != CHANGE_REPLACE || e->stands[c->number] == ALIVE;
}

static void
gain(struct entry *e, const struct change *c)
{
	const struct piece	*p;
	uint32_t		 n = 0;

	STAILQ_FOREACH(p, &c->rows, entry)
		n++;
	e->stands = xreallocarray(e->stands, e->next + n, sizeof *e->stands);
	memset(e->stands + e->next, ALIVE, n);
	e->left += n;
	e->next += n;
}

static void
expand(struct entry *e, const struct change *c)
{
	gain(e, c);
	if (STAILQ_EMPTY(&c->parent))
		lose(e, c->number);
	else
		e->stands[c->number] = EXPANDED;
}

/* Takes the change; what is said twice counts once. */
static void
add(struct entry *e, struct change *c)
{
	size_t	 i;

	if (c->kind == CHANGE_REMOVE)
		e->left = 0;
	else if (c->kind == CHANGE_DROP)
		for (i = 0; i < c->count; i++)
			lose(e, c->numbers[i]);
	else if (c->kind != CHANGE_MARK && !counts(e, c)) {
		change_free(c);
		return;
	} else if (c->kind == CHANGE_REPLACE)
		expand(e, c);
	else if (c->kind == CHANGE_DELETE)
		lose(e, c->number);
	STAILQ_INSERT_TAIL(&e->later, &c->job, entry);
}

static void
take_back(struct replaying *r, struct change *c)
{
	struct entry	*e = find(r, c->id);

	tokens_abort(&r->queue->journal.tokens, c->id);
	if (e != NULL)
		forget(r, e);
	change_free(c);
}

static void
on_record(struct change *c, void *arg)
{
	struct replaying	*r = arg;
	struct entry		*e = find(r, c->id);

	if (c->position < index_clean(r->queue->index))
		change_free(c);
	else if (c->kind == CHANGE_STORE)
		begin(r, c);
	else if (c->kind == CHANGE_ABORT)
		take_back(r, c);
	else if (c->kind == CHANGE_SPILLED) {
		if (e != NULL)
			e->spilled = true;
		change_free(c);
	} else if (e == NULL)
		put_cold(r, c);
	else {
		add(e, c);
		if (e->left == 0)
			finish(r, e);
	}
}

/* ---- what is left -------------------------------------------------------- */

static void
move_to_index(struct replaying *r, struct entry *e)
{
	struct job	*j;

	while ((j = STAILQ_FIRST(&e->later)) != NULL) {
		STAILQ_REMOVE_HEAD(&e->later, entry);
		put_cold(r, (struct change *)j);
	}
}

static void
tell_missing(const struct entry *e)
{
	char	 id[ID_SIZE];

	id_format(id, e->id);
	log_warning("%s: the index does not have it, the journal does", id);
}

static void
warm_up(struct replaying *r, struct entry *e)
{
	struct message	*m = hot_new(r->queue, e->accept);
	struct job	*j;

	if (e->spilled)
		tell_missing(e);
	r->hot++;
	while ((j = STAILQ_FIRST(&e->later)) != NULL) {
		STAILQ_REMOVE_HEAD(&e->later, entry);
		hot_replay(r->queue, m, (struct change *)j);
	}
}

static void
settle(struct replaying *r)
{
	struct entry	*e, *next;

	RB_FOREACH_SAFE(e, entries, &r->entries, next) {
		if (has_rows(r, e->id))
			move_to_index(r, e);
		else
			warm_up(r, e);
		forget(r, e);
	}
	apply_cold(r);
}

void
replay(struct queue *q)
{
	struct replaying	 r = { .queue = q };
	struct scan		 scan = { .record = on_record, .arg = &r };

	RB_INIT(&r.entries);
	STAILQ_INIT(&r.cold);
	scan_journal(&q->journal.segments, index_journal(q->index), &scan);
	apply_cold(&r);
	settle(&r);
	if (scan.records > 0)
		log_info("journal: %llu records read; %llu message%s not done, "
		    "%llu changes for the index",
		    (unsigned long long)scan.records,
		    (unsigned long long)r.hot, r.hot == 1 ? "" : "s",
		    (unsigned long long)r.applied);
}
