/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_SESSION_LOG_H
#define SMTPD_SESSION_LOG_H

#include "smtpd/session.h"

/* What the log is told of a session; also the others say "connect from" if
 * nobody did. */
void	 session_log_begin(struct session *);	/* once its client is named */
void	 session_log_event(struct session *, const char *what);
void	 session_log_end(struct session *);	/* and what it has done */

/* "NOQUEUE: reject: RCPT from ...": `to` may be NULL. */
void	 session_log_reject(const struct session *, const char *where,
	    const struct reply *, const struct addr *to);

#endif
