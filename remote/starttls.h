/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_STARTTLS_H
#define REMOTE_STARTTLS_H

#include "remote/dialog.h"

/*
 * From plain text to TLS, on one connection: STARTTLS and its reply (RFC 3207),
 * the handshake, and what is made of its failure.  After it nothing is known
 * of what was said before, and the connection never becomes plain again.
 */

/* Has it to be asked for, or its absence to be told? */
bool	 starttls_is_wanted(const struct client *);

void	 starttls_send(struct client *);
void	 starttls_on_reply(struct client *, const struct reply *);

/* Begins the handshake; the stream's plain text is behind it. */
void	 starttls_shake(struct client *);

/* It has taken too long. */
void	 starttls_on_silence(struct client *);

#endif
