/* SPDX-License-Identifier: ISC */
/*
 * A file system of two files: `disk`, an image for a loop device, whose writes
 * and flushes are logged, and `marks`, whose writes are marks in the same log.
 * So what was promised when a block was written is exact.
 *
 * usage: blockfs IMAGE LOG MOUNTPOINT
 *
 * One thread, and no cache for what is written: the order of the log is that
 * of the loop device.  It ends with its parent, and with its mount.
 */
#define FUSE_USE_VERSION 31
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/crash/log.h"

enum { DISK = 1, MARKS };

static struct {
	int	 image, log;
	off_t	 size, marks;
} state;

static int
which(const char *path)
{
	if (strcmp(path, "/disk") == 0)
		return DISK;
	return strcmp(path, "/marks") == 0 ? MARKS : 0;
}

static void
put(const struct log_head *h, const char *data)
{
	struct iovec	 all[2] = {
		{ (void *)h, sizeof *h }, { (char *)data, h->a }
	};

	if (writev(state.log, all, 2) != (ssize_t)(sizeof *h + h->a))
		err(1, "log");
}

static int
on_getattr(const char *path, struct stat *st, struct fuse_file_info *fi)
{
	(void)fi;
	*st = (struct stat){ .st_nlink = 1, .st_mode = S_IFREG | 0600 };
	if (strcmp(path, "/") == 0)
		st->st_mode = S_IFDIR | 0700;
	else if (which(path) == DISK)
		st->st_size = state.size;
	else if (which(path) == MARKS)
		st->st_size = state.marks;
	else
		return -ENOENT;
	return 0;
}

static int
on_open(const char *path, struct fuse_file_info *fi)
{
	if (which(path) == 0)
		return -ENOENT;
	fi->fh = (uint64_t)which(path);
	fi->direct_io = which(path) == MARKS;
	return 0;
}

static int
on_read(const char *path, char *into, size_t size, off_t at,
    struct fuse_file_info *fi)
{
	ssize_t	 n;

	(void)path;
	if (fi->fh != DISK)
		return 0;
	n = pread(state.image, into, size, at);
	return n == -1 ? -errno : (int)n;
}

static int
on_write(const char *path, const char *data, size_t size, off_t at,
    struct fuse_file_info *fi)
{
	struct log_head	 h = { .op = LOG_MARK, .file = fi->fh };

	(void)path;
	h.offset = (uint64_t)at;
	h.a = (uint32_t)size;
	if (fi->fh == DISK) {
		h.op = LOG_WRITE;
		if (pwrite(state.image, data, size, at) != (ssize_t)size)
			return -EIO;
	} else
		state.marks += (off_t)size;
	put(&h, data);
	return (int)size;
}

static int
on_fsync(const char *path, int data_only, struct fuse_file_info *fi)
{
	struct log_head	 h = { .op = LOG_SYNC, .file = fi->fh };

	(void)path;
	(void)data_only;
	put(&h, NULL);
	return 0;
}

static const struct fuse_operations	 operations = {
	.getattr = on_getattr,
	.open = on_open,
	.read = on_read,
	.write = on_write,
	.fsync = on_fsync,
};

int
main(int argc, char **argv)
{
	char		*own[] = { argv[0], (char *)"-f", (char *)"-s", NULL,
			    NULL };
	struct stat	 st;

	if (argc != 4)
		errx(2, "usage: blockfs IMAGE LOG MOUNTPOINT");
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	state.image = open(argv[1], O_RDWR | O_CLOEXEC);
	if (state.image == -1 || fstat(state.image, &st) == -1)
		err(2, "%s", argv[1]);
	state.size = st.st_size;
	state.log = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND |
	    O_CLOEXEC, 0600);
	if (state.log == -1)
		err(2, "%s", argv[2]);
	own[3] = argv[3];
	return fuse_main(4, own, &operations, NULL);
}
