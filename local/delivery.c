/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "local/delivery.h"
#include "shared/clock.h"

bool
delivery_begin(struct delivery *d, struct job *j, struct peer *agent)
{
	const struct job_rcpt	*r = &j->rcpts[j->next];
	const struct mailbox	*box = mailbox_find(&j->local->mailboxes,
				    addr_domain(&r->recipient));
	struct msg		 m = { .type = MSG_DELIVER };

	*d = (struct delivery){ .job = j, .agent = agent };
	d->token = peer_token(agent);
	d->begun = clock_wall();
	d->complete = j->size == 0;
	m.deliver.token = d->token;
	m.deliver.message = j->message;
	m.deliver.sender = j->sender;
	m.deliver.recipient = r->recipient;
	m.deliver.original = r->original;
	m.deliver.size = j->size;
	m.deliver.kind = box != NULL ? box->kind : DELIVERY_MAILDIR;
	m.deliver.path = span_of(box != NULL ? box->path : "~/Maildir");
	if (peer_ask(agent, &m))
		return true;
	d->job = NULL;
	return false;
}

void
delivery_end(struct delivery *d)
{
	d->job->stale += d->sent;
	*d = (struct delivery){ .job = NULL };
}

/* ---- content ------------------------------------------------------------- */

static void
put_chunk(struct delivery *d, uint64_t offset, const struct msg_chunk *c)
{
	struct msg	 m = { .type = MSG_CHUNK };

	m.chunk = *c;
	m.chunk.token = d->token;
	m.chunk.offset = offset;
	peer_put(d->agent, &m);
}

void
delivery_starve(struct delivery *d)
{
	static const struct msg_chunk	 failed = { .failed = 1 };
	unsigned			 i;

	for (i = 0; i < d->nwants; i++)
		put_chunk(d, d->wants[i], &failed);
	d->nwants = d->sent = 0;
}

/* Its queue may be gone while it is not: a new one knows nothing of it. */
void
delivery_go_on(struct delivery *d)
{
	struct ring	*out = peer_ring_out(d->agent);
	struct msg	 m = { .type = MSG_WANT };

	if (d->job->token == 0) {
		delivery_starve(d);
		return;
	}
	m.want.token = d->job->token;
	while (d->sent < d->nwants && d->job->stale + d->sent < WANTS_MAX &&
	    ring_free_slots(out) > d->sent) {
		m.want.offset = d->wants[d->sent++];
		peer_put(d->job->local->queue, &m);
	}
}

void
delivery_want(struct delivery *d, uint64_t offset)
{
	if (d->nwants == WANTS_MAX) {
		peer_accuse(d->agent, "wants too much at once");
		return;
	}
	d->wants[d->nwants++] = offset;
	delivery_go_on(d);
}

void
delivery_free_slot(struct local *l, const struct msg_chunk *c)
{
	struct msg	 m = { .type = MSG_FREED };

	if (c->length == 0 || c->failed)
		return;
	m.freed.slot = c->slot;
	peer_put(l->queue, &m);
}

/* From queue's ring into the agent's; false when queue named no slot. */
static bool
pass_on(struct delivery *d, const struct msg_chunk *c)
{
	struct peer		*queue = d->job->local->queue;
	struct ring		*out = peer_ring_out(d->agent);
	struct msg_chunk	 passed = *c;
	int			 slot;

	if (c->length > 0 && !c->failed) {
		slot = ring_take(out);
		if (slot == -1)
			return false;
		if (!ring_copy(peer_ring_in(queue), c->slot, c->length,
		    ring_slot(out, slot))) {
			(void)ring_give_back(out, slot);
			return false;
		}
		passed.slot = slot;
		delivery_free_slot(d->job->local, c);
	} else {
		passed.slot = 0;
		passed.length = 0;
	}
	d->complete |= !c->failed && c->offset + c->length >= d->job->size;
	put_chunk(d, c->offset, &passed);
	return true;
}

void
delivery_chunk(struct delivery *d, const struct msg_chunk *c)
{
	struct peer	*queue = d->job->local->queue;
	unsigned	 i;

	for (i = 0; i < d->sent && d->wants[i] != c->offset; i++)
		;
	if (i == d->sent || !pass_on(d, c)) {
		peer_accuse(queue, "sends content that nobody wanted");
		return;
	}
	memmove(&d->wants[i], &d->wants[i + 1],
	    (d->nwants - i - 1) * sizeof *d->wants);
	d->nwants--;
	d->sent--;
	delivery_go_on(d);
}
