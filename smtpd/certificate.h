/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_CERTIFICATE_H
#define SMTPD_CERTIFICATE_H

#include <openssl/x509.h>

#include "shared/span.h"

/* A certificate of ours, those that vouch for it, and the names it is for. */
struct certificate {
	X509		*own;
	STACK_OF(X509)	*chain;
	char		**names;	/* in lower case, "*.example.org" too */
	size_t		 count;
};

/* From a PEM file; false: why, a literal. */
bool	 certificate_read(struct certificate *, int fd, const char **why);
void	 certificate_clear(struct certificate *);	/* twice is harmless */

bool	 certificate_has(const struct certificate *, const char *name);
bool	 certificate_is_like(const struct certificate *,
	    const struct certificate *);	/* has the same names */

#endif
