/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_LINE_H
#define SMTPD_LINE_H

#include "shared/buf.h"

struct session;

/*
 * Takes a line of the client off the input: a command, or what answers a
 * challenge of AUTH, which may be longer.  One that is too long is skipped to
 * its end.  False when the input does not hold enough.
 */
bool	 line_take(struct session *, struct buf *in);

#endif
