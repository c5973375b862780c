/* SPDX-License-Identifier: ISC */
#ifndef SHARED_LOOP_H
#define SHARED_LOOP_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>

#include "shared/clock.h"

/*
 * The event loop, one per process, on epoll.  One turn: take what arrived, act
 * on it, then run the end-of-turn hooks (which send what gathered), then what
 * was given to loop_defer, and the hooks once more for that.  Callbacks never
 * block.
 *
 * watch, timer, hook and deferred are in place, inside the object they serve;
 * init before use, clear before that object's memory goes.  Clearing inside
 * any callback is safe: no event already collected reaches a cleared watch.
 */
struct loop;

struct loop	*loop_new(void);
void		 loop_free(struct loop *);
void		 loop_run(struct loop *);	/* until loop_stop */
void		 loop_stop(struct loop *);
struct instant	 loop_now(const struct loop *);	/* at the turn's begin */

/* The next turn begins in `ms` at the soonest, so that more has come for it.
 * For those for whom nobody waits. */
void		 loop_rest(struct loop *, unsigned ms);

/* A descriptor that is waited for; it stays its owner's to close, after
 * watch_clear. */
enum { LOOP_READ = 1, LOOP_WRITE = 2, LOOP_EXCLUSIVE = 4 };

struct watch {
	struct loop	*loop;
	int		 fd;
	unsigned	 want;
	void		(*ready)(void *arg, unsigned events);
	void		*arg;
};

void	 watch_init(struct watch *, struct loop *, int fd,
	    void (*ready)(void *, unsigned), void *arg);
void	 watch_want(struct watch *, unsigned want);	/* 0: neither */
void	 watch_clear(struct watch *);

/* Something due at an instant; due once. */
struct timer {
	struct loop	*loop;
	struct instant	 due;
	size_t		 slot;	/* place in the heap, plus 1; 0: unset */
	void		(*fire)(void *arg);
	void		*arg;
};

void	 timer_init(struct timer *, struct loop *, void (*)(void *), void *);
void	 timer_set(struct timer *, struct instant);	/* again: moves it */
void	 timer_in(struct timer *, int64_t ms);		/* from loop_now */
void	 timer_unset(struct timer *);
bool	 timer_is_set(const struct timer *);
void	 timer_clear(struct timer *);

/* Runs at the end of every turn, in the order of hook_init. */
struct hook {
	TAILQ_ENTRY(hook) entry;
	struct loop	*loop;
	void		(*run)(void *arg);
	void		*arg;
};

void	 hook_init(struct hook *, struct loop *, void (*)(void *), void *);
void	 hook_clear(struct hook *);

/*
 * Runs once, after the hooks of this turn: how objects free themselves from
 * inside their own callbacks.  Twice before it ran counts once.
 */
struct deferred {
	TAILQ_ENTRY(deferred) entry;
	bool		 queued;
	void		(*run)(void *arg);
	void		*arg;
};

void	 loop_defer(struct loop *, struct deferred *, void (*)(void *), void *);

#endif
