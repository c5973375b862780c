/* SPDX-License-Identifier: ISC */
/*
 * What is ordered about messages.  An order for many is asked of queue part by
 * part, the next when the rows of the one before have left: who takes his
 * connection away ends the order there.
 */
#include <string.h>

#include "control/control.h"
#include "shared/id.h"
#include "shared/log.h"
#include "shared/via.h"

static const char *const orders[ORDER_COUNT] = {
	[ORDER_HOLD] = "hold",
	[ORDER_RELEASE] = "release",
	[ORDER_RETRY] = "retry",
	[ORDER_DELETE] = "delete",
	[ORDER_BOUNCE] = "bounce",
	[ORDER_EXPIRE] = "expire",
	[ORDER_REDIRECT] = "redirect",
	[ORDER_READDRESS] = "recipient"
};

static const char *const outcomes[ORDERED_OUTCOME_COUNT] = {
	[ORDERED_DONE] = "done",
	[ORDERED_NOTHING] = "unchanged",
	[ORDERED_BUSY] = "busy"
};

/* ---- orders -------------------------------------------------------------- */

void
control_next_part(struct session *s)
{
	s->ask.order.after = s->query->after;
	session_ask(s, control_queue(), &s->ask.order.token);
}

/* A destination of `route`, or an empty one, which is a new look-up. */
static const char *
set_destination(struct session *s, struct msg_order *to)
{
	if (span_is(to->argument, "anew"))
		to->argument = span_of("");
	else if (via_parse(to->argument, s->name))
		to->argument = span_of(s->name);
	else
		return "expected HOST, [HOST] or [ADDRESS], with :PORT unless "
		    "it is 25, or \"anew\"";
	return NULL;
}

static const char *
set_address(struct session *s, struct msg_order *to)
{
	struct addr	 a;

	if (addr_parse(to->argument, &a) != ADDR_OK || addr_is_null(&a))
		return "expected an address";
	(void)span_copy(addr_span(&a), s->name, sizeof s->name);
	to->argument = span_of(s->name);
	return NULL;
}

static const char *
set_argument(struct session *s, struct msg_order *to)
{
	switch (to->order) {
	case ORDER_REDIRECT:
		return set_destination(s, to);
	case ORDER_READDRESS:
		return set_address(s, to);
	case ORDER_BOUNCE:
		return NULL;
	default:
		return to->argument.len > 0 ? "this order has no argument" :
		    NULL;
	}
}

/* Everything is never meant by accident. */
static const char *
fill_order(struct session *s)
{
	const struct filter	*filter = &s->query->filter;
	struct msg_order	*to = &s->ask.order;

	if (!s->query->all && !s->query->narrow)
		return "neither ALL nor a condition";
	s->ask = (struct msg){ .type = MSG_ORDER };
	while (strcmp(s->verb->words + sizeof "queue", orders[to->order]) != 0)
		to->order++;
	to->dry = s->query->dry;
	to->uid = s->uid;
	to->argument = s->query->argument;
	FILTER_FIELDS(FILTER_COPY)
	return set_argument(s, to);
}

void
control_order(struct session *s, struct span words)
{
	const char	*wrong;

	if (!session_query(s, words))
		return;
	wrong = fill_order(s);
	if (wrong != NULL) {
		session_err(s, ADMIN_ERR_USAGE, wrong);
		return;
	}
	if (!s->query->dry)
		log_info("%s ordered, uid=%u, %.*s",
		    orders[s->ask.order.order], s->uid, (int)words.len,
		    words.ptr);
	control_next_part(s);
}

void
on_ordered_one(struct peer *peer, struct msg *m)
{
	const struct msg_ordered_one	*o = &m->ordered_one;
	struct session	*s = control_session(peer, o->token,
			    MSG_ORDER);
	char		 id[ID_SIZE];

	if (s == NULL)
		return;
	id_format(id, o->message);
	s->sums[0] += o->outcome == ORDERED_DONE;
	session_row(s, "ordered\t%s\t%s\t%u", id, outcomes[o->outcome],
	    o->recipients);
}

void
on_ordered(struct peer *peer, struct msg *m)
{
	struct session	*s = control_session(peer, m->ordered.token,
			    MSG_ORDER);

	if (s != NULL && session_page_end(s, m->ordered.next))
		session_ok(s, s->sums[0]);
}

/* ---- content ------------------------------------------------------------- */

void
control_next_content(struct session *s)
{
	s->ask = (struct msg){ .type = MSG_SHOW };
	s->ask.show.message = s->id;
	s->ask.show.offset = s->after;
	session_ask(s, control_queue(), &s->ask.show.token);
}

void
control_content(struct session *s, struct span arg)
{
	if (id_parse(arg, &s->id) && s->id != 0)
		control_next_content(s);
	else
		session_err(s, ADMIN_ERR_USAGE, "not a message's id");
}

void
on_shown(struct peer *peer, struct msg *m)
{
	const struct msg_shown	*x = &m->shown;
	struct session		*s = control_session(peer, x->token,
			    MSG_SHOW);

	if (s == NULL)
		return;
	if (x->outcome == SHOWN_UNKNOWN)
		session_err(s, ADMIN_ERR_NONE, "no such message");
	else if (x->outcome == SHOWN_FAILED)
		session_err(s, ADMIN_ERR_LATER, "its content cannot be read");
	else if (x->data.len == 0 && s->after < x->size)
		session_err(s, ADMIN_ERR_LATER, "its content broke off");
	else if (x->data.len == 0)
		session_ok(s, s->after);
	else if (session_row(s, "content\t%zu", x->data.len) &&
	    session_octets(s, x->data)) {
		s->after += x->data.len;
		session_answered(s);
	}
}
