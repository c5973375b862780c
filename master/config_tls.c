/* SPDX-License-Identifier: ISC */
/*
 * TLS, AUTH and submission: what a listener has that does not say, and what
 * cannot be had.  Without a tls block nothing is on by itself.
 */
#include <sys/stat.h>
#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "master/config_table.h"
#include "shared/fd.h"

enum { PORT_SUBMISSION = 587, PORT_SUBMISSIONS = 465 };	/* RFC 8314 */

#define ERROR(line, ...)	config_error(notes, file, (line), __VA_ARGS__)
#define WARNING(line, ...)	config_warning(notes, file, (line), __VA_ARGS__)

/* A block with a socket alone; without address and socket it is everywhere. */
static bool
is_local(const struct config_listen *l)
{
	return l->addresses.n == 0 && l->socket[0] != '\0';
}

static bool
is_for_users(const struct config_listen *l)
{
	return !is_local(l) &&
	    (l->port == PORT_SUBMISSION || l->port == PORT_SUBMISSIONS);
}

static unsigned
default_tls(const struct config *c, const struct config_listen *l)
{
	if (c->ntls == 0 || is_local(l))
		return LISTEN_TLS_NO;
	if (l->port == PORT_SUBMISSIONS)
		return LISTEN_TLS_IMMEDIATE;
	return l->submission == ANSWER_YES ? LISTEN_TLS_REQUIRED :
	    LISTEN_TLS_OFFERED;
}

static void
fill(const struct config *c, struct config_listen *l)
{
	if (l->submission == ANSWER_UNSAID)
		l->submission = c->ntls > 0 && is_for_users(l) ? ANSWER_YES :
		    ANSWER_NO;
	if (l->tls == LISTEN_TLS_UNSAID)
		l->tls = default_tls(c, l);
	if (l->auth == LISTEN_AUTH_UNSAID)
		l->auth = l->submission == ANSWER_YES &&
		    l->tls != LISTEN_TLS_NO ? LISTEN_AUTH_REQUIRED :
		    LISTEN_AUTH_NO;
}

void
config_fill_tls(struct config *c)
{
	unsigned	 i;

	for (i = 0; i < c->nlistens; i++)
		fill(c, &c->listens[i]);
}

static void
check_listen(const struct config *c, const struct config_listen *l,
    const char *file, struct config_notes *notes)
{
	bool	 tls = l->tls != LISTEN_TLS_NO;
	bool	 auth = l->auth != LISTEN_AUTH_NO;

	if ((tls || auth) && is_local(l))
		ERROR(l->line, "expected tls and auth with an address, not "
		    "with a socket alone");
	else if (tls && c->ntls == 0)
		ERROR(l->line, "expected a tls block with a certificate for "
		    "\"%s\"", l->name);
	else if (auth && !tls)
		ERROR(l->line, "expected tls in \"%s\", since there is no "
		    "auth without it", l->name);
	else if (auth && c->passwords.kind == JUDGE_NONE)
		ERROR(l->line, "expected passwords at the top, since \"%s\" "
		    "has auth", l->name);
	if (l->client_certificate && !tls)
		ERROR(l->line, "expected tls in \"%s\", since there is no "
		    "client-certificate without it", l->name);
	if (l->any_sender && l->submission != ANSWER_YES)
		ERROR(l->line, "expected submission in \"%s\", since "
		    "any-sender means nothing without it", l->name);
	if (is_for_users(l) && !tls)
		WARNING(l->line, "nobody can log in at port %u of \"%s\" "
		    "without tls", (unsigned)l->port, l->name);
}

/* ---- passwords ----------------------------------------------------------- */

int
config_open_secret(const char *path, off_t max, const char **why)
{
	struct stat	 st;
	int		 fd;

	*why = NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd == -1 || fstat(fd, &st) == -1)
		*why = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		*why = "expected a file";
	else if (st.st_size > max)
		*why = "too large for a file of passwords";
	else if (st.st_uid != 0 && st.st_uid != geteuid())
		*why = "expected root to be its owner";
	else if ((st.st_mode & (S_IWGRP | S_IRWXO)) != 0)
		*why = "expected a file that others can neither read nor "
		    "write, mode 600 or 640";
	if (*why != NULL)
		fd_close(&fd);
	return fd;
}

static void
check_passwords(const struct config_passwords *p, const char *file,
    struct config_notes *notes)
{
	const char	*why = NULL;
	int		 fd = -1;

	if (p->kind == JUDGE_PASSWORDS) {
		fd = config_open_secret(p->path, PASSWORD_FILE_MAX, &why);
		if (why != NULL)
			ERROR(0, "%s: %s", p->path, why);
	}
	if (p->kind == JUDGE_DOVECOT && access(p->path, F_OK) == -1)
		WARNING(0, "%s: %s: nobody can log in without it", p->path,
		    strerror(errno));
	fd_close(&fd);
}

void
config_check_tls(const struct config *c, const char *file,
    struct config_notes *notes)
{
	unsigned	 i;

	for (i = 0; i < c->nlistens; i++)
		check_listen(c, &c->listens[i], file, notes);
	check_passwords(&c->passwords, file, notes);
}
