/* SPDX-License-Identifier: ISC */
#ifndef CONTROL_SERVER_H
#define CONTROL_SERVER_H

#include <stdio.h>

#include "shared/buf.h"
#include "shared/reply.h"

/*
 * The SMTP server behind RUNTIME/submit as a client sees it: one command, one
 * reply, blocking.  A connection that breaks leaves a reply of 421.
 */
enum {
	SERVER_PATIENCE	= 600,		/* seconds of silence */
	SERVER_LINE_MAX	= 4096		/* one line of a reply */
};

struct server {
	int		 fd;
	FILE		*out;
	bool		 verbose;	/* show the conversation on stderr */
	struct buf	 in;
	struct reply	 reply;		/* the last */
	char		 host[HOST_TEXT_MAX + 1];	/* as it greeted */
	bool		 has_8bit, has_dsn, has_size;	/* as EHLO told */
};

/* -1 with errno when there is no connection; else the greeting is in reply. */
int	 server_open(struct server *, const char *runtime, bool verbose);
void	 server_close(struct server *);		/* says QUIT when it can */

/* Sends a line and reads the reply; its code. */
unsigned server_command(struct server *, const char *, ...)
	    __attribute__((__format__(__printf__, 2, 3)));
unsigned server_hello(struct server *);

/* Content, dots doubled; `*at_start` goes from one piece to the next. */
void	 server_content(struct server *, struct span, bool *at_start);

/* The final dot, and the reply. */
unsigned server_content_end(struct server *);

/* "550 5.1.1 text" on one line. */
enum { REPLY_WORDS_SIZE = REPLY_TEXT_MAX + 64 };
void	 server_reply_words(const struct server *,
	    char into[REPLY_WORDS_SIZE]);

#endif
