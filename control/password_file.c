/* SPDX-License-Identifier: ISC */
#include <sys/file.h>
#include <sys/stat.h>

#include <bsd/stdlib.h>
#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/password_file.h"
#include "shared/alloc.h"
#include "shared/base64.h"
#include "shared/fd.h"
#include "shared/limits.h"
#include "shared/saslprep.h"
#include "shared/scram.h"

enum { FILE_CHUNK = 65536, SECRET_SIZE = 32 };

bool
password_name(struct span text, char into[USER_TEXT_MAX + 1])
{
	return text.len > 0 && text.ptr[0] != '#' && span_is_text(text) &&
	    span_index(text, ':') == text.len &&
	    saslprep(text, SASLPREP_KEPT, into, USER_TEXT_MAX + 1);
}

/* ---- hashes -------------------------------------------------------------- */

/* A tenth of a second or so. */
static const struct {
	const char	*prefix;
	unsigned long	 cost;
} methods[PASSWORD_METHOD_COUNT] = {
	[PASSWORD_YESCRYPT]	= { "$y$", 0 },
	[PASSWORD_BCRYPT]	= { "$2b$", 10 },
	[PASSWORD_SHA512]	= { "$6$", 100000 },
};

static bool
put_crypt(struct buf *b, const char *password, enum password_method method)
{
	char			 setting[CRYPT_GENSALT_OUTPUT_SIZE];
	struct crypt_data	*data;
	const char		*hash;
	bool			 good;

	if (crypt_gensalt_rn(methods[method].prefix, methods[method].cost,
	    NULL, 0, setting, sizeof setting) == NULL)
		return false;
	data = xcalloc(1, sizeof *data);
	hash = crypt_r(password, setting, data);
	good = hash != NULL && hash[0] == '$' && buf_printf(b, ":%s", hash);
	explicit_bzero(data, sizeof *data);
	free(data);
	return good;
}

static bool
put_scram(struct buf *b, const char *password)
{
	struct scram_key	 k = { .iterations = SCRAM_ITERATIONS,
				    .salt_len = SCRAM_SALT_NEW };
	bool			 good;

	arc4random_buf(k.salt, k.salt_len);
	scram_key_make(&k, span_of(password));
	good = buf_put(b, span_of(":{SCRAM-SHA-256}")) &&
	    scram_key_put(&k, b);
	explicit_bzero(&k, sizeof k);
	return good;
}

bool
password_line(struct buf *b, const char *name, const char *password,
    struct password_kinds kinds)
{
	return buf_put(b, span_of(name)) &&
	    (kinds.crypt == PASSWORD_NO_CRYPT ||
	    put_crypt(b, password, kinds.crypt)) &&
	    (!kinds.scram || put_scram(b, password)) &&
	    buf_put(b, span_of("\n"));
}

/* ---- text ---------------------------------------------------------------- */

static bool
is_of(struct span line, const char *name)
{
	char		 is[USER_TEXT_MAX + 1];
	struct span	 word;

	(void)span_cut(line, ':', &word);
	return password_name(word, is) && strcmp(is, name) == 0;
}

static void
put(struct buf *b, struct span s)
{
	if (!buf_put(b, s))
		abort();	/* it is smaller than what was read */
}

unsigned
password_edit(struct buf *b, struct span text, const char *name,
    struct span new)
{
	struct span	 line, whole;
	unsigned	 had = 0;

	while (text.len > 0) {
		whole = text;
		text = span_cut(text, '\n', &line);
		whole = span_head(whole, whole.len - text.len);
		if (!is_of(line, name)) {
			put(b, whole);
			if (text.len == 0 && line.len == whole.len)
				put(b, span_of("\n"));
		} else if (had++ == 0)
			put(b, new);
	}
	if (had == 0)
		put(b, new);
	return had;
}

/* ---- files --------------------------------------------------------------- */

static int
read_all(int fd, struct buf *into)
{
	ssize_t	 n;

	do
		n = buf_read(into, fd, FILE_CHUNK);
	while (n > 0 || (n == -1 && errno == EINTR));
	return n == 0 ? 0 : -1;
}

/* What makes answers about unknown names the same tomorrow. */
static void
put_secret(struct buf *b)
{
	uint8_t	 secret[SECRET_SIZE];

	arc4random_buf(secret, sizeof secret);
	put(b, span_of(":secret:"));
	(void)base64_put(b, span_make(secret, sizeof secret));
	put(b, span_of("\n"));
	explicit_bzero(secret, sizeof secret);
}

/* The text of the file, and who owns it; one that is not there is root's
 * alone. */
static int
load(const char *path, struct buf *text, struct stat *st)
{
	int	 fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int	 result = -1;

	if (fd == -1 && errno == ENOENT) {
		*st = (struct stat){ .st_uid = geteuid(),
		    .st_gid = getegid(), .st_mode = S_IRUSR | S_IWUSR };
		put_secret(text);
		return 0;
	}
	if (fd != -1 && fstat(fd, st) == 0) {
		errno = EINVAL;
		if (S_ISREG(st->st_mode))
			result = read_all(fd, text);
	}
	fd_close(&fd);
	return result;
}

static int
store(const char *path, struct span text, const struct stat *st)
{
	char	 name[PATH_MAX + 8];
	int	 fd, result = -1;

	(void)snprintf(name, sizeof name, "%s.XXXXXX", path);
	fd = mkostemp(name, O_CLOEXEC);
	if (fd == -1)
		return -1;
	if (((st->st_uid == geteuid() && st->st_gid == getegid()) ||
	    fchown(fd, st->st_uid, st->st_gid) == 0) &&
	    fchmod(fd, st->st_mode & ACCESSPERMS) == 0 &&
	    fd_write_all(fd, text.ptr, text.len) == 0 && fsync(fd) == 0)
		result = rename(name, path);
	if (result == -1)
		fd_unlink(AT_FDCWD, name);
	fd_close(&fd);
	return result;
}

static int
edit(const char *path, const char *name, struct span line, unsigned *had)
{
	struct buf	 before, after;
	struct stat	 st;
	int		 result = -1;

	buf_init(&before, PASSWORD_FILE_MAX);
	buf_init(&after, PASSWORD_FILE_MAX + 2 * PASSWORD_LINE_MAX);
	if (load(path, &before, &st) == 0) {
		*had = password_edit(&after, buf_span(&before), name, line);
		result = line.len == 0 && *had == 0 ? 0 :
		    store(path, buf_span(&after), &st);
	}
	span_wipe(buf_span(&before));
	span_wipe(buf_span(&after));
	buf_clear(&before);
	buf_clear(&after);
	return result;
}

/* The directory is locked, for the file is another one afterwards. */
int
password_file_edit(const char *path, const char *name, struct span line,
    unsigned *had)
{
	char	 real[PATH_MAX], directory[PATH_MAX];
	int	 dir, result = -1;

	*had = 0;
	if (realpath(path, real) == NULL) {
		if (errno != ENOENT || strlen(path) >= sizeof real)
			return -1;
		(void)snprintf(real, sizeof real, "%s", path);
	}
	(void)snprintf(directory, sizeof directory, "%s", real);
	dir = open(dirname(directory), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir != -1 && flock(dir, LOCK_EX) == 0 &&
	    edit(real, name, line, had) == 0)
		result = fsync(dir);
	fd_close(&dir);
	return result;
}
