/* SPDX-License-Identifier: ISC */
/*
 * TLS, AUTH and submission: what a listener has that does not say, and what
 * cannot be had.  Without a tls block nothing is on by itself.
 */
#include "master/config_table.h"

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

void
config_check_tls(const struct config *c, const char *file,
    struct config_notes *notes)
{
	unsigned	 i;

	for (i = 0; i < c->nlistens; i++)
		check_listen(c, &c->listens[i], file, notes);
}
