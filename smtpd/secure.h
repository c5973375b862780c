/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_SECURE_H
#define SMTPD_SECURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/limits.h"

struct session;

/* The session speaks TLS, and its handshake is over. */
bool	 secure_holds(const struct session *);

/*
 * What binds a login to this channel and no other: "tls-exporter" (RFC 9266)
 * with TLS 1.3, "tls-server-end-point" (RFC 5929 section 4) before.  False
 * without TLS, or where there is none.
 */
struct binding {
	const char	*type;			/* a literal */
	uint8_t		 data[BINDING_MAX];
	size_t		 len;
};

bool	 secure_binding(const struct session *, struct binding *);

#endif
