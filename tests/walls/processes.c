/* SPDX-License-Identifier: ISC */
#include <sys/eventfd.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/walls/attack.h"

enum { MANY_PROCESSES = 100, KCMP_VM_ = 1, PROCESS_OF_US = 1 };

/* ---- programs ------------------------------------------------------------ */

static char *const	 shell[] = { "sh", "-c", "exit 100", NULL };
static char *const	 nothing[] = { NULL };

/* What works does not come back, so the word is said before: the test takes
 * the last one. */
static void
say_worked(const char *name)
{
	char	 line[64];
	int	 len = snprintf(line, sizeof line, "%s 0", name);

	if (write(4, line, len) != len)
		_exit(102);
}

static long
attack_exec(void)
{
	say_worked("execve");
	return execve("/bin/sh", shell, nothing);
}

static long
attack_execveat(void)
{
	say_worked("execveat");
	return syscall(SYS_execveat, AT_FDCWD, "/bin/sh", shell, nothing, 0);
}

static long
attack_fexecve(void)
{
	say_worked("execve-memfd");
	return syscall(SYS_execveat, FD_PROGRAM, "", shell, nothing,
	    AT_EMPTY_PATH);
}

/* ---- children ------------------------------------------------------------ */

static long
end_if_child(long pid)
{
	if (pid == 0)
		_exit(0);
	return pid;
}

static long
attack_fork(void)
{
	return end_if_child(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
}

static long
attack_vfork(void)
{
	pid_t	 pid = vfork();

	if (pid == 0)
		_exit(0);
	return pid;
}

static long
attack_clone3(void)
{
	struct clone_args	 args = { .exit_signal = SIGCHLD };

	return end_if_child(syscall(SYS_clone3, &args, sizeof args));
}

static int
end(void *arg)
{
	(void)arg;
	syscall(SYS_exit, 0);
	return 0;
}

static long
attack_thread(void)
{
	static char	 stack[65536] __attribute__((__aligned__(16)));

	return clone(end, stack + sizeof stack, CLONE_VM | CLONE_FS |
	    CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, NULL);
}

static long
attack_many_processes(void)
{
	long	 pid;
	int	 i;

	for (i = 0; i < MANY_PROCESSES; i++) {
		pid = end_if_child(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
		if (pid == -1)
			return -1;
	}
	while (waitpid(-1, NULL, 0) > 0)
		;
	return 0;
}

/* ---- a neighbour --------------------------------------------------------- */

static long
attack_traceme(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static long
attack_seize(void)
{
	return ptrace(PTRACE_SEIZE, victim(), NULL, NULL);
}

static long
read_neighbour(long call)
{
	char		 octet = 0;
	struct iovec	 here = { .iov_base = &octet, .iov_len = 1 };
	struct iovec	 there = { .iov_len = 1,
			    .iov_base = (void *)number_of("RELAIS_ADDRESS") };

	return syscall(call, victim(), &here, 1, &there, 1, 0);
}

static long
attack_readv(void)
{
	return read_neighbour(SYS_process_vm_readv);
}

static long
attack_writev(void)
{
	return read_neighbour(SYS_process_vm_writev);
}

static long
attack_neighbour_memory(void)
{
	char	 path[64];

	(void)snprintf(path, sizeof path, "/proc/%d/mem", victim());
	return open(path, O_RDONLY | O_CLOEXEC);
}

static long
attack_neighbour_descriptors(void)
{
	char	 path[64], to[64];

	(void)snprintf(path, sizeof path, "/proc/%d/fd/0", victim());
	return readlink(path, to, sizeof to);
}

static long
attack_kill(void)
{
	return kill(victim(), 0);
}

static long
attack_kill_all(void)
{
	return kill(-1, 0);
}

static long
attack_tgkill(void)
{
	return syscall(SYS_tgkill, victim(), victim(), 0);
}

static long
attack_tkill(void)
{
	return syscall(SYS_tkill, victim(), 0);
}

static long
attack_sigqueue(void)
{
	siginfo_t	 info;

	memset(&info, 0, sizeof info);
	info.si_code = SI_QUEUE;
	return syscall(SYS_rt_sigqueueinfo, victim(), SIGCONT, &info);
}

static long
attack_pidfd_open(void)
{
	return syscall(SYS_pidfd_open, victim(), 0);
}

static long
attack_pidfd_signal(void)
{
	return syscall(SYS_pidfd_send_signal, FD_VICTIM, 0, NULL, 0);
}

static long
attack_pidfd_getfd(void)
{
	return syscall(SYS_pidfd_getfd, FD_VICTIM, 0, 0);
}

/* Whoever owns a descriptor gets a signal when it is ready. */
static long
attack_setown(void)
{
	return fcntl(FD_DATAGRAM, F_SETOWN, victim());
}

static long
attack_kcmp(void)
{
	return syscall(SYS_kcmp, getpid(), victim(), KCMP_VM_, 0, 0);
}

static long
attack_priority(void)
{
	return setpriority(PRIO_PROCESS, victim(), 0);
}

static long
attack_scheduler(void)
{
	struct sched_param	 p = { .sched_priority = 0 };

	return sched_setscheduler(victim(), SCHED_OTHER, &p);
}

static long
attack_affinity(void)
{
	cpu_set_t	 all;

	memset(&all, 0xff, sizeof all);
	return sched_setaffinity(victim(), sizeof all, &all);
}

static long
attack_ioprio(void)
{
	return syscall(SYS_ioprio_set, PROCESS_OF_US, victim(), 0);
}

static long
attack_limit_neighbour(void)
{
	struct rlimit	 l;

	return prlimit(victim(), RLIMIT_CORE, NULL, &l);
}

/* ---- words between the owned --------------------------------------------- */

static long
attack_shm(void)
{
	long	 id = syscall(SYS_shmget, 0, 4096, 01600);

	if (id != -1)
		syscall(SYS_shmctl, id, 0, NULL);
	return id;
}

static long
attack_msg(void)
{
	long	 id = syscall(SYS_msgget, 0, 01600);

	if (id != -1)
		syscall(SYS_msgctl, id, 0, NULL);
	return id;
}

static long
attack_sem(void)
{
	long	 id = syscall(SYS_semget, 0, 1, 01600);

	if (id != -1)
		syscall(SYS_semctl, id, 0, 0, NULL);
	return id;
}

static long
attack_mq(void)
{
	return had_the_right(syscall(SYS_mq_open, "no-such-queue", O_RDWR, 0,
	    NULL));
}

static long
attack_timer(void)
{
	int	 id;

	return syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &id);
}

static long
attack_handler(void)
{
	struct sigaction	 act = { .sa_handler = SIG_DFL };

	return sigaction(SIGXFSZ, &act, NULL);
}

const struct attack *
attacks_on_processes(void)
{
	static const struct attack	 list[] = {
		{ "execve",		attack_exec },
		{ "execveat",		attack_execveat },
		{ "execve-memfd",	attack_fexecve },
		{ "fork",		attack_fork },
		{ "vfork",		attack_vfork },
		{ "clone3",		attack_clone3 },
		{ "thread",		attack_thread },
		{ "many-processes",	attack_many_processes },
		{ "ptrace-me",		attack_traceme },
		{ "ptrace-seize",	attack_seize },
		{ "process-readv",	attack_readv },
		{ "process-writev",	attack_writev },
		{ "proc-memory",	attack_neighbour_memory },
		{ "proc-descriptors",	attack_neighbour_descriptors },
		{ "kill",		attack_kill },
		{ "kill-all",		attack_kill_all },
		{ "tgkill",		attack_tgkill },
		{ "tkill",		attack_tkill },
		{ "sigqueue",		attack_sigqueue },
		{ "pidfd-open",		attack_pidfd_open },
		{ "pidfd-signal",	attack_pidfd_signal },
		{ "pidfd-getfd",	attack_pidfd_getfd },
		{ "signal-by-owner",	attack_setown },
		{ "kcmp",		attack_kcmp },
		{ "setpriority",	attack_priority },
		{ "setscheduler",	attack_scheduler },
		{ "setaffinity",	attack_affinity },
		{ "ioprio",		attack_ioprio },
		{ "prlimit-other",	attack_limit_neighbour },
		{ "shmget",		attack_shm },
		{ "msgget",		attack_msg },
		{ "semget",		attack_sem },
		{ "mq-open",		attack_mq },
		{ "timer-create",	attack_timer },
		{ "sigaction",		attack_handler },
		{ NULL,			NULL }
	};

	return list;
}
