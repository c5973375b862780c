/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_HELP_H
#define SMTPD_HELP_H

#include "shared/reply.h"

struct server;

/*
 * What HELP says about `topic`, a verb or the empty span (RFC 5321 section
 * 4.1.1.8): 214; 211 for STATUS, the limits that hold here; 504 for what there
 * is nothing to say about.
 */
struct reply	 help_about(const struct server *, struct span topic);

#endif
