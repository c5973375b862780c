/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_PROXIED_H
#define SMTPD_PROXIED_H

#include "shared/buf.h"

struct session;

/*
 * Sessions of a listener that proxies pass on (STATE_PROXY): a header says who
 * the client is, and nothing is said before it.  Who has none, is late with it
 * or is none of the proxies that were listed, is left without a word.
 */

/* True: the client is known only when its header has come. */
bool	 proxied_begin(struct session *);

/* The header off the head of `in`; false while it is not whole. */
bool	 proxied_take(struct session *, struct buf *in);

/* It has not come in time. */
void	 proxied_late(struct session *);

#endif
