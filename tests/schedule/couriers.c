/* SPDX-License-Identifier: ISC */
/*
 * remote and local: a job goes as its destination's habit is when it begins.
 * What is said of it is durable at the end of the turn, since all threads work
 * then; so nothing has to be said twice, and nothing may be delivered twice.
 */
#include <stdio.h>
#include <string.h>

#include "tests/schedule/world.h"

enum { LOCAL_SLOTS = 6, JOBS_MAX = 128, NOTICE_TEXT = 65536,
	NOTICES_MAX = 1024 };

struct task {
	uint64_t	 token, message;
	struct host	*place;
	enum habit	 habit;
	int64_t		 when;		/* of its next step */
	int64_t		 heard;
	bool		 greeted, old, notice, stranger;
	unsigned	 count, there;
	uint32_t	 numbers[JOB_RECIPIENTS_MAX];
	struct party *to[JOB_RECIPIENTS_MAX];
};

struct courier {
	struct neighbour neighbour;
	bool		 alive;
	struct task	 tasks[JOBS_MAX];
	unsigned	 count, unrecorded;
	int		 slot;		/* of the ring, that it has read */
};

static struct courier	 couriers[COURIERS];
static struct {
	uint64_t	 notices[NOTICES_MAX];
	unsigned	 count;
} seen;

static unsigned
number_of(const struct courier *c)
{
	return (unsigned)(c - couriers);
}

/* ---- what they hear ------------------------------------------------------ */

static void
on_job(struct courier *c, const struct msg_job *m)
{
	struct task	*t;
	char		 name[DESTINATION_TEXT_MAX + 1];

	if (c->count == JOBS_MAX)
		broken("%u jobs at once", c->count);
	(void)span_copy(m->destination, name, sizeof name);
	t = &c->tasks[c->count++];
	memset(t, 0, sizeof *t);
	t->token = m->token;
	t->message = m->message;
	t->notice = (m->flags & MESSAGE_NOTICE) != 0;
	t->count = m->recipients;
	t->place = place_named(name);
	t->habit = place_habit(t->place);
	t->heard = sim()->now;
	t->when = sim()->now + (t->habit == HANGS ? t->place->hangs :
	    t->place->greets);
	note("job for %s of %llx, %u recipients, habit %d", name,
	    (unsigned long long)m->message, m->recipients, t->habit);
	t->stranger = !place_is_proven(t->place);
	if (t->count > t->place->manner.recipients)
		broken("%s has %u recipients in a job", name, t->count);
	claim_job(t->place, number_of(c));
}

static void
on_rcpt(struct courier *c, const struct msg_job_rcpt *m)
{
	struct task	*t = &c->tasks[c->count - 1];
	struct post	*p;

	if (c->count == 0 || t->token != m->token || t->there == t->count)
		broken("a recipient of no job");
	t->numbers[t->there] = m->number;
	p = post_with(t->message);
	if (!t->notice && (p == NULL || m->number >= p->count ||
	    p->to[m->number].place != t->place))
		broken("a recipient who is nobody, or elsewhere");
	if (!t->notice) {
		t->to[t->there] = &p->to[m->number];
		if (t->there == 0)
			claim_turn(t->place, p);
		claim_recipient(&p->to[m->number]);
	}
	t->there++;
}

/* One comes again when its deliverer died. */
static bool
is_read(uint64_t notice)
{
	unsigned	 i;

	for (i = 0; i < seen.count; i++)
		if (seen.notices[i] == notice)
			return true;
	if (seen.count == NOTICES_MAX)
		broken("%u notices", seen.count);
	seen.notices[seen.count++] = notice;
	return false;
}

/* Whom a notice tells of. */
static void
read_notice(uint64_t id, const char *text)
{
	static const char	 mark[] = "\nFinal-Recipient: rfc822;";
	char			 address[72];

	if (is_read(id))
		return;
	while ((text = strstr(text, mark)) != NULL) {
		text += sizeof mark - 1;
		if (sscanf(text, " %71[^\r\n]", address) != 1)
			broken("a notice names nobody");
		claim_told(address);
	}
}

static struct task *
task_of(struct courier *c, uint64_t job)
{
	unsigned	 i;

	for (i = 0; i < c->count; i++)
		if (c->tasks[i].token == job && !c->tasks[i].old)
			return &c->tasks[i];
	broken("a chunk of no job");
}

static void
on_chunk(struct courier *c, const struct msg_chunk *m)
{
	static char		 text[NOTICE_TEXT + 1];
	const struct task	*t;

	if (m->failed)
		broken("content cannot be read");
	if (m->length == 0)
		return;
	c->slot = (int)m->slot;
	t = task_of(c, m->token);
	if (!t->notice)
		return;
	ring_peek(&c->neighbour, m->slot, text, m->length);
	text[m->length] = '\0';
	read_notice(t->message, text);
}

static void
hear(void *arg, struct msg *m)
{
	struct courier	*c = arg;

	switch (m->type) {
	case MSG_JOB:
		on_job(c, &m->job);
		return;
	case MSG_JOB_RCPT:
		on_rcpt(c, &m->job_rcpt);
		return;
	case MSG_CHUNK:
		on_chunk(c, &m->chunk);
		return;
	case MSG_RECORDED:
		c->unrecorded--;
		return;
	default:
		broken("a deliverer hears %s", msg_row(m->type)->name);
	}
}

/* ---- what they say ------------------------------------------------------- */

static bool
is_lost(const struct task *t)
{
	return t->habit == IS_DEAD || t->habit == HANGS ||
	    t->habit == HANGS_LATE;
}

static struct reply
verdict(const struct task *t, const struct party *a)
{
	if (is_lost(t) || t->habit == IS_BUSY || t->habit == PUTS_OFF)
		return reply_make(451, "4.4.1", "later");
	if (t->habit == GREYLISTS && a != NULL && a->attempts < 2)
		return reply_make(451, "4.7.1", "greylisted");
	if (t->habit == REFUSES)
		return reply_make(550, "5.1.1", "nobody");
	return reply_make(250, "2.0.0", "ok");
}

static void
say_result(struct courier *c, struct task *t, unsigned i)
{
	struct msg	 m = { .type = MSG_RESULT };

	m.result.message = t->message;
	m.result.number = t->numbers[i];
	m.result.reply = verdict(t, t->to[i]);
	m.result.relay = span_of("d.example[192.0.2.9]:25");
	if (t->to[i] == NULL)
		;
	else if (reply_is_success(&m.result.reply))
		claim_end(t->to[i], IS_DELIVERED);
	else if (reply_is_refusal(&m.result.reply))
		claim_end(t->to[i], IS_REFUSED);
	else
		claim_later(t->to[i], t->old);
	c->unrecorded++;
	say(&c->neighbour, &m);
}

static void
say_done(struct courier *c, struct task *t)
{
	struct msg	 m = { .type = MSG_DONE };

	m.done.token = t->token;
	m.done.reachable = !is_lost(t);
	m.done.why = is_lost(t) || t->habit == IS_BUSY ?
	    reply_make(421, "4.4.1", "not now") :
	    reply_make(250, NULL, "so");
	m.done.rule = span_of("");
	credit_back(&c->neighbour);
	claim_done(t->place, number_of(c), &m.done);
	say(&c->neighbour, &m);
}

static void
want(struct courier *c, struct task *t)
{
	struct msg	 m = { .type = MSG_WANT };

	t->greeted = true;
	t->heard = sim()->now;
	m.want.token = t->token;
	c->slot = -1;
	say(&c->neighbour, &m);
	turn();
	if (c->slot != -1)
		ring_freed(&c->neighbour, (unsigned)c->slot, false);
	c->slot = -1;
}

static int64_t
work_of(const struct task *t)
{
	if (t->habit == HANGS_LATE)
		return t->place->hangs;
	return t->habit == TAKES_SLOWLY ? 20 * t->place->takes :
	    t->place->takes;
}

static void
finish(struct courier *c, struct task *t)
{
	struct task	 task = *t;
	unsigned	 i;

	*t = c->tasks[--c->count];
	for (i = 0; i < task.count; i++)
		say_result(c, &task, i);
	if (!task.old)
		say_done(c, &task);
}

static void
step(struct courier *c, struct task *t)
{
	if (t->greeted || t->habit == IS_DEAD || t->habit == HANGS) {
		finish(c, t);
		return;
	}
	t->when = sim()->now + work_of(t);
	want(c, t);
}

/* ---- time ---------------------------------------------------------------- */

static struct task *
next_task(struct courier **whose)
{
	struct courier	*c;
	struct task	*t, *best = NULL;

	for (c = couriers; c < couriers + COURIERS; c++)
		for (t = c->tasks; t < c->tasks + c->count; t++)
			if (best == NULL || t->when < best->when) {
				best = t;
				*whose = c;
			}
	return best;
}

bool
couriers_next(int64_t *when)
{
	struct courier		*c;
	const struct task	*t = next_task(&c);

	if (t != NULL)
		*when = t->when;
	return t != NULL;
}

void
couriers_due(void)
{
	struct courier	*c;
	struct task	*t;

	while ((t = next_task(&c)) != NULL && t->when <= sim()->now)
		step(c, t);
}

/* ---- coming and going ---------------------------------------------------- */

static void
say_running(struct courier *c, const struct task *t)
{
	struct msg	 m = { .type = MSG_RUNNING };
	unsigned	 i;

	for (i = 0; i < t->count; i++) {
		m.running.message = t->message;
		m.running.number = t->numbers[i];
		say(&c->neighbour, &m);
	}
}

static void
join(struct courier *c)
{
	struct msg	 m = { .type = MSG_READY };
	struct task	*t;

	c->alive = true;
	c->neighbour.role = number_of(c) == 0 ? ROLE_LOCAL : ROLE_REMOTE;
	c->neighbour.instance = 1 + number_of(c);
	c->neighbour.credit = number_of(c) == 0 ? LOCAL_SLOTS :
	    world()->slots;
	c->neighbour.slots_out = 2 * JOBS_MAX;
	c->neighbour.hear = hear;
	c->neighbour.arg = c;
	neighbour_join(&c->neighbour);
	for (t = c->tasks; t < c->tasks + c->count; t++)
		say_running(c, t);
	say(&c->neighbour, &m);
}

void
couriers_join(void)
{
	unsigned	 i;

	for (i = 0; i <= world()->remotes; i++)
		couriers[i].neighbour.expected = true;
	for (i = 0; i <= world()->remotes; i++)
		join(&couriers[i]);
}

bool
process_expects(struct process *p, enum role r)
{
	unsigned	 i;

	(void)p;
	for (i = 0; i <= world()->remotes; i++)
		if (couriers[i].neighbour.expected &&
		    couriers[i].neighbour.role == r)
			return true;
	return false;
}

/* A job goes on without its queue when all content is there. */
void
couriers_queue_died(void)
{
	struct courier	*c;
	unsigned	 i, n;

	for (c = couriers; c < couriers + COURIERS; c++) {
		if (c->unrecorded != 0)
			broken("%u results are not recorded", c->unrecorded);
		for (i = n = 0; i < c->count; i++)
			if (c->tasks[i].greeted) {
				c->tasks[n] = c->tasks[i];
				c->tasks[n++].old = true;
			} else
				claim_lost(c->tasks[i].to, c->tasks[i].count,
				    false);
		c->count = n;
	}
}

void
courier_dies(void)
{
	struct courier	*c = &couriers[below(1 + world()->remotes)];
	unsigned	 i;

	note("deliverer %u dies", number_of(c));
	for (i = 0; i < c->count; i++)
		claim_lost(c->tasks[i].to, c->tasks[i].count, true);
	c->count = 0;
	claim_gone(number_of(c));
	neighbour_part(&c->neighbour);
	turn();
	join(c);
}

static bool
is_silent(const struct task *t)
{
	return sim()->now - t->heard >= SILENT_TIME / 1000 * SECONDS;
}

/* Slots of which nobody knows whether they are well spent. */
unsigned
courier_doubts(unsigned i)
{
	const struct courier	*c = &couriers[i];
	const struct task	*t;
	unsigned		 n = 0;

	for (t = c->tasks; t < c->tasks + c->count; t++)
		n += !t->old && ((t->stranger && !t->greeted) || is_silent(t));
	return n;
}

unsigned
courier_free(unsigned i)
{
	return couriers[i].neighbour.peer == NULL ? 0 :
	    peer_credit(couriers[i].neighbour.peer);
}

unsigned
couriers_silent(const struct host *p)
{
	const struct courier	*c;
	const struct task	*t;
	unsigned		 n = 0;

	for (c = couriers; c < couriers + COURIERS; c++)
		for (t = c->tasks; t < c->tasks + c->count; t++)
			n += !t->old && t->place == p && is_silent(t);
	return n;
}

bool
couriers_have_notice(void)
{
	const struct courier	*c;
	const struct task	*t;

	for (c = couriers; c < couriers + COURIERS; c++)
		for (t = c->tasks; t < c->tasks + c->count; t++)
			if (t->notice)
				return true;
	return false;
}
