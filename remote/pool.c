/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "remote/pool.h"

struct idle {
	TAILQ_ENTRY(idle) entry;
	LIST_ENTRY(idle) place;
	struct pool	*pool;
	struct client	*client;
	uint16_t	*kept_at;
	struct timer	 timer;
	struct deferred	 freeing;
	char		 destination[DESTINATION_TEXT_MAX + 1];
};

void
pool_init(struct pool *p, struct loop *loop)
{
	size_t	 n;

	TAILQ_INIT(&p->idle);
	for (n = 0; n < POOL_BUCKETS; n++)
		LIST_INIT(&p->of[n]);
	memset(p->at, 0, sizeof p->at);
	p->count = 0;
	p->loop = loop;
}

static struct idle_bucket *
bucket(struct pool *p, struct span destination)
{
	return &p->of[span_hash(destination) % POOL_BUCKETS];
}

/* Whoever shares the number with another shares the ceiling. */
static uint16_t *
kept_at(struct pool *p, const struct client *c)
{
	const struct endpoint	*e = client_endpoint(c);
	struct span		 s = span_make((const char *)e->address,
				    sizeof e->address);

	if (e->path[0] != '\0')
		s = span_of(e->path);
	return &p->at[span_hash(s) % POOL_BUCKETS];
}

static void
on_free(void *arg)
{
	free(arg);
}

static void
drop(struct idle *i)
{
	TAILQ_REMOVE(&i->pool->idle, i, entry);
	LIST_REMOVE(i, place);
	i->pool->count--;
	--*i->kept_at;
	timer_clear(&i->timer);
	loop_defer(i->pool->loop, &i->freeing, on_free, i);
}

static void
dismiss(struct idle *i)
{
	struct client	*c = i->client;

	drop(i);
	client_quit(c);
}

static void
on_time(void *arg)
{
	dismiss(arg);
}

/* The other side closed, or said something unasked: it has had enough. */
static void
on_failed(void *arg, const struct client_event *e)
{
	(void)e;
	drop(arg);
}

/* An idle client has no other news. */
static const struct client_calls calls = { .failed = on_failed };

void
pool_put(struct pool *p, struct client *c, struct span destination)
{
	struct idle	*i;

	if (client_is_spent(c) || host_is_wanted(client_host(c)) ||
	    *kept_at(p, c) >= POOL_HOST_MAX) {
		client_quit(c);
		return;
	}
	if (p->count >= POOL_MAX)
		dismiss(TAILQ_LAST(&p->idle, idle_list));
	i = xcalloc(1, sizeof *i);
	i->pool = p;
	i->client = c;
	i->kept_at = kept_at(p, c);
	++*i->kept_at;
	(void)span_copy(destination, i->destination, sizeof i->destination);
	timer_init(&i->timer, p->loop, on_time, i);
	timer_in(&i->timer, POOL_IDLE);
	client_set_owner(c, &calls, i);
	TAILQ_INSERT_HEAD(&p->idle, i, entry);
	LIST_INSERT_HEAD(bucket(p, destination), i, place);
	p->count++;
}

struct client *
pool_take(struct pool *p, struct span destination)
{
	struct idle	*i;
	struct client	*c;

	LIST_FOREACH(i, bucket(p, destination), place)
		if (span_is(destination, i->destination))
			break;
	if (i == NULL)
		return NULL;
	c = i->client;
	drop(i);
	return c;
}

void
pool_make_room(struct pool *p, const struct host *h)
{
	struct idle	*i;

	TAILQ_FOREACH_REVERSE(i, &p->idle, idle_list, entry)
		if (client_host(i->client) == h)
			break;
	if (i != NULL)
		dismiss(i);
}

void
pool_clear(struct pool *p)
{
	struct idle	*i;

	while ((i = TAILQ_FIRST(&p->idle)) != NULL)
		dismiss(i);
}
