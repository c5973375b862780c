/* SPDX-License-Identifier: ISC */
/* In place of smtpd/secure: nobody speaks TLS, but where AUTH wants it. */
#include "smtpd/server.h"

bool
secure_holds(const struct session *s)
{
	return s->client.flags & LISTENER_AUTH;
}

void
secure_describe(const struct session *s, char into[SECURE_TEXT_SIZE])
{
	(void)s;
	into[0] = '\0';
}

void
secure_fingerprint(const struct session *s, char into[FINGERPRINT_SIZE])
{
	(void)s;
	into[0] = '\0';
}

void
secure_put(const struct session *s, struct buf *b)
{
	(void)s;
	(void)b;
}

bool
secure_is_ready(const struct server *server)
{
	(void)server;
	return false;
}

void
secure_begin(struct session *s)
{
	(void)s;
}

void
secure_late(struct session *s)
{
	(void)s;
}

void
secure_end(struct session *s)
{
	(void)s;
}

void
secure_give(struct session *from, struct session *to)
{
	(void)from;
	(void)to;
}

bool
secure_binding(const struct session *s, struct binding *b)
{
	(void)s;
	(void)b;
	return false;
}
