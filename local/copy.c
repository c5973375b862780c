/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "local/copy.h"
#include "local/maildir.h"
#include "shared/alloc.h"
#include "shared/clock.h"
#include "shared/delivered.h"
#include "shared/fd.h"
#include "shared/log.h"

struct copy {
	struct maildir	*maildir;
	struct addr	 recipient;
	struct delivered delivered;	/* who had it before */
	bool		 loops;
	uint64_t	 size;		/* as announced */
	uint64_t	 received;
	char		 path[PATH_TEXT_MAX + 1];
	char		 space[RING_SLOT];
};

/* "/" and ":" mean something in the names of a Maildir. */
void
copy_place_init(struct copy_place *p, const char *user, const char *home)
{
	char	*c;

	*p = (struct copy_place){ .user = user, .home = home };
	p->pid = getpid();
	if (gethostname(p->host, sizeof p->host - 1) == -1 ||
	    p->host[0] == '\0')
		(void)snprintf(p->host, sizeof p->host, "localhost");
	p->host[sizeof p->host - 1] = '\0';
	for (c = p->host; *c != '\0'; c++)
		if (*c == '/' || *c == ':' || *c == ',' ||
		    *c <= ' ' || *c > '~')
			*c = '_';
}

/* ---- failures ------------------------------------------------------------ */

/* All of them may pass: somebody makes room, or repairs a directory. */
static struct reply
failure(const char *path, int error)
{
	log_warning("mailbox %s: %s", path, strerror(error));
	switch (error) {
	case EDQUOT:
	case EFBIG:
		return reply_make(452, "4.2.2", "the mailbox is full");
	case ENOSPC:
		return reply_make(452, "4.3.1",
		    "there is no space for the mailbox");
	case EIO:
		return reply_make(451, "4.3.0", "the mailbox's disk is ill");
	default:
		return reply_make(451, "4.2.0",
		    "the mailbox cannot be written: %s", strerror(error));
	}
}

/* ---- the mailbox --------------------------------------------------------- */

static bool
add(char into[PATH_TEXT_MAX + 1], size_t *len, struct span s)
{
	if (s.len > PATH_TEXT_MAX - *len)
		return false;
	memcpy(into + *len, s.ptr, s.len);
	*len += s.len;
	into[*len] = '\0';
	return true;
}

bool
copy_path(const struct copy_place *p, struct span pattern,
    char into[PATH_TEXT_MAX + 1])
{
	size_t	 len = 0;
	bool	 fits = true;

	if (span_starts(pattern, "~/")) {
		fits = add(into, &len, span_of(p->home));
		pattern = span_skip(pattern, 1);
	}
	while (fits && pattern.len > 0) {
		if (span_starts(pattern, "%u"))
			fits = add(into, &len, span_of(p->user));
		else if (span_starts(pattern, "%%") || pattern.ptr[0] != '%')
			fits = add(into, &len, span_head(pattern, 1));
		else
			return false;
		pattern = span_skip(pattern, pattern.ptr[0] == '%' ? 2 : 1);
	}
	return fits && len > 0 && into[0] == '/';
}

/*
 * The directory in which the admin, not the user, answers for links: his home,
 * or what is above a mailbox elsewhere.  `*below` is the rest of `path`.
 */
static int
open_base(const struct copy_place *p, const char *path, const char **below)
{
	const int	 flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	size_t		 home = strlen(p->home);
	char		*parent;
	int		 fd;

	if (strncmp(path, p->home, home) == 0 && path[home] == '/') {
		*below = path + home + strspn(path + home, "/");
		return open(p->home, flags);
	}
	parent = xstrdup(path);
	*below = strrchr(path, '/') + 1;
	parent[*below - path] = '\0';
	fd = open(parent, flags);
	free(parent);
	return fd;
}

static struct maildir *
open_maildir(struct copy_place *p, const char *path)
{
	char		 unique[NAME_MAX + 1];
	const char	*below;
	struct maildir	*m;
	int64_t		 now = clock_wall();
	int		 base = open_base(p, path, &below);

	if (base == -1)
		return NULL;
	(void)snprintf(unique, sizeof unique, "%lld.M%06lldP%ldQ%u.%s",
	    (long long)(now / 1000000), (long long)(now % 1000000), p->pid,
	    ++p->serial, p->host);
	m = maildir_new(base, below, unique);
	fd_close(&base);
	return m;
}

static int
put_header(struct maildir *m, const struct msg_deliver *d)
{
	char	 text[2 * ADDR_TEXT_MAX + 64];
	int	 n;

	n = snprintf(text, sizeof text,
	    "Return-Path: <%s>\nDelivered-To: %s\n", d->sender.text,
	    d->recipient.text);
	return maildir_put(m, span_make(text, n));
}

static void
on_delivered(void *arg, const struct addr *who)
{
	struct copy	*c = arg;

	c->loops |= addr_equal(who, &c->recipient);
}

struct copy *
copy_new(struct copy_place *p, const struct msg_deliver *d, struct reply *why)
{
	struct copy	*c = xcalloc(1, sizeof *c);

	if (d->kind != DELIVERY_MAILDIR || !copy_path(p, d->path, c->path)) {
		*why = reply_make(451, "4.3.5",
		    "the mailbox is not described well");
		free(c);
		return NULL;
	}
	c->recipient = d->recipient;
	c->size = d->size;
	c->delivered.found = on_delivered;
	c->delivered.arg = c;
	c->maildir = open_maildir(p, c->path);
	if (c->maildir == NULL || put_header(c->maildir, d) == -1) {
		*why = failure(c->path, errno);
		copy_free(c);
		return NULL;
	}
	return c;
}

void
copy_free(struct copy *c)
{
	if (c == NULL)
		return;
	maildir_free(c->maildir);
	free(c);
}

/* ---- content ------------------------------------------------------------- */

char *
copy_space(struct copy *c)
{
	return c->space;
}

uint64_t
copy_received(const struct copy *c)
{
	return c->received;
}

bool
copy_is_whole(const struct copy *c)
{
	return c->received == c->size;
}

bool
copy_put(struct copy *c, char *data, size_t len, struct reply *why)
{
	if (len > c->size - c->received) {
		*why = reply_make(451, "4.3.0",
		    "the message is longer than it said");
		return false;
	}
	delivered_feed(&c->delivered, span_make(data, len));
	if (len == c->size - c->received)
		delivered_end(&c->delivered);
	if (c->loops) {
		*why = reply_make(554, "5.4.6",
		    "<%s> has had this message before: a loop",
		    c->recipient.text);
		return false;
	}
	c->received += len;
	if (maildir_put_content(c->maildir, data, len) == 0)
		return true;
	*why = failure(c->path, errno);
	return false;
}

struct reply
copy_finish(struct copy *c)
{
	if (maildir_commit(c->maildir) == -1)
		return failure(c->path, errno);
	return reply_make(250, "2.0.0", "delivered to maildir");
}
