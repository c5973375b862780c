/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_LIMIT_H
#define SMTPD_LIMIT_H

#include <sys/queue.h>

#include "shared/ipc.h"

struct transaction;

/*
 * The limits of a listener that this process holds by itself.  Lookup holds
 * those that count what happens in all workers.  0 is no limit.
 */
struct limit {
	unsigned	 number;
	uint8_t		 prefix4, prefix6;
	unsigned	 slow_each, slow_all;	/* per prefix, in all */
	unsigned	 minimum_rate;		/* octets a second */
	unsigned	 greet_delay;		/* milliseconds */
	bool		 early_talk;		/* is no reason to refuse */
	bool		 exempt_relays;

	LIST_HEAD(, transaction) slow;		/* pace.c alone */
	unsigned	 slow_count;
};

/* All of them, by number. */
struct limit_table {
	struct limit	 item[LISTENERS_MAX + 1];
};

void		 limits_init(struct limit_table *);
void		 limits_set(struct limit_table *,
		    const struct msg_conf_limit *);

#endif
