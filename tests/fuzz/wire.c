/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "shared/alloc.h"
#include "tests/fuzz/stream.h"
#include "tests/fuzz/wire.h"

enum { KEPT_MAX = 16 << 20 };

static struct wire_begin the_begin;
static struct limit_table *the_limits;

/* ---- as the session sees it --------------------------------------------- */

void
listener_release(struct listener *l)
{
	(void)l;
}

struct limit *
listener_limit(const struct listener *l)
{
	(void)l;
	return the_limits->item;
}

struct span
listener_name(const struct listener *l)
{
	(void)l;
	return span_of("smtp");
}

const struct trust *
listener_trust(const struct listener *l, enum trust_kind kind)
{
	static struct network		 everybody;	/* ::/0 */
	static const struct trust	 all = { &everybody, 1 }, none;
	bool				 yes = the_begin.believed;

	(void)l;
	if (kind == TRUST_PROXY)
		yes = the_begin.proxied;
	return yes ? &all : &none;
}

void
process_exit(struct process *p, int status)
{
	(void)p;
	(void)status;
}

/* ---- as the client uses it ---------------------------------------------- */

static void
close_stream(struct wire *w)
{
	struct stream	*stream = fuzz_stream();

	w->closed = true;
	stream->calls.closed(stream->arg, 0);
}

static void
give_lookup_up(void *arg)
{
	struct server	*s = arg;

	recipient_give_up(s);
	rights_give_up(s);
	admission_give_up(s);
	auth_give_up(s);
}

void
wire_open(struct wire *w, const struct wire_begin *begin)
{
	struct client		 client = { .address = { [10] = 0xff,
	    0xff, 192, 0, 2, 1 }, .port = 2525 };
	struct server		*s = &w->server;

	*w = (struct wire){ .closed = false };
	the_begin = *begin;
	buf_init(&w->said, KEPT_MAX);
	buf_init(&w->stored, KEPT_MAX);
	s->loop = loop_new();
	(void)span_copy(span_of("mail.example.org"), s->hostname,
	    sizeof s->hostname);
	s->size_max = begin->size_max;
	s->recipients_max = 5;
	s->command_time = s->data_time = 1000;
	s->errors_max = SESSION_ERRORS_MAX;
	paces_init(s);
	limits_init(&s->limits);
	the_limits = &s->limits;
	timer_init(&s->lookup_away, s->loop, give_lookup_up, s);
	timer_init(&s->queue_away, s->loop, submit_give_up, s);
	neighbours_join(w);
	if (begin->may_login) {
		client.flags = LISTENER_AUTH;
		(void)span_copy(span_of("PLAIN LOGIN"), s->mechanisms,
		    sizeof s->mechanisms);
	}
	if (begin->submits) {
		client.flags |= LISTENER_SUBMISSION;
		client.login = xstrdup("jones");
	}
	session_new(s, NULL, -1, &client);
}

void
wire_close(struct wire *w)
{
	fuzz_claim(fuzz_stream() == NULL, "a session that is over is gone");
	fuzz_claim(w->server.session_count == 0 &&
	    LIST_EMPTY(&w->server.sessions), "nobody counts it any more");
	fuzz_claim(RB_EMPTY(&w->server.logins) &&
	    RB_EMPTY(&w->server.transactions) &&
	    RB_EMPTY(&w->server.rights), "it waits for nothing");
	fuzz_claim(w->server.recipient_octets == 0, "it holds nobody");
	neighbours_leave(w);
	loop_free(w->server.loop);
	buf_clear(&w->said);
	buf_clear(&w->stored);
}

static bool
is_deaf(const struct wire *w)
{
	return w->closed || fuzz_stream()->held || fuzz_stream()->finishing;
}

void
wire_send(struct wire *w, struct span *s)
{
	if (!is_deaf(w) && s->len > 0)
		fuzz_stream_send(s);
}

void
wire_read(struct wire *w)
{
	struct stream	*s = fuzz_stream();
	size_t		 n;

	if (w->closed)
		return;
	n = buf_len(&s->out);
	fuzz_claim(buf_put(&w->said, buf_span(&s->out)), "it is not endless");
	buf_drop(&s->out, n);
	if (s->finishing)
		close_stream(w);
	else if (n > 0)
		s->calls.drained(s->arg);
}

void
wire_hang_up(struct wire *w)
{
	if (!w->closed)
		close_stream(w);
}
