/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>

#include "shared/fd.h"
#include "remote/dial.h"

static void	 ask(void *);

void
dial_clear(struct dial *d)
{
	if (d->open)
		TAILQ_REMOVE(&d->all->waiting, d, entry);
	d->open = false;
	d->token = 0;
	timer_clear(&d->patience);
	waiter_clear(&d->waiter);
}

static void
finish(struct dial *d, int fd, int error, bool known)
{
	struct dial_end	 end = { fd, error, known };

	dial_clear(d);
	d->over(d->arg, &end);
}

/* No connector, for so long, means that no route leads to a socket now. */
static void
on_impatience(void *arg)
{
	struct dial	*d = arg;

	finish(d, -1, ETIMEDOUT, d->all->connector != NULL);
}

void
dials_init(struct dials *all, struct loop *loop)
{
	all->loop = loop;
	all->connector = NULL;
	TAILQ_INIT(&all->waiting);
}

void
dial_init(struct dial *d, struct dials *all,
    void (*over)(void *, const struct dial_end *), void *arg)
{
	*d = (struct dial){ .all = all, .over = over, .arg = arg };
	timer_init(&d->patience, all->loop, on_impatience, d);
}

static void
ask(void *arg)
{
	struct dial	*d = arg;
	struct peer	*to = d->all->connector;
	struct msg	 m = { .type = MSG_CONNECT };

	if (to == NULL)
		return;
	m.connect.token = peer_token(to);
	m.connect.path = span_of(d->path);
	if (peer_ask(to, &m))
		d->token = m.connect.token;
	else
		peer_wait(to, &d->waiter, ask, d);
}

void
dial_start(struct dial *d, const char *path, uint32_t time)
{
	d->path = path;
	d->open = true;
	TAILQ_INSERT_TAIL(&d->all->waiting, d, entry);
	timer_in(&d->patience, time);
	ask(d);
}

void
dials_connector(struct dials *all, struct peer *connector)
{
	struct dial	*d;

	all->connector = connector;
	TAILQ_FOREACH(d, &all->waiting, entry) {
		waiter_clear(&d->waiter);
		d->token = 0;
		ask(d);
	}
}

/* A socket that would block is nothing for our loop. */
static int
take_socket(struct msg *m)
{
	int	 fd = m->fds[0];

	m->fds[0] = -1;
	if (fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
		fd_close(&fd);
	return fd;
}

bool
dials_connected(struct dials *all, struct msg *m)
{
	const struct msg_connected	*c = &m->connected;
	struct dial			*d;
	int				 fd;

	if ((m->nfds == 1) != (c->known && c->error == 0))
		return false;
	TAILQ_FOREACH(d, &all->waiting, entry)
		if (d->token == c->token)
			break;
	if (d == NULL)
		return true;		/* it waits no more */
	fd = m->nfds == 1 ? take_socket(m) : -1;
	finish(d, fd, (int)c->error, c->known);
	return true;
}
