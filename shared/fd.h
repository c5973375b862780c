/* SPDX-License-Identifier: ISC */
#ifndef SHARED_FD_H
#define SHARED_FD_H

#include <sys/types.h>

#include <stddef.h>

/* Descriptors: -1 is "absent" and is taken by all of these; errno is kept by
 * fd_close and fd_unlink. */
void	 fd_close(int *fd);		/* closes and sets to -1 */
int	 fd_nonblock(int fd);
int	 fd_cloexec(int fd, int on);

/* All of it or -1 with errno; EINTR and short writes are gone on with. */
int	 fd_write_all(int fd, const void *, size_t);
int	 fd_pwrite_all(int fd, const void *, size_t, off_t);

/* Reads until `size` octets or the end: how many, or -1 with errno. */
ssize_t	 fd_pread_all(int fd, void *, size_t size, off_t);

/* fsync of the directory `name` below `dir` (AT_FDCWD is allowed). */
int	 fd_sync_dir(int dir, const char *name);
void	 fd_unlink(int dir, const char *name);

#endif
