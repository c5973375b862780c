/* SPDX-License-Identifier: ISC */
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "queue/spool.h"
#include "shared/fd.h"
#include "shared/log.h"

enum { MODE_DIR = 0700 };

static int
open_dir(int parent, const char *name)
{
	int	 fd;

	if (mkdirat(parent, name, MODE_DIR) == -1 && errno != EEXIST)
		fatal("%s: %s", name, strerror(errno));
	fd = openat(parent, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		fatal("%s: %s", name, strerror(errno));
	return fd;
}

static void
sync_dir(int fd, const char *name)
{
	if (fsync(fd) == -1)
		fatal("%s: %s", name, strerror(errno));
}

void
spool_open(struct spool *s)
{
	char	 name[3];
	int	 i;

	s->root = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->root == -1)
		fatal("spool: %s", strerror(errno));
	if (flock(s->root, LOCK_EX | LOCK_NB) == -1)
		fatal("spool: another process owns it: %s", strerror(errno));
	s->message = open_dir(s->root, "message");
	s->quarantine = open_dir(s->root, "quarantine");
	s->journal = open_dir(s->root, "journal");
	for (i = 0; i < DIRECTORIES; i++) {
		(void)snprintf(name, sizeof name, "%02x", (unsigned)i & 0xff);
		s->dirs[i] = open_dir(s->message, name);
	}
	sync_dir(s->message, "message");
	sync_dir(s->root, "spool");
}

void
spool_close(struct spool *s)
{
	int	 i;

	for (i = 0; i < DIRECTORIES; i++)
		fd_close(&s->dirs[i]);
	fd_close(&s->journal);
	fd_close(&s->quarantine);
	fd_close(&s->message);
	fd_close(&s->root);
}

static bool
dir_has_message(int dir)
{
	int		 fd = openat(dir, ".", O_RDONLY | O_DIRECTORY |
			    O_CLOEXEC);
	DIR		*d = fd == -1 ? NULL : fdopendir(fd);
	struct dirent	*e;
	uint64_t	 id;
	bool		 found = false;

	if (d == NULL)
		fatal("message: %s", strerror(errno));
	while (!found && (e = readdir(d)) != NULL)
		found = id_parse(span_of(e->d_name), &id);
	(void)closedir(d);
	return found;
}

bool
spool_has_messages(const struct spool *s)
{
	int	 i;

	for (i = 0; i < DIRECTORIES; i++)
		if (dir_has_message(s->dirs[i]))
			return true;
	return false;
}

int
spool_dir(const struct spool *s, uint64_t id)
{
	return s->dirs[id % DIRECTORIES];
}

void
spool_part_name(char into[SPOOL_NAME_SIZE], uint64_t id)
{
	id_format(into, id);
	memcpy(into + ID_LEN, ".part", sizeof ".part");
}

int
spool_open_message(const struct spool *s, uint64_t id)
{
	char	 name[ID_SIZE];

	id_format(name, id);
	return openat(spool_dir(s, id), name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

int
spool_remove(const struct spool *s, uint64_t id)
{
	char	 name[ID_SIZE];

	id_format(name, id);
	if (unlinkat(spool_dir(s, id), name, 0) == -1 && errno != ENOENT)
		return -1;
	return 0;
}

int
spool_set_aside(const struct spool *s, uint64_t id)
{
	char	 name[ID_SIZE];

	id_format(name, id);
	if (renameat(spool_dir(s, id), name, s->quarantine, name) == -1)
		return -1;
	if (fsync(s->quarantine) == -1)
		return -1;
	return fsync(spool_dir(s, id));
}

/* Is less than SPACE_PERCENT of `all` left? */
static bool
is_scarce(fsfilcnt_t left, fsfilcnt_t all)
{
	return all > 0 && left < all / 100 * SPACE_PERCENT;
}

bool
spool_is_full(const struct spool *s)
{
	struct statvfs	 st;

	if (fstatvfs(s->root, &st) == -1)
		return false;
	return st.f_bavail < SPACE_MIN / st.f_frsize ||
	    is_scarce(st.f_bavail, st.f_blocks) ||
	    is_scarce(st.f_favail, st.f_files);
}
