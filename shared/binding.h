/* SPDX-License-Identifier: ISC */
#ifndef SHARED_BINDING_H
#define SHARED_BINDING_H

#include <openssl/ssl.h>

#include <stdbool.h>
#include <stdint.h>

#include "shared/limits.h"

/*
 * A channel binding: what a connection under TLS has and no other one, for
 * mechanisms of SASL that tie themselves to it (RFC 5056).
 */
struct binding {
	const char	*type;			/* a literal */
	uint8_t		 data[BINDING_MAX];
	size_t		 len;
};

/*
 * tls-exporter (RFC 9266) under TLS 1.3; below, where it is not safe without an
 * extension, tls-server-end-point (RFC 5929) of the server's `certificate`,
 * which may be NULL.  False: there is none.
 */
bool	 binding_make(SSL *, X509 *certificate, struct binding *);

#endif
