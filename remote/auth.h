/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_AUTH_H
#define REMOTE_AUTH_H

#include "remote/dialog.h"

/*
 * AUTH (RFC 4954) on one connection.  Nothing of it is said but under TLS with
 * a server that was verified.  Refused, it makes no failure of any mail: who
 * runs this machine has to mend the password, and mail waits meanwhile.
 */
bool	 auth_is_wanted(const struct client *);
void	 auth_send(struct client *);

/* The last line of a reply, less its code; then the reply. */
void	 auth_on_line(struct client *, struct span text);
void	 auth_on_reply(struct client *, const struct reply *);

/* Overwrites what there is of it. */
void	 auth_end(struct client *);

#endif
