/* SPDX-License-Identifier: ISC */
/*
 * A real queue, and in the place of master and of all its neighbours the rig
 * of tests/wires.  Two smtpds hand over mail, of which `producers` are under
 * way at any time; lookup and remote, if they are to answer, deliver all of it
 * at once, to as many hosts as it takes for no message to wait for a window.
 * All of a turn leaves in one packet a neighbour, as in life.
 *
 * usage: queue PROGRAMS SCRATCH deliver|keep PRODUCERS LENGTH SECONDS MOST
 *
 * Warms up, says "ready PID" and waits for a line; then says "MESSAGES SECONDS
 * REFUSALS" and, when it has had another line, ends.
 */
#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "tests/bench/load.h"
#include "tests/wires/rig.h"

enum {
	SMTPDS		= 2,
	JOBS		= 4096,
	GRANTS		= 512,
	HOSTS		= 10,		/* remote delivers to */
	REST		= 20,		/* ms of whoever was refused */
	NS_PER_MS	= 1000000
};

/* Seconds, in which also the files of the spool are made. */
static const double	 warm_up = 0.2;

/* What leaves at the end of the turn. */
struct out {
	struct wire	*wire;
	struct buf	 packet;
};

static struct bench {
	struct rig	 rig;
	struct load	 load;
	bool		 delivers;
	char		*content;
	struct out	 outs[WIRES_MAX];
	unsigned	 nouts;
	struct addr	 sender, recipient;
	struct reply	 meant, taken;	/* what lookup and remote say */
	struct instant	 end;

	bool		*waits;		/* of each producer: for a slot */
	bool		*rests;		/* it was refused */
	unsigned	 waiting, resting;
	struct instant	 again;		/* then they come again */
	unsigned long	 most, opened, stored, recorded, refused;
	struct job {
		uint64_t token, message, size, got;
		uint32_t number;
	} jobs[JOBS];
} bench;

/* ---- packets ------------------------------------------------------------- */

static struct out *
out_of(struct wire *w)
{
	unsigned	 i;

	for (i = 0; i < bench.nouts; i++)
		if (bench.outs[i].wire == w)
			return &bench.outs[i];
	if (i == WIRES_MAX)
		fatal("too many wires");
	bench.nouts++;
	bench.outs[i].wire = w;
	buf_init(&bench.outs[i].packet, FRAME_MAX);
	return &bench.outs[i];
}

static void
flush(struct out *o)
{
	if (buf_len(&o->packet) == 0)
		return;
	(void)wire_send(&bench.rig, o->wire, buf_span(&o->packet), NULL, 0);
	buf_drop(&o->packet, buf_len(&o->packet));
}

static void
put(struct wire *w, const struct msg *m)
{
	struct out	*o = out_of(w);

	if (msg_encode(m, &o->packet))
		return;
	flush(o);
	if (!msg_encode(m, &o->packet))
		fatal("%s is not encoded", msg_row(m->type)->name);
}

static void
flush_all(void)
{
	unsigned	 i;

	for (i = 0; i < bench.nouts; i++)
		flush(&bench.outs[i]);
}

/* ---- smtpd --------------------------------------------------------------- */

/* Tokens are numbers of producers, one above. */
static uint64_t
token_of(unsigned producer)
{
	return (UINT64_C(77) << 32) + 1 + producer;
}

static unsigned
producer_of(uint64_t token)
{
	unsigned	 n = (uint32_t)token - 1;

	if (n >= bench.load.producers)
		fatal("queue answers what was not asked");
	return n;
}

static struct wire *
smtpd_of(unsigned producer)
{
	return wire_find(&bench.rig, ROLE_SMTPD, 1 + producer % SMTPDS);
}

static void
open_envelope(unsigned producer)
{
	struct wire	*w = smtpd_of(producer);
	struct msg	 m = { .type = MSG_OPEN };

	if (bench.opened == bench.most ||
	    !clock_before(clock_now(), bench.end))
		return;
	bench.opened++;
	m.open.token = token_of(producer);
	m.open.sender = bench.sender;
	m.open.client = span_of("unknown[192.0.2.1]:9");
	m.open.identity = span_of("");
	put(w, &m);
	m = (struct msg){ .type = MSG_RECIPIENT };
	m.recipient.token = token_of(producer);
	m.recipient.recipient = bench.recipient;
	put(w, &m);
}

/* False when there is no slot. */
static bool
hand_over(unsigned producer)
{
	struct wire	*w = smtpd_of(producer);
	int		 slot = ring_take(w->out);
	struct msg	 m = { .type = MSG_CONTENT };

	if (slot == -1)
		return false;
	memcpy(ring_slot(w->out, slot), bench.content, bench.load.length);
	m.content.token = token_of(producer);
	m.content.slot = slot;
	m.content.length = bench.load.length;
	put(w, &m);
	m = (struct msg){ .type = MSG_END };
	m.end.token = token_of(producer);
	m.end.size = bench.load.length;
	m.end.recipients = 1;
	put(w, &m);
	return true;
}

static void
on_opened(struct wire *w, struct msg *m)
{
	unsigned	 n = producer_of(m->opened.token);

	(void)w;
	if (hand_over(n))
		return;
	bench.waits[n] = true;
	bench.waiting++;
}

static void
on_freed(struct wire *w, struct msg *m)
{
	unsigned	 i;

	(void)w;
	(void)m;
	for (i = 0; i < bench.load.producers && bench.waiting > 0; i++)
		if (bench.waits[i] && hand_over(i)) {
			bench.waits[i] = false;
			bench.waiting--;
		}
}

static void
on_stored(struct wire *w, struct msg *m)
{
	(void)w;
	if (m->stored.outcome == STORED_OK) {
		bench.stored++;
		open_envelope(producer_of(m->stored.token));
		return;
	}
	if (m->stored.outcome != STORED_NO_SPACE)
		fatal("queue fails: outcome %u", m->stored.outcome);
	bench.opened--;
	bench.refused++;
	bench.rests[producer_of(m->stored.token)] = true;
	bench.resting++;
}

/* Whoever was told to come again later does. */
static void
come_again(void)
{
	unsigned	 i;

	if (clock_before(clock_now(), bench.again))
		return;
	bench.again = clock_after(clock_now(), REST);
	for (i = 0; i < bench.load.producers && bench.resting > 0; i++) {
		if (!bench.rests[i])
			continue;
		bench.rests[i] = false;
		bench.resting--;
		open_envelope(i);
	}
}

/* ---- lookup -------------------------------------------------------------- */

static void
on_expand(struct wire *w, struct msg *m)
{
	struct msg	 a = { .type = MSG_TARGET };
	char		 host[] = "host:[192.0.2.0]:25";

	if (!bench.delivers)
		return;
	host[sizeof "host:[192.0.2." - 1] += m->expand.token % HOSTS;
	a.target.token = m->expand.token;
	a.target.recipient = m->expand.recipient;
	a.target.destination = span_of(host);
	put(w, &a);
	a = (struct msg){ .type = MSG_EXPANDED };
	a.expanded.token = m->expand.token;
	a.expanded.count = 1;
	a.expanded.reply = bench.meant;
	put(w, &a);
}

/* ---- remote -------------------------------------------------------------- */

static struct job *
job_of(uint64_t token)
{
	return &bench.jobs[token % JOBS];
}

static void
want(struct wire *w, const struct job *j)
{
	struct msg	 m = { .type = MSG_WANT };

	m.want.token = j->token;
	m.want.offset = j->got;
	put(w, &m);
}

static void
on_job(struct wire *w, struct msg *m)
{
	struct job	*j = job_of(m->job.token);

	(void)w;
	*j = (struct job){ m->job.token, m->job.message, m->job.size, 0, 0 };
	if (m->job.recipients != 1)
		fatal("a job for %u recipients", m->job.recipients);
}

static void
on_job_rcpt(struct wire *w, struct msg *m)
{
	struct job	*j = job_of(m->job_rcpt.token);

	j->number = m->job_rcpt.number;
	want(w, j);
}

static void
conclude(struct wire *w, const struct job *j)
{
	struct msg	 m = { .type = MSG_RESULT };

	m.result.message = j->message;
	m.result.number = j->number;
	m.result.reply = bench.taken;
	m.result.relay = span_of("sink.example[192.0.2.9]:25");
	put(w, &m);
	m = (struct msg){ .type = MSG_DONE };
	m.done.token = j->token;
	m.done.reachable = 1;
	m.done.why = bench.taken;
	put(w, &m);
}

static void
on_chunk(struct wire *w, struct msg *m)
{
	struct job	*j = job_of(m->chunk.token);
	struct msg	 a = { .type = MSG_FREED };

	if (m->chunk.failed || m->chunk.length == 0)
		fatal("queue has no content");
	a.freed.slot = m->chunk.slot;
	put(w, &a);
	j->got += m->chunk.length;
	if (j->got < j->size)
		want(w, j);
	else
		conclude(w, j);
}

static void
on_recorded(struct wire *w, struct msg *m)
{
	(void)w;
	(void)m;
	bench.recorded++;
}

static void
on_hello(struct wire *w, struct msg *m)
{
	struct msg	 a = { .type = MSG_READY };

	(void)m;
	if (w->role == ROLE_REMOTE || w->role == ROLE_LOCAL)
		put(w, &a);
}

/* ---- what the rig calls -------------------------------------------------- */

static void	 (*const handlers[MSG_COUNT])(struct wire *, struct msg *) = {
	[MSG_HELLO]	= on_hello,
	[MSG_OPENED]	= on_opened,
	[MSG_FREED]	= on_freed,
	[MSG_STORED]	= on_stored,
	[MSG_EXPAND]	= on_expand,
	[MSG_JOB]	= on_job,
	[MSG_JOB_RCPT]	= on_job_rcpt,
	[MSG_CHUNK]	= on_chunk,
	[MSG_RECORDED]	= on_recorded,
};

void
answer(struct rig *r, struct wire *w, struct msg *m)
{
	(void)r;
	if (handlers[m->type] != NULL)
		handlers[m->type](w, m);
}

void
converse(struct rig *r, struct wire *w)
{
	(void)r;
	(void)w;
}

/* ---- the course ---------------------------------------------------------- */

static bool
is_greeted(void)
{
	unsigned	 i;

	for (i = 0; i < bench.rig.nwires; i++)
		if (!bench.rig.wires[i]->greeted)
			return false;
	return true;
}

static bool
is_done(void)
{
	return bench.stored == bench.opened && bench.resting == 0 &&
	    (!bench.delivers || bench.recorded == bench.stored);
}

static void
turn_until(bool (*done)(void))
{
	while (!done()) {
		if (!rig_lives(&bench.rig))
			fatal("queue has ended, status 0x%x",
			    (unsigned)bench.rig.status);
		come_again();
		flush_all();
		rig_turn(&bench.rig, REST);
	}
	flush_all();
}

static void
await_line(void)
{
	char	 line[16];

	fflush(stdout);
	if (fgets(line, sizeof line, stdin) == NULL)
		exit(1);
}

/* Seconds until the last was stored and, if they are delivered, recorded: so
 * none is accepted on account. */
static double
run(double seconds, unsigned long most)
{
	struct instant	 begin = clock_now();
	unsigned	 i;

	bench.opened = bench.stored = bench.recorded = bench.refused = 0;
	bench.most = most;
	bench.end = clock_after(begin, seconds * 1000);
	for (i = 0; i < bench.load.producers; i++)
		open_envelope(i);
	turn_until(is_done);
	return (clock_now().ns - begin.ns) / (1e3 * NS_PER_MS);
}

/* As by default, but for segments, which are the smallest that may be: so the
 * journal goes round several times in a run. */
static void
configure(struct rig *r)
{
	struct msg	 m = { .type = MSG_CONF_QUEUE };

	m.conf_queue = (struct msg_conf_queue){
		.retry_first = 300, .retry_max = 3600,
		.life = 432000, .notice_life = 86400,
		.size_max = 1 << 20,
		.journal_limit = 1 << 30, .journal_segment = 16 << 20,
		.journal_message = 64 << 10,
	};
	rig_tell(r, &m);
}

static void
start(char **argv)
{
	struct rig	*r = &bench.rig;
	unsigned	 i;

	r->program = ROLE_QUEUE;
	r->enemy = ROLE_SMTPD;
	r->programs = argv[1];
	r->scratch = argv[2];
	r->grants = GRANTS;
	r->listener = -1;
	for (i = 0; i < CLIENTS_MAX; i++)
		r->clients[i].fd = -1;
	rig_start(r, false);
	configure(r);
	rig_begin(r);
	for (i = 2; i <= SMTPDS; i++)
		wire_greet(r, wire_new(r, ROLE_SMTPD, i, ""));
	turn_until(is_greeted);
}

int
main(int argc, char **argv)
{
	double	 seconds;

	if (argc != 8 || !load_parse(&bench.load, argv + 4) ||
	    bench.load.length > RING_SLOT)
		fatal("usage: queue PROGRAMS SCRATCH deliver|keep PRODUCERS "
		    "LENGTH SECONDS MOST");
	bench.delivers = strcmp(argv[3], "deliver") == 0;
	bench.content = xcalloc(bench.load.length, 1);
	memset(bench.content, 'x', bench.load.length);
	bench.waits = xcalloc(bench.load.producers, sizeof *bench.waits);
	bench.rests = xcalloc(bench.load.producers, sizeof *bench.rests);
	(void)addr_parse(span_of("x@source.example"), &bench.sender);
	(void)addr_parse(span_of("x@sink.example"), &bench.recipient);
	bench.meant = reply_make(250, "2.1.5", "Ok");
	bench.taken = reply_make(250, "2.0.0", "Ok: queued as 12345");
	start(argv);
	(void)run(warm_up, bench.load.most);
	printf("ready %d\n", (int)bench.rig.pid);
	await_line();
	seconds = run(bench.load.seconds, bench.load.most);
	printf("%lu %.6f %lu\n", bench.stored, seconds, bench.refused);
	await_line();
	rig_stop(&bench.rig);
	return 0;
}
