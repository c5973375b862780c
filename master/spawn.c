/* SPDX-License-Identifier: ISC */
#include <bsd/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "master/spawn.h"
#include "shared/alloc.h"

enum {
	CONTROL_FD	= 3,
	LOG_FD		= 4,
	FIRST_FREE	= 5,
	VARIABLE_SIZE	= 1024,
	EXIT_NO_EXEC	= 127
};

/* What a child may learn of the environment in which master was started. */
static const char *const passed[] = {
	"TZ",
#ifdef SANITIZED
	"ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS",
#endif
};

struct environment {
	char	 space[COUNT(passed)][VARIABLE_SIZE];
	char	*list[COUNT(passed) + 3];
};

static void
fill_environment(struct environment *e)
{
	const char	*value;
	size_t		 i, n = 0;
	int		 len;

	e->list[n++] = "PATH=/usr/bin:/bin";
	e->list[n++] = "LANG=C";
	for (i = 0; i < COUNT(passed); i++) {
		value = getenv(passed[i]);
		if (value == NULL)
			continue;
		len = snprintf(e->space[i], VARIABLE_SIZE, "%s=%s", passed[i],
		    value);
		if (len < VARIABLE_SIZE)
			e->list[n++] = e->space[i];
	}
	e->list[n] = NULL;
}

/* Both are moved out of the way first: either may be 3 or 4 already. */
static int
place(int control, int log)
{
	control = fcntl(control, F_DUPFD, FIRST_FREE);
	log = fcntl(log, F_DUPFD, FIRST_FREE);
	if (control == -1 || log == -1 || dup2(control, CONTROL_FD) == -1 ||
	    dup2(log, LOG_FD) == -1)
		return -1;
	closefrom(FIRST_FREE);
	return 0;
}

pid_t
spawn(const char *program, int control, int log)
{
	struct environment	 e;
	char			*argv[] = { (char *)program, NULL };
	sigset_t		 none;
	pid_t			 pid;

	if (access(program, X_OK) == -1)
		return -1;
	fill_environment(&e);
	pid = fork();
	if (pid != 0)
		return pid;
	sigemptyset(&none);
	if (place(control, log) == -1 ||
	    sigprocmask(SIG_SETMASK, &none, NULL) == -1)
		_exit(EXIT_NO_EXEC);
	execve(program, argv, e.list);
	_exit(EXIT_NO_EXEC);
}
