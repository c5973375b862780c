/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_SETTINGS_H
#define QUEUE_SETTINGS_H

#include "shared/ipc.h"

/*
 * How destinations are served: CONF_DESTINATION as values.  What a pattern does
 * not say is as CONF_QUEUE says it, or as it always is; so it is where none
 * means a destination.  They stay as they are from the first question on.
 */
struct peer;
struct queue;

struct settings {
	char		*pattern;	/* "": none means it */
	uint32_t	 retry_first, retry_max;	/* seconds */
	uint32_t	 life, notice_life;
	uint32_t	 delay;		/* 0: as for all; UINT32_MAX: never */
	unsigned	 window_first, window;
	uint32_t	 per_second, per_hour;	/* messages; 0: any number */
	unsigned	 recipients;	/* of a transaction */
	uint32_t	 mails;		/* of a connection; 0: any number */
	unsigned	 share;		/* percent of a remote's jobs */
	unsigned	 priority;	/* as in CONF_DESTINATION */
};

struct settings_table {
	struct settings	 usual, *list;	/* most specific first */
	unsigned	 count;
	bool		 is_complete;	/* nothing is 0 that stands for more */
};

void	 on_conf_destination(struct peer *, struct msg *);
void	 settings_put(struct queue *, const struct msg_conf_destination *);
void	 settings_clear(struct queue *);

/* Of a destination's text, as in JOB; of "", the usual ones. */
const struct settings	*settings_of(struct queue *, struct span destination);

/* How long mail is tried, in seconds: of one without a sender, or others. */
uint32_t settings_life(const struct settings *, bool is_notice);

/* Seconds until a sender is told that mail still waits there; 0: as for all;
 * UINT32_MAX: never. */
uint32_t settings_delay(struct queue *, struct span destination);

/* The different times that these come to, the shortest first; how many. */
unsigned settings_delays(struct queue *, uint32_t into[LIVES_MAX]);

/* The different values of settings_life, the shortest first; how many. */
unsigned settings_lives(struct queue *, bool is_notice,
	    uint32_t into[LIVES_MAX]);

#endif
