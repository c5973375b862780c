/* SPDX-License-Identifier: ISC */
#ifndef TESTS_SMUGGLE_RECEIVER_H
#define TESTS_SMUGGLE_RECEIVER_H

#include "shared/span.h"

/*
 * Servers that might come behind us, as models: what ends a line to them
 * besides CRLF.  A line of one dot ends the data, whatever ends it and the line
 * before.
 */
enum {
	RECEIVER_STRICT	= 0,
	RECEIVER_LF	= 1,		/* so does a bare LF */
	RECEIVER_CR	= 2,		/* so does a bare CR */
	RECEIVER_CRCRLF	= 4,		/* so does CR CR LF, as a whole */
	RECEIVER_KINDS	= 8		/* all sums of these */
};

enum { RECEIVED_SIZE = 128 };

struct received {
	bool		 ended;
	size_t		 len;			/* of the message */
	char		 text[RECEIVED_SIZE];
	struct span	 rest;			/* would be commands */
};

/* `in`, at most RECEIVED_SIZE octets, comes behind 354. */
void	 receive(unsigned kind, struct span in, struct received *);

#endif
