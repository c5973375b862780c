/* SPDX-License-Identifier: ISC */
#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/suite.h"
#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/log.h"

enum { SECOND = 1000, TLS_1_2 = 0x0303 };

/* ---- what is said -------------------------------------------------------- */

/* A copy of its own for each process, at its beginning, and nobody's to
 * change. */
static int
sealed(const struct config_pem *pem)
{
	int	 fd = memfd_create("relais-pem", MFD_CLOEXEC |
		    MFD_ALLOW_SEALING);

	if (fd == -1)
		return -1;
	if (fd_write_all(fd, pem->text, pem->len) == -1 ||
	    lseek(fd, 0, SEEK_SET) == -1 || fcntl(fd, F_ADD_SEALS,
	    F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == -1)
		fd_close(&fd);
	return fd;
}

static bool
say_key(const struct child *c, const struct config_tls *t, unsigned number)
{
	struct msg	 m = { .type = MSG_CONF_KEY, .nfds = 1 };

	m.fds[0] = sealed(&t->key_pem);
	if (m.fds[0] == -1)
		return false;
	m.conf_key.generation = c->suite->tls.generation;
	m.conf_key.number = number;
	m.conf_key.path = span_of(t->key);
	peer_put(c->peer, &m);
	fd_close(&m.fds[0]);
	return true;
}

static bool
say_certificate(const struct child *c, const struct config_tls *t,
    unsigned number)
{
	struct msg	 m = { .type = MSG_CONF_CERTIFICATE, .nfds = 1 };

	m.fds[0] = sealed(&t->certificate_pem);
	if (m.fds[0] == -1)
		return false;
	m.conf_certificate.generation = c->suite->tls.generation;
	m.conf_certificate.number = number;
	m.conf_certificate.path = span_of(t->certificate);
	peer_put(c->peer, &m);
	fd_close(&m.fds[0]);
	return true;
}

static void
say_ticket(const struct child *c)
{
	const struct tls	*t = &c->suite->tls;
	struct msg		 m = { .type = MSG_CONF_TICKET };

	m.conf_ticket.number = t->ticket;
	m.conf_ticket.key = span_make(t->ticket_key, sizeof t->ticket_key);
	peer_put(c->peer, &m);
}

static bool
say_generation(struct child *c)
{
	const struct config	*config = c->suite->config;
	struct msg		 m = { .type = MSG_CONF_TLS };
	unsigned		 i;

	for (i = 0; i < config->ntls; i++)
		if (!(c->role == ROLE_KEYS ? say_key : say_certificate)(c,
		    &config->tls[i], i)) {
			log_error("certificates of %s: %s",
			    role_name(c->role), strerror(errno));
			return false;
		}
	m.conf_tls.generation = c->suite->tls.generation;
	m.conf_tls.count = config->ntls;
	m.conf_tls.minimum = TLS_1_2 + config->tls_minimum - VERSION_TLS_1_2;
	m.conf_tls.ticket_life = config->tls_tickets / SECOND;
	peer_put(c->peer, &m);
	c->generation = c->suite->tls.generation;
	return true;
}

bool
tls_confer(struct child *c)
{
	const struct config	*config = c->suite->config;

	if (config->ntls == 0)
		return true;
	if (c->role == ROLE_SMTPD && config->tls_tickets > 0)
		say_ticket(c);
	return say_generation(c);
}

/* ---- session tickets ----------------------------------------------------- */

static void
renew_ticket(struct suite *s)
{
	struct child	*c;

	s->tls.ticket++;
	arc4random_buf(s->tls.ticket_key, sizeof s->tls.ticket_key);
	timer_in(&s->tls.renewal, s->config->tls_tickets / 2);
	TAILQ_FOREACH(c, &s->children, entry)
		if (c->role == ROLE_SMTPD && c->peer != NULL)
			say_ticket(c);
}

static void
on_renewal(void *arg)
{
	renew_ticket(arg);
}

static void
adopt_tickets(struct suite *s, const struct config *before)
{
	const struct config	*c = s->config;

	if (before != NULL && (before->ntls > 0) == (c->ntls > 0) &&
	    before->tls_tickets == c->tls_tickets)
		return;
	timer_unset(&s->tls.renewal);
	if (c->ntls > 0 && c->tls_tickets > 0)
		renew_ticket(s);
}

/* ---- generations --------------------------------------------------------- */

static bool
is_same_file(const struct config_pem *a, const struct config_pem *b)
{
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

static bool
is_same(const struct config *a, const struct config *b)
{
	unsigned	 i;

	if (a->ntls != b->ntls || a->tls_minimum != b->tls_minimum ||
	    a->tls_tickets != b->tls_tickets)
		return false;
	for (i = 0; i < a->ntls; i++)
		if (!is_same_file(&a->tls[i].certificate_pem,
		    &b->tls[i].certificate_pem) ||
		    !is_same_file(&a->tls[i].key_pem, &b->tls[i].key_pem))
			return false;
	return true;
}

/* How many heard of it. */
static unsigned
tell_role(struct suite *s, enum role role)
{
	struct child	*c;
	unsigned	 n = 0;

	TAILQ_FOREACH(c, &s->children, entry)
		if (c->role == role && c->peer != NULL &&
		    c->generation != s->tls.generation)
			n += say_generation(c);
	return n;
}

void
tls_adopt(struct suite *s, const struct config *before)
{
	if (before == NULL || !is_same(before, s->config)) {
		s->tls.generation++;
		if (before != NULL && s->config->ntls > 0)
			(void)tell_role(s, ROLE_KEYS);
	}
	adopt_tickets(s, before);
}

void
tls_on_ready(struct suite *s, const struct msg_keys_ready *m)
{
	if (m->generation != s->tls.generation || s->config->ntls == 0)
		return;		/* of one that was overtaken */
	if (tell_role(s, ROLE_SMTPD) > 0)
		log_info("certificates of generation %u are in force",
		    m->generation);
}

void
tls_init(struct suite *s)
{
	timer_init(&s->tls.renewal, s->loop, on_renewal, s);
}

void
tls_clear(struct suite *s)
{
	timer_clear(&s->tls.renewal);
	explicit_bzero(s->tls.ticket_key, sizeof s->tls.ticket_key);
}
