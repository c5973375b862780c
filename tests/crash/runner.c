/* SPDX-License-Identifier: ISC */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "shared/fd.h"
#include "tests/crash/runner.h"

enum { PATIENCE = 10 * 1000, TEXT_MAX = 2048, EXIT_REFUSED = 70 };

struct runner {
	const struct log *log;
	check_function	*check;
	const char	*dir;
	pid_t		 pid;		/* 0: none */
	int		 to;		/* the child */
	int		 said;		/* its standard error */
	char		 text[TEXT_MAX + 2];
};

const char *
verdict_name(enum verdict v)
{
	static const char *const	 names[VERDICTS] = {
		"good", "bad", "refused", "died", "hung"
	};

	return names[v];
}

struct runner *
runner_new(const struct log *l, check_function *check, const char *dir)
{
	struct runner	*r = xcalloc(1, sizeof *r);

	r->log = l;
	r->check = check;
	r->dir = dir;
	r->to = -1;
	r->said = memfd_create("said", MFD_CLOEXEC);
	if (r->said == -1)
		err(1, "memfd_create");
	return r;
}

/* ---- the child ----------------------------------------------------------- */

static void
take_marks(const struct log *l, struct promises *p, size_t *from, size_t to)
{
	const struct record	*r;

	if (to < *from) {
		promises_clear(p);
		*from = 0;
	}
	for (; *from < to; ++*from) {
		r = &l->records[*from];
		if (r->head.op == LOG_MARK)
			promises_take(p, r->a, r->head.a);
	}
}

static void
serve(struct runner *r, int fd)
{
	struct promises	 promises = { NULL, 0 };
	size_t		 taken = 0, at;
	char		 good;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	if (dup2(r->said, STDERR_FILENO) == -1)
		_exit(1);
	while (read(fd, &at, sizeof at) == sizeof at) {
		take_marks(r->log, &promises, &taken, at);
		good = r->check(r->dir, &promises);
		if (write(fd, &good, 1) != 1)
			_exit(1);
	}
	_exit(0);
}

static void
begin(struct runner *r)
{
	int	 pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		err(1, "socketpair");
	r->pid = fork();
	if (r->pid == -1)
		err(1, "fork");
	if (r->pid == 0) {
		fd_close(&pair[0]);
		serve(r, pair[1]);
	}
	fd_close(&pair[1]);
	r->to = pair[0];
}

/* ---- the parent ---------------------------------------------------------- */

static enum verdict
end(struct runner *r, bool kills)
{
	int	 status;

	if (r->pid == 0)
		return GOOD;
	if (kills)
		(void)kill(r->pid, SIGKILL);
	fd_close(&r->to);
	while (waitpid(r->pid, &status, 0) == -1)
		if (errno != EINTR)
			err(1, "waitpid");
	r->pid = 0;
	if (kills)
		return HUNG;
	return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_REFUSED ?
	    REFUSED : DIED;
}

enum verdict
runner_check(struct runner *r, size_t at)
{
	struct pollfd	 p;
	char		 good;

	if (r->pid == 0)
		begin(r);
	if (ftruncate(r->said, 0) == -1 ||
	    lseek(r->said, 0, SEEK_SET) == -1 ||
	    write(r->to, &at, sizeof at) != sizeof at)
		err(1, "runner");
	p = (struct pollfd){ r->to, POLLIN, 0 };
	if (poll(&p, 1, PATIENCE) != 1)
		return end(r, true);
	if (read(r->to, &good, 1) != 1)
		return end(r, false);
	return good ? GOOD : BAD;
}

const char *
runner_text(struct runner *r)
{
	ssize_t	 n = pread(r->said, r->text, TEXT_MAX, 0);

	if (n < 0)
		n = 0;
	if (n > 0 && r->text[n - 1] != '\n')
		r->text[n++] = '\n';
	r->text[n] = '\0';
	return r->text;
}

void
runner_free(struct runner *r)
{
	(void)end(r, false);
	fd_close(&r->said);
	free(r);
}
