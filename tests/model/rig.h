/* SPDX-License-Identifier: ISC */
#ifndef TESTS_MODEL_RIG_H
#define TESTS_MODEL_RIG_H

#include "shared/span.h"
#include "tests/model/model.h"

struct session;

/*
 * A real session of smtpd, without sockets, clock and neighbours: what the
 * client sends is in its input at once, and lookup and queue answer behind it.
 */
void		 rig_init(void);
/* Whom mail is taken from; from whom none is before a login; who has logged in
 * and submits mail. */
enum rig_client { RIG_STRANGER, RIG_UNKNOWN, RIG_SUBMITTER };
void		 rig_open(enum rig_client);	/* a client has come */
void		 rig_open_with(unsigned flags);	/* of its listener */
void		 rig_hang_up(void);		/* and goes */
struct session	*rig_session(void);		/* NULL: none */

/* The client sends this; all that follows from it happens. */
void		 rig_send(struct span, enum mood);

/* What was said since this was last asked; dies with the next call. */
struct span	 rig_said(void);
bool		 rig_is_closed(void);		/* by smtpd */

/* Nothing is left of a session. */
bool		 rig_is_clean(void);

#endif
