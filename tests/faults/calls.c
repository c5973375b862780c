/* SPDX-License-Identifier: ISC */
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>

#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "tests/faults/inject.h"

static const struct call calls[] = {
	{ "write",	SYS_write,	CALL_FD,	true,	2 },
	{ "writev",	SYS_writev,	CALL_FD,	true,	0 },
	{ "pwrite64",	SYS_pwrite64,	CALL_FD,	true,	2 },
	{ "pwritev",	SYS_pwritev,	CALL_FD,	true,	0 },
	{ "fsync",	SYS_fsync,	CALL_FD,	true,	0 },
	{ "fdatasync",	SYS_fdatasync,	CALL_FD,	true,	0 },
	{ "ftruncate",	SYS_ftruncate,	CALL_FD,	true,	0 },
	{ "fallocate",	SYS_fallocate,	CALL_FD,	true,	0 },
	{ "openat",	SYS_openat,	CALL_AT,	true,	0 },
	{ "renameat",	SYS_renameat,	CALL_AT,	true,	0 },
	{ "renameat2",	SYS_renameat2,	CALL_AT,	true,	0 },
	{ "linkat",	SYS_linkat,	CALL_AT,	true,	0 },
	{ "unlinkat",	SYS_unlinkat,	CALL_AT,	true,	0 },
	{ "mkdirat",	SYS_mkdirat,	CALL_AT,	true,	0 },
#ifdef SYS_open
	{ "open",	SYS_open,	CALL_PATH,	true,	0 },
	{ "rename",	SYS_rename,	CALL_PATH,	true,	0 },
	{ "link",	SYS_link,	CALL_PATH,	true,	0 },
	{ "unlink",	SYS_unlink,	CALL_PATH,	true,	0 },
	{ "mkdir",	SYS_mkdir,	CALL_PATH,	true,	0 },
#endif
	{ "openat2",	SYS_openat2,	CALL_AT,	false,	0 },
	{ "read",	SYS_read,	CALL_FD,	false,	2 },
	{ "pread64",	SYS_pread64,	CALL_FD,	false,	2 },
	{ "sendmsg",	SYS_sendmsg,	CALL_FD,	false,	0 },
	{ "sendmmsg",	SYS_sendmmsg,	CALL_FD,	false,	0 },
	{ "sendto",	SYS_sendto,	CALL_FD,	false,	0 },
	{ "recvmsg",	SYS_recvmsg,	CALL_FD,	false,	0 },
	{ "recvmmsg",	SYS_recvmmsg,	CALL_FD,	false,	0 },
	{ "recvfrom",	SYS_recvfrom,	CALL_FD,	false,	0 },
	{ "epoll_ctl",	SYS_epoll_ctl,	CALL_FD,	false,	0 },
	{ "epoll_wait",
#ifdef SYS_epoll_wait
			SYS_epoll_wait,
#else
			SYS_epoll_pwait,
#endif
					CALL_FD,	false,	0 },
	{ "newfstatat",	SYS_newfstatat,	CALL_AT,	false,	0 },
	{ "fstatfs",	SYS_fstatfs,	CALL_FD,	false,	0 },
	{ "getdents64",	SYS_getdents64,	CALL_FD,	false,	0 },
	{ "lseek",	SYS_lseek,	CALL_FD,	false,	0 },
	{ "mmap",	SYS_mmap,	CALL_OTHER,	false,	0 },
	{ "getrandom",	SYS_getrandom,	CALL_OTHER,	false,	0 }
};

const struct call *
call_by_name(const char *name)
{
	size_t	 i;

	for (i = 0; i < COUNT(calls); i++)
		if (strcmp(calls[i].name, name) == 0)
			return &calls[i];
	return NULL;
}

const struct call *
call_by_number(uint64_t number)
{
	size_t	 i;

	for (i = 0; i < COUNT(calls); i++)
		if ((uint64_t)calls[i].number == number)
			return &calls[i];
	return NULL;
}

/* ---- registers ----------------------------------------------------------- */

#if defined(__x86_64__)
static unsigned long long *
argument(struct user_regs_struct *r, int i)
{
	switch (i) {
	case 0:
		return &r->rdi;
	case 1:
		return &r->rsi;
	default:
		return &r->rdx;
	}
}

static unsigned long long *
result(struct user_regs_struct *r)
{
	return &r->rax;
}
#elif defined(__aarch64__)
static unsigned long long *
argument(struct user_regs_struct *r, int i)
{
	return &r->regs[i];
}

static unsigned long long *
result(struct user_regs_struct *r)
{
	return &r->regs[0];
}
#else
#error "whose registers are these?"
#endif

static bool
get(pid_t tid, struct user_regs_struct *r)
{
	struct iovec	 v = { r, sizeof *r };

	return ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &v) == 0;
}

static bool
set(pid_t tid, struct user_regs_struct *r)
{
	struct iovec	 v = { r, sizeof *r };

	return ptrace(PTRACE_SETREGSET, tid, (void *)NT_PRSTATUS, &v) == 0;
}

/*
 * The call is made with an argument that nothing can come of, and not with
 * another number: filters of system calls look at that.
 */
bool
registers_spoil(pid_t tid, const struct call *c)
{
	struct user_regs_struct	 r;

	if (!get(tid, &r))
		return false;
	if (c->kind == CALL_FD)
		*argument(&r, 0) = (unsigned long long)-1;
	else if (c->kind == CALL_AT)
		*argument(&r, 1) = 0;
	else if (c->kind == CALL_PATH)
		*argument(&r, 0) = 0;
	else
		*argument(&r, 1) = 0;	/* a size */
	return set(tid, &r);
}

bool
registers_shorten(pid_t tid, const struct call *c, uint64_t count)
{
	struct user_regs_struct	 r;

	if (!get(tid, &r))
		return false;
	*argument(&r, c->count) = count;
	return set(tid, &r);
}

bool
registers_fail(pid_t tid, int error)
{
	struct user_regs_struct	 r;

	if (!get(tid, &r))
		return false;
	*result(&r) = (unsigned long long)-(long long)error;
	return set(tid, &r);
}

/* ---- what a call is about ------------------------------------------------ */

static void
describe_fd(const struct tracee *t, uint64_t fd, char into[WHAT_MAX])
{
	char	 link[64];
	ssize_t	 n;

	(void)snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)t->tgid,
	    (int)fd);
	n = readlink(link, into, WHAT_MAX - 1);
	into[n == -1 ? 0 : n] = '\0';
}

static void
describe_path(const struct tracee *t, uint64_t at, char into[WHAT_MAX])
{
	size_t		 used = strlen(into);
	char		 path[128] = "";
	struct iovec	 here = { path, sizeof path - 1 };
	struct iovec	 there = { (void *)(uintptr_t)at, sizeof path - 1 };

	if (process_vm_readv(t->tid, &here, 1, &there, 1, 0) == -1) {
		there.iov_len = here.iov_len = 16;
		(void)process_vm_readv(t->tid, &here, 1, &there, 1, 0);
	}
	(void)snprintf(into + used, WHAT_MAX - used, "/%s", path);
}

void
call_describe(const struct tracee *t, const struct call *c,
    const uint64_t args[ARGUMENTS], char into[WHAT_MAX])
{
	into[0] = '\0';
	if (c->kind == CALL_FD || c->kind == CALL_AT)
		describe_fd(t, args[0], into);
	if (c->kind == CALL_AT)
		describe_path(t, args[1], into);
	if (c->kind == CALL_PATH)
		describe_path(t, args[0], into);
}
