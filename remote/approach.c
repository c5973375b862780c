/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "remote/remote.h"

/* ---- the end ------------------------------------------------------------- */

static void
end(struct approach *a, bool reachable, struct reply r)
{
	a->calls->end(a->arg, reachable, &(struct client_event){ .reply = r },
	    NULL);
}

/* The best of what was said holds.  That MAIL is put off tells nothing of the
 * others' mail. */
static void
end_failed(struct approach *a)
{
	const struct client_event	*e = &a->failure;
	bool				 of_mail = e->step == CLIENT_MAIL &&
					    e->said && e->code != 421;

	a->calls->end(a->arg, of_mail || !reply_is_later(&e->reply), e,
	    a->nowhere ? NULL : &a->failed_at);
}

/*
 * No greeting is for good: a 5xx there is mostly about us and this hour, not
 * about the mail.  521 alone says that this host never takes any (RFC 7504).
 */
static void
soften_greeting(struct client_event *e)
{
	if (!e->said || !reply_is_refusal(&e->reply) ||
	    e->reply.code == 521)
		return;
	e->reply.code = 451;
	e->reply.class = 4;
}

/* What it said counts unless another gives more hope. */
void
approach_note(struct approach *a, const struct client_event *e,
    const struct endpoint *at)
{
	struct client_event	 copy = *e;

	soften_greeting(&copy);
	if (a->failed && reply_is_later(&a->failure.reply) &&
	    (at == NULL || !reply_is_later(&copy.reply)))
		return;
	a->failure = copy;
	a->nowhere = at == NULL;
	if (at != NULL)
		a->failed_at = *at;
	a->failed = true;
}

bool
approach_has_hope(const struct approach *a)
{
	return a->failed && reply_is_later(&a->failure.reply);
}

/* ---- the fall-back ------------------------------------------------------- */

/* Is there one for such a failure?  Who heard MAIL was reached. */
static bool
may_fall_back(const struct approach *a)
{
	return !a->fell_back && a->hop->fallback[0] != '\0' &&
	    approach_has_hope(a) && a->failure.step < CLIENT_MAIL;
}

/* It is spoken to as the hop says, and so its connections are of the hop. */
static bool
set_fallback(struct approach *a)
{
	const struct hop	*h = a->hop;
	char			 text[DESTINATION_TEXT_MAX +
				    HOP_NAME_MAX + 2];

	a->fell_back = true;
	snprintf(text, sizeof text, "%s%s%s", h->fallback,
	    h->name[0] != '\0' ? ";" : "", h->name);
	return approach_set(a, text);
}

void
approach_give_up(struct approach *a)
{
	if (may_fall_back(a) && set_fallback(a))
		approach_begin(a);
	else
		end_failed(a);
}

/* ---- connections --------------------------------------------------------- */

/* There is no connection to this host: on to the next. */
static void
leave(struct approach *a, const struct endpoint *at,
    const struct client_event *e)
{
	recorder_note(a->record, "%s", e->reply.text);
	approach_note(a, e, at);
	approach_next(a);
}

static void
fail_connecting(struct approach *a, const struct endpoint *at, int error)
{
	struct client_event	 e = { .step = CLIENT_CONNECT,
				    .timed_out = error == ETIMEDOUT };
	char			 relay[RELAY_TEXT_MAX + 1];

	endpoint_format(at, relay);
	e.reply = reply_make(451, "4.4.1", "connect to %s: %s", relay,
	    strerror(error));
	leave(a, at, &e);
}

static void
on_race(void *arg, const struct race_end *e)
{
	struct approach		*a = arg;
	const struct endpoint	*other = a->race.runners[1].to;

	if (e->both) {
		recorder_connect(a->record, other);
		way_tried(&a->way, other);
	}
	if (e->fd == -1) {
		slot_clear(&a->slot);
		fail_connecting(a, e->at, e->error);
		return;
	}
	if (e->both && e->at == other)
		families_put(&a->remote->ways.families, other->host,
		    other->family, loop_now(a->remote->loop));
	a->calls->open(a->arg, e->fd, e->at);
}

static void
start(struct approach *a)
{
	recorder_connect(a->record, a->at);
	race_start(&a->race, a->at, a->at == &a->once_more ? NULL :
	    way_other(&a->way, a->at), a->hop, a->remote->clients.connect_time);
}

static void
on_slot(void *arg, bool given)
{
	struct approach		*a = arg;
	struct client_event	 e = { .step = CLIENT_CONNECT };

	if (given) {
		start(a);
		return;
	}
	e.reply = reply_make(451, "4.4.5", "no connection to %s came free",
	    a->at->host);
	leave(a, a->at, &e);
}

static void
connect_to(struct approach *a, const struct endpoint *at)
{
	a->at = at;
	if (slot_take(&a->slot, at)) {
		start(a);
		return;
	}
	recorder_note(a->record, "waits for one of %d connections to %s",
	    HOST_CONNECTIONS_MAX, at->host);
	pool_make_room(&a->remote->pool, a->slot.host);
}

void
approach_next(struct approach *a)
{
	const struct endpoint	*e = way_next(&a->way);

	if (e != NULL) {
		way_tried(&a->way, e);
		connect_to(a, e);
	} else if (a->failed)
		approach_give_up(a);
	else
		end(a, true, reply_make(550, "5.4.6",
		    "mail for %s leads to no address that may be used: "
		    "loopback, unspecified or multicast", a->to.name));
}

/* ---- a Unix socket ------------------------------------------------------- */

static struct endpoint
socket_of(const struct approach *a)
{
	struct endpoint	 e = { .family = AF_UNIX };

	(void)span_copy(span_of(a->remote->clients.hostname), e.host,
	    sizeof e.host);
	(void)span_copy(span_of(a->to.name), e.path, sizeof e.path);
	return e;
}

static void
on_dial(void *arg, const struct dial_end *e)
{
	struct approach	*a = arg;
	struct endpoint	 at = socket_of(a);

	if (e->fd != -1)
		a->calls->open(a->arg, e->fd, &at);
	else if (e->known)
		fail_connecting(a, &at, e->error);
	else
		end(a, true, reply_make(451, "4.3.5",
		    "no route leads to this socket: %s", a->to.name));
}

static void
dial(struct approach *a)
{
	struct endpoint	 at = socket_of(a);

	recorder_connect(a->record, &at);
	dial_start(&a->dial, a->to.name, a->remote->clients.connect_time);
}

/* ---- the same host once more --------------------------------------------- */

void
approach_once_more(struct approach *a, const struct endpoint *at)
{
	a->once_more = *at;
	if (at->family == AF_UNIX) {
		dial(a);
		return;
	}
	connect_to(a, &a->once_more);
}

/* ---- the way ------------------------------------------------------------- */

static struct reply
reply_of(const struct approach *a, enum way_outcome outcome)
{
	switch (outcome) {
	case WAY_UNKNOWN:
		return reply_make(550, "5.1.2",
		    "host or domain name not found: %s", a->to.name);
	case WAY_NULL_MX:
		return reply_make(556, "5.1.10",
		    "domain %s does not accept mail (null MX)", a->to.name);
	case WAY_HOME:
		return reply_make(550, "5.4.6",
		    "mail for %s loops back to this host", a->to.name);
	case WAY_LATER:
		return reply_make(451, "4.4.3",
		    "name service cannot tell now about %s", a->to.name);
	default:
		return reply_make(451, "4.3.0",
		    "name service of this system is not available");
	}
}

static void
on_way(void *arg, enum way_outcome outcome)
{
	struct approach		*a = arg;
	struct client_event	 e = { .step = CLIENT_CONNECT };

	if (outcome == WAY_OK) {
		approach_next(a);
		return;
	}
	e.reply = reply_of(a, outcome);
	if (outcome == WAY_LATER)
		approach_note(a, &e, NULL);
	if (a->failed)
		approach_give_up(a);
	else
		end(a, true, e.reply);
}

/* ---- the beginning ------------------------------------------------------- */

void
approach_init(struct approach *a, struct remote *r, struct recording *record,
    const struct approach_calls *calls, void *arg)
{
	a->remote = r;
	a->record = record;
	a->calls = calls;
	a->arg = arg;
	way_init(&a->way, &r->ways, on_way, a);
	slot_init(&a->slot, &r->hosts, on_slot, a);
	race_init(&a->race, r->loop, on_race, a);
	dial_init(&a->dial, &r->dials, on_dial, a);
}

void
approach_clear(struct approach *a)
{
	way_clear(&a->way);
	race_clear(&a->race);
	slot_clear(&a->slot);
	dial_clear(&a->dial);
}

bool
approach_set(struct approach *a, const char *destination)
{
	if (!span_copy(span_of(destination), a->name, sizeof a->name) ||
	    !destination_parse(span_of(a->name), &a->to))
		return false;
	a->hop = hops_find(&a->remote->hops, a->to.hop);
	return a->hop != NULL;
}

/* Kept from before it was known that the host wants another family. */
static bool
is_unwanted(const struct approach *a, const struct client *c)
{
	const struct endpoint	*e = client_endpoint(c);

	return families_avoid(&a->remote->ways.families, e->host, e->family,
	    loop_now(a->remote->loop));
}

void
approach_begin(struct approach *a)
{
	struct client	*c;

	while ((c = pool_take(&a->remote->pool, span_of(a->name))) != NULL &&
	    is_unwanted(a, c))
		client_quit(c);
	if (c != NULL)
		a->calls->again(a->arg, c);
	else
		approach_anew(a);
}

void
approach_anew(struct approach *a)
{
	a->failed = a->failed && a->fell_back;	/* that is why */
	if (a->to.kind == DESTINATION_SOCKET)
		dial(a);
	else
		way_find(&a->way, &a->to, a->remote->resolver);
}
