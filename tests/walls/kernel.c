/* SPDX-License-Identifier: ISC */
/*
 * The parts of the kernel where holes were found, and what would change the
 * machine.  The latter are made so that they change nothing: see
 * had_the_right.
 */
#include <sys/mount.h>
#include <sys/quota.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/timex.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "tests/walls/attack.h"

enum { NO_COMMAND = 0x12121212, MAGIC_TWO = 672274793 };

static const unsigned	 magic_one = 0xfee1dead;

static long
attack_uring(void)
{
	uint32_t	 params[30] = { 0 };

	return syscall(SYS_io_uring_setup, 8, params);
}

static long
attack_aio(void)
{
	unsigned long	 context = 0;

	return syscall(SYS_io_setup, 1, &context);
}

static long
attack_userfaultfd(void)
{
	return syscall(SYS_userfaultfd, O_CLOEXEC);
}

static long
attack_keyctl(void)
{
	return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID,
	    KEY_SPEC_SESSION_KEYRING, 1);
}

static long
attack_add_key(void)
{
	return syscall(SYS_add_key, "user", "relais-attack", "x", (size_t)1,
	    KEY_SPEC_PROCESS_KEYRING);
}

static long
attack_request_key(void)
{
	return had_the_right(syscall(SYS_request_key, "user", "no-such-key",
	    NULL, 0));
}

static long
attack_bpf(void)
{
	union bpf_attr	 a;

	memset(&a, 0, sizeof a);
	a.map_type = BPF_MAP_TYPE_ARRAY;
	a.key_size = 4;
	a.value_size = 4;
	a.max_entries = 1;
	return syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof a);
}

static long
attack_perf(void)
{
	struct perf_event_attr	 a;

	memset(&a, 0, sizeof a);
	a.type = PERF_TYPE_SOFTWARE;
	a.size = sizeof a;
	a.config = PERF_COUNT_SW_CPU_CLOCK;
	a.exclude_kernel = a.exclude_hv = 1;
	return syscall(SYS_perf_event_open, &a, 0, -1, -1, 0);
}

static long
attack_fanotify(void)
{
	return syscall(SYS_fanotify_init, 0, O_RDONLY);
}

static long
attack_filter(void)
{
	uint32_t	 action = SECCOMP_RET_ALLOW;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action);
}

static long
attack_log(void)
{
	return syscall(SYS_syslog, 10, NULL, 0);
}

static long
attack_mount(void)
{
	return had_the_right(mount("none", "/", "no-such-type", 0, NULL));
}

static long
attack_umount(void)
{
	return had_the_right(umount2("/etc", 0));
}

static long
attack_mount_api(void)
{
	return syscall(SYS_fsopen, "tmpfs", 1);
}

static long
attack_open_tree(void)
{
	return syscall(SYS_open_tree, FD_OUTSIDE, "",
	    AT_EMPTY_PATH | O_CLOEXEC);
}

static long
attack_pivot(void)
{
	return had_the_right(syscall(SYS_pivot_root, "/nowhere", "/nowhere"));
}

static long
attack_quota(void)
{
	return had_the_right(quotactl(QCMD(Q_SYNC, USRQUOTA), NULL, 0, NULL));
}

static long
attack_reboot(void)
{
	return had_the_right(syscall(SYS_reboot, magic_one, MAGIC_TWO,
	    NO_COMMAND, NULL));
}

static long
attack_swapon(void)
{
	return had_the_right(swapon("/nowhere", 0));
}

static long
attack_module(void)
{
	return had_the_right(syscall(SYS_init_module, NULL, 0, ""));
}

static long
attack_module_file(void)
{
	return had_the_right(syscall(SYS_finit_module, -1, "", 0));
}

static long
attack_module_away(void)
{
	return had_the_right(syscall(SYS_delete_module, "no_such_module",
	    O_NONBLOCK));
}

static long
attack_kexec(void)
{
	return had_the_right(syscall(SYS_kexec_load, 0, 0, NULL, ~0UL));
}

static long
attack_acct(void)
{
	return had_the_right(acct("/nowhere"));
}

static long
attack_settimeofday(void)
{
	return syscall(SYS_settimeofday, NULL, NULL);
}

/* The status that the clock has already. */
static long
attack_adjtime(void)
{
	struct timex	 t = { .modes = 0 };

	if (syscall(SYS_adjtimex, &t) == -1)
		return -1;
	t.modes = ADJ_STATUS;
	return syscall(SYS_adjtimex, &t);
}

static long
attack_clock(void)
{
	struct timex	 t = { .modes = 0 };

	return syscall(SYS_clock_adjtime, 0, &t);
}

static long
attack_hostname(void)
{
	return had_the_right(syscall(SYS_sethostname, NULL, 1));
}

#ifdef __x86_64__
static long
attack_iopl(void)
{
	return syscall(SYS_iopl, 3);
}

static long
attack_ioperm(void)
{
	return syscall(SYS_ioperm, 0x80, 1, 1);
}

static long
attack_ldt(void)
{
	char	 entry[16];

	return syscall(SYS_modify_ldt, 0, entry, sizeof entry);
}

/* As a 32-bit program would ask for its parent, by that kernel's number. */
static long
attack_i386(void)
{
	long	 result;

	__asm__ volatile ("int $0x80" : "=a" (result) : "a" (64L) :
	    "memory", "r8", "r9", "r10", "r11");
	if (result >= 0)
		return 0;
	errno = -result;
	return -1;
}

static long
attack_x32(void)
{
	return syscall(0x40000000 | SYS_getppid);
}
#endif

const struct attack *
attacks_on_kernel(void)
{
	static const struct attack	 list[] = {
		{ "io_uring",		attack_uring },
		{ "aio",		attack_aio },
		{ "userfaultfd",	attack_userfaultfd },
		{ "keyctl",		attack_keyctl },
		{ "add_key",		attack_add_key },
		{ "request_key",	attack_request_key },
		{ "bpf",		attack_bpf },
		{ "perf_event",		attack_perf },
		{ "fanotify",		attack_fanotify },
		{ "seccomp",		attack_filter },
		{ "kernel-log",		attack_log },
		{ "mount",		attack_mount },
		{ "umount",		attack_umount },
		{ "fsopen",		attack_mount_api },
		{ "open_tree",		attack_open_tree },
		{ "pivot_root",		attack_pivot },
		{ "quotactl",		attack_quota },
		{ "reboot",		attack_reboot },
		{ "swapon",		attack_swapon },
		{ "init_module",	attack_module },
		{ "finit_module",	attack_module_file },
		{ "delete_module",	attack_module_away },
		{ "kexec_load",		attack_kexec },
		{ "acct",		attack_acct },
		{ "settimeofday",	attack_settimeofday },
		{ "adjtimex",		attack_adjtime },
		{ "clock_adjtime",	attack_clock },
		{ "sethostname",	attack_hostname },
#ifdef __x86_64__
		{ "iopl",		attack_iopl },
		{ "ioperm",		attack_ioperm },
		{ "modify_ldt",		attack_ldt },
		{ "i386-call",		attack_i386 },
		{ "x32-call",		attack_x32 },
#endif
		{ NULL,			NULL }
	};

	return list;
}
