/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_SECURE_H
#define REMOTE_SECURE_H

#include <openssl/ssl.h>

#include "shared/reply.h"
#include "remote/destination.h"
#include "remote/endpoint.h"
#include "remote/hop.h"

/*
 * TLS towards other servers: how it is asked for, sessions that may be taken up
 * again, and which hosts had better be spoken to in plain text.  Nothing is
 * made before the first connection that wants it.
 */
struct secure;

/* Before seccomp: what OpenSSL and the C library would look for in files later
 * is there behind it. */
struct secure	*secure_new(void);
void		 secure_free(struct secure *);

/* Takes the descriptor of a PEM file, which is read when somebody is to be
 * verified, in the place of the one before. */
void		 secure_set_anchors(struct secure *, int fd,
		    struct span path);

/* Whom a connection leads to, and what its hop wants; borrowed for a call. */
struct secure_peer {
	const struct hop	*hop;
	const struct destination *for_whom;
	const struct endpoint	*at;
};

/* Ready for stream_tls_connect; NULL: not now, and why. */
SSL		*secure_begin(struct secure *, const struct secure_peer *,
		    struct reply *why);
BIO_METHOD	*secure_method(const struct secure *);

/*
 * With `tls may`, a host whose handshake fails gets its mail in plain text, on
 * another connection, and others within TLS_AVOIDED_TIME.
 */
bool		 secure_is_avoided(const struct secure *,
		    const struct endpoint *);
void		 secure_avoid(struct secure *, const struct endpoint *);

/* After a handshake that failed: its sessions may be the cause, if one was to
 * be taken up. */
void		 secure_forget(struct secure *, const SSL *);
bool		 secure_resumes(const SSL *);

/* What the log says of a connection, "TLSv1.3:NAME". */
enum { SECURE_TEXT_SIZE = 80 };
void		 secure_format(const SSL *, char into[SECURE_TEXT_SIZE]);

const char	*secure_policy(enum hop_tls);

#endif
