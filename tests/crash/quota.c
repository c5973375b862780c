/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <unistd.h>

#include "tests/crash/quota.h"

enum { PIECES_MAX = 128, NAME_COSTS = 64, MANY = 1 << 30 };

static struct {
	bool		 on;
	dev_t		 device;
	uint64_t	 left, taken;
} quota;

void
quota_begin(const char *dir, uint64_t octets)
{
	struct stat	 st;

	if (stat(dir, &st) == -1)
		err(1, "%s", dir);
	quota.device = st.st_dev;
	quota.left = octets;
	quota.taken = 0;
	quota.on = true;
}

uint64_t
quota_end(void)
{
	quota.on = false;
	return quota.taken;
}

/* ---- what is left -------------------------------------------------------- */

static void
take(uint64_t octets)
{
	quota.left -= octets;
	quota.taken += octets;
}

static void
give_back(uint64_t octets)
{
	quota.left += octets;
}

static bool
is_counted(int fd, struct stat *st)
{
	return quota.on && fstat(fd, st) == 0 && S_ISREG(st->st_mode) &&
	    st->st_dev == quota.device;
}

/* How much of `len` octets at `at` there is room for, which is taken; -1: of
 * none. */
static ssize_t
take_room(int fd, off_t at, size_t len)
{
	struct stat	 st;
	uint64_t	 end = (uint64_t)at + len, most;

	if (!is_counted(fd, &st) || end <= (uint64_t)st.st_size)
		return (ssize_t)len;
	most = (uint64_t)st.st_size + quota.left;
	if (end > most)
		end = most;
	if (end <= (uint64_t)at && len > 0) {
		errno = ENOSPC;
		return -1;
	}
	if (end > (uint64_t)st.st_size)
		take(end - (uint64_t)st.st_size);
	return (ssize_t)(end - (uint64_t)at);
}

/* ---- data ---------------------------------------------------------------- */

/* At the descriptor's own position, also of a file that is appended to. */
static off_t
position(int fd)
{
	struct stat	 st;

	if (is_counted(fd, &st) && (fcntl(fd, F_GETFL) & O_APPEND) != 0)
		return st.st_size;
	return quota.on ? lseek(fd, 0, SEEK_CUR) : 0;
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t at)
{
	ssize_t	 n = take_room(fd, at, len);

	return n == -1 ? -1 : syscall(SYS_pwrite64, fd, data, n, at);
}

ssize_t
write(int fd, const void *data, size_t len)
{
	ssize_t	 n = take_room(fd, position(fd), len);

	return n == -1 ? -1 : syscall(SYS_write, fd, data, n);
}

ssize_t
writev(int fd, const struct iovec *data, int n)
{
	struct iovec	 part[PIECES_MAX];
	size_t		 len = 0;
	ssize_t		 left;
	int		 i;

	for (i = 0; i < n; i++)
		len += data[i].iov_len;
	left = take_room(fd, position(fd), len);
	if (left == -1 || n > PIECES_MAX)
		return -1;
	for (i = 0; i < n; i++) {
		part[i] = data[i];
		if (part[i].iov_len > (size_t)left)
			part[i].iov_len = (size_t)left;
		left -= (ssize_t)part[i].iov_len;
	}
	return syscall(SYS_writev, fd, part, n);
}

int
ftruncate(int fd, off_t size)
{
	struct stat	 st;
	bool		 counted = is_counted(fd, &st);

	if (counted && size > st.st_size && take_room(fd, st.st_size,
	    (size_t)(size - st.st_size)) < size - st.st_size) {
		errno = ENOSPC;
		return -1;
	}
	if (counted && size < st.st_size)
		give_back((uint64_t)(st.st_size - size));
	return (int)syscall(SYS_ftruncate, fd, size);
}

/* ---- names --------------------------------------------------------------- */

static bool
take_name(int at, const char *path)
{
	struct stat	 st;

	if (!quota.on || fstatat(at, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return true;
	if (quota.left < NAME_COSTS) {
		errno = ENOSPC;
		return false;
	}
	take(NAME_COSTS);
	return true;
}

static int
do_open(int at, const char *path, int flags, mode_t mode)
{
	if ((flags & O_CREAT) != 0 && !take_name(at, path))
		return -1;
	return (int)syscall(SYS_openat, at, path, flags, mode);
}

int
open(const char *path, int flags, ...)
{
	va_list	 ap;
	mode_t	 mode;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return do_open(AT_FDCWD, path, flags, mode);
}

int
openat(int at, const char *path, int flags, ...)
{
	va_list	 ap;
	mode_t	 mode;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return do_open(at, path, flags, mode);
}

int
mkdirat(int at, const char *path, mode_t mode)
{
	return !take_name(at, path) ? -1 :
	    (int)syscall(SYS_mkdirat, at, path, mode);
}

int
unlinkat(int at, const char *path, int flags)
{
	struct stat	 st;
	bool		 counted = quota.on && fstatat(at, path, &st,
			    AT_SYMLINK_NOFOLLOW) == 0;
	int		 result = (int)syscall(SYS_unlinkat, at, path, flags);

	if (result == 0 && counted)
		give_back(NAME_COSTS +
		    (S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0));
	return result;
}

/* ---- what is told of it -------------------------------------------------- */

int
fstatvfs(int fd, struct statvfs *st)
{
	(void)fd;
	*st = (struct statvfs){ .f_bsize = 1, .f_frsize = 1 };
	st->f_blocks = st->f_files = st->f_favail = MANY;
	st->f_bavail = quota.on ? quota.left : MANY;
	return 0;
}
