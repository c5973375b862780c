/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_PROTOCOL_H
#define SMTPD_PROTOCOL_H

#include "smtpd/session.h"

/* What a session speaks: "SMTP", "ESMTP" or "LMTP", as RFC 3848 calls it. */
const char	*protocol_name(const struct session *);
bool		 protocol_is_lmtp(const struct session *);

#endif
