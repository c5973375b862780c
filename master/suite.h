/* SPDX-License-Identifier: ISC */
#ifndef MASTER_SUITE_H
#define MASTER_SUITE_H

#include "master/children.h"
#include "master/config.h"
#include "master/listen.h"
#include "master/order.h"
#include "master/places.h"
#include "master/tls.h"
#include "shared/peer_owner.h"

/* All that master has: what it read, and the processes it keeps. */
enum phase {
	PHASE_STARTING,		/* a death now means that nothing starts */
	PHASE_RUNNING,
	PHASE_STOPPING
};

struct suite {
	struct loop		*loop;
	const char		*file;		/* of the configuration */
	struct config		*config;	/* the one in force */
	const struct places	*places;
	struct listeners	*listeners;
	const char		*programs;	/* folder of all programs */
	bool			 foreground;
	enum log_kind		 log_kind;	/* where lines are to go */
	int			 stderr_fd;	/* for LOG_TO_STDERR */
	bool			 has_stderr;	/* that leads somewhere */
	bool			 verbose;
	void			(*ready)(void);	/* all children run */

	struct peer_owner	 owner;
	struct child_list	 children;
	enum phase		 phase;
	unsigned		 stage;		/* of a stop */
	bool			 failed;
	int64_t			 since;		/* wall clock */
	int			 log_end;	/* of master's own lines */
	struct timer		 patience;	/* with the start */
	struct tls		 tls;
	struct timer		 sink;		/* when syslog is tried again */

	struct order_list	 orders;
	enum role		 renewing;	/* ROLE_COUNT: none */
	struct timer		 role_time;	/* for that one */
	struct timer		 watchdog;
	struct instant		 watched;	/* its last turn */
};

void	 suite_init(struct suite *, struct loop *);
void	 suite_clear(struct suite *);

/* Starts all children; then suite->ready, or an end with `failed` set. */
void	 suite_start(struct suite *);

/* Where lines are to go, as the configuration says. */
void	 suite_choose_log(struct suite *);

/* The start cannot succeed, and why was told. */
void	 suite_fail(struct suite *);

#endif
