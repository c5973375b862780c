/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "master/listen.h"
#include "shared/fd.h"
#include "shared/log.h"

enum {
	ANYBODY		= 0666,
	ADMINS		= 0660
};

static struct listener *
add(struct listeners *all, enum role role, const char *name)
{
	struct listener	*l = &all->item[all->n++];

	memset(l, 0, sizeof *l);
	l->fd = -1;
	l->role = role;
	snprintf(l->name, sizeof l->name, "%s", name);
	return l;
}

static void __attribute__((__format__(__printf__, 2, 3)))
complain(struct listeners *all, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(all->why, sizeof all->why, fmt, ap);
	va_end(ap);
	log_error("%s", all->why);
}

/* The socket of the same place in the list before, or -1. */
static int
kept(const struct listeners *all, struct listener *l)
{
	const struct listener	*old;
	unsigned		 i;

	for (i = 0; all->before != NULL && i < all->before->n; i++) {
		old = &all->before->item[i];
		if (strcmp(old->path, l->path) != 0 ||
		    memcmp(&old->at, &l->at, sizeof l->at) != 0)
			continue;
		l->kept = true;
		return old->fd;
	}
	return -1;
}

/* ---- inet --------------------------------------------------------------- */

static socklen_t
fill(struct sockaddr_storage *to, const struct config_address *a,
    uint64_t port)
{
	struct sockaddr_in	*v4 = (struct sockaddr_in *)to;
	struct sockaddr_in6	*v6 = (struct sockaddr_in6 *)to;

	memset(to, 0, sizeof *to);
	if (a->family == AF_INET) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		memcpy(&v4->sin_addr, a->octets, sizeof v4->sin_addr);
		return sizeof *v4;
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	memcpy(&v6->sin6_addr, a->octets, sizeof v6->sin6_addr);
	return sizeof *v6;
}

static int
listen_inet(const struct sockaddr_storage *to, socklen_t len)
{
	int	 fd, on = 1;

	fd = socket(to->ss_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1 ||
	    (to->ss_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6,
	    IPV6_V6ONLY, &on, sizeof on) == -1) ||
	    bind(fd, (const struct sockaddr *)to, len) == -1 ||
	    listen(fd, LISTEN_BACKLOG) == -1)
		fd_close(&fd);
	return fd;
}

/* A machine without one of the families listens everywhere all the same. */
static bool
is_absent(const struct config_listen *l, int error)
{
	return l->anywhere &&
	    (error == EAFNOSUPPORT || error == EADDRNOTAVAIL);
}

static unsigned
flags_of(const struct config_listen *l)
{
	unsigned	 flags = l->relay ? LISTENER_RELAY : 0;

	if (l->lmtp)
		flags |= LISTENER_LMTP;
	if (l->vrfy)
		flags |= LISTENER_VRFY;
	return l->expn ? flags | LISTENER_EXPN : flags;
}

/* What only those have who come over the network. */
static unsigned
flags_of_strangers(const struct config_listen *l)
{
	static const unsigned	 tls[] = {
		[LISTEN_TLS_OFFERED]	= LISTENER_STARTTLS,
		[LISTEN_TLS_REQUIRED]	= LISTENER_STARTTLS |
		    LISTENER_TLS_FIRST,
		[LISTEN_TLS_IMMEDIATE]	= LISTENER_TLS,
	};
	static const unsigned	 auth[] = {
		[LISTEN_AUTH_OFFERED]	= LISTENER_AUTH,
		[LISTEN_AUTH_REQUIRED]	= LISTENER_AUTH | LISTENER_AUTH_FIRST,
	};
	unsigned		 flags = tls[l->tls] | auth[l->auth];

	if (l->submission == ANSWER_YES)
		flags |= LISTENER_SUBMISSION;
	if (l->hide_client)
		flags |= LISTENER_HIDES_CLIENT;
	if (l->any_sender)
		flags |= LISTENER_ANY_SENDER;
	if (l->client_certificate)
		flags |= LISTENER_CERTIFICATE;
	return flags;
}

/* False: it cannot be had, and was told; a place that is absent is none. */
static bool
open_address(struct listeners *all, const struct config_listen *l,
    const struct config_address *a)
{
	struct listener	*new = add(all, ROLE_SMTPD, l->name);
	socklen_t	 len = fill(&new->at, a, l->port);
	char		 text[INET6_ADDRSTRLEN];

	new->flags = flags_of(l) | flags_of_strangers(l);
	new->fd = kept(all, new);
	if (new->fd == -1)
		new->fd = listen_inet(&new->at, len);
	if (new->fd != -1)
		return true;
	all->n--;
	if (is_absent(l, errno))
		return true;
	complain(all, "listen %s: %s port %u: %s", l->name,
	    inet_ntop(a->family, a->octets, text, sizeof text),
	    (unsigned)l->port, strerror(errno));
	return false;
}

static bool
open_inet(struct listeners *all, const struct config_listen *l)
{
	unsigned	 i;

	for (i = 0; i < l->addresses.n; i++)
		if (!open_address(all, l, &l->addresses.item[i]))
			return false;
	return true;
}

/* ---- Unix --------------------------------------------------------------- */

/* A socket on which nobody listens any more is taken away; nothing else is. */
static bool
remove_stale(const struct sockaddr_un *to)
{
	struct stat	 st;
	int		 fd, result;

	if (lstat(to->sun_path, &st) == -1)
		return errno == ENOENT;
	if (!S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return false;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return false;
	result = connect(fd, (const struct sockaddr *)to, sizeof *to);
	fd_close(&fd);
	if (result == 0 || errno != ECONNREFUSED) {
		errno = EADDRINUSE;
		return false;
	}
	return unlink(to->sun_path) == 0;
}

static int
listen_unix(const char *path, mode_t mode)
{
	struct sockaddr_un	 to = { .sun_family = AF_UNIX };
	mode_t			 old;
	int			 fd, bound;

	if (!span_copy(span_of(path), to.sun_path, sizeof to.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (!remove_stale(&to))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	old = umask(0777 & ~mode);
	bound = bind(fd, (struct sockaddr *)&to, sizeof to);
	umask(old);
	if (bound == -1 || listen(fd, LISTEN_BACKLOG) == -1)
		fd_close(&fd);
	return fd;
}

static bool
open_unix(struct listeners *all, struct listener *l, mode_t mode)
{
	l->fd = kept(all, l);
	if (l->fd == -1)
		l->fd = listen_unix(l->path, mode);
	if (l->fd == -1) {
		complain(all, "%s: %s", l->path, strerror(errno));
		l->path[0] = '\0';	/* is not ours to take away */
		return false;
	}
	return true;
}

static bool
open_submit(struct listeners *all, const char *name, const char *path,
    unsigned flags)
{
	struct listener	*l = add(all, ROLE_SMTPD, name);

	l->flags = LISTENER_UNIX | LISTENER_RELAY | flags;
	snprintf(l->path, sizeof l->path, "%s", path);
	return open_unix(all, l, ANYBODY);
}

static bool
open_admin(struct listeners *all, enum role role, const char *runtime)
{
	struct listener	*l = add(all, role, role_name(role));

	l->flags = LISTENER_UNIX;
	snprintf(l->path, sizeof l->path, "%s/%s", runtime, role_name(role));
	return open_unix(all, l, ADMINS);
}

/* ---- all of them -------------------------------------------------------- */

static bool
open_all(struct listeners *all, const struct config *c)
{
	const struct config_listen	*l = c->listens;
	char				 path[PATH_TEXT_MAX];
	unsigned			 i;

	all->n = 0;
	all->why[0] = '\0';
	for (i = 0; i < c->nlistens; i++)
		if (!open_inet(all, &l[i]) || (l[i].socket[0] != '\0' &&
		    !open_submit(all, l[i].name, l[i].socket,
		    flags_of(&l[i]))))
			return false;
	snprintf(path, sizeof path, "%s/submit", c->runtime);
	return open_submit(all, "submit", path, 0) &&
	    open_admin(all, ROLE_CONTROL, c->runtime) &&
	    open_admin(all, ROLE_MONITOR, c->runtime);
}

bool
listeners_open(struct listeners *all, const struct config *c)
{
	all->before = NULL;
	return open_all(all, c);
}

static void
listener_close(struct listener *l)
{
	fd_close(&l->fd);
	if (l->path[0] != '\0')
		unlink(l->path);
}

void
listeners_close(struct listeners *all)
{
	unsigned	 i;

	for (i = 0; i < all->n; i++)
		listener_close(&all->item[i]);
	all->n = 0;
}

/* ---- another configuration ---------------------------------------------- */

bool
listeners_prepare(struct listeners *next, struct listeners *now,
    const struct config *c)
{
	bool	 good;

	next->before = now;
	good = open_all(next, c);
	next->before = NULL;
	if (!good)
		listeners_cancel(next);
	return good;
}

void
listeners_cancel(struct listeners *next)
{
	unsigned	 i;

	for (i = 0; i < next->n; i++)
		if (!next->item[i].kept)
			listener_close(&next->item[i]);
	next->n = 0;
}

static bool
has_socket(const struct listeners *all, int fd)
{
	unsigned	 i;

	for (i = 0; i < all->n; i++)
		if (all->item[i].fd == fd)
			return true;
	return false;
}

void
listeners_commit(struct listeners *next, struct listeners *before)
{
	unsigned	 i;

	for (i = 0; i < before->n; i++)
		if (!has_socket(next, before->item[i].fd))
			listener_close(&before->item[i]);
	for (i = 0; i < next->n; i++)
		next->item[i].kept = false;
	before->n = 0;
}
