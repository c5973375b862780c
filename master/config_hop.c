/* SPDX-License-Identifier: ISC */
/*
 * Routes, and how the hosts they lead to are spoken to: what is there without
 * being said, what cannot be, and the secrets of logins.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/config_table.h"
#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "shared/pem.h"

#define ANCHORS	"/etc/ssl/certs/ca-certificates.crt"	/* Debian's */

enum { PORT_SUBMISSIONS = 465 };	/* RFC 8314 */

#define ERROR(line, ...)	config_error(notes, file, (line), __VA_ARGS__)
#define WARNING(line, ...)	config_warning(notes, file, (line), __VA_ARGS__)

/* ---- what was not said --------------------------------------------------- */

static void
fill_hop(struct config_hop *h, const struct config_hop *all)
{
	bool	 logs_in = h->login.user[0] != '\0';

	if (h->tls == REMOTE_TLS_UNSAID)
		h->tls = logs_in ? REMOTE_TLS_VERIFIED : all->tls;
	if (h->by_path)
		h->tls = REMOTE_TLS_NO;
	if (h->xforward == ANSWER_UNSAID)
		h->xforward = all->xforward;
	if (!h->source.has4 && !h->source.has6)
		h->source = all->source;
	if (h->helo[0] == '\0')
		memcpy(h->helo, all->helo, sizeof h->helo);
	if (h->recipients == 0)
		h->recipients = all->recipients;
	if (h->mails == 0)
		h->mails = all->mails;
	/* Nobody but those who are named for it hears a password. */
	if (h->fallback[0] == '\0' && !logs_in && h->by_via)
		memcpy(h->fallback, all->fallback, sizeof h->fallback);
	if (strcmp(h->fallback, "no") == 0)
		h->fallback[0] = '\0';
}

void
config_fill_hops(struct config *c)
{
	struct config_hop	*all = &c->remote.hop;
	unsigned		 i;

	if (strcmp(all->fallback, "no") == 0)
		all->fallback[0] = '\0';
	for (i = 0; i < c->nhops; i++)
		fill_hop(&c->hops[i], all);
	if (config_needs_anchors(c) && c->remote.anchors[0] == '\0')
		memcpy(c->remote.anchors, ANCHORS, sizeof ANCHORS);
}

bool
config_needs_anchors(const struct config *c)
{
	unsigned	 i;

	for (i = 0; i < c->nhops; i++)
		if (c->hops[i].tls == REMOTE_TLS_VERIFIED)
			return true;
	return c->remote.hop.tls == REMOTE_TLS_VERIFIED;
}

bool
config_has_sources(const struct config *c)
{
	const struct config_source	*s = &c->remote.hop.source;
	unsigned			 i;

	for (i = 0; i < c->nhops && !s->has4 && !s->has6; i++)
		s = &c->hops[i].source;
	return s->has4 || s->has6;
}

struct span
config_socket_of(const struct config_route *r)
{
	struct span	 path, to = span_of(r->destination);

	if (!span_starts(to, "unix:/") && !span_starts(to, "lmtp:/"))
		return span_of("");
	(void)span_cut(span_skip(to, 5), ';', &path);
	return path;
}

bool
config_has_sockets(const struct config *c)
{
	unsigned	 i;

	for (i = 0; i < c->nroutes; i++)
		if (config_socket_of(&c->routes[i]).len > 0)
			return true;
	return false;
}

/* ---- secrets ------------------------------------------------------------- */

/* The first line of the file, less its end. */
static const char *
read_secret(struct config_pem *into, int fd)
{
	struct span	 line;
	char		*text = xcalloc(1, HOP_SECRET_MAX + 2);
	ssize_t		 n = fd_pread_all(fd, text, HOP_SECRET_MAX + 1, 0);
	const char	*why = NULL;

	if (n == -1)
		why = strerror(errno);
	n = n < 0 ? 0 : n;
	span_cut(span_make(text, n), '\n', &line);
	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	if (why == NULL && (line.len == 0 || line.len > HOP_SECRET_MAX ||
	    memchr(line.ptr, '\0', line.len) != NULL))
		why = "expected a password, or a token, in its first line";
	if (why == NULL) {
		into->text = span_dup(line);
		into->len = line.len;
	}
	explicit_bzero(text, HOP_SECRET_MAX + 2);
	free(text);
	return why;
}

void
config_read_secrets(struct config *c, const char *file,
    struct config_notes *notes)
{
	struct config_login	*l;
	const char		*why;
	unsigned		 i;
	int			 fd;

	for (i = 0; i < c->nhops; i++) {
		l = &c->hops[i].login;
		if (l->user[0] == '\0')
			continue;
		fd = config_open_secret(l->path, HOP_SECRET_MAX + 2, &why);
		if (why == NULL)
			why = read_secret(&l->secret, fd);
		if (why != NULL)
			ERROR(c->hops[i].line, "login: %s: %s", l->path, why);
		fd_close(&fd);
	}
}

/* ---- whom we believe ----------------------------------------------------- */

static const char *
look_at_anchors(const char *path)
{
	int		 fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY |
			    O_NONBLOCK);
	X509_STORE	*store = X509_STORE_new();
	const char	*why = "expected certificates in PEM";
	size_t		 len;
	char		*text = fd == -1 ? NULL : pem_read(fd,
			    ANCHORS_FILE_MAX, &len);

	if (store == NULL)
		fatal("out of memory");
	if (text == NULL)
		why = strerror(errno);
	else if (pem_add_anchors(span_make(text, len), store) > 0)
		why = NULL;
	X509_STORE_free(store);
	free(text);
	fd_close(&fd);
	return why;
}

void
config_read_anchors(const struct config *c, const char *file,
    struct config_notes *notes)
{
	const char	*why;

	if (!config_needs_anchors(c))
		return;
	why = look_at_anchors(c->remote.anchors);
	if (why != NULL)
		ERROR(0, "expected a ca-file in remote, since there is \"tls "
		    "verified\": %s: %s", c->remote.anchors, why);
}

/* ---- what cannot be ------------------------------------------------------ */

/* The first block without conditions of a pattern is the last of it. */
static void
compare_routes(const struct config_route *later,
    const struct config_route *earlier, const char *file,
    struct config_notes *notes)
{
	if (strcmp(later->pattern, earlier->pattern) == 0 &&
	    (earlier->n == 0 || later->line == earlier->line))
		ERROR(later->line, "expected route %s once, and it is in line "
		    "%u", later->pattern, earlier->line);
}

void
config_check_routes(const struct config *c, const char *file,
    struct config_notes *notes)
{
	const struct config_route	*r = c->routes;
	unsigned			 i, j;

	for (i = 0; i < c->nroutes; i++) {
		for (j = 0; j < i; j++)
			compare_routes(&r[i], &r[j], file, notes);
		for (j = 0; j < c->ndomains; j++)
			if (strcmp(r[i].pattern, c->domains[j].name) == 0)
				ERROR(r[i].line, "expected no route for %s: "
				    "line %u says it is local", r[i].pattern,
				    c->domains[j].line);
	}
}
