/* SPDX-License-Identifier: ISC */
/*
 * What an intruder would try, run inside each program in place of its loop:
 * the linker puts __wrap_loop_run where program_run calls loop_run, with every
 * wall standing.
 *
 * RELAIS_WALLS says which walls there are: "none" shows that an attack works
 * where nothing forbids it: all are made, each in a process of its own.
 * "second" leaves out seccomp alone, to show what stands behind it.  Behind
 * walls RELAIS_ATTACK names the one attack, for none comes after a kill.
 *
 * The result of each goes to the log pair as "NAME ERRNO", 0 when it worked.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/loop.h"
#include "shared/priv.h"
#include "shared/ring.h"
#include "tests/walls/attack.h"

enum { LOG_FD = 4, DONE = 100, UNKNOWN = 102 };

static struct {
	int	 writer, reader;	/* of a ring */
} test = { -1, -1 };

void	 __real_priv_drop(const struct priv_identity *);
void	 __wrap_priv_drop(const struct priv_identity *);
void	 __real_priv_limits(const struct priv *);
void	 __wrap_priv_limits(const struct priv *);
bool	 __real_priv_landlock(const struct priv *);
bool	 __wrap_priv_landlock(const struct priv *);
void	 __real_priv_seccomp(const struct priv *);
void	 __wrap_priv_seccomp(const struct priv *);
void	 __wrap_loop_run(struct loop *);

static bool
walls_are(const char *which)
{
	const char	*walls = getenv("RELAIS_WALLS");

	return walls != NULL && strcmp(walls, which) == 0;
}

/* ---- the walls ----------------------------------------------------------- */

void
__wrap_priv_drop(const struct priv_identity *who)
{
	if (ring_create(1, &test.writer, &test.reader) == -1)
		_exit(UNKNOWN);
	if (!walls_are("none"))
		__real_priv_drop(who);
	else if (who->root != NULL && chdir(who->root) == -1)
		_exit(UNKNOWN);		/* the queue opens relative paths */
}

void
__wrap_priv_limits(const struct priv *p)
{
	if (!walls_are("none"))
		__real_priv_limits(p);
}

bool
__wrap_priv_landlock(const struct priv *p)
{
	return walls_are("none") ? false : __real_priv_landlock(p);
}

void
__wrap_priv_seccomp(const struct priv *p)
{
	if (!walls_are("none") && !walls_are("second"))
		__real_priv_seccomp(p);
}

/* ---- what attacks ask for ------------------------------------------------ */

unsigned long
number_of(const char *name)
{
	const char	*value = getenv(name);

	return value == NULL ? 0 : strtoul(value, NULL, 0);
}

int
victim(void)
{
	return number_of("RELAIS_VICTIM");
}

size_t
where_the_test_listens(struct sockaddr_in *to)
{
	memset(to, 0, sizeof *to);
	to->sin_family = AF_INET;
	to->sin_port = htons(number_of("RELAIS_PORT"));
	to->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sizeof *to;
}

int
ring_descriptor(void)
{
	return walls_are("none") ? test.writer : test.reader;
}

long
had_the_right(long result)
{
	if (result == -1 && errno != EPERM && errno != EACCES &&
	    errno != ENOSYS)
		return 0;
	return result;
}

/* ---- the run ------------------------------------------------------------- */

/* By a plain write(2), which every program may do. */
static void
report(const char *name, int error)
{
	char	 line[64];
	int	 len = snprintf(line, sizeof line, "%s %d", name, error);

	if (write(LOG_FD, line, len) != len)
		_exit(UNKNOWN);
}

static void
make(const struct attack *a)
{
	errno = 0;
	report(a->name, a->run() == -1 ? errno : 0);
	_exit(DONE);
}

static void
make_in_a_child(const struct attack *a)
{
	pid_t	 pid = fork();
	int	 status;

	if (pid == 0)
		make(a);
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		_exit(UNKNOWN);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != DONE)
		report(a->name, ECHILD);
}

static void
run(const struct attack *list, const char *only)
{
	const struct attack	*a;

	for (a = list; a->name != NULL; a++)
		if (only == NULL)
			make_in_a_child(a);
		else if (strcmp(a->name, only) == 0)
			make(a);
}

void
__wrap_loop_run(struct loop *loop)
{
	const char	*only = getenv("RELAIS_ATTACK");

	(void)loop;
	if ((only == NULL) != walls_are("none"))
		_exit(UNKNOWN);
	run(attacks_on_files(), only);
	run(attacks_on_network(), only);
	run(attacks_on_processes(), only);
	run(attacks_on_memory(), only);
	run(attacks_without_end(), only);
	run(attacks_on_kernel(), only);
	run(attacks_on_identity(), only);
	_exit(only == NULL ? DONE : UNKNOWN);
}
