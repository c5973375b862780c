/* SPDX-License-Identifier: ISC */
/*
 * Preloaded: logs every call that changes the disk, for the test of power
 * cuts.  It stands in front of the C library, so that LMDB's calls come here
 * as well, and makes the system calls itself.  What is done through a mapping
 * is not seen: of relais only LMDB's lock.mdb, which nobody believes.  Nor are
 * links, copy_file_range and truncation by name: nobody uses them here.
 *
 * CRASH_ROOT	a directory of the file system to watch
 * CRASH_LOG	where the log goes (log.h); not set: no log
 * CRASH_MARKS	the file whose writes are marks
 * CRASH_DROP	syncs that are not done, to show that they are needed:
 *		any of "file", "directory" (fsync), "data" (fdatasync, O_DSYNC)
 * CRASH_KILL	the number of records behind which the process is killed; not
 *		amid a call that writes and syncs: no signal comes there
 */
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/crash/log.h"

enum { PIECES_MAX = 128, SYNC_FLAGS = O_SYNC | O_DSYNC };

static struct {
	pthread_mutex_t	 lock;
	int		 fd;
	dev_t		 device, marks_device;
	ino_t		 marks;
	uint32_t	 syncs;
	bool		 no_file, no_directory, no_data;
	unsigned long	 left;		/* records, then death; 0: none */
	bool		 goes_on;	/* the call wants one record more */
} state = { .lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1 };

/* ---- the log ------------------------------------------------------------- */

static void
put(struct log_head *h, const struct iovec *data, int n, const char *b)
{
	struct iovec	 all[PIECES_MAX + 2];
	size_t		 total = sizeof *h;
	int		 i, error = errno;

	h->b = b == NULL ? 0 : (uint32_t)strlen(b);
	all[0] = (struct iovec){ h, sizeof *h };
	for (i = 0; i < n; i++) {
		all[i + 1] = data[i];
		h->a += (uint32_t)data[i].iov_len;
	}
	all[n + 1] = (struct iovec){ (char *)b, h->b };
	total += h->a + h->b;
	(void)pthread_mutex_lock(&state.lock);
	if (syscall(SYS_writev, state.fd, all, n + 2) != (long)total)
		abort();
	if (state.left > 0 && --state.left == 0) {
		state.left = (unsigned long)state.goes_on;
		if (!state.goes_on)
			(void)kill(getpid(), SIGKILL);
	}
	(void)pthread_mutex_unlock(&state.lock);
	errno = error;
}

__attribute__((__constructor__)) static void
begin(void)
{
	const char	*root = getenv("CRASH_ROOT");
	const char	*log = getenv("CRASH_LOG");
	const char	*marks = getenv("CRASH_MARKS");
	const char	*drop = getenv("CRASH_DROP");
	const char	*life = getenv("CRASH_KILL");
	struct log_head	 h = { .op = LOG_ROOT };
	struct stat	 st;

	if (root != NULL && stat(root, &st) == 0) {
		state.device = st.st_dev;
		h.file = st.st_ino;
	}
	if (marks != NULL && stat(marks, &st) == 0) {
		state.marks_device = st.st_dev;
		state.marks = st.st_ino;
	}
	if (drop != NULL) {
		state.no_file = strstr(drop, "file") != NULL;
		state.no_directory = strstr(drop, "directory") != NULL;
		state.no_data = strstr(drop, "data") != NULL;
	}
	if (life != NULL)
		state.left = strtoul(life, NULL, 10);
	if (log != NULL)
		state.fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY |
		    O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (state.fd != -1)
		put(&h, NULL, 0, NULL);
}

static void
put_name(struct log_head *h, const char *a, const char *b)
{
	struct iovec	 name = { (char *)a, strlen(a) };

	put(h, &name, 1, b);
}

static bool
is_watched(int fd, struct stat *st)
{
	int	 error = errno;
	bool	 is = state.fd != -1 && fd != state.fd && fstat(fd, st) == 0 &&
		    (st->st_dev == state.device ||
		    (st->st_dev == state.marks_device &&
		    st->st_ino == state.marks));

	errno = error;
	return is;
}

/* The directory that `path` names something in, and the name. */
static const char *
parent_of(int at, const char *path, struct stat *st)
{
	const char	*slash = strrchr(path, '/');
	char		 parent[4096] = ".";
	int		 error = errno;

	if (slash == path)
		parent[0] = '/';
	else if (slash != NULL && (size_t)(slash - path) < sizeof parent) {
		memcpy(parent, path, (size_t)(slash - path));
		parent[slash - path] = '\0';
	}
	if (state.fd == -1 || fstatat(at, parent, st, 0) == -1 ||
	    st->st_dev != state.device)
		path = NULL;
	errno = error;
	if (path == NULL)
		return NULL;
	return slash == NULL ? path : slash + 1;
}

/* ---- names --------------------------------------------------------------- */

static void
created(enum log_op op, int at, const char *path)
{
	struct stat	 dir, st;
	const char	*name = parent_of(at, path, &dir);
	struct log_head	 h = { .op = op };

	if (name == NULL || fstatat(at, path, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return;
	h.file = dir.st_ino;
	h.other = st.st_ino;
	put_name(&h, name, NULL);
}

static void
sized(int fd, uint64_t size)
{
	struct stat	 st;
	struct log_head	 h = { .op = LOG_SIZE, .offset = size };

	if (!is_watched(fd, &st) || !S_ISREG(st.st_mode))
		return;
	h.file = st.st_ino;
	put(&h, NULL, 0, NULL);
}

static int
do_open(int at, const char *path, int flags, mode_t mode)
{
	struct stat	 st;
	int		 error = errno, fd;
	bool		 is_new = (flags & O_CREAT) != 0 &&
			    fstatat(at, path, &st, 0) == -1;

	errno = error;
	if (state.no_data)
		flags &= ~SYNC_FLAGS;
	fd = (int)syscall(SYS_openat, at, path, flags, mode);
	if (fd != -1 && is_new)
		created(LOG_CREATE, at, path);
	else if (fd != -1 && (flags & O_TRUNC) != 0)
		sized(fd, 0);
	return fd;
}

#define OPEN(name)							\
int	name(const char *, int, ...);					\
int									\
name(const char *path, int flags, ...)					\
{									\
	va_list	 ap;							\
	mode_t	 mode;							\
									\
	va_start(ap, flags);						\
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;		\
	va_end(ap);							\
	return do_open(AT_FDCWD, path, flags, mode);			\
}
#define OPENAT(name)							\
int	name(int, const char *, int, ...);				\
int									\
name(int at, const char *path, int flags, ...)				\
{									\
	va_list	 ap;							\
	mode_t	 mode;							\
									\
	va_start(ap, flags);						\
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;		\
	va_end(ap);							\
	return do_open(at, path, flags, mode);				\
}
OPEN(open)
OPEN(open64)
OPEN(__open_2)
OPEN(__open64_2)
OPENAT(openat)
OPENAT(openat64)
OPENAT(__openat_2)
OPENAT(__openat64_2)

int
mkdirat(int at, const char *path, mode_t mode)
{
	int	 result = (int)syscall(SYS_mkdirat, at, path, mode);

	if (result == 0)
		created(LOG_MKDIR, at, path);
	return result;
}

int
mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

int
unlinkat(int at, const char *path, int flags)
{
	struct stat	 dir;
	const char	*name = parent_of(at, path, &dir);
	struct log_head	 h = { .op = LOG_UNLINK };
	int		 result = (int)syscall(SYS_unlinkat, at, path, flags);

	if (result == 0 && name != NULL) {
		h.file = dir.st_ino;
		put_name(&h, name, NULL);
	}
	return result;
}

int
unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int
rmdir(const char *path)
{
	return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int
renameat2(int from, const char *old, int to, const char *new, unsigned flags)
{
	struct stat	 dir, dir2, st;
	const char	*a = parent_of(from, old, &dir);
	const char	*b = parent_of(to, new, &dir2);
	struct log_head	 h = { .op = LOG_RENAME };
	int		 result = (int)syscall(SYS_renameat2, from, old, to,
			    new, flags);

	if (result == 0 && a != NULL && b != NULL &&
	    fstatat(to, new, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		h.file = dir.st_ino;
		h.other = dir2.st_ino;
		h.length = st.st_ino;
		put_name(&h, a, b);
	}
	return result;
}

int
renameat(int from, const char *old, int to, const char *new)
{
	return renameat2(from, old, to, new, 0);
}

int
rename(const char *old, const char *new)
{
	return renameat2(AT_FDCWD, old, AT_FDCWD, new, 0);
}

/* ---- data ---------------------------------------------------------------- */

/* The first `len` octets of the pieces went to `at`. */
static void
wrote(int fd, const struct iovec *data, int n, size_t len, off_t at)
{
	struct iovec	 part[PIECES_MAX];
	struct stat	 st;
	struct log_head	 h = { .op = LOG_WRITE }, sync = { .op = LOG_SYNC };
	size_t		 left = len;
	int		 i;

	if (!is_watched(fd, &st) || !S_ISREG(st.st_mode))
		return;
	for (i = 0; i < n && left > 0; i++) {
		if (i == PIECES_MAX)
			abort();
		part[i] = data[i];
		if (part[i].iov_len > left)
			part[i].iov_len = left;
		left -= part[i].iov_len;
	}
	if (st.st_dev == state.marks_device && st.st_ino == state.marks)
		h.op = LOG_MARK;
	h.file = sync.file = st.st_ino;
	h.offset = sync.offset = (uint64_t)at;
	sync.length = len;
	state.goes_on = h.op == LOG_WRITE &&
	    (fcntl(fd, F_GETFL) & SYNC_FLAGS) != 0;
	put(&h, part, i, NULL);
	if (!state.goes_on)
		return;
	state.goes_on = false;
	put(&sync, NULL, 0, NULL);
}

ssize_t
writev(int fd, const struct iovec *data, int n)
{
	ssize_t	 did = syscall(SYS_writev, fd, data, n);

	if (did > 0)
		wrote(fd, data, n, (size_t)did, lseek(fd, 0, SEEK_CUR) - did);
	return did;
}

ssize_t
write(int fd, const void *data, size_t len)
{
	struct iovec	 one = { (void *)data, len };
	ssize_t		 did = syscall(SYS_write, fd, data, len);

	if (did > 0)
		wrote(fd, &one, 1, (size_t)did, lseek(fd, 0, SEEK_CUR) - did);
	return did;
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t at)
{
	struct iovec	 one = { (void *)data, len };
	ssize_t		 did = syscall(SYS_pwrite64, fd, data, len, at);

	if (did > 0)
		wrote(fd, &one, 1, (size_t)did, at);
	return did;
}

ssize_t
pwritev(int fd, const struct iovec *data, int n, off_t at)
{
	ssize_t	 did = syscall(SYS_pwritev, fd, data, n, at, 0);

	if (did > 0)
		wrote(fd, data, n, (size_t)did, at);
	return did;
}

int
ftruncate(int fd, off_t size)
{
	int	 result = (int)syscall(SYS_ftruncate, fd, size);

	if (result == 0)
		sized(fd, (uint64_t)size);
	return result;
}

/* Only space; holes and the like would need a record of their own. */
int
fallocate(int fd, int mode, off_t at, off_t len)
{
	struct stat	 st;
	int		 result = (int)syscall(SYS_fallocate, fd, mode, at,
			    len);

	if (result == 0 && (mode & ~FALLOC_FL_KEEP_SIZE) != 0 &&
	    is_watched(fd, &st))
		abort();
	if (result == 0 && mode == 0 && is_watched(fd, &st))
		sized(fd, (uint64_t)st.st_size);
	return result;
}

int
posix_fallocate(int fd, off_t at, off_t len)
{
	return fallocate(fd, 0, at, len) == -1 ? errno : 0;
}

ssize_t
pwrite64(int fd, const void *data, size_t len, off_t at)
{
	return pwrite(fd, data, len, at);
}

ssize_t
pwritev64(int fd, const struct iovec *data, int n, off_t at)
{
	return pwritev(fd, data, n, at);
}

int
ftruncate64(int fd, off_t size)
{
	return ftruncate(fd, size);
}

int
fallocate64(int fd, int mode, off_t at, off_t len)
{
	return fallocate(fd, mode, at, len);
}

/* ---- syncs --------------------------------------------------------------- */

static int
do_sync(long call, int fd)
{
	struct stat	 st;
	struct log_head	 h = { .op = LOG_BEGIN };
	bool		 watched = is_watched(fd, &st);
	int		 result;

	if (watched) {
		h.file = st.st_ino;
		h.number = __atomic_add_fetch(&state.syncs, 1,
		    __ATOMIC_RELAXED);
		put(&h, NULL, 0, NULL);
	}
	result = (int)syscall(call, fd);
	h.op = LOG_SYNC;
	if (watched && result == 0)
		put(&h, NULL, 0, NULL);
	return result;
}

int
fsync(int fd)
{
	struct stat	 st;

	if ((state.no_file || state.no_directory) && fstat(fd, &st) == 0 &&
	    (S_ISDIR(st.st_mode) ? state.no_directory : state.no_file))
		return 0;
	return do_sync(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	return state.no_data ? 0 : do_sync(SYS_fdatasync, fd);
}
