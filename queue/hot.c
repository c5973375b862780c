/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "queue/queue.h"
#include "queue/result.h"
#include "shared/alloc.h"
#include "shared/log.h"

void
hots_init(struct hots *h)
{
	TAILQ_INIT(&h->all);
	TAILQ_INIT(&h->cached);
	TAILQ_INIT(&h->leaving);
}

bool
hots_have_room(const struct queue *q, uint32_t recipients)
{
	return q->hots.count < HOT_MESSAGES_MAX &&
	    q->hots.recipients + recipients <= HOT_RECIPIENTS_MAX;
}

/* ---- content in memory --------------------------------------------------- */

static void
uncache(struct queue *q, struct message *m)
{
	if (STAILQ_EMPTY(&m->content))
		return;
	TAILQ_REMOVE(&q->hots.cached, m, cached_entry);
	q->hots.octets -= (size_t)m->size;
}

static void
cache(struct queue *q, struct message *m, struct pieces *content)
{
	struct message	*oldest;

	STAILQ_CONCAT(&m->content, content);
	if (STAILQ_EMPTY(&m->content))
		return;
	TAILQ_INSERT_TAIL(&q->hots.cached, m, cached_entry);
	q->hots.octets += (size_t)m->size;
	while (q->hots.octets > CACHE_MAX &&
	    (oldest = TAILQ_FIRST(&q->hots.cached)) != NULL) {
		uncache(q, oldest);
		pieces_clear(&oldest->content);
	}
}

bool
hot_copy(const struct message *m, uint64_t offset, size_t length, char *into)
{
	const struct piece	*p;
	size_t			 n;

	if (!m->hot || STAILQ_EMPTY(&m->content))
		return false;
	STAILQ_FOREACH(p, &m->content, entry) {
		if (offset >= p->len) {
			offset -= p->len;
			continue;
		}
		n = p->len - (size_t)offset < length ?
		    p->len - (size_t)offset : length;
		memcpy(into, p->data + offset, n);
		into += n;
		length -= n;
		offset = 0;
	}
	return length == 0;
}

/* ---- coming -------------------------------------------------------------- */

static void
add_recipients(struct queue *q, struct message *m, uint64_t position)
{
	struct recipient_row	 row = { .state = ROW_NEW };
	struct span		 rest = letter_recipients(m->letter);
	struct addressee	 one;

	row.original = span_of("");
	for (m->next = 0; m->next < m->letter->count; m->next++) {
		one = letter_take(&rest);
		row.address = one.address;
		row.parameters = one.parameters;
		recipient_new(q, m, m->next, &row)->position = position;
	}
}

struct message *
hot_new(struct queue *q, struct change *c)
{
	struct message	*m = message_from_letter(q, c->letter);

	m->hot = true;
	m->replayed = c->replayed;
	m->letter = c->letter;
	c->letter = NULL;
	m->filed = c->file != NULL;
	m->place = c->place;
	m->crc = c->crc;
	journal_hold(q, m->place.slot);
	TAILQ_INSERT_TAIL(&q->hots.all, m, hot_entry);
	q->hots.count++;
	add_recipients(q, m, c->position);
	if (!m->filed)
		cache(q, m, &c->content);
	if (q->journal.ending || q->ends_clean)
		hot_spill(q, m);
	return m;
}

static void
take_stage(struct queue *q, struct recipient *r)
{
	if (r->destination != NULL)
		r->stage = STAGE_EXPANDED;
	else
		expand_add(q, r);
}

void
hot_begin(struct queue *q, struct message *m)
{
	struct recipient	*r, *next;

	if (m->begun || q->stopping || !q->working)
		return;
	m->begun = true;
	m->active = queue_now();
	if (!m->replayed)
		message_tell(m);
	RB_FOREACH_SAFE(r, recipient_tree, &m->recipients, next)
		if (r->stage == STAGE_NONE)
			take_stage(q, r);
	expand_release(q, m);
}

void
hots_begin(struct queue *q)
{
	struct message	*m, *next;

	for (m = TAILQ_FIRST(&q->hots.all); m != NULL; m = next) {
		next = TAILQ_NEXT(m, hot_entry);
		hot_begin(q, m);
	}
}

/* ---- changes ------------------------------------------------------------- */

/* While a former life is replayed it gets no stage: what comes next may take
 * it away. */
static void
add_leaf(struct queue *q, struct message *m, const struct recipient_row *row,
    uint64_t position)
{
	struct recipient	*r = recipient_new(q, m, m->next++, row);

	r->position = position;
	if (destination_by(row->destination) != -1) {
		r->destination = destination_get(q, row->destination);
		r->destination->users++;
	}
	if (m->begun)
		take_stage(q, r);
}

static void
add_leaves(struct queue *q, struct message *m, const struct change *c)
{
	struct recipient_row	 row;
	struct piece		*p;

	STAILQ_FOREACH(p, &c->rows, entry)
		if (recipient_row_decode(piece_span(p), &row))
			add_leaf(q, m, &row, c->position);
}

static bool
has_room_for_leaves(const struct queue *q, const struct change *c)
{
	const struct piece	*p;
	uint32_t		 n = 0;

	STAILQ_FOREACH(p, &c->rows, entry)
		n++;
	return n <= HOT_LEAVES_MAX && hots_have_room(q, n);
}

/* What is left when the change is done; the recipient is still there. */
static bool
apply(struct queue *q, struct message *m, struct change *c)
{
	if (c->kind == CHANGE_REPLACE) {
		if (!STAILQ_EMPTY(&c->parent) || !has_room_for_leaves(q, c))
			return false;
		add_leaves(q, m, c);
	} else if (c->kind == CHANGE_REMOVE) {
		c->tally = (struct tally){ .removed = true };
		return true;
	} else if (c->kind != CHANGE_DELETE)
		return false;
	c->tally.left = c->tally.fresh = m->count - 1;
	c->tally.failed = 0;
	c->tally.removed = m->count == 1;
	return true;
}

bool
hot_apply(struct queue *q, struct message *m, struct change *c)
{
	if (!m->spilling && STAILQ_EMPTY(&m->behind) && apply(q, m, c)) {
		c->hot = true;
		return true;
	}
	change_hold(q, c);
	STAILQ_INSERT_TAIL(&m->behind, &c->job, entry);
	hot_spill(q, m);
	return false;
}

/* A row that the journal has already and that waits to be applied. */
static struct change *
update_of(const struct message *m, uint32_t number)
{
	struct job	*j;
	struct change	*c;

	STAILQ_FOREACH(j, &m->behind, entry) {
		c = (struct change *)j;
		if (c->kind == CHANGE_UPDATE && c->number == number)
			return c;
	}
	return NULL;
}

static void
let_go(struct queue *q, struct change *c)
{
	if (c->held)
		journal_release(q, c->place.slot);
	c->held = false;
}

/* ---- changes of a former life -------------------------------------------- */

/* Its row is no longer the last word. */
static void
drop_update(struct queue *q, struct message *m, uint32_t number)
{
	struct change	*c = update_of(m, number);

	if (c == NULL)
		return;
	STAILQ_REMOVE(&m->behind, &c->job, job, entry);
	let_go(q, c);
	change_free(c);
}

static void
replay_end(struct queue *q, struct message *m, uint32_t number)
{
	struct recipient	*r = recipient_find(m, number);

	drop_update(q, m, number);
	if (r != NULL)
		recipient_free(q, r);
}

static void
replay_update(struct queue *q, struct message *m, struct change *c)
{
	struct recipient	*r = recipient_find(m, c->number);

	if (r == NULL) {
		change_free(c);
		return;
	}
	drop_update(q, m, c->number);
	r->stage = STAGE_CHANGING;
	c->finished = result_finished;
	change_hold(q, c);
	STAILQ_INSERT_TAIL(&m->behind, &c->job, entry);
	hot_spill(q, m);
}

static void
replay_mark(struct message *m, uint32_t number, uint32_t marks)
{
	struct recipient	*r = recipient_find(m, number);

	if (r != NULL)
		r->marks |= marks;
}

/* What is left of it, when its leaves are there. */
static void
become_update(struct change *c)
{
	c->kind = CHANGE_UPDATE;
	pieces_clear(&c->rows);
	STAILQ_CONCAT(&c->rows, &c->parent);
}

void
hot_replay(struct queue *q, struct message *m, struct change *c)
{
	size_t	 i;

	if (c->kind == CHANGE_REPLACE) {
		add_leaves(q, m, c);
		if (!STAILQ_EMPTY(&c->parent))
			become_update(c);
	}
	if (c->kind == CHANGE_UPDATE) {
		replay_update(q, m, c);
		return;
	}
	if (c->kind == CHANGE_DROP)
		for (i = 0; i < c->count; i++)
			replay_end(q, m, c->numbers[i]);
	else if (c->kind == CHANGE_MARK)
		for (i = 0; i < c->count; i++)
			replay_mark(m, c->numbers[i], c->marks);
	else
		replay_end(q, m, c->number);
	change_free(c);
}

/* ---- spilling ------------------------------------------------------------ */

void
hot_spill(struct queue *q, struct message *m)
{
	if (!m->hot || m->is_leaving || m->spilling || m->going)
		return;
	m->is_leaving = true;
	TAILQ_INSERT_TAIL(&q->hots.leaving, m, leaving_entry);
}

void
hots_spill_below(struct queue *q, uint64_t base)
{
	struct message	*m;

	TAILQ_FOREACH(m, &q->hots.all, hot_entry) {
		if (q->journal.base[m->place.slot] >= base)
			return;
		hot_spill(q, m);
	}
}

/* As it would be taken up by the next life. */
static void
add_row(struct change *c, struct recipient *r)
{
	struct change		*update = update_of(r->message, r->number);
	struct recipient_row	 row;
	struct piece		*p;

	c->numbers[c->count++] = r->number;
	r->spilt_waiting = false;
	if (update != NULL) {
		p = STAILQ_FIRST(&update->rows);
		if (!recipient_row_decode(piece_span(p), &row))
			fatal("a row of our own cannot be read");
		row.position = update->position;
		row.marks |= r->marks;
		update->along = true;
	} else {
		r->spilt_waiting = r->destination != NULL;
		row = recipient_row(r, r->spilt_waiting ? ROW_WAITING :
		    ROW_NEW);
		row.due = queue_now();
	}
	change_add_row(c, &row);
}

/* What did not go along follows. */
static void
release_behind(struct queue *q, struct message *m)
{
	struct job_list	 list = STAILQ_HEAD_INITIALIZER(list);
	struct change	*c;
	struct job	*j;

	STAILQ_CONCAT(&list, &m->behind);
	while ((j = STAILQ_FIRST(&list)) != NULL) {
		STAILQ_REMOVE_HEAD(&list, entry);
		c = (struct change *)j;
		if (!c->along) {
			change_spill(q, c);
			continue;
		}
		c->tally = m->tally;
		let_go(q, c);
		c->finished(c);
	}
}

static void
tell_journal(struct queue *q, uint64_t id)
{
	struct change	*c = change_new(CHANGE_SPILLED, change_free);

	c->id = id;
	change_put(q, c);
}

/* Nobody had begun with them: the index gives them back when it is time. */
static void
send_home(struct queue *q, struct message *m)
{
	struct recipient	*r, *next;

	RB_FOREACH_SAFE(r, recipient_tree, &m->recipients, next)
		if (r->stage == STAGE_NONE)
			recipient_free(q, r);
	schedule_backlog(q, m->id);
	schedule_due(q, queue_now());
}

/* Among the cold ones there may be no room for it: who waits for a job then
 * waits in the index. */
static void
make_room(struct queue *q, struct message *m)
{
	struct recipient	*r, *next;

	if (q->messages.count - q->hots.count <= ACTIVE_MESSAGES_MAX &&
	    q->messages.recipients <= ACTIVE_RECIPIENTS_MAX +
	    q->hots.recipients)
		return;
	RB_FOREACH_SAFE(r, recipient_tree, &m->recipients, next) {
		if (r->stage != STAGE_READY || !r->parked)
			continue;
		r->destination->more = true;
		recipient_unlist(q, r);
		result_park(q, r);
	}
}

static void
on_spilled(struct change *c)
{
	struct queue		*q = queue_state();
	struct message		*m = message_find(q, c->id);
	struct recipient	*r;

	RB_FOREACH(r, recipient_tree, &m->recipients)
		r->parked = r->spilt_waiting;
	q->hots.recipients -= m->count;
	m->spilling = false;
	m->tally = c->tally;
	m->going = true;	/* it stays until we are through */
	hot_end(q, m);
	tell_journal(q, c->id);
	change_free(c);
	release_behind(q, m);
	if (!m->begun)
		send_home(q, m);
	make_room(q, m);
	m->going = false;
	message_settle(q, m);
}

static void
spill(struct queue *q, struct message *m)
{
	struct change		*c = change_new(CHANGE_SPILL, on_spilled);
	struct recipient	*r;
	struct origin		 origin;

	uncache(q, m);
	STAILQ_CONCAT(&c->content, &m->content);
	c->id = m->id;
	c->time = queue_now();
	c->filed = m->filed;
	c->replayed = m->replayed;
	origin = letter_origin(m->letter);
	message_keep_origin(m, &origin);
	c->letter = m->letter;
	m->letter = NULL;
	c->place = m->place;
	c->crc = m->crc;
	c->next = m->next;
	c->numbers = xcalloc(m->count + 1, sizeof *c->numbers);
	RB_FOREACH(r, recipient_tree, &m->recipients)
		add_row(c, r);
	m->spilling = true;
	change_put(q, c);
}

void
hots_spill(struct queue *q)
{
	struct message	*m;

	while ((m = TAILQ_FIRST(&q->hots.leaving)) != NULL) {
		TAILQ_REMOVE(&q->hots.leaving, m, leaving_entry);
		m->is_leaving = false;
		if (!m->going)
			spill(q, m);
	}
}

/* ---- going --------------------------------------------------------------- */

static void
unlink_file(struct queue *q, const struct message *m)
{
	struct change	*c = change_new(CHANGE_UNLINK, change_free);

	c->id = m->id;
	c->aside = m->broken;
	change_spill(q, c);
}

/* Of one that was spilled the file stays. */
void
hot_end(struct queue *q, struct message *m)
{
	bool	 is_done = m->letter != NULL;

	if (is_done && m->filed)
		unlink_file(q, m);
	uncache(q, m);
	pieces_clear(&m->content);
	letter_free(m->letter);
	m->letter = NULL;
	if (m->is_leaving)
		TAILQ_REMOVE(&q->hots.leaving, m, leaving_entry);
	m->is_leaving = false;
	TAILQ_REMOVE(&q->hots.all, m, hot_entry);
	q->hots.count--;
	m->hot = false;
	journal_release(q, m->place.slot);
}

struct message *
hot_next(struct queue *q, uint64_t id)
{
	struct message	 key = { .id = id + 1 };
	struct message	*m = RB_NFIND(message_tree, &q->messages.tree, &key);

	while (m != NULL && !m->hot)
		m = RB_NEXT(message_tree, &q->messages.tree, m);
	return m;
}
