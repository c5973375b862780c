/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "local/result.h"
#include "shared/alloc.h"

void
results_init(struct results *rs)
{
	TAILQ_INIT(&rs->kept);
	rs->count = 0;
}

static void
tell(const struct result *r, struct peer *queue)
{
	struct msg	 m = { .type = MSG_RESULT };

	m.result.message = r->message;
	m.result.number = r->number;
	m.result.reply = r->reply;
	m.result.relay = span_of("local");
	peer_put(queue, &m);
}

void
results_add(struct results *rs, struct peer *queue, uint64_t message,
    uint32_t number, const struct reply *reply)
{
	struct result	*r = xcalloc(1, sizeof *r);

	r->message = message;
	r->number = number;
	r->reply = *reply;
	TAILQ_INSERT_TAIL(&rs->kept, r, entry);
	rs->count++;
	if (queue == NULL)
		return;
	tell(r, queue);
	if (rs->count > RESULTS_MAX)
		peer_accuse(queue, "does not record results");
}

void
results_tell(const struct results *rs, struct peer *queue)
{
	const struct result	*r;

	TAILQ_FOREACH(r, &rs->kept, entry)
		tell(r, queue);
}

void
results_forget(struct results *rs, const struct msg_recorded *recorded)
{
	struct result	*r;

	TAILQ_FOREACH(r, &rs->kept, entry)
		if (r->message == recorded->message &&
		    r->number == recorded->number)
			break;
	if (r == NULL)
		return;
	TAILQ_REMOVE(&rs->kept, r, entry);
	rs->count--;
	free(r);
}
