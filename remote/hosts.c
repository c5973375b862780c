/* SPDX-License-Identifier: ISC */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/span.h"
#include "remote/hosts.h"

struct host {
	LIST_ENTRY(host) entry;
	struct hosts	*all;
	char		 name[HOST_TEXT_MAX + 1];	/* lower case */
	uint16_t	 port;
	unsigned	 count;		/* of slots that are out */
	TAILQ_HEAD(, slot) waiting;
	struct deferred	 serving;
};

void
hosts_init(struct hosts *all, struct loop *loop)
{
	size_t	 n;

	all->loop = loop;
	for (n = 0; n < HOST_BUCKETS; n++)
		LIST_INIT(&all->of[n]);
}

/* ---- hosts --------------------------------------------------------------- */

static struct host *
host_new(struct hosts *all, const char *name, uint16_t port)
{
	struct host	*h = xcalloc(1, sizeof *h);

	h->all = all;
	(void)span_copy(span_of(name), h->name, sizeof h->name);
	h->port = port;
	TAILQ_INIT(&h->waiting);
	return h;
}

/* The host of that name, known from now on. */
static struct host *
host_at(struct hosts *all, const struct endpoint *at)
{
	char			 name[HOST_TEXT_MAX + 1];
	struct host_bucket	*b;
	struct host		*h;
	size_t			 i;

	for (i = 0; at->host[i] != '\0'; i++)
		name[i] = (char)tolower((unsigned char)at->host[i]);
	name[i] = '\0';
	b = &all->of[span_hash(span_of(name)) % HOST_BUCKETS];
	LIST_FOREACH(h, b, entry)
		if (h->port == at->port && strcmp(h->name, name) == 0)
			return h;
	h = host_new(all, name, at->port);
	LIST_INSERT_HEAD(b, h, entry);
	return h;
}

static bool
has_room(const struct host *h)
{
	return h->count < HOST_CONNECTIONS_MAX;
}

bool
host_is_wanted(const struct host *h)
{
	return h != NULL && !TAILQ_EMPTY(&h->waiting);
}

static void	 on_serve(void *);

/* Slots go to those who wait, or the host is forgotten; but in a later turn,
 * when whoever gave one back is done with what he does. */
static void
settle(struct host *h)
{
	if (host_is_wanted(h)) {
		if (has_room(h))
			loop_defer(h->all->loop, &h->serving, on_serve, h);
	} else if (h->count == 0 && !h->serving.queued) {
		LIST_REMOVE(h, entry);
		free(h);
	}
}

/* One at a time: after `ready` the host may be gone. */
static void
on_serve(void *arg)
{
	struct host	*h = arg;
	struct slot	*s = TAILQ_FIRST(&h->waiting);

	if (s == NULL || !has_room(h)) {
		settle(h);
		return;
	}
	TAILQ_REMOVE(&h->waiting, s, entry);
	s->waits = false;
	timer_unset(&s->patience);
	h->count++;
	settle(h);
	s->ready(s->arg, true);
}

void
host_give(struct host *h)
{
	if (h == NULL)
		return;
	h->count--;
	settle(h);
}

/* ---- slots --------------------------------------------------------------- */

static void
on_patience(void *arg)
{
	struct slot	*s = arg;

	slot_clear(s);
	s->ready(s->arg, false);
}

void
slot_init(struct slot *s, struct hosts *all, void (*ready)(void *, bool),
    void *arg)
{
	*s = (struct slot){ .all = all, .ready = ready, .arg = arg };
	timer_init(&s->patience, all->loop, on_patience, s);
}

void
slot_clear(struct slot *s)
{
	struct host	*h = s->host;

	timer_clear(&s->patience);
	if (h == NULL)
		return;
	s->host = NULL;
	if (s->waits) {
		s->waits = false;
		TAILQ_REMOVE(&h->waiting, s, entry);
		settle(h);
	} else
		host_give(h);
}

/* Nobody passes those who wait, though there be room for the moment. */
bool
slot_take(struct slot *s, const struct endpoint *at)
{
	struct host	*h = host_at(s->all, at);

	s->host = h;
	if (has_room(h) && TAILQ_EMPTY(&h->waiting)) {
		h->count++;
		return true;
	}
	s->waits = true;
	TAILQ_INSERT_TAIL(&h->waiting, s, entry);
	timer_in(&s->patience, HOST_PATIENCE);
	return false;
}

struct host *
slot_pass(struct slot *s)
{
	struct host	*h = s->host;

	s->host = NULL;
	return h;
}
