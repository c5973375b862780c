/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_SECURE_H
#define SMTPD_SECURE_H

#include <sys/queue.h>

#include "shared/binding.h"
#include "shared/buf.h"
#include "shared/ipc.h"
#include "shared/peer.h"

struct server;
struct session;

/*
 * TLS of a session: its handshake, in which keys is asked for one signature,
 * and what is known behind it.  A keys that went is waited for until the
 * handshake's deadline; what it did not answer the next one is asked for.
 */
struct secure;

TAILQ_HEAD(secure_list, secure);

void	 secure_init(struct server *);		/* before seccomp */
void	 secure_conf_certificate(struct server *,
	    const struct msg_conf_certificate *, int fd);
void	 secure_conf_tls(struct server *, const struct msg_conf_tls *);
void	 secure_conf_ticket(struct server *, const struct msg_conf_ticket *);

/* There are certificates; and someone who signs, or will be soon. */
bool	 secure_is_wanted(const struct server *);
bool	 secure_is_ready(const struct server *);

/*
 * The handshake begins behind what waits in the output, with what waits in the
 * input.  session_secured comes, or the session is closed.  The deadline is
 * the session's timer, which calls secure_late.
 */
void	 secure_begin(struct session *);
void	 secure_late(struct session *);
void	 secure_end(struct session *);		/* none: harmless */

/* All of it becomes another session's, which has its stream. */
void	 secure_give(struct session *from, struct session *to);

/* The session speaks TLS, and its handshake is over. */
bool	 secure_holds(const struct session *);

/* "TLSv1.3 with cipher NAME (256/256 bits)"; empty without TLS. */
enum { SECURE_TEXT_SIZE = TLS_TEXT_MAX + 1 };
void	 secure_describe(const struct session *, char into[SECURE_TEXT_SIZE]);

/* The SHA-256 of the client's certificate, in lower case hexadecimal digits;
 * empty when it gave none. */
enum { FINGERPRINT_SIZE = 65 };
void	 secure_fingerprint(const struct session *,
	    char into[FINGERPRINT_SIZE]);

/* For the log: ", tls=TLSv1.3:NAME" and so on, at most this long. */
enum { SECURE_LOG_MAX = 256 };
void	 secure_put(const struct session *, struct buf *);

/* What binds a login to this channel and no other; false without TLS, or where
 * there is nothing. */
bool	 secure_binding(const struct session *, struct binding *);

void	 secure_on_signature(struct server *, const struct msg_signature *);
void	 secure_found(struct server *, struct peer *keys);
void	 secure_lost(struct server *);

/* Handshakes for which there was no room go on as far as there is now. */
void	 secure_make_room(struct server *);

#endif
