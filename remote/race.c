/* SPDX-License-Identifier: ISC */
#include <errno.h>

#include "shared/fd.h"
#include "remote/race.h"

static void
note(struct race *r, const struct endpoint *at, int error)
{
	r->end.at = at;
	r->end.error = error;
}

static void
leave(struct runner *r)
{
	if (r->fd == -1)
		return;
	watch_clear(&r->watch);
	fd_close(&r->fd);
}

/* One of those that run; NULL: nobody does. */
static struct runner *
running(struct race *r)
{
	if (r->runners[0].fd != -1)
		return &r->runners[0];
	return r->runners[1].fd != -1 ? &r->runners[1] : NULL;
}

static void
finish(struct race *r, int fd)
{
	struct race_end	 end = r->end;

	end.fd = fd;
	race_clear(r);
	r->over(r->arg, &end);
}

static bool	 enter(struct runner *);

/* The second has its chance, if it had none.  False: now nobody runs, or it
 * changes nothing. */
static bool
enter_second(struct race *r)
{
	if (r->runners[1].to == NULL || r->end.both)
		return false;
	r->end.both = true;
	timer_in(&r->timer, r->time);
	return enter(&r->runners[1]) || running(r) != NULL;
}

static void
on_ready(void *arg, unsigned events)
{
	struct runner	*one = arg;
	struct race	*r = one->race;
	int		 fd = one->fd, error = endpoint_error(fd);

	(void)events;
	note(r, one->to, error);
	if (error == 0) {
		watch_clear(&one->watch);
		one->fd = -1;
		finish(r, fd);
		return;
	}
	leave(one);
	if (running(r) == NULL && !enter_second(r))
		finish(r, -1);
}

static bool
enter(struct runner *one)
{
	struct race	*r = one->race;

	one->fd = endpoint_connect(one->to, r->hop);
	if (one->fd == -1) {
		note(r, one->to, errno);
		return false;
	}
	watch_init(&one->watch, r->loop, one->fd, on_ready, one);
	watch_want(&one->watch, LOOP_WRITE);
	return true;
}

static void
on_time(void *arg)
{
	struct race	*r = arg;

	if (enter_second(r))
		return;
	if (running(r) != NULL)
		note(r, running(r)->to, ETIMEDOUT);
	finish(r, -1);
}

void
race_init(struct race *r, struct loop *loop,
    void (*over)(void *, const struct race_end *), void *arg)
{
	*r = (struct race){ .loop = loop, .over = over, .arg = arg,
	    .runners = { { .race = r, .fd = -1 }, { .race = r, .fd = -1 } } };
	timer_init(&r->timer, loop, on_time, r);
}

void
race_clear(struct race *r)
{
	leave(&r->runners[0]);
	leave(&r->runners[1]);
	timer_clear(&r->timer);
}

void
race_start(struct race *r, const struct endpoint *first,
    const struct endpoint *second, const struct hop *hop, uint32_t time)
{
	r->runners[0].to = first;
	r->runners[1].to = second;
	r->hop = hop;
	r->time = time;
	r->end = (struct race_end){ .fd = -1 };
	if (!enter(&r->runners[0]))
		timer_in(&r->timer, 0);
	else
		timer_in(&r->timer, second != NULL ? RACE_HEAD_START : time);
}
