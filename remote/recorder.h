/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_RECORDER_H
#define REMOTE_RECORDER_H

#include <sys/queue.h>

#include "shared/addr.h"
#include "shared/ipc.h"
#include "shared/loop.h"
#include "remote/endpoint.h"

/*
 * The dialogue of one job, written down while it runs: what we said and heard,
 * line by line as it was, and what happened around it, with the time since its
 * begin.  There is no content in it and no secret: of AUTH only the mechanism
 * is written down, and nothing of what follows until its verdict.
 *
 * It costs a copy of each line and no system call.  RECORD_MAX octets are kept
 * of it: the first RECORD_HEAD, and the last of what came behind them.
 *
 * All but recorder_read take NULL for nobody who writes.
 */
enum {
	RECORD_FIRST	= 2048,		/* memory of one, at first */
	RECORD_MAX	= 8192,		/* and at most */
	RECORD_HEAD	= 2048,
	RECORD_LINE_MAX	= 480		/* of one line; the rest is cut */
};

struct recording {
	SLIST_ENTRY(recording) spare;
	const struct loop *loop;
	struct instant	 begun;
	uint64_t	 message;
	bool		 settled;	/* some verdict came */
	bool		 failed;	/* and one of them no success */
	bool		 secret;	/* AUTH is not over */
	uint64_t	 content;	/* octets that are not written down */
	struct reply	 verdict;	/* the last that is no success */
	unsigned	 same;		/* others that have the same */

	size_t		 head, len, size;
	unsigned	 dropped;	/* lines behind the head */
	char		*lines;
};

void	 recorder_begin(struct recording *, const struct loop *,
	    uint64_t message);
void	 recorder_end(struct recording *);	/* nothing more will come */
void	 recorder_clear(struct recording *);

/* Connecting to it; its connection of before is used again. */
void	 recorder_connect(struct recording *, const struct endpoint *);
void	 recorder_reuse(struct recording *, const struct endpoint *,
	    unsigned mails);

/* What happened, in our words. */
void	 recorder_note(struct recording *, const char *, ...)
	    __attribute__((__format__(__printf__, 2, 3)));

/* Commands, each with its CRLF; one line of a reply, without. */
void	 recorder_said(struct recording *, struct span commands);
void	 recorder_heard(struct recording *, struct span line);
void	 recorder_content(struct recording *, size_t octets);

/* What became of a recipient. */
void	 recorder_verdict(struct recording *, const struct addr *,
	    const struct reply *);

/* A line, to be read while it stays where it is; `*at` begins with 0.  False
 * behind the last one. */
struct record_line {
	uint32_t	 ms;
	enum trace_mark	 mark;
	struct span	 text;		/* any octets */
	char		 room[RECORD_LINE_MAX + 1];	/* for some */
};

bool	 recorder_read(struct span lines, size_t *at, struct record_line *);

#endif
