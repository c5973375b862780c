/* SPDX-License-Identifier: ISC */
#ifndef CONTROL_ADMIN_H
#define CONTROL_ADMIN_H

#include "control/query.h"
#include "shared/peer.h"
#include "shared/stream.h"

/*
 * Clients of control and monitor: a Unix socket, one request line, rows, an
 * end line, and the connection is over (README.md has the protocol).  One
 * that does not read holds its own session and no more.
 */
enum {
	ADMIN_IDLE	= 30 * 1000,	/* for a request, for an answer to it */
	ADMIN_READ_TIME	= 600 * 1000,	/* for a page to be read */
	ADMIN_STOP_TIME	= 20 * 1000,
	ADMIN_START_TIME = 10 * 1000,	/* for a neighbour to be there */
	ADMIN_OUT_MAX	= 8 << 20,	/* rows that wait */
	ADMIN_QUIET	= 10 * 1000,	/* then a row tells that it goes on */
	TRACE_PAGES_MAX	= 1024,		/* of one remote */
	ADMIN_ERR_NONE	= 1,		/* nothing matched */
	ADMIN_ERR_USAGE	= 2,
	ADMIN_ERR_LATER	= 75
};

struct admin;

struct session {
	TAILQ_ENTRY(session) entry;
	struct admin	*admin;
	struct stream	*stream;
	struct timer	 timer;
	const struct verb *verb;
	bool		 ending;	/* the end line is put */
	unsigned	 uid;		/* of the caller */

	/* the ASK that is out, or waits for credit; token 0: none */
	struct peer	*peer;
	uint64_t	 token;
	struct msg	 ask;
	uint64_t	*wanted;	/* of `ask`, while it waits for queue */
	struct waiter	 waiter;
	int64_t		 patience;	/* for its answer; 0: ADMIN_IDLE */
	struct instant	 told;		/* when the last row was put */

	/* set by a verb whose client says more than a line: it has said so; and
	 * the session comes to its end, `token` being 0 if all was answered */
	void		(*input)(struct session *);
	void		(*gone)(struct session *);

	/* for the verbs */
	uint64_t	 id;		/* the one message that is meant */
	uint64_t	 after;		/* where the next page begins */
	struct query	*query;		/* session_query */
	struct parcel	*parcel;	/* control_import.c */
	uint64_t	 sums[3];	/* of `queue count` */
	bool		 found;
	unsigned	 instance;	/* of whom it asks now */
	unsigned	 pages;		/* of him */
	char		 name[DESTINATION_TEXT_MAX + 1];
	char		 behind[DESTINATION_TEXT_MAX + 1]; /* likewise */
};

/*
 * `run` gets the rest of the line, trimmed.  `more` is called when all rows
 * have left and no ASK is out: the next page may come.  NULL: never.
 */
struct verb {
	const char	*words;		/* NULL ends the table */
	void		(*run)(struct session *, struct span arg);
	void		(*more)(struct session *);
};

struct admin	*admin_new(struct loop *, const struct verb *);

/* Takes the listening socket; an older one is closed. */
void		 admin_listen(struct admin *, int fd);

/* Nobody is accepted any more; `done` is called when the last has gone, whom
 * it takes at most ADMIN_STOP_TIME. */
void		 admin_stop(struct admin *, void (*done)(void));

/* The session whose ASK this token was; NULL when its client has gone. */
struct session	*admin_find(struct admin *, uint64_t token);

/* The same, of an answer to that question; to any other it is refused. */
struct session	*admin_answered(struct admin *, struct peer *, uint64_t token,
		    enum msg_type asked);

/* Every session whose ASK that is, in turn; NULL at the end, and to begin. */
struct session	*admin_next(struct admin *, struct session *,
		    enum msg_type asked);

/* Queue is there: who waits for it asks now. */
void		 admin_found(struct admin *, struct peer *);

/* The neighbour is gone: its sessions end with an error. */
void		 admin_lost(struct admin *, const struct peer *);

/*
 * Puts the question to a neighbour, now or when there is credit.  With `to`
 * NULL it waits for queue, which is starting, for ADMIN_START_TIME at most.
 * The caller has filled in all but the token, in the session's `ask`, which
 * the last argument points at.
 */
void		 session_ask(struct session *, struct peer *to,
		    uint64_t *token);

/* The answer is complete: no ASK is out any more. */
void		 session_answered(struct session *);

/* A row, without its end of line; false: the client has too much waiting, and
 * the session is gone. */
bool		 session_row(struct session *, const char *, ...)
		    __attribute__((__format__(__printf__, 2, 3)));

/* The same of octets, which a row has announced. */
bool		 session_octets(struct session *, struct span);

/* Keeps what the words mean in `query`; false: the end line is put. */
bool		 session_query(struct session *, struct span words);

/*
 * The page after `after`, of those that the filter lets through, ends with
 * `next`, which must be behind it, or a walk would never end; true: it is the
 * last one.
 */
bool		 session_page_end(struct session *, uint64_t next);

/* The end line, and the end of the session. */
void		 session_ok(struct session *, uint64_t count);
void		 session_err(struct session *, int status, const char *text);

#endif
