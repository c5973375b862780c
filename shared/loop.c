/* SPDX-License-Identifier: ISC */
#include <sys/epoll.h>
#include <sys/types.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>

#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "shared/loop.h"

enum {
	BATCH		= 64,
	FIRST_TIMERS	= 16,
	ROUNDS		= 4,		/* of hooks and deferreds a turn */
	NS_PER_MS	= 1000 * 1000
};

TAILQ_HEAD(hooks, hook);
TAILQ_HEAD(deferreds, deferred);

struct loop {
	int			 epoll;
	bool			 stopped;
	bool			 again;		/* do not wait in next turn */
	unsigned		 rest;		/* ms before it */
	struct instant		 now;

	struct epoll_event	 events[BATCH];	/* collected, not yet told */
	int			 collected;

	struct timer		**timers;	/* a heap, soonest first */
	size_t			 ntimers, timers_cap;

	struct hooks		 hooks;
	struct hook		*next_hook;	/* while hooks run */
	struct deferreds	 deferreds;
};

struct loop *
loop_new(void)
{
	struct loop	*l = xcalloc(1, sizeof(*l));

	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll == -1)
		fatal("epoll_create1: %m");
	TAILQ_INIT(&l->hooks);
	TAILQ_INIT(&l->deferreds);
	l->now = clock_now();
	return l;
}

static void
run_deferreds(struct loop *l)
{
	struct deferreds	 batch = TAILQ_HEAD_INITIALIZER(batch);
	struct deferred		*d;

	TAILQ_CONCAT(&batch, &l->deferreds, entry);
	while ((d = TAILQ_FIRST(&batch)) != NULL) {
		TAILQ_REMOVE(&batch, d, entry);
		d->queued = false;
		l->again = true;
		d->run(d->arg);
	}
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	while (!TAILQ_EMPTY(&l->deferreds))
		run_deferreds(l);
	fd_close(&l->epoll);
	free(l->timers);
	free(l);
}

void
loop_stop(struct loop *l)
{
	l->stopped = true;
}

struct instant
loop_now(const struct loop *l)
{
	return l->now;
}

void
loop_rest(struct loop *l, unsigned ms)
{
	l->rest = ms;
}

static void
rest(struct loop *l)
{
	struct timespec	 t = { .tv_nsec = (long)l->rest * NS_PER_MS };

	if (l->rest > 0)
		(void)nanosleep(&t, NULL);
	l->rest = 0;
}

/* Rounded up, or a timer that is due in half a millisecond would spin. */
static int
time_to_wait(const struct loop *l)
{
	int64_t	 ms;

	if (l->again)
		return 0;
	if (l->ntimers == 0)
		return -1;
	if (!clock_before(l->now, l->timers[0]->due))
		return 0;
	ms = clock_ms_between(l->now, l->timers[0]->due);
	return ms < INT_MAX ? (int)ms + 1 : INT_MAX;
}

/*
 * An error or a hang-up is told as whatever is wanted: the read or write that
 * follows hears of it in full.
 */
static unsigned
wanted_events(uint32_t told, unsigned want)
{
	unsigned	 events = 0;

	if (told & (EPOLLIN | EPOLLERR | EPOLLHUP))
		events |= LOOP_READ;
	if (told & (EPOLLOUT | EPOLLERR | EPOLLHUP))
		events |= LOOP_WRITE;
	return events & want;
}

static void
run_watches(struct loop *l, int n)
{
	struct watch	*w;
	unsigned	 events;
	int		 i;

	l->collected = n;
	for (i = 0; i < n; i++) {
		w = l->events[i].data.ptr;
		if (w == NULL)
			continue;
		events = wanted_events(l->events[i].events, w->want);
		if (events != 0)
			w->ready(w->arg, events);
	}
	l->collected = 0;
}

static void
run_timers(struct loop *l)
{
	struct timer	*t;

	while (l->ntimers > 0 && !clock_before(l->now, l->timers[0]->due)) {
		t = l->timers[0];
		timer_unset(t);
		t->fire(t->arg);
	}
}

static void
run_hooks(struct loop *l)
{
	struct hook	*h;

	for (h = TAILQ_FIRST(&l->hooks); h != NULL; h = l->next_hook) {
		l->next_hook = TAILQ_NEXT(h, entry);
		h->run(h->arg);
	}
}

/*
 * What a deferred puts somewhere is sent by the hooks, which therefore run
 * once more.  Those that bring up deferreds for ever do not keep the turn: it
 * ends, and the next one does not wait.
 */
static void
end_turn(struct loop *l)
{
	int	 i;

	for (i = 0; i < ROUNDS; i++) {
		l->again = false;
		run_hooks(l);
		run_deferreds(l);
		if (!l->again)
			break;
	}
}

/* The first end of turn sends what was put before the loop ran. */
void
loop_run(struct loop *l)
{
	int	 n;

	l->now = clock_now();
	end_turn(l);
	while (!l->stopped) {
		rest(l);
		l->now = clock_now();
		n = epoll_wait(l->epoll, l->events, BATCH, time_to_wait(l));
		if (n == -1 && errno != EINTR)
			fatal("epoll_wait: %m");
		l->now = clock_now();
		run_watches(l, n);
		run_timers(l);
		end_turn(l);
	}
	l->stopped = false;
}

void
watch_init(struct watch *w, struct loop *l, int fd,
    void (*ready)(void *, unsigned), void *arg)
{
	*w = (struct watch){ .loop = l, .fd = fd, .ready = ready, .arg = arg };
}

static void
control(struct watch *w, int operation, unsigned want)
{
	struct epoll_event	 event = { .data.ptr = w };

	if (want & LOOP_READ)
		event.events |= EPOLLIN;
	if (want & LOOP_WRITE)
		event.events |= EPOLLOUT;
	if (want & LOOP_EXCLUSIVE)
		event.events |= EPOLLEXCLUSIVE;
	if (epoll_ctl(w->loop->epoll, operation, w->fd, &event) == -1)
		fatal("epoll_ctl of descriptor %d: %m", w->fd);
}

/*
 * Who wants nothing leaves epoll, which would tell of hang-ups for ever.  One
 * that is exclusive leaves and comes again: the kernel does not change it.
 */
void
watch_want(struct watch *w, unsigned want)
{
	bool	 was = w->want & (LOOP_READ | LOOP_WRITE);
	bool	 is = want & (LOOP_READ | LOOP_WRITE);
	bool	 anew = (w->want | want) & LOOP_EXCLUSIVE;

	if (want == w->want)
		return;
	if (was && (!is || anew))
		control(w, EPOLL_CTL_DEL, 0);
	if (is)
		control(w, was && !anew ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, want);
	w->want = want;
}

void
watch_clear(struct watch *w)
{
	int	 i;

	if (w->loop == NULL)
		return;
	watch_want(w, 0);
	for (i = 0; i < w->loop->collected; i++)
		if (w->loop->events[i].data.ptr == w)
			w->loop->events[i].data.ptr = NULL;
	w->loop = NULL;
}

void
timer_init(struct timer *t, struct loop *l, void (*fire)(void *), void *arg)
{
	*t = (struct timer){ .loop = l, .fire = fire, .arg = arg };
}

static void
place(struct loop *l, size_t at, struct timer *t)
{
	l->timers[at] = t;
	t->slot = at + 1;
}

static void
move_up(struct loop *l, size_t at)
{
	struct timer	*t = l->timers[at];
	size_t		 above;

	while (at > 0) {
		above = (at - 1) / 2;
		if (!clock_before(t->due, l->timers[above]->due))
			break;
		place(l, at, l->timers[above]);
		at = above;
	}
	place(l, at, t);
}

static void
move_down(struct loop *l, size_t at)
{
	struct timer	*t = l->timers[at];
	size_t		 below;

	while ((below = 2 * at + 1) < l->ntimers) {
		if (below + 1 < l->ntimers && clock_before(
		    l->timers[below + 1]->due, l->timers[below]->due))
			below++;
		if (!clock_before(l->timers[below]->due, t->due))
			break;
		place(l, at, l->timers[below]);
		at = below;
	}
	place(l, at, t);
}

static void
append_timer(struct loop *l, struct timer *t)
{
	if (l->ntimers == l->timers_cap) {
		l->timers_cap = l->timers_cap > 0 ? l->timers_cap * 2 :
		    FIRST_TIMERS;
		l->timers = xreallocarray(l->timers, l->timers_cap,
		    sizeof(*l->timers));
	}
	place(l, l->ntimers++, t);
}

/*
 * What is due already fires in the next turn, so that a timer that sets itself
 * again cannot keep this one for ever.
 */
void
timer_set(struct timer *t, struct instant due)
{
	struct loop	*l = t->loop;

	t->due = due;
	if (!clock_before(l->now, due))
		t->due.ns = l->now.ns + 1;
	if (t->slot == 0)
		append_timer(l, t);
	move_up(l, t->slot - 1);
	move_down(l, t->slot - 1);
}

void
timer_in(struct timer *t, int64_t ms)
{
	timer_set(t, clock_after(t->loop->now, ms));
}

void
timer_unset(struct timer *t)
{
	struct loop	*l = t->loop;
	size_t		 at = t->slot - 1;

	if (t->slot == 0)
		return;
	t->slot = 0;
	l->ntimers--;
	if (at == l->ntimers)
		return;
	place(l, at, l->timers[l->ntimers]);
	move_up(l, at);
	move_down(l, l->timers[at]->slot - 1);
}

bool
timer_is_set(const struct timer *t)
{
	return t->slot != 0;
}

void
timer_clear(struct timer *t)
{
	timer_unset(t);
}

void
hook_init(struct hook *h, struct loop *l, void (*run)(void *), void *arg)
{
	*h = (struct hook){ .loop = l, .run = run, .arg = arg };
	TAILQ_INSERT_TAIL(&l->hooks, h, entry);
}

void
hook_clear(struct hook *h)
{
	if (h->loop == NULL)
		return;
	if (h->loop->next_hook == h)
		h->loop->next_hook = TAILQ_NEXT(h, entry);
	TAILQ_REMOVE(&h->loop->hooks, h, entry);
	h->loop = NULL;
}

void
loop_defer(struct loop *l, struct deferred *d, void (*run)(void *), void *arg)
{
	if (d->queued)
		return;
	d->queued = true;
	d->run = run;
	d->arg = arg;
	TAILQ_INSERT_TAIL(&l->deferreds, d, entry);
}
