/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_REPORT_H
#define REMOTE_REPORT_H

#include "shared/addr.h"
#include "remote/client.h"

/* What the log lines of one job have in common.  Times are wall microseconds;
 * 0: not reached. */
struct report {
	uint64_t	 message;
	int64_t		 arrived, active, came, ready;
	char		 relay[RELAY_TEXT_MAX + 1];	/* host[ip]:port */
	char		 host[RELAY_TEXT_MAX + 1];	/* host[ip] */
};

void	 report_at(struct report *, const struct endpoint *);
void	 report_nowhere(struct report *);

/* The line about one recipient; `e` is what settled it. */
void	 report_recipient(const struct report *, const struct addr *to,
	    const struct addr *original, const struct client_event *e);

/* A verdict may have been lost behind the final dot. */
void	 report_unsure(const struct report *);

#endif
