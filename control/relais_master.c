/* SPDX-License-Identifier: ISC */
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/relais.h"
#include "shared/fd.h"
#include "shared/limits.h"
#include "shared/log.h"

enum { STOP_PATIENCE = 120 * 1000, PID_TEXT = 32 };

#define MASTER_NAME	"relais-master"

/* The first line of a small file, without its end; false with errno. */
static bool
read_line(const char *path, char into[PID_TEXT])
{
	int	 fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t	 n;

	if (fd == -1)
		return false;
	n = fd_pread_all(fd, into, PID_TEXT - 1, 0);
	fd_close(&fd);
	if (n == -1)
		return false;
	into[n] = '\0';
	into[strcspn(into, "\n")] = '\0';
	return true;
}

/* A pid file may outlive its process, whose number then names another. */
static bool
is_master(pid_t pid)
{
	char	 path[64], name[PID_TEXT];

	(void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	return read_line(path, name) && strcmp(name, MASTER_NAME) == 0;
}

static bool
has_ended(int pidfd)
{
	struct pollfd	 end = { pidfd, POLLIN, 0 };

	return poll(&end, 1, 0) == 1;
}

/*
 * A pidfd of the running master, and its number; -1 with errno, ENOENT and
 * ESRCH meaning that there is none.  The descriptor comes first: what is then
 * asked by number is asked of a process that cannot be replaced unseen.
 */
static int
find_master(const struct relais *r, pid_t *pid)
{
	char		 path[PATH_TEXT_MAX], text[PID_TEXT];
	uint64_t	 number;
	int		 fd;

	(void)snprintf(path, sizeof(path), "%s/master.pid", r->runtime);
	if (!read_line(path, text))
		return -1;
	errno = ESRCH;
	if (!span_parse_u64(span_of(text), INT32_MAX, &number) || number == 0)
		return -1;
	*pid = number;
	fd = syscall(SYS_pidfd_open, *pid, 0);
	if (fd != -1 && (!is_master(*pid) || has_ended(fd))) {
		fd_close(&fd);
		errno = ESRCH;
	}
	return fd;
}

static int
no_master(const struct relais *r)
{
	if (errno == ENOENT || errno == ESRCH) {
		log_error("relais is not running");
		return RELAIS_NOT_RUNNING;
	}
	log_error("%s/master.pid: %m", r->runtime);
	return RELAIS_NONE;
}

/* Becomes master; comes back only when that is not possible. */
static int
become_master(const struct relais *r, const char *flag)
{
	char	*argv[8] = { SBINDIR "/" MASTER_NAME };
	int	 n = 1;

	if (flag != NULL)
		argv[n++] = (char *)flag;
	if (r->config != NULL) {
		argv[n++] = "-f";
		argv[n++] = (char *)r->config;
	}
	if (r->programs != NULL) {
		argv[n++] = "-p";
		argv[n++] = (char *)r->programs;
	}
	argv[n] = NULL;
	execv(argv[0], argv);
	log_error("%s: %m", argv[0]);
	return RELAIS_NONE;
}

int
relais_start(const struct relais *r, const char *arg)
{
	pid_t	 pid;
	int	 fd = find_master(r, &pid);

	(void)arg;
	if (fd == -1)
		return become_master(r, NULL);
	fd_close(&fd);
	log_error("relais is already running, pid %d", (int)pid);
	return RELAIS_NONE;
}

int
relais_check(const struct relais *r, const char *arg)
{
	(void)arg;
	return become_master(r, "-n");
}

/* The suite is stopped; its index is put aside, and made again at the start. */
int
relais_rebuild(const struct relais *r, const char *arg)
{
	pid_t	 pid;
	int	 fd = find_master(r, &pid);

	(void)arg;
	if (fd == -1)
		return become_master(r, "-R");
	fd_close(&fd);
	log_error("relais is running, pid %d: stop it first", (int)pid);
	return RELAIS_NONE;
}

static int
wait_for_end(int fd, pid_t pid)
{
	struct pollfd	 end = { fd, POLLIN, 0 };
	int		 n;

	do
		n = poll(&end, 1, STOP_PATIENCE);
	while (n == -1 && errno == EINTR);
	if (n == 1)
		return RELAIS_DONE;
	log_error("pid %d has not ended yet", (int)pid);
	return RELAIS_LATER;
}

int
relais_stop(const struct relais *r, const char *arg)
{
	pid_t	 pid;
	int	 fd = find_master(r, &pid);
	int	 status;

	(void)arg;
	if (fd == -1)
		return no_master(r);
	if (syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0) == 0)
		status = wait_for_end(fd, pid);
	else if (errno == ESRCH)
		status = RELAIS_DONE;
	else {
		log_error("pid %d: %m", (int)pid);
		status = RELAIS_NONE;
	}
	fd_close(&fd);
	return status;
}

/* ---- status ------------------------------------------------------------- */

/* The fields of a row "process", in their order. */
enum { ROLE, INSTANCE, PID, STATE, RESTARTS, SINCE, NAME, PROCESS_FIELDS };

static void
print_process(const struct row *row)
{
	char		 name[64], since[TIME_SIZE];
	struct span	 role = row->fields[ROLE], user = row->fields[NAME];
	uint64_t	 instance = row_number(row, INSTANCE);

	if (user.len > 0)
		(void)snprintf(name, sizeof(name), "%.*s/%.*s",
		    (int)role.len, role.ptr, (int)user.len, user.ptr);
	else if (instance > 0)
		(void)snprintf(name, sizeof(name), "%.*s/%llu", (int)role.len,
		    role.ptr, (unsigned long long)instance);
	else
		(void)span_copy(role, name, sizeof(name));
	format_time(since, row_time(row, SINCE));
	printf("%-16s %7llu  %-8.*s %8llu  %s\n", name,
	    (unsigned long long)row_number(row, PID),
	    (int)row->fields[STATE].len, row->fields[STATE].ptr,
	    (unsigned long long)row_number(row, RESTARTS), since);
}

static void
print_json(const struct row *row)
{
	putchar('{');
	json_text(true, "role", row->fields[ROLE]);
	json_number(false, "instance", row_number(row, INSTANCE));
	json_text(false, "name", row->fields[NAME]);
	json_number(false, "pid", row_number(row, PID));
	json_text(false, "state", row->fields[STATE]);
	json_number(false, "restarts", row_number(row, RESTARTS));
	json_number(false, "since", row_time(row, SINCE));
	puts("}");
}

/* The head of the table stands before the first row, if one comes. */
struct table {
	bool	 json, begun;
};

static void
on_process(void *arg, const struct row *row)
{
	struct table	*t = arg;
	struct row	 full = *row;

	if (!span_is(row->kind, "process") || row->count < NAME)
		return;
	if (row->count < PROCESS_FIELDS)
		full.fields[NAME] = span_of("");
	if (!t->json && !t->begun)
		printf("%-16s %7s  %-8s %8s  %s\n", "PROCESS", "PID", "STATE",
		    "RESTARTS", "SINCE");
	t->begun = true;
	if (t->json)
		print_json(&full);
	else
		print_process(&full);
}

int
relais_status(const struct relais *r, const char *arg)
{
	struct table	 t = { .json = r->json };
	struct request	 q = { .socket = "monitor", .text = "status\n",
			    .on_row = on_process, .arg = &t };
	pid_t		 pid;
	int		 fd = find_master(r, &pid);

	(void)arg;
	if (fd == -1)
		return no_master(r);
	fd_close(&fd);
	return relais_request(r, &q, NULL);
}
