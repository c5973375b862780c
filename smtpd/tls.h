/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_TLS_H
#define SMTPD_TLS_H

#include <openssl/ssl.h>

#include "shared/ipc.h"

struct signing;

/*
 * What TLS is spoken with: certificates in generations, contexts made of them,
 * keys of tickets.  A certificate is chosen by the name that the client asks
 * for: those that have it, else those that have a wildcard for it, else the
 * first one and others of the same names; of these one of each kind of key.
 */
struct tls;

/* One in a process.  OpenSSL loads here what it will ever load. */
struct tls	*tls_new(void);
void		 tls_free(struct tls *);

/* As master says.  The descriptor is borrowed; a generation that cannot be used
 * is logged, and the one before stays. */
void	 tls_add_certificate(struct tls *, const struct msg_conf_certificate *,
	    int fd);
void	 tls_begin_generation(struct tls *, const struct msg_conf_tls *);
void	 tls_add_ticket_key(struct tls *, const struct msg_conf_ticket *);

/* There are certificates. */
bool	 tls_is_ready(const struct tls *);

/*
 * A new one, of the server.  context: tickets are good within it alone; asks:
 * for the client's certificate.  When it wants something signed, `suspends`
 * is called with its argument from inside its job: see smtpd/signer.h.
 */
SSL	*tls_accept(struct tls *, struct span context, bool asks);
void	 tls_tell(SSL *, int (*suspends)(SSL *, void *), void *arg);
struct signing	*tls_signing(const struct tls *);

/* What all streams of it share: shared/stream_tls.h. */
BIO_METHOD	*tls_method(const struct tls *);

#endif
