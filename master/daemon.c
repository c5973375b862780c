/* SPDX-License-Identifier: ISC */
/*
 * The starter waits at the end of a pipe that is also standard error in the
 * background: text is passed on; a NUL and the exit status end the waiting.
 */
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "master/daemon.h"
#include "shared/fd.h"
#include "shared/log.h"

/* The background ended without a word: what it left. */
static int
status_of(pid_t pid)
{
	int	 status;

	if (waitpid(pid, &status, 0) == -1 || !WIFEXITED(status) ||
	    WEXITSTATUS(status) == 0)
		return EX_SOFTWARE;
	return WEXITSTATUS(status);
}

static void __attribute__((__noreturn__))
wait_for_word(int fd, pid_t pid)
{
	char	 text[512];
	char	*end = NULL;
	ssize_t	 n;

	while (end == NULL) {
		n = read(fd, text, sizeof text);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(status_of(pid));
		end = memchr(text, '\0', n);
		fd_write_all(STDERR_FILENO, text, end ? end - text : n);
	}
	if (end + 1 < text + n)
		_exit((unsigned char)end[1]);
	if (read(fd, text, 1) == 1)
		_exit((unsigned char)text[0]);
	_exit(status_of(pid));
}

static int
to_null(int fd)
{
	int	 null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int	 result;

	if (null == -1)
		return -1;
	result = dup2(null, fd);
	fd_close(&null);
	return result == -1 ? -1 : 0;
}

int
daemon_detach(void)
{
	int	 ends[2];
	pid_t	 pid;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	pid = fork();
	if (pid == -1)
		return -1;
	if (pid > 0) {
		fd_close(&ends[1]);
		wait_for_word(ends[0], pid);
	}
	fd_close(&ends[0]);
	if (setsid() == -1 || to_null(STDOUT_FILENO) == -1 ||
	    dup2(ends[1], STDERR_FILENO) == -1)
		return -1;
	return ends[1];
}

void
daemon_tell(int *fd, int status)
{
	char	 word[2] = { '\0', status };

	if (*fd == -1)
		return;
	fd_write_all(*fd, word, sizeof word);
	fd_close(fd);
	to_null(STDERR_FILENO);
}

/* ---- master.pid --------------------------------------------------------- */

static void
tell_holder(const char *path, int fd)
{
	char	 text[16] = "";

	fd_pread_all(fd, text, sizeof text - 1, 0);
	text[strspn(text, "0123456789")] = '\0';
	log_error("relais runs already, pid %s, says %s", text, path);
}

static int
write_pid(int fd)
{
	char	 text[16];
	int	 n = snprintf(text, sizeof text, "%d\n", (int)getpid());

	if (fchmod(fd, 0644) == -1 || ftruncate(fd, 0) == -1)
		return -1;
	return fd_pwrite_all(fd, text, n, 0);
}

int
pidfile_take(const char *runtime)
{
	char	 path[PATH_MAX];
	int	 fd;

	snprintf(path, sizeof path, "%s/master.pid", runtime);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd != -1 && flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno == EWOULDBLOCK) {
			tell_holder(path, fd);
			fd_close(&fd);
			return -1;
		}
		fd_close(&fd);
	}
	if (fd != -1 && write_pid(fd) == -1)
		fd_close(&fd);
	if (fd == -1)
		log_error("%s: %s", path, strerror(errno));
	return fd;
}

void
pidfile_drop(int *fd, const char *runtime)
{
	char	 path[PATH_MAX];

	if (*fd == -1)
		return;
	snprintf(path, sizeof path, "%s/master.pid", runtime);
	unlink(path);
	fd_close(fd);
}
