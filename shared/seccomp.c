/* SPDX-License-Identifier: ISC */
/*
 * Which system calls a program may make: what the loop needs, and the groups
 * that its description names.  A call outside kills the process; in a build
 * with sanitizers it fails with EPERM, because their run-time tries calls of
 * its own.
 */
#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <string.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "shared/log.h"
#include "shared/priv.h"

#define CALL(name)	SCMP_SYS(name)

/* Harmless with any argument.  Hot ones first: the filter asks in order. */
static const int base[] = {
	CALL(epoll_wait), CALL(read), CALL(write), CALL(recvmmsg),
	CALL(recvmsg), CALL(recvfrom), CALL(writev), CALL(readv), CALL(close),
	CALL(epoll_ctl), CALL(epoll_pwait), CALL(futex), CALL(clock_gettime),
	CALL(gettimeofday), CALL(time), CALL(brk), CALL(munmap), CALL(mremap),
	CALL(madvise), CALL(getrandom), CALL(lseek), CALL(getpid),
	CALL(gettid), CALL(getuid), CALL(geteuid), CALL(getgid), CALL(getegid),
	CALL(getsockopt), CALL(setsockopt), CALL(getsockname),
	CALL(getpeername), CALL(rt_sigreturn), CALL(rt_sigprocmask),
	CALL(restart_syscall), CALL(exit), CALL(exit_group),
	CALL(sched_yield), CALL(clock_nanosleep), CALL(nanosleep)
};

static const int read_files[] = {
	CALL(pread64), CALL(newfstatat), CALL(fstat), CALL(stat), CALL(lstat),
	CALL(statx), CALL(getdents64), CALL(access), CALL(faccessat),
	CALL(faccessat2), CALL(readlink), CALL(readlinkat), CALL(statfs),
	CALL(fstatfs), CALL(getcwd)
};

static const int write_files[] = {
	CALL(open), CALL(openat), CALL(openat2), CALL(pwrite64),
	CALL(pwritev), CALL(fsync), CALL(fdatasync), CALL(ftruncate),
	CALL(fallocate), CALL(rename), CALL(renameat), CALL(renameat2),
	CALL(unlink), CALL(unlinkat), CALL(mkdir), CALL(mkdirat),
	CALL(rmdir), CALL(flock), CALL(msync), CALL(sync_file_range)
};

static const int threads[] = {
	CALL(set_robust_list), CALL(rseq), CALL(membarrier), CALL(eventfd2)
};

static const int waits[] = { CALL(poll), CALL(ppoll), CALL(select) };

#ifdef SANITIZED
static const uint32_t otherwise = SCMP_ACT_ERRNO(EPERM);
static const int sanitizers[] = {
	CALL(sigaltstack), CALL(rt_sigaction), CALL(getrusage),
	CALL(sched_getaffinity), CALL(prlimit64), CALL(getrlimit),
	CALL(clock_getres), CALL(sysinfo), CALL(uname), CALL(mprotect)
};
#else
static const uint32_t otherwise = SCMP_ACT_KILL_PROCESS;
#endif

static void
check(int result, int call)
{
	if (result < 0)
		fatal("seccomp, call %d: %s", call, strerror(-result));
}

static void
allow(scmp_filter_ctx c, const int *calls, size_t n)
{
	size_t	 i;

	for (i = 0; i < n; i++)
		check(seccomp_rule_add(c, SCMP_ACT_ALLOW, calls[i], 0),
		    calls[i]);
}

static void
allow_if(scmp_filter_ctx c, int call, struct scmp_arg_cmp only)
{
	check(seccomp_rule_add_array(c, SCMP_ACT_ALLOW, call, 1, &only),
	    call);
}

/*
 * Nothing executable.  RLIMIT_DATA counts private memory alone, and neither
 * what is shared without a file nor what is said to be a stack; it is not asked
 * about memory that becomes writable while RLIMIT_AS has no room for as much
 * again.  So only threads, whose heaps grow that way, may change protection.
 */
static void
allow_maps(scmp_filter_ctx c)
{
	static const int	 kinds[] = { MAP_SHARED, MAP_ANONYMOUS };
	size_t			 i;

	for (i = 0; i < COUNT(kinds); i++)
		check(seccomp_rule_add(c, SCMP_ACT_ALLOW, CALL(mmap), 2,
		    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
		    SCMP_A3(SCMP_CMP_MASKED_EQ, kinds[i] | MAP_GROWSDOWN, 0)),
		    CALL(mmap));
}

static void
allow_threads(scmp_filter_ctx c)
{
	allow_if(c, CALL(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	allow(c, threads, COUNT(threads));
}

/*
 * No Fast Open, which connects out of a listener that was shut down; no address
 * on a datagram; fcntl by command; no signal but to ourselves, for abort(3).
 */
static void
allow_narrow(scmp_filter_ctx c)
{
	static const int	 commands[] = { F_GETFL, F_SETFL, F_GETFD,
				    F_SETFD, F_GET_SEALS };
	size_t			 i;

	allow_if(c, CALL(sendmsg),
	    SCMP_A2(SCMP_CMP_MASKED_EQ, MSG_FASTOPEN, 0));
	check(seccomp_rule_add(c, SCMP_ACT_ALLOW, CALL(sendto), 2,
	    SCMP_A3(SCMP_CMP_MASKED_EQ, MSG_FASTOPEN, 0),
	    SCMP_A4(SCMP_CMP_EQ, 0, 0)), CALL(sendto));
	for (i = 0; i < COUNT(commands); i++)
		allow_if(c, CALL(fcntl), SCMP_A1(SCMP_CMP_EQ, commands[i], 0));
	allow_if(c, CALL(tgkill), SCMP_A0(SCMP_CMP_EQ, getpid(), 0));
}

/*
 * By the family's own protocol for the type: Multipath TCP is a stream as well,
 * and Landlock does not see it connect.
 */
static void
allow_sockets(scmp_filter_ctx c, uint64_t type)
{
	static const int	 families[] = { AF_INET, AF_INET6 };
	const uint64_t		 mask = ~(uint64_t)(SOCK_CLOEXEC |
				    SOCK_NONBLOCK);
	size_t			 i;

	for (i = 0; i < COUNT(families); i++)
		check(seccomp_rule_add(c, SCMP_ACT_ALLOW, CALL(socket), 3,
		    SCMP_A0(SCMP_CMP_EQ, families[i], 0),
		    SCMP_A1(SCMP_CMP_MASKED_EQ, mask, type),
		    SCMP_A2(SCMP_CMP_EQ, 0, 0)), CALL(socket));
}

static void
allow_connect(scmp_filter_ctx c)
{
	static const int	 plain[] = { CALL(connect) };

	allow_sockets(c, SOCK_STREAM);
	allow(c, plain, COUNT(plain));
	allow(c, waits, COUNT(waits));
}

static void
allow_bind(scmp_filter_ctx c)
{
	static const int	 plain[] = { CALL(bind) };

	allow(c, plain, COUNT(plain));
}

static void
allow_udp(scmp_filter_ctx c)
{
	allow_sockets(c, SOCK_DGRAM);
	check(seccomp_rule_add(c, SCMP_ACT_ALLOW, CALL(sendto), 1,
	    SCMP_A3(SCMP_CMP_MASKED_EQ, MSG_FASTOPEN, 0)), CALL(sendto));
}

static void
allow_unix(scmp_filter_ctx c)
{
	static const int	 plain[] = { CALL(connect) };

	allow_if(c, CALL(socket), SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0));
	allow(c, plain, COUNT(plain));
	allow(c, waits, COUNT(waits));
}

static void
allow_read_files(scmp_filter_ctx c)
{
	const uint64_t	 writing = O_ACCMODE | O_CREAT | O_TRUNC;

	allow(c, read_files, COUNT(read_files));
	allow_if(c, CALL(openat),
	    SCMP_A2(SCMP_CMP_MASKED_EQ, writing, O_RDONLY));
	allow_if(c, CALL(open), SCMP_A1(SCMP_CMP_MASKED_EQ, writing, O_RDONLY));
}

static void
allow_files(scmp_filter_ctx c)
{
	static const int	 locks[] = { F_SETLK, F_SETLKW, F_GETLK };
	size_t			 i;

	allow(c, read_files, COUNT(read_files));
	allow(c, write_files, COUNT(write_files));
	for (i = 0; i < COUNT(locks); i++)
		allow_if(c, CALL(fcntl), SCMP_A1(SCMP_CMP_EQ, locks[i], 0));
}

void
priv_seccomp(const struct priv *p)
{
	static const int	 accepting[] = { CALL(accept4) };
	scmp_filter_ctx		 c = seccomp_init(otherwise);

	if (c == NULL)
		fatal("seccomp: no memory");
	check(seccomp_attr_set(c, SCMP_FLTATR_CTL_TSYNC, 1), 0);
	/* The numbers of another architecture kill a thread unless told. */
	check(seccomp_attr_set(c, SCMP_FLTATR_ACT_BADARCH, otherwise), 0);
	allow(c, base, COUNT(base));
	allow_maps(c);
	allow_narrow(c);
	if (p->calls & PRIV_ACCEPT)
		allow(c, accepting, COUNT(accepting));
	if (p->calls & PRIV_CONNECT)
		allow_connect(c);
	if (p->calls & PRIV_BIND)
		allow_bind(c);
	if (p->calls & PRIV_PASS)
		allow_if(c, CALL(fcntl),
		    SCMP_A1(SCMP_CMP_EQ, F_DUPFD_CLOEXEC, 0));
	if (p->calls & PRIV_UDP)
		allow_udp(c);
	if (p->calls & PRIV_UNIX)
		allow_unix(c);
	if (p->calls & PRIV_FILES)
		allow_files(c);
	else if (p->calls & PRIV_READ_FILES)
		allow_read_files(c);
	if (p->calls & PRIV_THREADS)
		allow_threads(c);
#ifdef SANITIZED
	allow(c, sanitizers, COUNT(sanitizers));
#endif
	check(seccomp_load(c), 0);
	seccomp_release(c);
}
