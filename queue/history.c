/* SPDX-License-Identifier: ISC */
#include "queue/inspect.h"
#include "queue/queue.h"

static void
put(struct peer *p, uint64_t token, const struct event_row *e)
{
	struct msg	 m = { .type = MSG_EVENT };

	m.event.token = token;
	m.event.time = e->time;
	m.event.kind = e->kind;
	m.event.number = e->number;
	m.event.uid = e->uid;
	m.event.reply = e->reply;
	m.event.relay = e->relay;
	peer_put(p, &m);
}

/* At most EVENTS_MAX; of what the journal alone has nothing is told yet. */
void
on_history(struct peer *p, struct msg *m)
{
	struct msg		 end = { .type = MSG_HISTORY_END };
	struct event_row	 e;
	struct view		 v;
	int64_t			 number = -1;

	view_open(&v, queue_state()->index);
	while (view_next_event(&v, m->history.message, &number, &e)) {
		put(p, m->history.token, &e);
		end.history_end.count++;
	}
	view_close(&v);
	end.history_end.token = m->history.token;
	peer_put(p, &end);
}
