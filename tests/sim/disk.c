/* SPDX-License-Identifier: ISC */
/*
 * Between the queue and the disk: before and after each call that changes
 * something the queue may die, another thread may be quicker, or the call may
 * fail.  A commit may fail in the last of its writes, that of the meta page:
 * then LMDB puts the number of an older transaction back into it, and refuses
 * all that comes.
 */
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/sim/sim.h"

enum { FAIL_ODDS = 6, LOOK_ODDS = 12, PANIC_ODDS = 4 };

/* Where a meta page has the last page and the number of its transaction. */
enum { META_SIZE = 4096, META_END = 136, META_END_SIZE = 16 };

static MDB_txn	*writing;	/* the transaction that is open */
static bool	 panics;

int	 __real_openat(int, const char *, int, ...);
int	 __wrap_openat(int, const char *, int, ...);
int	 __real_renameat(int, const char *, int, const char *);
int	 __wrap_renameat(int, const char *, int, const char *);
int	 __real_renameat2(int, const char *, int, const char *, unsigned);
int	 __wrap_renameat2(int, const char *, int, const char *, unsigned);
int	 __real_unlinkat(int, const char *, int);
int	 __wrap_unlinkat(int, const char *, int);
int	 __real_fsync(int);
int	 __wrap_fsync(int);
int	 __real_fdatasync(int);
int	 __wrap_fdatasync(int);
ssize_t	 __real_write(int, const void *, size_t);
ssize_t	 __wrap_write(int, const void *, size_t);
ssize_t	 __real_pwrite(int, const void *, size_t, off_t);
ssize_t	 __wrap_pwrite(int, const void *, size_t, off_t);
ssize_t	 __real_fd_pread_all(int, void *, size_t, off_t);
ssize_t	 __wrap_fd_pread_all(int, void *, size_t, off_t);
int	 __real_mdb_txn_begin(MDB_env *, MDB_txn *, unsigned, MDB_txn **);
int	 __wrap_mdb_txn_begin(MDB_env *, MDB_txn *, unsigned, MDB_txn **);
int	 __real_mdb_txn_commit(MDB_txn *);
int	 __wrap_mdb_txn_commit(MDB_txn *);
void	 __real_mdb_txn_abort(MDB_txn *);
void	 __wrap_mdb_txn_abort(MDB_txn *);
int	 __wrap_fstatvfs(int, struct statvfs *);
int	 __wrap_sync_file_range(int, off_t, off_t, unsigned);
void	 __wrap_arc4random_buf(void *, size_t);

static bool
is_disk_call(void)
{
	const struct sim	*s = sim();

	return s->queue != NULL && (s->running != LOOP || s->beginning);
}

/* Chances at one point between two calls. */
static void
pass(const char *what)
{
	struct sim	*s = sim();

	if (!is_disk_call())
		return;
	s->spots++;
	if (s->odds > 0 && s->queue->index != NULL &&
	    s->running != READER &&
	    chance(1, s->odds)) {
		note("crash at %s of %d", what, s->running);
		longjmp(s->top, CRASHED);
	}
	if (!s->beginning && s->depth < 2 && chance(1, LOOK_ODDS))
		event();
}

static bool
fails(const char *what)
{
	struct sim	*s = sim();

	pass(what);
	if (!is_disk_call() || s->beginning || !s->fails[s->running] ||
	    !chance(1, FAIL_ODDS))
		return false;
	s->faults++;
	errno = chance(1, 2) ? ENOSPC : EIO;
	note("%s of %d fails: %s", what, s->running, strerror(errno));
	return true;
}

int
__wrap_openat(int dir, const char *name, int flags, ...)
{
	mode_t	 mode = 0;
	va_list	 ap;
	int	 fd;

	va_start(ap, flags);
	if (flags & O_CREAT)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	if ((flags & O_CREAT) && fails("open"))
		return -1;
	fd = __real_openat(dir, name, flags, mode);
	if (fd != -1 && (flags & O_CREAT))
		pass("opened");
	return fd;
}

int
__wrap_renameat(int d1, const char *n1, int d2, const char *n2)
{
	int	 rc = fails("rename") ? -1 : __real_renameat(d1, n1, d2, n2);

	if (rc == 0)
		pass("renamed");
	return rc;
}

int
__wrap_renameat2(int d1, const char *n1, int d2, const char *n2,
    unsigned flags)
{
	int	 rc = fails("rename") ? -1 :
		    __real_renameat2(d1, n1, d2, n2, flags);

	if (rc == 0)
		pass("renamed");
	return rc;
}

int
__wrap_unlinkat(int dir, const char *name, int flags)
{
	int	 rc;

	pass("unlink");
	rc = __real_unlinkat(dir, name, flags);
	if (rc == 0)
		pass("unlinked");
	return rc;
}

int
__wrap_fsync(int fd)
{
	(void)fd;
	return fails("fsync") ? -1 : 0;
}

int
__wrap_fdatasync(int fd)
{
	int	 rc = fails("fdatasync") ? -1 : 0;

	(void)fd;
	if (rc == 0)
		pass("fdatasynced");
	return rc;
}

ssize_t
__wrap_write(int fd, const void *from, size_t n)
{
	if (!is_disk_call())
		return __real_write(fd, from, n);
	if (fails("write")) {
		if (n > 1 && errno == ENOSPC)
			(void)!__real_write(fd, from, below((unsigned)n));
		return -1;
	}
	if (n > 1 && chance(1, 8))
		n = 1 + below((unsigned)n - 1);
	return __real_write(fd, from, n);
}

/* What failed may be on disk, or a part of it. */
ssize_t
__wrap_pwrite(int fd, const void *from, size_t n, off_t at)
{
	if (!is_disk_call() || sim()->beginning)
		return __real_pwrite(fd, from, n, at);
	if (fails("pwrite")) {
		int	 error = errno;

		if (n > 1)
			(void)!__real_pwrite(fd, from, below((unsigned)n), at);
		errno = error;
		return -1;
	}
	if (n > 1 && chance(1, 8))
		n = 1 + below((unsigned)n - 1);
	return __real_pwrite(fd, from, n, at);
}

ssize_t
__wrap_fd_pread_all(int fd, void *into, size_t n, off_t at)
{
	if (fails("read")) {
		errno = EIO;
		return -1;
	}
	return __real_fd_pread_all(fd, into, n, at);
}

/* ---- the index ----------------------------------------------------------- */

int
__wrap_mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags,
    MDB_txn **txn)
{
	int	 rc;

	if (panics)
		return MDB_PANIC;
	if (!(flags & MDB_RDONLY) && writing != NULL)
		broken("two write transactions at a time");
	rc = __real_mdb_txn_begin(env, parent, flags, txn);
	if (rc == 0 && !(flags & MDB_RDONLY))
		writing = *txn;
	return rc;
}

/* What it leaves is on disk but for its number. */
static int
commit_and_panic(MDB_txn *txn)
{
	int	 fd = __real_openat(AT_FDCWD, "index/data.mdb",
		    O_RDWR | O_CLOEXEC, 0);
	off_t	 end = (off_t)(mdb_txn_id(txn) % 2 * META_SIZE) + META_END;
	char	 old[META_END_SIZE];
	bool	 back = chance(3, 4);

	note("commit of %d fails in its last write, and panics",
	    sim()->running);
	if (pread(fd, old, sizeof old, end) != sizeof old ||
	    __real_mdb_txn_commit(txn) != 0 || (back && __real_pwrite(fd, old,
	    sizeof old, end) != sizeof old))
		broken("a commit that should fail did so otherwise");
	(void)close(fd);
	panics = true;
	return EIO;
}

int
__wrap_mdb_txn_commit(MDB_txn *txn)
{
	int	 rc;

	if (txn != writing)
		return __real_mdb_txn_commit(txn);
	if (fails("commit")) {
		rc = errno;
		writing = NULL;
		if (chance(1, PANIC_ODDS))
			return commit_and_panic(txn);
		__real_mdb_txn_abort(txn);
		return rc;
	}
	writing = NULL;
	rc = __real_mdb_txn_commit(txn);
	pass("committed");
	return rc;
}

void
__wrap_mdb_txn_abort(MDB_txn *txn)
{
	if (txn == writing)
		writing = NULL;
	__real_mdb_txn_abort(txn);
}

void
disk_forget(void)
{
	struct sim	*s = sim();
	MDB_txn		*txn = writing;

	writing = NULL;
	panics = false;
	if (txn != NULL)
		__real_mdb_txn_abort(txn);
	index_close(s->queue->index);
	s->queue->index = NULL;
	(void)close_range(3, ~0U, 0);
}

/* ---- the rest ------------------------------------------------------------ */

int
__wrap_fstatvfs(int fd, struct statvfs *st)
{
	(void)fd;
	memset(st, 0, sizeof *st);
	st->f_frsize = 4096;
	st->f_blocks = st->f_files = 1 << 24;
	st->f_bavail = st->f_favail = sim()->full ? 1000 : 1 << 23;
	return 0;
}

int
__wrap_sync_file_range(int fd, off_t offset, off_t n, unsigned flags)
{
	(void)fd;
	(void)offset;
	(void)n;
	(void)flags;
	return 0;
}

void
__wrap_arc4random_buf(void *into, size_t n)
{
	unsigned char	*p = into;

	while (n-- > 0)
		*p++ = (unsigned char)any();
}
