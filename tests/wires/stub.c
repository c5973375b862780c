/* SPDX-License-Identifier: ISC */
/*
 * In the place of each program, for master to start.  It says HELLO, answers
 * PING and ends as it is told.  Once DIRECTORY/go is there it does what
 * DIRECTORY/attack says, where DIRECTORY is its own: "row N", "accuse N" (the
 * role), or "garbage SEED".  Roles in DIRECTORY/honest do not.  Each life is a
 * line in DIRECTORY/lives.
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/log.h"
#include "tests/wires/forge.h"

enum { CONTROL = 3, LOOK = 10, RECORDS = 200 };

static struct {
	char		 directory[1024];
	enum role	 role;
	unsigned	 instance;
	bool		 struck;
	struct dice	 dice;
	struct hints	 hints;
} stub;

static void
path_of(const char *name, char into[1100])
{
	snprintf(into, 1100, "%s/%s", stub.directory, name);
}

static bool
read_words(const char *name, char *into, size_t size)
{
	char	 path[1100];
	FILE	*f;
	size_t	 n;

	path_of(name, path);
	f = fopen(path, "r");
	if (f == NULL)
		return false;
	n = fread(into, 1, size - 1, f);
	into[n] = '\0';
	fclose(f);
	return true;
}

static void
note_life(void)
{
	char	 path[1100], line[64];
	int	 fd, n;

	path_of("lives", path);
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	n = snprintf(line, sizeof line, "%s %u %d\n", role_name(stub.role),
	    stub.instance, (int)getpid());
	if (fd == -1 || write(fd, line, n) != n)
		fatal("%s cannot be written", path);
	close(fd);
}

/* Master's own lines come to the logger as soon as all run, and not before. */
static void
note_ready(void)
{
	char	 path[1100];
	int	 fd;

	path_of("ready", path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd == -1)
		fatal("%s cannot be written", path);
	close(fd);
}

static void
say(const struct msg *m)
{
	struct buf	 b;

	buf_init(&b, FRAME_MAX);
	forge_encode(m, &b);
	if (send(CONTROL, buf_span(&b).ptr, buf_len(&b), MSG_NOSIGNAL) == -1)
		exit(0);
	buf_clear(&b);
}

/* ---- attacks ------------------------------------------------------------- */

static void
say_row(unsigned type)
{
	struct msg	 m;

	forge_plain(&m, type);
	say(&m);
}

static void
accuse(unsigned role)
{
	struct msg	 m = { .type = MSG_ACCUSE };

	m.accuse.role = role;
	m.accuse.reason = span_of("is more trusted");
	say(&m);
}

/* Rows that may be said, rows that may not, and neither. */
static void
say_garbage(uint64_t seed)
{
	struct msg	 m;
	struct buf	 b;
	unsigned	 i, type;

	stub.dice.state = seed * 2654435761u + getpid();
	for (i = 0; i < RECORDS; i++) {
		do
			type = 1 + dice_below(&stub.dice, MSG_COUNT - 1);
		while (type == MSG_HELLO || !msg_allowed(type, stub.role,
		    ROLE_MASTER));
		if (dice_one_in(&stub.dice, 50))
			type = 1 + dice_below(&stub.dice, MSG_COUNT - 1);
		forge(&m, type, &stub.hints, &stub.dice);
		if (m.type == MSG_ACCUSE)
			m.accuse.instance = 60;
		buf_init(&b, FRAME_MAX);
		forge_encode(&m, &b);
		if (dice_one_in(&stub.dice, 50) || i == RECORDS - 1)
			forge_garble(&b, &stub.dice);
		if (send(CONTROL, buf_span(&b).ptr, buf_len(&b),
		    MSG_NOSIGNAL) == -1)
			exit(0);
		buf_clear(&b);
	}
	say_row(MSG_BOOT);
}

static void
strike(void)
{
	char		 what[256], honest[256], name[64];
	unsigned long	 n;
	char		*space;

	if (stub.struck || !read_words("go", what, sizeof what) ||
	    !read_words("attack", what, sizeof what))
		return;
	stub.struck = true;
	snprintf(name, sizeof name, " %s ", role_name(stub.role));
	if (read_words("honest", honest, sizeof honest) &&
	    strstr(honest, name) != NULL)
		return;
	space = strchr(what, ' ');
	n = space != NULL ? strtoul(space, NULL, 10) : 0;
	if (strncmp(what, "row ", 4) == 0)
		say_row(n);
	else if (strncmp(what, "accuse ", 7) == 0)
		accuse(n);
	else
		say_garbage(n);
}

/* ---- what a child does --------------------------------------------------- */

static void
greet(const struct msg *m)
{
	struct msg	 h = { .type = MSG_HELLO };

	stub.instance = m->hello.instance;
	note_life();
	h.hello.role = stub.role;
	h.hello.instance = stub.instance;
	h.hello.version = IPC_VERSION;
	h.hello.life = 1;
	say(&h);
}

static void
hear(const struct msg *m)
{
	struct msg	 pong = { .type = MSG_PONG };

	hints_learn(&stub.hints, m);
	if (m->type == MSG_HELLO)
		greet(m);
	else if (m->type == MSG_WIRE && m->wire.role == ROLE_MASTER)
		note_ready();
	else if (m->type == MSG_STOP)
		exit(0);
	else if (m->type == MSG_PING) {
		pong.pong.number = m->ping.number;
		say(&pong);
	}
}

static void
take_packet(void)
{
	char		 frame[FRAME_MAX];
	struct span	 rest;
	struct msg	 m;
	ssize_t		 n = recv(CONTROL, frame, sizeof frame, 0);

	if (n <= 0)
		exit(0);
	rest = span_make(frame, n);
	while (rest.len > 0 && msg_decode(&rest, &m))
		hear(&m);
}

int
main(int argc, char **argv)
{
	struct pollfd	 p = { CONTROL, POLLIN, 0 };
	char		*slash = strrchr(argv[0], '/');
	unsigned	 i;

	(void)argc;
	if (slash == NULL)
		return 1;
	snprintf(stub.directory, sizeof stub.directory, "%.*s",
	    (int)(slash - argv[0]), argv[0]);
	for (i = 0; i < ROLE_COUNT; i++)
		if (strcmp(role_name(i), slash + 1) == 0)
			stub.role = i;
	for (;;) {
		if (poll(&p, 1, LOOK) > 0)
			take_packet();
		strike();
	}
}
