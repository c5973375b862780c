/* SPDX-License-Identifier: ISC */
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "tests/walls/attack.h"

static long
attack_setuid(void)
{
	return setresuid(0, 0, 0);
}

static long
attack_setgid(void)
{
	return setresgid(0, 0, 0);
}

static long
attack_setgroups(void)
{
	gid_t	 root = 0;

	return setgroups(1, &root);
}

static long
attack_fsuid(void)
{
	syscall(SYS_setfsuid, 0);
	errno = EPERM;
	return syscall(SYS_setfsuid, -1) == 0 ? 0 : -1;
}

/* All that a process may hold, taken for itself. */
static long
attack_capset(void)
{
	struct __user_cap_header_struct	 head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct	 all[2];

	memset(all, 0, sizeof all);
	all[0].effective = all[0].permitted = 1 << CAP_SETUID;
	return syscall(SYS_capset, &head, all);
}

static long
attack_ambient(void)
{
	return had_the_right(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE,
	    CAP_SETUID, 0, 0));
}

static long
attack_chroot(void)
{
	return chroot("/");
}

static long
attack_unshare(void)
{
	return unshare(CLONE_NEWNS);
}

static long
attack_unshare_network(void)
{
	return unshare(CLONE_NEWNET);
}

static long
attack_unshare_users(void)
{
	return unshare(CLONE_NEWUSER);
}

static long
attack_clone_users(void)
{
	long	 pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid;
}

static long
attack_setns(void)
{
	return setns(FD_VICTIM, CLONE_NEWUTS);
}

static long
attack_personality(void)
{
	return personality(READ_IMPLIES_EXEC);
}

static long
attack_dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

/* It cannot be taken back, so only the word is asked for: does 0 stand? */
static long
attack_new_privs(void)
{
	long	 stands = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);

	if (stands == 1)
		errno = EPERM;
	return stands == 0 ? 0 : -1;
}

static long
attack_filter(void)
{
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) == -1 &&
	    errno == EFAULT ? 0 : -1;
}

static long
attack_rename(void)
{
	return prctl(PR_SET_NAME, "sshd", 0, 0, 0);
}

/* Where no limit stands there is nothing to raise. */
static long
raise_limit(int resource)
{
	struct rlimit	 l = { RLIM_INFINITY, RLIM_INFINITY };

	return prlimit(0, resource, &l, NULL);
}

static long
attack_raise_memory(void)
{
	return raise_limit(RLIMIT_DATA);
}

static long
attack_raise_file_size(void)
{
	return raise_limit(RLIMIT_FSIZE);
}

static long
attack_raise_core(void)
{
	return raise_limit(RLIMIT_CORE);
}

static long
attack_raise_descriptors(void)
{
	struct rlimit	 l = { 16384, 16384 };

	return prlimit(0, RLIMIT_NOFILE, &l, NULL);
}

static long
attack_group(void)
{
	pid_t	 group = getpgid(0);

	return group == -1 ? -1 : 0;
}

const struct attack *
attacks_on_identity(void)
{
	static const struct attack	 list[] = {
		{ "setresuid",		attack_setuid },
		{ "setresgid",		attack_setgid },
		{ "setgroups",		attack_setgroups },
		{ "setfsuid",		attack_fsuid },
		{ "capset",		attack_capset },
		{ "ambient",		attack_ambient },
		{ "chroot",		attack_chroot },
		{ "unshare-mount",	attack_unshare },
		{ "unshare-network",	attack_unshare_network },
		{ "unshare-user",	attack_unshare_users },
		{ "clone-user",		attack_clone_users },
		{ "setns",		attack_setns },
		{ "personality",	attack_personality },
		{ "dumpable",		attack_dumpable },
		{ "no-new-privs-off",	attack_new_privs },
		{ "seccomp-prctl",	attack_filter },
		{ "rename-process",	attack_rename },
		{ "raise-memory",	attack_raise_memory },
		{ "raise-file-size",	attack_raise_file_size },
		{ "raise-core",		attack_raise_core },
		{ "raise-descriptors",	attack_raise_descriptors },
		{ "process-group",	attack_group },
		{ NULL,			NULL }
	};

	return list;
}
