/* SPDX-License-Identifier: ISC */
/* Attacks by name go for what every machine has; those by descriptor for a
 * directory where only the walls could say no. */
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/walls/attack.h"

enum { MANY_FILES = 10000, ENDLESS = 4 << 20 };

static long
attack_open(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static long
attack_openat(void)
{
	return openat(FD_OUTSIDE, "file", O_RDONLY | O_CLOEXEC);
}

static long
attack_openat2(void)
{
	uint64_t	 how[3] = { O_RDONLY | O_CLOEXEC, 0, 0 };

	return syscall(SYS_openat2, FD_OUTSIDE, "file", how, sizeof how);
}

static long
attack_open_write(void)
{
	return openat(FD_OUTSIDE, "file", O_WRONLY | O_CLOEXEC);
}

static long
attack_create(void)
{
	return openat(FD_OUTSIDE, "new", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
}

static long
attack_unnamed(void)
{
	return openat(FD_OUTSIDE, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static long
attack_list(void)
{
	return openat(FD_OUTSIDE, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static long
attack_path(void)
{
	return open("/etc/passwd", O_PATH | O_CLOEXEC);
}

static long
attack_stat(void)
{
	struct stat	 st;

	return stat("/etc/passwd", &st);
}

static long
attack_access(void)
{
	return access("/etc/passwd", R_OK);
}

static long
attack_statfs(void)
{
	struct statfs	 s;

	return statfs("/etc", &s);
}

static long
attack_readlink(void)
{
	char	 to[64];

	return readlink("/proc/self", to, sizeof to);
}

static long
attack_chdir(void)
{
	return fchdir(FD_OUTSIDE);
}

static long
attack_chmod(void)
{
	return fchmodat(FD_OUTSIDE, "chmod", 0640, 0);
}

static long
attack_fchmod(void)
{
	return fchmod(FD_FILE, 0644);
}

static long
attack_chown(void)
{
	return fchownat(FD_OUTSIDE, "chmod", getuid(), getgid(), 0);
}

static long
attack_link(void)
{
	return linkat(FD_OUTSIDE, "file", FD_OUTSIDE, "link", 0);
}

static long
attack_symlink(void)
{
	return symlinkat("/etc/passwd", FD_OUTSIDE, "symlink");
}

static long
attack_mkdir(void)
{
	return mkdirat(FD_OUTSIDE, "directory", 0700);
}

static long
attack_mkfifo(void)
{
	return mknodat(FD_OUTSIDE, "fifo", S_IFIFO | 0600, 0);
}

static long
attack_device(void)
{
	return mknodat(FD_OUTSIDE, "device", S_IFCHR | 0600, 0x0103);
}

static long
attack_unlink(void)
{
	return unlinkat(FD_OUTSIDE, "unlink", 0);
}

static long
attack_rename(void)
{
	return renameat(FD_OUTSIDE, "rename", FD_OUTSIDE, "renamed");
}

static long
attack_truncate(void)
{
	return openat(FD_OUTSIDE, "file", O_WRONLY | O_TRUNC | O_CLOEXEC);
}

static long
attack_utimes(void)
{
	return utimensat(FD_OUTSIDE, "file", NULL, 0);
}

static long
attack_xattr(void)
{
	return fsetxattr(FD_FILE, "user.relais", "x", 1, 0);
}

static long
attack_handle(void)
{
	struct {
		struct file_handle	 h;
		unsigned char		 space[MAX_HANDLE_SZ];
	}	 it = { .h.handle_bytes = MAX_HANDLE_SZ };
	int	 id;

	return name_to_handle_at(FD_OUTSIDE, "file", &it.h, &id, 0);
}

static long
attack_inotify(void)
{
	return inotify_init1(IN_CLOEXEC);
}

/* An open descriptor is opened again, with more rights. */
static long
attack_reopen(void)
{
	char	 path[64];

	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", FD_FILE);
	return open(path, O_RDWR | O_CLOEXEC);
}

static long
attack_reopen_ring(void)
{
	char	 path[64];

	(void)snprintf(path, sizeof path, "/proc/self/fd/%d",
	    ring_descriptor());
	return open(path, O_RDWR | O_CLOEXEC);
}

static long
attack_setting(void)
{
	return open("/proc/sys/kernel/core_pattern", O_WRONLY | O_CLOEXEC);
}

static long
attack_own_memory(void)
{
	return open("/proc/self/mem", O_WRONLY | O_CLOEXEC);
}

static long
attack_ioctl(void)
{
	int	 size;

	return ioctl(FD_FILE, FIONREAD, &size);
}

/* One octet at a time would reach the limit too, only later. */
static long
attack_endless_file(void)
{
	static const char	 block[65536];
	long			 written = 0;
	ssize_t			 n;

	while (written < ENDLESS) {
		n = write(FD_FILE, block, sizeof block);
		if (n == -1)
			return -1;
		written += n;
	}
	return 0;
}

static long
attack_many_files(void)
{
	const char	*name = getenv("RELAIS_OWN");
	int		 i;

	for (i = 0; i < MANY_FILES; i++)
		if (open(name ? name : "/", O_RDONLY | O_CLOEXEC) == -1)
			return -1;
	return 0;
}

static long
attack_many_copies(void)
{
	int	 i;

	for (i = 0; i < MANY_FILES; i++)
		if (dup(FD_FILE) == -1)
			return -1;
	return 0;
}

static long
attack_dup2(void)
{
	return dup2(FD_FILE, FD_MAX);
}

static long
attack_dupfd(void)
{
	return fcntl(FD_FILE, F_DUPFD, FD_MAX);
}

static long
attack_lease(void)
{
	return fcntl(FD_FILE, F_SETLEASE, F_UNLCK) == -1 && errno != EAGAIN ?
	    -1 : 0;
}

static long
attack_seal(void)
{
	return fcntl(FD_PROGRAM, F_ADD_SEALS, 0) == -1 && errno == ENOSYS ?
	    -1 : 0;
}

const struct attack *
attacks_on_files(void)
{
	static const struct attack	 list[] = {
		{ "open",		attack_open },
		{ "openat",		attack_openat },
		{ "openat2",		attack_openat2 },
		{ "open-write",		attack_open_write },
		{ "create",		attack_create },
		{ "unnamed-file",	attack_unnamed },
		{ "list-directory",	attack_list },
		{ "open-path",		attack_path },
		{ "stat",		attack_stat },
		{ "access",		attack_access },
		{ "statfs",		attack_statfs },
		{ "readlink",		attack_readlink },
		{ "fchdir",		attack_chdir },
		{ "chmod",		attack_chmod },
		{ "fchmod",		attack_fchmod },
		{ "chown",		attack_chown },
		{ "link",		attack_link },
		{ "symlink",		attack_symlink },
		{ "mkdir",		attack_mkdir },
		{ "mkfifo",		attack_mkfifo },
		{ "mknod-device",	attack_device },
		{ "unlink",		attack_unlink },
		{ "rename",		attack_rename },
		{ "truncate",		attack_truncate },
		{ "utimes",		attack_utimes },
		{ "setxattr",		attack_xattr },
		{ "file-handle",	attack_handle },
		{ "inotify",		attack_inotify },
		{ "reopen",		attack_reopen },
		{ "reopen-ring",	attack_reopen_ring },
		{ "kernel-setting",	attack_setting },
		{ "own-memory",		attack_own_memory },
		{ "ioctl",		attack_ioctl },
		{ "endless-file",	attack_endless_file },
		{ "many-files",		attack_many_files },
		{ "many-copies",	attack_many_copies },
		{ "dup2",		attack_dup2 },
		{ "dup-fcntl",		attack_dupfd },
		{ "lease",		attack_lease },
		{ "add-seals",		attack_seal },
		{ NULL,			NULL }
	};

	return list;
}
