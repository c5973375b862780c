/* SPDX-License-Identifier: ISC */
#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "shared/fd.h"

void
fd_close(int *fd)
{
	int	 saved = errno;

	if (*fd != -1)
		(void)close(*fd);
	*fd = -1;
	errno = saved;
}

int
fd_nonblock(int fd)
{
	int	 flags = fcntl(fd, F_GETFL);

	if (flags == -1)
		return -1;
	if (flags & O_NONBLOCK)
		return 0;
	return fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ? -1 : 0;
}

int
fd_cloexec(int fd, int on)
{
	return fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) == -1 ? -1 : 0;
}

/* A write of nothing would be tried for ever: it is an error. */
static int
is_over(ssize_t n)
{
	if (n == 0)
		errno = EIO;
	return n == 0 || (n == -1 && errno != EINTR);
}

int
fd_write_all(int fd, const void *data, size_t size)
{
	const char	*p = data;
	size_t		 done = 0;
	ssize_t		 n;

	while (done < size) {
		n = write(fd, p + done, size - done);
		if (is_over(n))
			return -1;
		done += n > 0 ? n : 0;
	}
	return 0;
}

int
fd_pwrite_all(int fd, const void *data, size_t size, off_t at)
{
	const char	*p = data;
	size_t		 done = 0;
	ssize_t		 n;

	while (done < size) {
		n = pwrite(fd, p + done, size - done, at + done);
		if (is_over(n))
			return -1;
		done += n > 0 ? n : 0;
	}
	return 0;
}

ssize_t
fd_pread_all(int fd, void *into, size_t size, off_t at)
{
	char	*p = into;
	size_t	 done = 0;
	ssize_t	 n;

	while (done < size) {
		n = pread(fd, p + done, size - done, at + done);
		if (n == 0)
			break;
		if (n == -1 && errno != EINTR)
			return -1;
		done += n > 0 ? n : 0;
	}
	return done;
}

int
fd_sync_dir(int dir, const char *name)
{
	int	 fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int	 result;

	if (fd == -1)
		return -1;
	result = fsync(fd);
	fd_close(&fd);
	return result;
}

void
fd_unlink(int dir, const char *name)
{
	int	 saved = errno;

	(void)unlinkat(dir, name, 0);
	errno = saved;
}
