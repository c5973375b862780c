/* SPDX-License-Identifier: ISC */
#ifndef SHARED_LOG_H
#define SHARED_LOG_H

#include <stdbool.h>

#include "shared/limits.h"
#include "shared/span.h"

/*
 * One line per event, "ID: key=value, key=value", id first.  Every line is
 * escaped here: what is not printable ASCII leaves as \xNN, so text from
 * outside cannot make a line of its own.  Sending never blocks; what the logger
 * does not take waits, up to LOG_KEPT_MAX octets, also when it is gone and the
 * next one has no pair with us yet; what overload drops beyond that is counted,
 * and told with the next line that gets through.
 *
 * Lines go to the logger's seqpacket pair once log_open has been told of it,
 * and to standard error before.  This is the one module with state of its
 * own, because whatever fails must be able to say so.
 */
void	 log_open(int fd);	/* takes the descriptor; -1: standard error */
void	 log_name(const char *program);

void	 log_info(const char *, ...)
	    __attribute__((__format__(__printf__, 1, 2)));
void	 log_warning(const char *, ...)
	    __attribute__((__format__(__printf__, 1, 2)));
void	 log_error(const char *, ...)
	    __attribute__((__format__(__printf__, 1, 2)));

/* What is not printable ASCII becomes \xNN; what does not fit is cut, and the
 * cut shown.  The length; no NUL. */
size_t	 log_escape(char into[LOG_LINE_MAX], struct span raw);

/*
 * For the loop, which says log_flush at the end of each turn.  While `on`,
 * what this thread says at the level of info waits for that, and leaves in one
 * packet, lines parted by LF.  What is worse, or is said by another thread,
 * leaves at once, behind what waits.  Who is killed takes the lines of its
 * turn along.
 */
void	 log_gather(bool on);

/* Sends what waits; false when that is to be tried again in a moment, and not
 * with the next log_open alone. */
bool	 log_flush(void);

/* We are wrong, or out of memory: says why and ends the process, status 70. */
void	 fatal(const char *, ...)
	    __attribute__((__format__(__printf__, 1, 2), __noreturn__));

#endif
