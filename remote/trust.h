/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_TRUST_H
#define REMOTE_TRUST_H

#include <openssl/ssl.h>

#include <stdbool.h>

#include "remote/destination.h"

/* Whom we believe about certificates, and whose certificate must come. */

/* The certificates of a PEM file, at most ANCHORS_FILE_MAX octets; borrows the
 * descriptor.  NULL with what was expected in `why`. */
X509_STORE	*trust_read(int fd, const char **why);

/*
 * The certificate must be valid now, lead to an anchor, and have a name that
 * the configuration or the sender's address gave, since what DNS made of it is
 * a stranger's word (RFC 6125, RFC 9525):
 *	host:NAME	NAME
 *	host:[ADDRESS]	the address
 *	mx:NAME		NAME, or any name below it, such as its mail exchanger's
 * A wildcard stands for one whole label; the subject's common name is not
 * looked at.
 */
void		 trust_expect(SSL *, const struct destination *);

/* After a handshake that failed: what is wrong with the certificate, or NULL
 * when it is not that. */
const char	*trust_reason(const SSL *);

/* After one that did not: was it verified, now or when the session began? */
bool		 trust_holds(const SSL *);

#endif
