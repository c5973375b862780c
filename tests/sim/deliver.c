/* SPDX-License-Identifier: ISC */
/*
 * remote and local.  What one delivers it keeps until queue has recorded it,
 * and tells the next queue first.
 */
#include <stdio.h>
#include <string.h>

#include "tests/sim/deliver.h"

static struct courier	 couriers[DELIVERERS_MAX];

static struct task *
task_find(struct courier *d, uint64_t job)
{
	struct task	*t;

	TAILQ_FOREACH(t, &d->tasks, entry)
		if (!t->old && t->token == job)
			return t;
	return NULL;
}

static void
task_free(struct courier *d, struct task *t)
{
	TAILQ_REMOVE(&d->tasks, t, entry);
	d->ntasks--;
	own_free(t);
}

/* ---- what it hears ------------------------------------------------------- */

static void
on_job(struct courier *d, const struct msg_job *m)
{
	struct mail	*mail = mail_find(m->message);
	struct task	*t = own_new(sizeof *t);
	char		 parameters[72];

	if (mail != NULL)
		mail_parameters(mail, parameters);
	if (mail == NULL || m->size != mail->size ||
	    !addr_equal(&m->sender, &mail->sender) ||
	    !span_is(m->parameters, parameters) ||
	    (m->client.len > 0) == mail->notice ||
	    ((m->flags & MESSAGE_NOTICE) != 0) != mail->notice)
		broken("a job for %llx, which is not so",
		    (unsigned long long)m->message);
	if (mail->held)
		broken("message %u is held, and goes out", mail->number);
	if (d->retired || !d->ready)
		broken("a job for who takes none");
	t->token = m->token;
	t->mail = mail;
	t->count = m->recipients;
	(void)span_copy(m->destination, t->destination,
	    sizeof t->destination);
	TAILQ_INSERT_TAIL(&d->tasks, t, entry);
	d->ntasks++;
}

static void
on_rcpt(struct courier *d, const struct msg_job_rcpt *m)
{
	struct task	*t = TAILQ_LAST(&d->tasks, tasks);
	struct target	*r;
	char		 destination[40];

	if (t == NULL || t->token != m->token || t->there == t->count)
		broken("a recipient of no job");
	r = &t->targets[t->there++];
	r->number = m->number;
	r->node = node_of(t->mail, m->recipient.text);
	destination_of(r->node->address, destination);
	if (strcmp(destination, t->destination) != 0)
		broken("<%s> goes to %s", r->node->address, t->destination);
}

static void
on_chunk(struct courier *d, const struct msg_chunk *m)
{
	static char	 text[RING_SLOT];
	struct task	*t = task_find(d, m->token);

	if (t == NULL || t->wants == 0)
		broken("a chunk that nobody wanted");
	t->wants--;
	if (m->failed) {
		if (!sim()->rotten)
			broken("message %u cannot be read", t->mail->number);
		t->broken = true;
		return;
	}
	if ((m->offset != t->read && !t->broken) ||
	    m->offset + m->length > t->mail->size ||
	    (m->length == 0) != (m->offset == t->mail->size))
		broken("message %u, %llu octets, %llu read: a chunk of %u at "
		    "%llu", t->mail->number,
		    (unsigned long long)t->mail->size,
		    (unsigned long long)t->read, m->length,
		    (unsigned long long)m->offset);
	if (m->length > 0) {
		mail_content(t->mail, m->offset, m->length, text);
		ring_check(&d->neighbour, m->slot, text, m->length);
		d->slots[d->nslots++] = m->slot;
	}
	t->read += m->length;
}

static void
on_recorded(struct courier *d, const struct msg_recorded *m)
{
	struct proof	*p;

	TAILQ_FOREACH(p, &d->proofs, entry)
		if (p->node->mail->id == m->message &&
		    p->number == m->number && p->said)
			break;
	if (p == NULL)
		broken("RECORDED of what was not said");
	note("recorded <%s> of message %u", p->node->address,
	    p->node->mail->number);
	if (p->success)
		p->node->recorded = true;
	TAILQ_REMOVE(&d->proofs, p, entry);
	own_free(p);
}

static void
hear(void *arg, struct msg *m)
{
	struct courier	*d = arg;

	switch (m->type) {
	case MSG_JOB:
		on_job(d, &m->job);
		return;
	case MSG_JOB_RCPT:
		on_rcpt(d, &m->job_rcpt);
		return;
	case MSG_CHUNK:
		on_chunk(d, &m->chunk);
		return;
	case MSG_RECORDED:
		on_recorded(d, &m->recorded);
		return;
	case MSG_RETIRED:
		d->retired = true;
		return;
	default:
		broken("a deliverer hears %s", msg_row(m->type)->name);
	}
}

/* ---- what it says -------------------------------------------------------- */

/* A reload may have taken any route away. */
static bool
has_lost_its_route(const struct task *t, const struct node *n)
{
	unsigned	 children;

	return !sim()->calm && strncmp(t->destination, "mx:", 3) == 0 &&
	    plan_of(n->address, &children) == PLAN_SELF && chance(1, 20);
}

static struct reply
any_verdict(const struct task *t, const struct node *node, bool whole)
{
	unsigned	 n = sim()->calm ? 0 : below(20);

	if (has_lost_its_route(t, node))
		return reply_make(451, "4.3.5", "where is that?");
	if (!whole || t->unreachable)
		return n == 19 ? reply_make(550, "5.7.1", "no") :
		    reply_make(451, "4.4.1", "later");
	if (n < 16)
		return reply_make(250, "2.0.0", "ok");
	return n < 18 ? reply_make(451, "4.2.0", "later") :
	    reply_make(550, "5.1.1", "nobody");
}

static void
say_result(struct courier *d, struct proof *p)
{
	struct msg	 m = { .type = MSG_RESULT };

	note("result %u for <%s> of message %u", p->reply.code,
	    p->node->address, p->node->mail->number);
	p->said = true;
	m.result.message = p->node->mail->id;
	m.result.number = p->number;
	m.result.reply = p->reply;
	m.result.relay = span_of(p->reply.detail == 5 ? "" :
	    "mx.example[192.0.2.9]:25");
	say(&d->neighbour, &m);
}

/* Here it is delivered, or not. */
static void
decide(struct courier *d, const struct task *t, const struct target *r)
{
	struct proof	*p = own_new(sizeof *p);
	bool		 whole = t->read == t->mail->size && !t->broken;

	p->node = r->node;
	p->number = r->number;
	p->reply = any_verdict(t, r->node, whole);
	p->success = reply_is_success(&p->reply);
	TAILQ_INSERT_TAIL(&d->proofs, p, entry);
	if (p->success)
		heard_delivered(t->mail, r->node->address);
	else if (reply_is_refusal(&p->reply))
		p->node->dead = true;
	say_result(d, p);
}

static void
want(struct courier *d, struct task *t)
{
	struct msg	 m = { .type = MSG_WANT };

	m.want.token = t->token;
	m.want.offset = t->wanted;
	t->wanted += t->mail->size - t->wanted < RING_SLOT ?
	    t->mail->size - t->wanted : RING_SLOT;
	t->wants++;
	say(&d->neighbour, &m);
}

/* Some say how they want to be treated. */
static void
add_advice(struct msg_done *m)
{
	m->rule = span_of("");
	if (sim()->calm || !chance(1, 10))
		return;
	m->advice = 1 + below(ADVICE_COUNT - 1);
	m->pause = below(120);
	m->rule = span_of("a rule");
	if (m->reachable)
		m->why = reply_make(450, "4.7.1", "less, please");
}

static void
say_done(struct courier *d, struct task *t)
{
	struct msg	 m = { .type = MSG_DONE };

	m.done.token = t->token;
	m.done.reachable = !t->unreachable;
	m.done.why = reply_make(t->unreachable ? 451 : 250, NULL, "so");
	add_advice(&m.done);
	credit_back(&d->neighbour);
	task_free(d, t);
	say(&d->neighbour, &m);
}

/* A probe, mood and chance decide whether the destination can be reached. */
static bool
is_unreachable(void)
{
	return !sim()->calm && chance(1, 8);
}

static bool
wants_more(const struct task *t)
{
	return !t->old && t->told == 0 && t->wants < WANTS_MAX &&
	    t->wanted < t->mail->size && !t->unreachable && !t->broken &&
	    (sim()->calm || !chance(1, 40));
}

static bool
task_go_on(struct courier *d, struct task *t)
{
	if (!t->begun) {
		t->begun = true;
		t->unreachable = is_unreachable();
	}
	if (wants_more(t)) {
		want(d, t);
		return true;
	}
	if (t->wants > 0)
		return false;
	if (t->told < t->count)
		decide(d, t, &t->targets[t->told++]);
	else if (t->old)
		task_free(d, t);
	else
		say_done(d, t);
	return true;
}

/* ---- to a new queue ------------------------------------------------------ */

static void
say_running(struct courier *d, struct task *t)
{
	struct msg	 m = { .type = MSG_RUNNING };
	unsigned	 i;

	for (i = t->told; i < t->count; i++) {
		m.running.message = t->mail->id;
		m.running.number = t->targets[i].number;
		say(&d->neighbour, &m);
	}
}

/* One step of what it tells; the last is READY. */
static void
tell(struct courier *d)
{
	struct msg	 m = { .type = MSG_READY };
	struct proof	*p;
	struct task	*t;

	TAILQ_FOREACH(t, &d->tasks, entry)
		if (!t->announced) {
			t->announced = true;
			say_running(d, t);
			return;
		}
	TAILQ_FOREACH(p, &d->proofs, entry)
		if (!p->said) {
			say_result(d, p);
			return;
		}
	d->ready = true;
	say(&d->neighbour, &m);
}

static bool
free_slot(struct courier *d)
{
	struct msg	 m = { .type = MSG_FREED };

	if (d->nslots == 0)
		return false;
	m.freed.slot = d->slots[--d->nslots];
	ring_freed(&d->neighbour, m.freed.slot, false);
	return true;
}

static bool
leave(struct courier *d)
{
	if (!d->retired || !TAILQ_EMPTY(&d->tasks) ||
	    !TAILQ_EMPTY(&d->proofs))
		return false;
	neighbour_part(&d->neighbour);
	memset(d, 0, sizeof *d);
	return true;
}

bool
deliver_event(void)
{
	struct courier	*d = &couriers[below(DELIVERERS_MAX)];
	struct task		*t;
	unsigned		 n;

	if (!d->alive || d->neighbour.peer == NULL)
		return false;
	if (!d->ready) {
		tell(d);
		return true;
	}
	if (chance(1, 3) && free_slot(d))
		return true;
	if (d->ntasks == 0)
		return leave(d) || free_slot(d);
	n = below(d->ntasks);
	t = TAILQ_FIRST(&d->tasks);
	while (n-- > 0)
		t = TAILQ_NEXT(t, entry);
	return task_go_on(d, t);
}

/* ---- life and death ------------------------------------------------------ */

static void
birth(struct courier *d, enum role r, unsigned instance)
{
	memset(d, 0, sizeof *d);
	TAILQ_INIT(&d->tasks);
	TAILQ_INIT(&d->proofs);
	d->alive = true;
	d->neighbour.role = r;
	d->neighbour.instance = instance;
	d->neighbour.credit = 1 + below(chance(1, 2) ? 3 : 60);
	d->neighbour.slots_out = 1 + below(SLOTS_MAX);
	d->neighbour.hear = hear;
	d->neighbour.arg = d;
	d->neighbour.expected = true;
}

static unsigned
present(enum role r)
{
	unsigned	 i, n = 0;

	for (i = 0; i < DELIVERERS_MAX; i++)
		n += couriers[i].alive && !couriers[i].leaving &&
		    couriers[i].neighbour.role == r;
	return n;
}

/* In some rounds there are two remotes. */
static unsigned
wanted(enum role r)
{
	return r == ROLE_REMOTE && sim()->seed % 2 == 0 ? 2 : 1;
}

static void
provide(enum role r)
{
	unsigned	 i = 0;

	if (present(r) >= wanted(r))
		return;
	while (i < DELIVERERS_MAX && couriers[i].alive)
		i++;
	if (i < DELIVERERS_MAX)
		birth(&couriers[i], r, i + 1);
}

/* All that live are wired before anybody speaks. */
void
deliver_expect(void)
{
	unsigned	 i;

	provide(ROLE_REMOTE);
	provide(ROLE_LOCAL);
	for (i = 0; i < DELIVERERS_MAX; i++)
		if (couriers[i].alive &&
		    couriers[i].neighbour.peer == NULL)
			couriers[i].neighbour.expected = true;
}

void
deliver_join(void)
{
	unsigned	 i;

	provide(ROLE_REMOTE);
	provide(ROLE_LOCAL);
	for (i = 0; i < DELIVERERS_MAX; i++)
		if (couriers[i].alive &&
		    couriers[i].neighbour.peer == NULL) {
			couriers[i].neighbour.expected = false;
			neighbour_join(&couriers[i].neighbour);
		}
}

bool
process_expects(struct process *p, enum role r)
{
	unsigned	 i;

	(void)p;
	for (i = 0; i < DELIVERERS_MAX; i++)
		if (couriers[i].alive && couriers[i].neighbour.expected &&
		    couriers[i].neighbour.role == r)
			return true;
	return false;
}

void
deliver_queue_died(void)
{
	struct courier	*d;
	struct proof		*p;
	struct task		*t;

	for (d = couriers; d < couriers + DELIVERERS_MAX; d++) {
		if (!d->alive)
			continue;
		d->ready = d->retired = d->leaving = false;
		d->nslots = 0;
		TAILQ_FOREACH(t, &d->tasks, entry) {
			t->old = t->begun = true;
			t->announced = false;
			t->wants = 0;
		}
		TAILQ_FOREACH(p, &d->proofs, entry)
			p->said = false;
	}
}

static void
drop(struct courier *d, bool excused)
{
	struct proof	*p;

	while (!TAILQ_EMPTY(&d->tasks))
		task_free(d, TAILQ_FIRST(&d->tasks));
	while ((p = TAILQ_FIRST(&d->proofs)) != NULL) {
		if (p->success && !p->node->recorded) {
			p->node->excuses += excused;
			p->node->orphan = !excused;
		}
		TAILQ_REMOVE(&d->proofs, p, entry);
		own_free(p);
	}
	memset(d, 0, sizeof *d);
}

/* What it told last may be in memory only, or still be told. */
void
deliver_die(void)
{
	struct courier	*d = &couriers[below(DELIVERERS_MAX)];
	bool			 told = d->ready && d->neighbour.peer != NULL;

	if (!d->alive)
		return;
	if (d->neighbour.peer != NULL)
		neighbour_part(&d->neighbour);
	drop(d, !told);
}

void
deliver_clear(void)
{
	unsigned	 i;

	for (i = 0; i < DELIVERERS_MAX; i++)
		if (couriers[i].alive)
			drop(&couriers[i], true);
}

void
deliver_retire(void)
{
	struct courier	*d = &couriers[below(DELIVERERS_MAX)];
	struct msg		 m = { .type = MSG_RETIRE };

	if (!d->alive || d->neighbour.peer == NULL || d->leaving ||
	    !d->ready)
		return;
	d->leaving = true;
	m.retire.jobs = d->ntasks;
	say(&d->neighbour, &m);
}

bool
deliver_is_idle(void)
{
	unsigned	 i;

	for (i = 0; i < DELIVERERS_MAX; i++)
		if (couriers[i].alive && (couriers[i].ntasks > 0 ||
		    couriers[i].nslots > 0 ||
		    !TAILQ_EMPTY(&couriers[i].proofs)))
			return false;
	return true;
}
