/* SPDX-License-Identifier: ISC */
#ifndef LOOKUP_DOVECOT_LINE_H
#define LOOKUP_DOVECOT_LINE_H

#include "shared/buf.h"
#include "shared/limits.h"

/*
 * What Dovecot's authentication says, a line each: words parted by tabs, the
 * first of them a command, some in its escapes.  The spans borrow from the
 * line.
 */
enum dovecot_command {
	DOVECOT_VERSION,	/* number: the major one */
	DOVECOT_MECH,		/* text: a mechanism that it has */
	DOVECOT_DONE,		/* these were all */
	DOVECOT_OK,		/* user: who it is */
	DOVECOT_CONT,		/* text: base64 for the client */
	DOVECOT_FAIL,		/* temporary; user: who it would have been */
	DOVECOT_OTHER		/* of no concern to us */
};

struct dovecot_line {
	enum dovecot_command	 command;
	uint32_t		 number;	/* or of what it answers */
	struct span		 text;
	char			 user[ACCOUNT_TEXT_MAX + 1];	/* or "" */
	bool			 temporary;
};

/* A line without its LF; false when it is not as the protocol has it. */
bool	 dovecot_parse(struct span line, struct dovecot_line *);

/* The lines that we say; false when the buf refuses. */
struct dovecot_request {
	uint32_t	 number;
	struct span	 mechanism;
	struct span	 address;	/* 16 octets, v4 mapped */
	bool		 has_initial;
	struct span	 initial;
};

bool	 dovecot_put_hello(struct buf *, unsigned pid);
bool	 dovecot_put_auth(struct buf *, const struct dovecot_request *);
bool	 dovecot_put_cont(struct buf *, uint32_t number, struct span data);
bool	 dovecot_put_cancel(struct buf *, uint32_t number);

#endif
