/* SPDX-License-Identifier: ISC */
/*
 * Watches all processes below one, and kills one of them, or lets a system
 * call of it fail, at exactly the call that was asked for.
 *
 * usage: inject, and lines on standard input:
 *
 *	attach PID
 *	arm ROLE CALL[@FILE] WHEN COUNT before|after|short|error NUMBER
 *	disarm ROLE
 *
 * ROLE is the name of a program, CALL a system call or "disk" for all that
 * change what is on disk, FILE a part of the name of the file it is about.
 * The WHENth such call from now on, and COUNT - 1 behind it, are: killed
 * before they have begun; killed after they were done; cut short; or not made,
 * and answered with an error.  Lines on standard output:
 *
 *	attached N
 *	armed ROLE		no call from now on is missed
 *	born ROLE PID
 *	died ROLE PID STATUS
 *	killed ROLE PID CALL before|after SEEN FILE
 *	failed ROLE PID CALL ERROR SEEN FILE
 *
 * Only threads of programs with a rule stop at system calls; the others run as
 * ever.
 */
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ptrace.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "shared/log.h"
#include "tests/faults/inject.h"

enum { BUCKETS = 256, LINE = 256 };
LIST_HEAD(tracees, tracee);

static struct {
	struct tracees	 buckets[BUCKETS];
	struct rule	 rules[RULES_MAX];
} all;

/* ---- who is who ---------------------------------------------------------- */

static struct tracee *
find(pid_t tid)
{
	struct tracee	*t;

	LIST_FOREACH(t, &all.buckets[tid % BUCKETS], entry)
		if (t->tid == tid)
			return t;
	return NULL;
}

static void
read_role(struct tracee *t)
{
	char	 link[64], path[WHAT_MAX], *name;
	ssize_t	 n;

	(void)snprintf(link, sizeof link, "/proc/%d/exe", (int)t->tid);
	n = readlink(link, path, sizeof path - 1);
	path[n == -1 ? 0 : n] = '\0';
	name = strrchr(path, '/');
	(void)snprintf(t->role, sizeof t->role, "%.31s",
	    name == NULL ? "?" : name + 1);
}

static pid_t
read_tgid(pid_t tid)
{
	char	 path[64], line[LINE];
	int	 tgid = (int)tid;
	FILE	*f;

	(void)snprintf(path, sizeof path, "/proc/%d/status", (int)tid);
	f = fopen(path, "re");
	if (f == NULL)
		return tid;
	while (fgets(line, sizeof line, f) != NULL)
		if (sscanf(line, "Tgid: %d", &tgid) == 1)
			break;
	(void)fclose(f);
	return tgid;
}

static struct tracee *
add(pid_t tid)
{
	struct tracee	*t = xcalloc(1, sizeof *t);

	t->tid = tid;
	t->tgid = read_tgid(tid);
	read_role(t);
	LIST_INSERT_HEAD(&all.buckets[tid % BUCKETS], t, entry);
	return t;
}

static struct rule *
rule_of(const char *role)
{
	int	 i;

	for (i = 0; i < RULES_MAX; i++)
		if (all.rules[i].is_set &&
		    strcmp(all.rules[i].role, role) == 0)
			return &all.rules[i];
	return NULL;
}

static void
resume(const struct tracee *t, int number)
{
	bool	 is_wanted = t->call != NULL || rule_of(t->role) != NULL;

	(void)ptrace(is_wanted ? PTRACE_SYSCALL : PTRACE_CONT, t->tid, NULL,
	    (void *)(intptr_t)number);
}

/* ---- attaching ----------------------------------------------------------- */

enum {
	OPTIONS = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK |
	    PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC
};

static int	 attach(pid_t);

static int
attach_children(pid_t tid)
{
	char	 path[64];
	int	 n = 0, child;
	FILE	*f;

	(void)snprintf(path, sizeof path, "/proc/%d/task/%d/children",
	    (int)tid, (int)tid);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	while (fscanf(f, "%d", &child) == 1)
		n += attach(child);
	(void)fclose(f);
	return n;
}

static int
attach_thread(pid_t tid)
{
	if (find(tid) != NULL || ptrace(PTRACE_SEIZE, tid, NULL,
	    (void *)(intptr_t)OPTIONS) == -1)
		return 0;
	(void)add(tid);
	return 1;
}

static int
attach(pid_t pid)
{
	char		 path[64];
	struct dirent	*e;
	int		 n = 0;
	DIR		*d;

	(void)snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	d = opendir(path);
	if (d == NULL)
		return 0;
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			n += attach_thread((pid_t)strtol(e->d_name, NULL, 10));
	(void)closedir(d);
	return n + attach_children(pid);
}

/* ---- rules --------------------------------------------------------------- */

static bool
set_call(struct rule *r, char *call)
{
	char	*at = strchr(call, '@');

	r->filter[0] = '\0';
	if (at != NULL) {
		*at = '\0';
		(void)snprintf(r->filter, sizeof r->filter, "%.63s", at + 1);
	}
	r->call = call_by_name(call);
	return r->call != NULL || strcmp(call, "disk") == 0;
}

static bool
set_action(struct rule *r, const char *action)
{
	static const char *const names[] = {
		[ACT_KILL_BEFORE] = "before", [ACT_KILL_AFTER] = "after",
		[ACT_ERROR] = "error", [ACT_SHORT] = "short"
	};
	size_t	 i;

	for (i = 0; i < COUNT(names); i++)
		if (strcmp(names[i], action) == 0) {
			r->action = (enum action)i;
			return true;
		}
	return false;
}

static struct rule *
rule_for(const char *role)
{
	struct rule	*r = rule_of(role);
	int		 i;

	for (i = 0; r == NULL && i < RULES_MAX; i++)
		if (!all.rules[i].is_set)
			r = &all.rules[i];
	if (r == NULL)
		fatal("too many rules");
	(void)snprintf(r->role, sizeof r->role, "%s", role);
	return r;
}

/* Those that run are to look at their calls from now on. */
static void
interrupt(const char *role)
{
	struct tracee	*t;
	int		 i;

	for (i = 0; i < BUCKETS; i++)
		LIST_FOREACH(t, &all.buckets[i], entry)
			if (strcmp(t->role, role) == 0)
				(void)ptrace(PTRACE_INTERRUPT, t->tid, NULL,
				    NULL);
}

static void
arm(const char *line)
{
	char		 role[NAME_MAX_ROLE], call[LINE], action[16];
	struct rule	*r, new = { .is_set = true };

	if (sscanf(line, "arm %31s %100s %lu %lu %15s %d", role, call,
	    &new.when, &new.count, action, &new.error) != 6 ||
	    !set_call(&new, call) || !set_action(&new, action))
		fatal("what is \"%s\"?", line);
	r = rule_for(role);
	memcpy(new.role, r->role, sizeof new.role);
	*r = new;
	interrupt(role);
	printf("armed %s\n", role);
}

static void
on_line(const char *line)
{
	char		 role[NAME_MAX_ROLE];
	struct rule	*r;
	int		 pid;

	if (sscanf(line, "attach %d", &pid) == 1)
		printf("attached %d\n", attach(pid));
	else if (sscanf(line, "disarm %31s", role) == 1) {
		r = rule_of(role);
		if (r != NULL)
			r->is_set = false;
	} else
		arm(line);
}

/* ---- at a system call ---------------------------------------------------- */

/* What is only opened is not changed. */
static bool
changes_disk(const struct call *c, const uint64_t *args)
{
	if (c == call_by_name("openat"))
		return (args[2] & O_CREAT) != 0;
	if (c == call_by_name("open"))
		return (args[1] & O_CREAT) != 0;
	return c->disk;
}

static bool
is_due(struct rule *r, const struct call *c, const uint64_t *args,
    const char *what)
{
	if (r->call != NULL ? r->call != c : !changes_disk(c, args))
		return false;
	if (r->filter[0] != '\0' && strstr(what, r->filter) == NULL)
		return false;
	r->seen++;
	return r->seen >= r->when && r->seen - r->when < r->count;
}

static void
kill_it(struct tracee *t, struct rule *r, const struct call *c)
{
	(void)kill(t->tgid, SIGKILL);
	printf("killed %s %d %s %s %lu %s\n", t->role, (int)t->tgid, c->name,
	    r->action == ACT_KILL_BEFORE ? "before" : "after", r->seen,
	    t->what);
	r->is_set = false;
}

static void
spoil(struct tracee *t, struct rule *r, const struct call *c,
    const uint64_t *args)
{
	const char	*name = strerrorname_np(r->error);

	if (r->action == ACT_SHORT) {
		if (c->count == 0 || args[c->count] < 2 ||
		    !registers_shorten(t->tid, c, args[c->count] / 2))
			return;
		name = "short";
	} else if (!registers_spoil(t->tid, c)) {
		return;
	} else {
		t->call = c;
		t->error = r->error;
	}
	printf("failed %s %d %s %s %lu %s\n", t->role, (int)t->tgid, c->name,
	    name, r->seen, t->what);
}

static void
on_entry(struct tracee *t, const struct ptrace_syscall_info *info)
{
	struct rule		*r = rule_of(t->role);
	const struct call	*c = call_by_number(info->entry.nr);
	uint64_t		 args[ARGUMENTS];

	t->call = NULL;
	t->error = 0;
	if (r == NULL || c == NULL)
		return;
	memcpy(args, info->entry.args, sizeof args);
	call_describe(t, c, args, t->what);
	if (!is_due(r, c, args, t->what))
		return;
	if (r->action == ACT_KILL_BEFORE)
		kill_it(t, r, c);
	else if (r->action == ACT_KILL_AFTER) {
		t->call = c;
		t->rule = r;
	} else
		spoil(t, r, c, args);
}

static void
on_return(struct tracee *t)
{
	const struct call	*c = t->call;

	t->call = NULL;
	if (c == NULL)
		return;
	if (t->error != 0)
		(void)registers_fail(t->tid, t->error);
	else if (t->rule != NULL && t->rule->is_set)
		kill_it(t, t->rule, c);
	t->error = 0;
	t->rule = NULL;
}

static void
on_syscall(struct tracee *t)
{
	struct ptrace_syscall_info	 info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->tid, (void *)sizeof info,
	    &info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		on_entry(t, &info);
	else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
		on_return(t);
	resume(t, 0);
}

/* ---- at any stop --------------------------------------------------------- */

static void
on_end(struct tracee *t, int status)
{
	if (t->tid == t->tgid)
		printf("died %s %d %d\n", t->role, (int)t->tgid, status);
	LIST_REMOVE(t, entry);
	free(t);
}

static bool
is_group_stop(int number)
{
	return number == SIGSTOP || number == SIGTSTP || number == SIGTTIN ||
	    number == SIGTTOU;
}

static void
on_event(struct tracee *t, int event, int number)
{
	if (event == PTRACE_EVENT_EXEC) {
		read_role(t);
		printf("born %s %d\n", t->role, (int)t->tgid);
	} else if (event == PTRACE_EVENT_STOP && is_group_stop(number)) {
		(void)ptrace(PTRACE_LISTEN, t->tid, NULL, NULL);
		return;
	}
	resume(t, 0);
}

static void
on_stop(pid_t tid, int status)
{
	struct tracee	*t = find(tid);

	if (WIFEXITED(status) || WIFSIGNALED(status)) {
		if (t != NULL)
			on_end(t, status);
		return;
	}
	if (t == NULL)
		t = add(tid);
	if (WSTOPSIG(status) == (SIGTRAP | 0x80))
		on_syscall(t);
	else if (status >> 16 != 0)
		on_event(t, status >> 16, WSTOPSIG(status));
	else
		resume(t, WSTOPSIG(status));
}

static int
watch_children(void)
{
	sigset_t	 set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* What was said by somebody is not lost behind a full pipe: it is small. */
static bool
read_lines(void)
{
	static char	 text[4096];
	static size_t	 used;
	ssize_t		 n = read(0, text + used, sizeof text - 1 - used);
	char		*end;

	if (n <= 0)
		return false;
	used += (size_t)n;
	text[used] = '\0';
	while ((end = strchr(text, '\n')) != NULL) {
		*end++ = '\0';
		on_line(text);
		used -= (size_t)(end - text);
		memmove(text, end, used + 1);
	}
	return true;
}

int
main(void)
{
	struct pollfd			 fds[2];
	struct signalfd_siginfo		 info;
	int				 status;
	pid_t				 tid;

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	fds[0] = (struct pollfd){ .fd = watch_children(), .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = 0, .events = POLLIN };
	for (;;) {
		while ((tid = waitpid(-1, &status, __WALL | WNOHANG)) > 0)
			on_stop(tid, status);
		if (poll(fds, COUNT(fds), -1) == -1)
			continue;
		while (read(fds[0].fd, &info, sizeof info) > 0)
			;
		if (fds[1].revents != 0 && !read_lines())
			return 0;
	}
}
