/* SPDX-License-Identifier: ISC */
#ifndef MASTER_CHILDREN_H
#define MASTER_CHILDREN_H

#include <sys/queue.h>
#include <sys/types.h>

#include "master/backoff.h"
#include "shared/buf.h"
#include "shared/ipc.h"
#include "shared/loop.h"

/*
 * One process of ours.  The object outlives the process: a child that died is
 * PROCESS_WAITING until its back-off is over; an agent, or a child that ended
 * because it was told to, is freed, unless it is to begin anew.
 */
struct suite;

/* A child itself gives up after STOP_TIME; master waits a little longer. */
enum { CHILD_PATIENCE = STOP_TIME + 2000, PICTURE_MAX = 16 << 20 };

struct child {
	TAILQ_ENTRY(child) entry;
	struct suite	*suite;
	enum role	 role;
	unsigned	 instance;
	char		 name[USER_TEXT_MAX + 1];	/* an agent's user */
	enum process_state state;
	pid_t		 pid;		/* -1: no process */
	struct peer	*peer;		/* the control pair, or NULL */
	int		 log_end;	/* logger's end, until it has it */
	struct timer	 timer;		/* running: kill; waiting: restart;
					 * draining: stop */
	bool		 again;		/* ends so that the next can begin */
	bool		 draining;	/* its successor serves */
	bool		 stopped;	/* it was told to */
	struct child	*replaces;	/* drained when this one says hello */
	struct instant	 heard;		/* by the watchdog */
	struct buf	 picture;	/* of what was conferred */
	unsigned	 generation;	/* of its certificates or keys */
	struct backoff	 backoff;
	unsigned	 restarts;
	struct instant	 started;
	int64_t		 since;		/* wall clock, of this state */
};

TAILQ_HEAD(child_list, child);

struct child	*child_new(struct suite *, enum role, unsigned instance,
		    const char *name);
void		 child_free(struct child *);

/* Forks and execs, and says HELLO and BOOT; false when there is no process. */
bool		 child_start(struct child *);

/* Begins its orderly end, which has `patience` ms. */
void		 child_stop(struct child *, int64_t patience);

/* Its successor serves: it may finish what it has, within the time that the
 * configuration gives. */
void		 child_drain(struct child *);

/* Ends it in order and starts it again at once. */
void		 child_renew(struct child *);

/* Ends it now; what is to be restarted will be. */
void		 child_kill(struct child *);

/* SIGCHLD came. */
void		 children_reap(struct suite *);

/* The child of this name with a process, or NULL. */
struct child	*children_find(struct suite *, enum role, unsigned instance);

/* For the log: "smtpd 1", "agent 3 (alice)". */
enum { LABEL_SIZE = USER_TEXT_MAX + 40 };
const char	*child_label(const struct child *, char into[LABEL_SIZE]);

#endif
