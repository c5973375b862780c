/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "shared/alloc.h"
#include "remote/results.h"

struct kept {
	LIST_ENTRY(kept) entry;
	uint64_t	 message;
	uint32_t	 number;
	struct reply	 reply;
	char		*relay;
	uint8_t		 passed;
};

struct finished {
	STAILQ_ENTRY(finished) entry;
	struct msg_done	 done;
};

/* Ids are queue's own, one after the other: no stranger chooses them. */
static struct kept_list *
bucket(struct results *r, uint64_t message, uint32_t number)
{
	uint64_t	 mixed = (message + number) * 0x9e3779b97f4a7c15;

	return &r->kept[mixed >> 32 & (RESULTS_BUCKETS - 1)];
}

static struct kept *
find(struct results *r, uint64_t message, uint32_t number)
{
	struct kept	*k;

	LIST_FOREACH(k, bucket(r, message, number), entry)
		if (k->message == message && k->number == number)
			break;
	return k;
}

void
results_init(struct results *r)
{
	size_t	 i;

	for (i = 0; i < RESULTS_BUCKETS; i++)
		LIST_INIT(&r->kept[i]);
	STAILQ_INIT(&r->finished);
	r->count = 0;
}

bool
results_is_empty(const struct results *r)
{
	return r->count == 0;
}

static void
tell(struct peer *queue, const struct kept *k)
{
	struct msg	 m = { .type = MSG_RESULT };

	m.result.message = k->message;
	m.result.number = k->number;
	m.result.reply = k->reply;
	m.result.relay = span_of(k->relay);
	m.result.passed = k->passed;
	peer_put(queue, &m);
}

static void
drop(struct results *r, struct kept *k)
{
	LIST_REMOVE(k, entry);
	r->count--;
	free(k->relay);
	free(k);
}

void
results_put(struct results *r, struct peer *queue, const struct msg_result *m)
{
	struct kept	*k = xcalloc(1, sizeof *k);
	struct kept	*old = find(r, m->message, m->number);

	if (old != NULL)	/* handed out again: the newer one holds */
		drop(r, old);
	k->message = m->message;
	k->number = m->number;
	k->reply = m->reply;
	k->relay = span_dup(m->relay);
	k->passed = m->passed;
	LIST_INSERT_HEAD(bucket(r, k->message, k->number), k, entry);
	r->count++;
	if (queue != NULL)
		tell(queue, k);
}

void
results_done(struct results *r, struct peer *queue, const struct msg_done *m)
{
	struct finished	*f;

	if (r->count < RESULTS_MAX) {
		peer_put(queue, &(struct msg){ .type = MSG_DONE, .done = *m });
		return;
	}
	f = xcalloc(1, sizeof *f);
	f->done = *m;
	STAILQ_INSERT_TAIL(&r->finished, f, entry);
}

void
results_recorded(struct results *r, struct peer *queue,
    const struct msg_recorded *m)
{
	struct kept	*k = find(r, m->message, m->number);
	struct finished	*f;

	if (k != NULL)
		drop(r, k);
	while (r->count < RESULTS_MAX &&
	    (f = STAILQ_FIRST(&r->finished)) != NULL) {
		STAILQ_REMOVE_HEAD(&r->finished, entry);
		peer_put(queue, &(struct msg){ .type = MSG_DONE,
		    .done = f->done });
		free(f);
	}
}

void
results_lost(struct results *r)
{
	struct finished	*f;

	while ((f = STAILQ_FIRST(&r->finished)) != NULL) {
		STAILQ_REMOVE_HEAD(&r->finished, entry);
		free(f);
	}
}

void
results_replay(struct results *r, struct peer *queue)
{
	struct kept	*k;
	size_t		 i;

	for (i = 0; i < RESULTS_BUCKETS; i++)
		LIST_FOREACH(k, &r->kept[i], entry)
			tell(queue, k);
}
