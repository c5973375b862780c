/* SPDX-License-Identifier: ISC */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "queue/digest.h"
#include "queue/queue.h"
#include "queue/telling.h"
#include "shared/alloc.h"
#include "shared/log.h"

enum { MICROSECONDS = 1000000 };

static int
compare(const struct alike *a, const struct alike *b)
{
	return a->key < b->key ? -1 : a->key > b->key;
}

RB_PROTOTYPE(alike_tree, alike, by_key, compare);
RB_GENERATE(alike_tree, alike, by_key, compare)

void
digests_init(struct digests *d)
{
	RB_INIT(&d->tree);
	TAILQ_INIT(&d->list);
	LIST_INIT(&d->made);
}

/* ---- what is alike ------------------------------------------------------- */

/* With an end, so that no text goes on in the next one.  Who finds two texts of
 * one hash has his own mail told later. */
static uint64_t
mix_text(uint64_t h, struct span s)
{
	return span_mix(span_mix(h, s, false), span_make("", 1), false);
}

/* Words that hold an address or a digit differ from one failure to the next. */
static bool
is_plain(struct span word)
{
	size_t	 i;

	for (i = 0; i < word.len; i++)
		if (word.ptr[i] == '@' ||
		    isdigit((unsigned char)word.ptr[i]))
			return false;
	return true;
}

static uint64_t
mix_words(uint64_t h, struct span text)
{
	struct span	 word;

	while ((word = span_word(&text)).len > 0)
		if (is_plain(word))
			h = mix_text(h, word);
	return h;
}

static uint64_t
key_of(const struct message *m, const struct recipient_row *r)
{
	uint64_t	 h = SPAN_MIX;
	char		 dsn[ENHANCED_SIZE];

	reply_enhanced(&r->reply, dsn);
	h = mix_text(h, addr_span(&m->sender));
	h = mix_text(h, r->destination.len > 0 ? r->destination : r->relay);
	h = mix_text(h, span_of(dsn));
	h = mix_text(h, span_of(r->expired ? "expired" : ""));
	return mix_words(h, span_of(r->reply.text));
}

/* ---- counting ------------------------------------------------------------ */

static struct alike *
forget_oldest(struct digests *d)
{
	struct alike	*a = TAILQ_LAST(&d->list, alike_list);

	RB_REMOVE(alike_tree, &d->tree, a);
	TAILQ_REMOVE(&d->list, a, entry);
	d->count--;
	return a;
}

void
digests_forget(struct digests *d)
{
	while (d->count > 0)
		free(forget_oldest(d));
}

static struct alike *
get(struct digests *d, uint64_t key)
{
	struct alike	 wanted = { .key = key };
	struct alike	*a = RB_FIND(alike_tree, &d->tree, &wanted);

	if (a != NULL)
		TAILQ_REMOVE(&d->list, a, entry);
	else {
		if (d->count == ALIKE_MAX)
			free(forget_oldest(d));
		a = xcalloc(1, sizeof *a);
		a->key = key;
		RB_INSERT(alike_tree, &d->tree, a);
		d->count++;
	}
	TAILQ_INSERT_HEAD(&d->list, a, entry);
	return a;
}

static void
begin(struct queue *q, struct alike *a, uint64_t now)
{
	struct digests	*d = &q->digests;
	uint64_t	 ends = now +
			    (uint64_t)q->notices.digest_time * MICROSECONDS;

	d->last = ends > d->last ? ends : d->last + 1;
	a->ends = d->last;
	a->count = 0;
	a->message = 0;
}

uint64_t
digest_plan(struct queue *q, const struct message *m,
    const struct recipient_row *row)
{
	uint64_t	 now = queue_now();
	struct alike	*a;

	if (q->notices.digest_time == 0 || row->action != ACTION_FAILED)
		return 0;
	a = get(&q->digests, key_of(m, row));
	if (a->ends <= now)
		begin(q, a, now);
	if (a->message != m->id)
		a->count++;
	a->message = m->id;
	return a->count > q->notices.digest_after ? a->ends : 0;
}

/* ---- telling ------------------------------------------------------------- */

static void
settle(struct queue *q, const struct lot *lot)
{
	struct message	*m = message_find(q, lot->id);

	message_left(m, lot->id, &lot->tally);
	if (m != NULL)
		message_settle(q, m);
}

static void
on_told(struct queue *q, struct telling *t, struct change *c)
{
	size_t	 i;

	LIST_REMOVE(t, entry);
	telling_free(t);
	for (i = 0; i < c->nlots; i++)
		settle(q, &c->lots[i]);
}

static bool
is_made(const struct queue *q, uint64_t due)
{
	const struct telling	*t;

	LIST_FOREACH(t, &q->digests.made, entry)
		if (t->due == due)
			return true;
	return false;
}

/* Of a sender alone, whatever the index says of their time. */
static bool
add(struct queue *q, struct view *v, struct telling *t,
    const struct wait_key *k)
{
	const struct message	*m = message_find(q, k->id);
	struct recipient_row	 row;
	struct message_row	 about;

	if (m != NULL && message_is_moving(m))
		return true;
	if (!view_recipient(v, k->id, k->number, &row) ||
	    row.state != ROW_FAILED)
		return true;
	if (t->nmessages == 0 || t->lots[t->nmessages - 1].id != k->id) {
		if (!view_message(v, k->id, &about))
			return true;
		if (t->nmessages == 0)
			t->to = about.sender;
		if (!addr_equal(&about.sender, &t->to))
			return true;
		telling_about(t, k->id, &about);
	}
	return telling_add(t, k->number, &row) && t->count < t->max;
}

bool
digest_start(struct queue *q, struct view *v, const struct wait_key *first)
{
	struct wait_key	 k = *first;
	struct telling	*t;

	if (is_made(q, first->due))
		return true;
	t = telling_new(NOTICE_RECIPIENTS_MAX);
	t->kind = NOTICE_DIGEST;
	t->words = "sender non-delivery notification";
	t->made = telling_put;
	t->told = on_told;
	t->due = first->due;
	while (add(q, v, t, &k) && view_next_in_lane(v, &k) &&
	    k.due == first->due)
		continue;
	if (t->count == 0) {
		telling_free(t);
		return true;
	}
	LIST_INSERT_HEAD(&q->digests.made, t, entry);
	telling_make(q, t);
	return true;
}
