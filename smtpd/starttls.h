/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_STARTTLS_H
#define SMTPD_STARTTLS_H

#include <stdbool.h>

#include "shared/span.h"

struct command;
struct session;

/* STARTTLS (RFC 3207). */
void	 starttls_begin(struct session *, struct span arg);

/* For EHLO: "STARTTLS\n", or nothing. */
const char	*starttls_keyword(const struct session *);

/* Section 4: TLS must come before mail; before the command at hand; 530 says
 * so. */
bool	 starttls_is_due(const struct session *);
bool	 starttls_comes_first(const struct session *);
void	 starttls_demand(struct session *);

#endif
