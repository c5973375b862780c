/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_REPORT_H
#define REMOTE_REPORT_H

#include "shared/addr.h"
#include "remote/client.h"
#include "remote/secure.h"

/* What the log lines of one job have in common.  Times are wall microseconds;
 * 0: not reached. */
struct report {
	uint64_t	 message;
	int64_t		 arrived, active, came, ready;
	char		 relay[RELAY_TEXT_MAX + 1];	/* host[ip]:port */
	char		 host[RELAY_TEXT_MAX + 1];	/* host[ip] */
	char		 tls[SECURE_TEXT_SIZE];		/* or empty */
	enum hop_tls	 policy;			/* of that */
};

void	 report_at(struct report *, const struct endpoint *);
void	 report_nowhere(struct report *);

/* By which TLS, and by which policy; empty: by none. */
void	 report_protected(struct report *, const char *tls,
	    enum hop_tls policy);

/* The line about one recipient; `e` is what settled it. */
void	 report_recipient(const struct report *, const struct addr *to,
	    const struct addr *original, const struct client_event *e);

/* A verdict may have been lost behind the final dot. */
void	 report_unsure(const struct report *);

#endif
