/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "local/maildir.h"
#include "shared/alloc.h"
#include "shared/fd.h"

struct maildir {
	int	 tmp, new, file;
	char	 name[NAME_MAX + 1];	/* in tmp/; empty: there is none */
	size_t	 size;
	bool	 held_cr;		/* at the end of what was put */
};

enum { DIRECTORY = O_RDONLY | O_DIRECTORY | O_CLOEXEC };

/* ---- directories --------------------------------------------------------- */

static bool
is_plain_name(const char *name)
{
	return name[0] != '\0' && strcmp(name, ".") != 0 &&
	    strcmp(name, "..") != 0;
}

/* For kernels without openat2: component by component. */
static int
open_steps(int base, const char *path)
{
	struct span	 left = span_of(path), step;
	char		 name[NAME_MAX + 1];
	int		 next, fd = openat(base, ".", DIRECTORY);

	while (fd != -1 && left.len > 0) {
		left = span_cut(left, '/', &step);
		if (step.len == 0 || span_is(step, "."))
			continue;
		next = -1;
		if (!span_copy(step, name, sizeof name))
			errno = ENAMETOOLONG;
		else if (!is_plain_name(name))
			errno = EXDEV;	/* as openat2 says it */
		else
			next = openat(fd, name, DIRECTORY | O_NOFOLLOW);
		fd_close(&fd);
		fd = next;
	}
	return fd;
}

/* A directory below `base`; "" is itself. */
static int
open_below(int base, const char *path)
{
	struct open_how	 how = {
		.flags = DIRECTORY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS
	};
	int		 fd;

	fd = syscall(SYS_openat2, base, path[0] != '\0' ? path : ".", &how,
	    sizeof how);
	if (fd == -1 && (errno == ENOSYS || errno == EPERM))
		return open_steps(base, path);
	return fd;
}

/* Opens `name` in `parent`, made if need be; a new name is on disk. */
static int
open_or_make(int parent, const char *name)
{
	int	 fd = open_below(parent, name);

	if (fd != -1 || errno != ENOENT)
		return fd;
	if (mkdirat(parent, name, 0700) == -1 && errno != EEXIST)
		return -1;
	if (fsync(parent) == -1)
		return -1;
	return open_below(parent, name);
}

static int
open_maildir(int base, const char *path)
{
	const char	*slash;
	char		*copy = xstrdup(path);
	size_t		 len = strlen(copy);
	int		 parent, fd = -1;

	while (len > 0 && copy[len - 1] == '/')
		copy[--len] = '\0';
	slash = strrchr(copy, '/');
	if (slash != NULL)
		copy[slash - copy] = '\0';
	parent = open_below(base, slash != NULL ? copy : "");
	slash = slash != NULL ? slash + 1 : copy;
	if (parent != -1 && is_plain_name(slash))
		fd = open_or_make(parent, slash);
	else if (parent != -1)
		errno = EINVAL;
	fd_close(&parent);
	free(copy);
	return fd;
}

static int
open_parts(struct maildir *m, int dir)
{
	int	 cur;

	m->tmp = open_or_make(dir, "tmp");
	m->new = m->tmp != -1 ? open_or_make(dir, "new") : -1;
	cur = m->new != -1 ? open_or_make(dir, "cur") : -1;
	if (cur == -1)
		return -1;
	fd_close(&cur);
	return 0;
}

/* ---- the message --------------------------------------------------------- */

static int
create(struct maildir *m, const char *unique)
{
	const int	 flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
			    O_CLOEXEC;

	m->file = openat(m->tmp, unique, flags, 0600);
	if (m->file == -1)
		return -1;
	(void)span_copy(span_of(unique), m->name, sizeof m->name);
	return 0;
}

struct maildir *
maildir_new(int base, const char *path, const char *unique)
{
	struct maildir	*m;
	int		 dir = open_maildir(base, path);
	int		 saved;

	if (dir == -1)
		return NULL;
	m = xcalloc(1, sizeof *m);
	m->tmp = m->new = m->file = -1;
	if (open_parts(m, dir) == -1 || create(m, unique) == -1) {
		saved = errno;
		maildir_free(m);
		m = NULL;
		errno = saved;
	}
	fd_close(&dir);
	return m;
}

void
maildir_free(struct maildir *m)
{
	if (m == NULL)
		return;
	if (m->name[0] != '\0')
		fd_unlink(m->tmp, m->name);
	fd_close(&m->file);
	fd_close(&m->tmp);
	fd_close(&m->new);
	free(m);
}

int
maildir_put(struct maildir *m, struct span s)
{
	m->size += s.len;
	return fd_write_all(m->file, s.ptr, s.len);
}

/* Takes the CRs before LF out of `data`; how much is left.  One at the end
 * stays out, its fate being in what follows. */
static size_t
strip(char *data, size_t len)
{
	size_t	 i, n = 0;

	for (i = 0; i < len; i++)
		if (data[i] != '\r' || (i + 1 < len && data[i + 1] != '\n'))
			data[n++] = data[i];
	return n;
}

int
maildir_put_content(struct maildir *m, char *data, size_t len)
{
	bool	 ends_in_cr;

	if (len == 0)
		return 0;
	if (m->held_cr && data[0] != '\n' &&
	    maildir_put(m, span_of("\r")) == -1)
		return -1;
	ends_in_cr = data[len - 1] == '\r';
	m->held_cr = ends_in_cr;
	return maildir_put(m, span_make(data, strip(data, len)));
}

/* A file system that knows no flags of rename(2) is trusted with the name's
 * being unique. */
static int
give_name(struct maildir *m, const char *name)
{
	int	 result;

	result = renameat2(m->tmp, m->name, m->new, name, RENAME_NOREPLACE);
	if (result == -1 && (errno == EINVAL || errno == ENOSYS))
		result = renameat(m->tmp, m->name, m->new, name);
	return result;
}

int
maildir_commit(struct maildir *m)
{
	char	 name[NAME_MAX + 1];
	int	 n;

	if (m->held_cr && maildir_put(m, span_of("\r")) == -1)
		return -1;
	n = snprintf(name, sizeof name, "%s,S=%zu", m->name, m->size);
	if (n < 0 || (size_t)n >= sizeof name) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (fsync(m->file) == -1 || give_name(m, name) == -1)
		return -1;
	m->name[0] = '\0';
	return fsync(m->new);
}
