/* SPDX-License-Identifier: ISC */
/*
 * No process can harm another over its pair: each real program, with each of
 * its neighbours hostile in turn.  First every row in every wrong way, then
 * conversations whose frames are changed by a dice.
 *
 * usage: hostile PROGRAMS SCRATCH FRAMES SEED [PROGRAM [NEIGHBOUR]]
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "shared/clock.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "tests/wires/rig.h"

enum {
	CREDIT_TRIES	= 10000,
#ifdef SANITIZED
	GROWTH_MAX	= 96 << 10	/* KiB: freed memory is kept a while */
#else
	GROWTH_MAX	= 8 << 10	/* KiB */
#endif
};

/*
 * Who is tried by whom.  `bound`: KiB that a hostile neighbour may have the
 * program hold for it, by the limit that is named.
 */
static const struct {
	enum role	 program, enemy;
	unsigned	 bound;
} pairs[] = {
	{ ROLE_LOOKUP,	ROLE_SMTPD,	16 << 10 },	/* LOGINS_MAX */
	{ ROLE_SMTPD,	ROLE_LOOKUP,	0 },
	{ ROLE_QUEUE,	ROLE_SMTPD,	32 << 10 },	/* STAGED_MAX */
	{ ROLE_SMTPD,	ROLE_QUEUE,	0 },
	{ ROLE_LOOKUP,	ROLE_QUEUE,	0 },
	{ ROLE_QUEUE,	ROLE_LOOKUP,	32 << 10 },
	{ ROLE_REMOTE,	ROLE_QUEUE,	16 << 10 },	/* RESULTS_MAX */
	{ ROLE_QUEUE,	ROLE_REMOTE,	32 << 10 },
	{ ROLE_LOCAL,	ROLE_QUEUE,	16 << 10 },	/* RESULTS_MAX */
	{ ROLE_QUEUE,	ROLE_LOCAL,	32 << 10 },
	{ ROLE_RESOLVER, ROLE_REMOTE,	0 },
	{ ROLE_REMOTE,	ROLE_RESOLVER,	0 },
	{ ROLE_CONNECTOR, ROLE_REMOTE,	0 },
	{ ROLE_REMOTE,	ROLE_CONNECTOR,	0 },
	{ ROLE_RESOLVER, ROLE_SMTPD,	0 },
	{ ROLE_SMTPD,	ROLE_RESOLVER,	0 },
	{ ROLE_KEYS,	ROLE_SMTPD,	0 },
	{ ROLE_SMTPD,	ROLE_KEYS,	0 },
	{ ROLE_AGENT,	ROLE_LOCAL,	0 },
	{ ROLE_LOCAL,	ROLE_AGENT,	0 },
	{ ROLE_USERS,	ROLE_LOOKUP,	0 },
	{ ROLE_LOOKUP,	ROLE_USERS,	0 },
	{ ROLE_PASSWORDS, ROLE_LOOKUP,	4 << 10 },	/* JUDGES_MAX */
	{ ROLE_LOOKUP,	ROLE_PASSWORDS,	0 },
	{ ROLE_DOVECOT,	ROLE_LOOKUP,	0 },
	{ ROLE_LOOKUP,	ROLE_DOVECOT,	0 },
	{ ROLE_QUEUE,	ROLE_CONTROL,	32 << 10 },
	{ ROLE_CONTROL,	ROLE_QUEUE,	0 },
	{ ROLE_QUEUE,	ROLE_MONITOR,	32 << 10 },
	{ ROLE_MONITOR,	ROLE_QUEUE,	0 },
	{ ROLE_REMOTE,	ROLE_MONITOR,	0 },
	{ ROLE_MONITOR,	ROLE_REMOTE,	0 },
};

/* ---- one wrong thing ----------------------------------------------------- */

static bool
has_ended(struct rig *r, void *arg)
{
	(void)arg;
	return r->struck == NULL || r->struck->fd == -1;
}

static bool
is_accused(struct rig *r, void *arg)
{
	(void)arg;
	return r->accused[r->enemy] > 0 || !rig_lives(r);
}

static bool
has_hostile(struct rig *r, void *arg)
{
	(void)arg;
	return (r->hostile != NULL && r->hostile->fd != -1) || !rig_lives(r);
}

/* local alone asks for its agents: it gets work until it does. */
static void
await_agent(struct rig *r)
{
	unsigned	 i;

	for (i = 0; i < 80 && !has_hostile(r, NULL); i++) {
		program_rouse(r);
		rig_turn(r, 50);
	}
}

/* Whatever they have swallowed is handed out again. */
static void
free_agents(struct rig *r)
{
	unsigned	 i = 0;

	while (i < r->nwires)
		if (r->wires[i]->role == ROLE_AGENT)
			wire_free(r, r->wires[i]);
		else
			i++;
	r->hostile = NULL;
}

bool
may_end(const struct rig *r)
{
	return r->program == ROLE_AGENT;
}

/* An agent lives as long as its pair, and is started anew. */
void
revive(struct rig *r)
{
	struct instant	 end = clock_after(clock_now(), WAIT);

	if (!may_end(r))
		return;
	while (r->hostile != NULL && r->hostile->fd == -1 && rig_lives(r) &&
	    clock_before(clock_now(), end))
		rig_turn(r, 1);
	if (rig_lives(r))
		return;
	rig_check(r, WIFEXITED(r->status) && WEXITSTATUS(r->status) == 0,
	    "ends with status %x", (unsigned)r->status);
	rig_stop(r);
	rig_start(r, true);
}

void
new_pair(struct rig *r, bool greets)
{
	if (r->program == ROLE_AGENT && r->hostile != NULL)
		fd_close(&r->hostile->fd);
	revive(r);
	rig_turn(r, 0);
	r->accused[r->enemy] = 0;
	buf_drop(&r->held, buf_len(&r->held));
	if (r->enemy == ROLE_AGENT && r->program == ROLE_LOCAL) {
		free_agents(r);
		await_agent(r);
		rig_check(r, r->hostile != NULL, "wants no agent any more");
		return;
	}
	r->hostile = wire_new(r, r->enemy, 0, "");
	if (greets)
		wire_greet(r, r->hostile);
}

/* The pair must end and its owner be accused. */
static void
expect_end(struct rig *r, const char *what, unsigned type, unsigned detail)
{
	const struct msg_row	*row = msg_row(type);
	bool			 ended = rig_until(r, has_ended, NULL);
	bool			 told = r->program == ROLE_AGENT ||
				    rig_until(r, is_accused, NULL);

	rig_check(r, ended, "%s %s %u: the pair goes on", what,
	    row ? row->name : "-", detail);
	rig_check(r, told, "%s %s %u: nobody is accused", what,
	    row ? row->name : "-", detail);
	revive(r);
	if (!may_end(r) && !rig_lives(r)) {
		rig_check(r, false, "%s %s %u: it died, status %x", what,
		    row ? row->name : "-", detail, (unsigned)r->status);
		rig_stop(r);
		rig_start(r, true);
	}
}

/* Whether the pair goes on or not, the program does. */
static void
expect_life(struct rig *r, const char *what, unsigned type)
{
	rig_turn(r, 2);
	if (r->program == ROLE_AGENT) {
		revive(r);
		return;
	}
	if (rig_lives(r))
		return;
	rig_check(r, false, "%s %s: it died, status %x", what,
	    msg_row(type)->name, (unsigned)r->status);
	rig_stop(r);
	rig_start(r, true);
}

static void
say_raw(struct rig *r, const struct buf *b, const int *fds, unsigned nfds)
{
	r->frames++;
	r->struck = r->hostile;
	if (r->hostile != NULL)
		(void)wire_send(r, r->hostile, buf_span(b), fds, nfds);
}

static void
say_plain(struct rig *r, unsigned type, unsigned times)
{
	struct msg	 m;
	struct buf	 b;

	buf_init(&b, FRAME_MAX);
	forge_plain(&m, type);
	while (times-- > 0)
		forge_encode(&m, &b);
	say_raw(r, &b, NULL, 0);
	buf_clear(&b);
}

/* ---- every row in every wrong way ---------------------------------------- */

static void
try_harms(struct rig *r, unsigned type)
{
	unsigned	 i, harm;
	struct msg	 m;
	struct buf	 b;

	forge_plain(&m, type);
	for (i = 0; i < forge_fields(type) * HARM_COUNT; i++) {
		harm = i % HARM_COUNT;
		buf_init(&b, FRAME_MAX);
		if (forge_harm(&m, i / HARM_COUNT, harm, &b)) {
			new_pair(r, true);
			say_raw(r, &b, NULL, 0);
			expect_end(r, "a field out of range", type, i);
		}
		buf_clear(&b);
	}
}

static void
try_truncated(struct rig *r, unsigned type)
{
	struct msg	 m;
	struct buf	 b;
	size_t		 len, i;

	forge_plain(&m, type);
	buf_init(&b, FRAME_MAX);
	forge_encode(&m, &b);
	len = buf_len(&b);
	for (i = 1; i < len; i++) {
		b.tail = b.head + i;
		new_pair(r, true);
		say_raw(r, &b, NULL, 0);
		expect_end(r, "cut off", type, i);
	}
	b.tail = b.head + len;
	(void)buf_put(&b, span_of("x"));
	new_pair(r, true);
	say_raw(r, &b, NULL, 0);
	expect_end(r, "an octet more", type, 0);
	buf_clear(&b);
}

static void
try_descriptors(struct rig *r, unsigned type)
{
	int		 fds[8] = { 0, 1, 2, 0, 1, 2, 0, 1 };
	unsigned	 n;
	struct msg	 m;
	struct buf	 b;

	buf_init(&b, FRAME_MAX);
	forge_plain(&m, type);
	forge_encode(&m, &b);
	for (n = 1; n <= 8; n++) {
		new_pair(r, true);
		say_raw(r, &b, fds, n);
		expect_end(r, "descriptors", type, n);
	}
	buf_clear(&b);
}

/* More than was granted, while nobody whom it asks answers. */
static void
try_credit(struct rig *r, unsigned type)
{
	struct dice	 d = { 9 };
	struct msg	 m;
	char		 text[40];
	struct buf	 b;
	unsigned	 i;

	new_pair(r, true);
	for (i = 0; i < CREDIT_TRIES && r->hostile->fd != -1; i++) {
		forge_plain(&m, type);
		forge(&m, type, &r->hints, &d);
		snprintf(text, sizeof text, "n%u@example.org", i);
		if (type == MSG_RCPT)
			(void)addr_parse(span_of(text), &m.rcpt.recipient);
		if (type == MSG_JOB)
			m.job.recipients = 5;
		if (type == MSG_JOB)
			m.job.destination = span_of(r->program == ROLE_LOCAL ?
			    "local:jones" : "host:[127.0.0.1]:9");
		memcpy(&m.list.token, &(uint64_t){ i + 1 }, 8);
		buf_init(&b, FRAME_MAX);
		forge_encode(&m, &b);
		say_raw(r, &b, NULL, 0);
		buf_clear(&b);
	}
	expect_life(r, "without credit", type);
}

static void
try_allowed(struct rig *r, unsigned type)
{
	const struct msg_row	*row = msg_row(type);

	new_pair(r, true);
	say_plain(r, type, 1);
	expect_life(r, "out of place", type);
	new_pair(r, true);
	say_plain(r, type, 3);
	expect_life(r, "repeated", type);
	try_harms(r, type);
	try_truncated(r, type);
	if (row->fds == 0)
		try_descriptors(r, type);
	if (row->kind == ASK)
		try_credit(r, type);
	if (row->kind == ANSWER && r->enemy != ROLE_AGENT) {
		r->mute = true;
		new_pair(r, true);
		say_plain(r, type, 1);
		expect_end(r, "without its ASK", type, 0);
		r->mute = false;
	}
}

static void
try_hello(struct rig *r)
{
	unsigned	 i;
	struct msg	 m;
	struct buf	 b;

	for (i = 0; i < 4; i++) {
		if (r->enemy == ROLE_AGENT && i < 3)
			continue;	/* its rig has said hello */
		m = (struct msg){ .type = MSG_HELLO };
		m.hello.role = i == 0 ? ROLE_LOGGER : r->enemy;
		m.hello.instance = i == 1 ? 2 : 0;
		m.hello.version = i == 2 ? IPC_VERSION + 1 : IPC_VERSION;
		buf_init(&b, FRAME_MAX);
		forge_encode(&m, &b);
		if (i == 3)
			forge_encode(&m, &b);
		new_pair(r, false);
		say_raw(r, &b, NULL, 0);
		expect_end(r, "a wrong hello", MSG_HELLO, i);
		buf_clear(&b);
	}
}

/* Larger than a packet may be; and nothing at all, which is an end. */
static void
try_sizes(struct rig *r)
{
	static char	 large[FRAME_MAX + 8];

	new_pair(r, true);
	r->struck = r->hostile;
	(void)wire_send(r, r->hostile, span_make(large, sizeof large), NULL,
	    0);
	expect_end(r, "too large a packet", MSG_NONE, 0);
	new_pair(r, true);
	r->struck = r->hostile;
	(void)wire_send(r, r->hostile, span_make(large, 16), NULL, 0);
	expect_end(r, "a row that is none", MSG_NONE, 0);
	new_pair(r, true);
	(void)send(r->hostile->fd, "", 0, MSG_NOSIGNAL);
	expect_life(r, "an empty packet", MSG_HELLO);
}

static void
try_rows(struct rig *r)
{
	unsigned	 type;

	try_hello(r);
	try_sizes(r);
	for (type = 1; type < MSG_COUNT; type++) {
		if (type != MSG_HELLO && r->enemy != ROLE_AGENT) {
			new_pair(r, false);
			say_plain(r, type, 1);
			expect_end(r, "before hello", type, 0);
		}
		if (type == MSG_HELLO)
			continue;
		if (msg_allowed(type, r->enemy, r->program)) {
			try_allowed(r, type);
			continue;
		}
		new_pair(r, true);
		say_plain(r, type, 1);
		expect_end(r, "not its to say", type, 0);
	}
}

/* ---- the end ------------------------------------------------------------ */

static bool
has_hello(struct rig *r, void *arg)
{
	const struct wire	*w = arg;

	return !rig_lives(r) || w->greeted;
}

/* From here on nobody is hostile. */
static void
check_successor(struct rig *r)
{
	struct wire	*w;
	unsigned	 i;

	rig_turn(r, 50);
	new_pair(r, true);
	w = r->hostile;
	r->hostile = NULL;
	if (w == NULL)
		return;
	rig_check(r, rig_until(r, has_hello, w) && rig_lives(r),
	    "an honest successor is not greeted");
	/* what was said of the one before it has been said by now */
	rig_turn(r, 0);
	r->accused[r->enemy] = 0;
	for (i = 0; i < 20 && w->fd != -1; i++) {
		converse(r, w);
		program_rouse(r);
		rig_turn(r, 10);
	}
	rig_check(r, r->accused[r->enemy] == 0,
	    "an honest successor is accused");
	rig_check(r, w->fd != -1 || !rig_lives(r),
	    "an honest successor loses its pair");
	r->hostile = w;
}

/* ---- all pairs ----------------------------------------------------------- */

static void
start_rig(struct rig *r, size_t which, char **argv, const char *scratch)
{
	unsigned	 i;

	memset(r, 0, sizeof *r);
	r->program = pairs[which].program;
	r->enemy = pairs[which].enemy;
	r->programs = argv[1];
	r->scratch = scratch;
	r->control = r->log = r->listener = -1;
	r->dice.state = strtoull(argv[4], NULL, 10) * 2654435761u + which + 1;
	for (i = 0; i < CLIENTS_MAX; i++)
		r->clients[i].fd = -1;
	buf_init(&r->held, FRAME_MAX);
}

/* Rows are said before START as well. */
static void
try_early(struct rig *r)
{
	unsigned	 type;

	rig_start(r, false);
	for (type = 2; type < MSG_COUNT && r->enemy != ROLE_AGENT; type++)
		if (msg_allowed(type, r->enemy, r->program)) {
			new_pair(r, true);
			say_plain(r, type, 2);
			expect_life(r, "before START", type);
		}
	rig_begin(r);
	if (r->enemy != ROLE_AGENT)
		new_pair(r, true);
	rig_turn(r, 20);
	program_probe(r, "after START");
}

static void
try_pair(struct rig *r, unsigned long frames, unsigned bound)
{
	unsigned long	 before, after;

	try_early(r);
	try_rows(r);
	program_probe(r, "after all rows");
	directed(r);
	program_probe(r, "after what a mind would try");
	run_wild(r, frames / 4);
	before = memory_of(r);
	run_wild(r, frames - frames / 4);
	after = memory_of(r);
	probe_anew(r, "in the end");
	rig_check(r, r->program == ROLE_AGENT ||
	    after < before + GROWTH_MAX + bound,
	    "grew from %lu to %lu KiB", before, after);
	check_successor(r);
	program_probe(r, "beside a successor");
	rig_check(r, rig_lives(r), "is dead in the end");
	printf("%-9s %-9s %9lu %7lu %7lu %7lu %6lu  %s\n",
	    role_name(r->enemy), role_name(r->program), r->frames, r->ended,
	    r->accusations, before, after, r->failed ? "FAILED" : "ok");
	fflush(stdout);
	rig_stop(r);
}

static bool
is_chosen(size_t i, int argc, char **argv)
{
	if (argc > 5 && strcmp(argv[5], role_name(pairs[i].program)) != 0)
		return false;
	return argc <= 6 || strcmp(argv[6], role_name(pairs[i].enemy)) == 0;
}

int
main(int argc, char **argv)
{
	unsigned	 passed = 0, failed = 0;
	char		 scratch[200];
	struct rig	*r = xcalloc(1, sizeof *r);
	size_t		 i;

	if (argc < 5)
		fatal("usage: hostile PROGRAMS SCRATCH FRAMES SEED [PROGRAM "
		    "[NEIGHBOUR]]");
	signal(SIGPIPE, SIG_IGN);
	printf("%-9s %-9s %9s %7s %7s %7s %6s\n", "hostile", "to", "frames",
	    "ended", "accused", "KiB", "then");
	for (i = 0; i < COUNT(pairs); i++) {
		if (!is_chosen(i, argc, argv))
			continue;
		snprintf(scratch, sizeof scratch, "%.150s/%zu", argv[2], i);
		if (mkdir(scratch, 0700) == -1)
			fatal("%s: %s", scratch, strerror(errno));
		start_rig(r, i, argv, scratch);
		try_pair(r, strtoul(argv[3], NULL, 10), pairs[i].bound);
		buf_clear(&r->held);
		passed += r->passed;
		failed += r->failed;
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
