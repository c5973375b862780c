/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_AUTH_H
#define SMTPD_AUTH_H

#include "shared/peer.h"
#include "smtpd/session.h"

/*
 * AUTH (RFC 4954): a client says who it is.  What a mechanism says is octets
 * here, which go to and from lookup; only base64 and the order of things are
 * ours.  While lookup is to speak no line of the client is read; while the
 * client is to speak its line is a response, whatever it looks like.  The
 * input that holds a secret is overwritten when it was taken.
 */
struct auth;

/* The command; a line that answers a challenge, or was too long for one. */
void	 auth_begin(struct session *, struct span arg);
void	 auth_take(struct session *, struct span line);
void	 auth_too_long(struct session *);

/* Is this line the command, so that it may be as long as a response? */
bool	 auth_is_command(const struct session *, struct span line);

/* NULL is harmless; it waits for nothing.  A login that is open is given up. */
void	 auth_free(struct auth *);
bool	 auth_is_waiting(const struct auth *);

/* The line of EHLO, with LF; or nothing. */
void	 auth_put_keyword(const struct session *, struct buf *);

/* No mail without a login, and there is none: 530. */
bool	 auth_is_missing(const struct session *);
struct reply	 auth_required(void);

/* What lookup says; its coming and going.  The wait for it is over. */
void	 auth_on_mechanisms(struct server *, const struct msg_mechanisms *);
void	 auth_on_challenge(struct server *, const struct msg_challenge *);
void	 auth_on_logged_in(struct server *, const struct msg_logged_in *);
void	 auth_found(struct server *);
void	 auth_lost(struct server *);
void	 auth_give_up(struct server *);

#endif
