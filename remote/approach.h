/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_APPROACH_H
#define REMOTE_APPROACH_H

#include "remote/client.h"
#include "remote/dial.h"
#include "remote/hop.h"
#include "remote/hosts.h"
#include "remote/race.h"
#include "remote/recorder.h"
#include "remote/way.h"

/*
 * How one job gets from its destination to a connection: an open one of the
 * pool, or the hosts one after the other; and when none of them can be reached
 * or greets, or nobody can tell now which they are, the fall-back of its hop.
 */
struct remote;

struct approach_calls {
	/* A connection of the pool; it has no owner. */
	void	(*again)(void *, struct client *);

	/* A new connection, the owner's, who passes on its slot. */
	void	(*open)(void *, int fd, const struct endpoint *);

	/* There is no other host.  `at`: who said so; NULL: nobody. */
	void	(*end)(void *, bool reachable, const struct client_event *,
		    const struct endpoint *at);
};

struct approach {
	struct remote	*remote;
	struct recording *record;	/* NULL: nobody writes */
	const struct approach_calls *calls;
	void		*arg;
	char		 name[DESTINATION_TEXT_MAX + 1];
	struct destination to;		/* `name`, parsed */
	const struct hop *hop;
	bool		 fell_back;	/* it is the fall-back's by now */
	struct way	 way;
	struct slot	 slot;		/* not of a Unix socket */
	const struct endpoint *at;	/* whom it is for */
	struct race	 race;
	struct dial	 dial;		/* instead of both, of a socket */
	struct endpoint	 once_more;	/* while it is tried again */
	bool		 failed;	/* `failure` is set */
	struct client_event failure;	/* the best hope of all hosts tried */
	struct endpoint	 failed_at;
	bool		 nowhere;	/* no host of those failed */
};

void	 approach_init(struct approach *, struct remote *,
	    struct recording *, const struct approach_calls *, void *arg);
void	 approach_clear(struct approach *);

/* False: the destination is not understood, or its hop not known. */
bool	 approach_set(struct approach *, const char *destination);

/* Begins; begins again, past the pool; goes on with the next host. */
void	 approach_begin(struct approach *);
void	 approach_anew(struct approach *);
void	 approach_next(struct approach *);

/* Connects to this host again, which asked for another kind of connection. */
void	 approach_once_more(struct approach *, const struct endpoint *);

/* What a host said, or did, that made us leave it; NULL: there was none. */
void	 approach_note(struct approach *, const struct client_event *,
	    const struct endpoint *);

/* Something that was noted is for later; ends with it. */
bool	 approach_has_hope(const struct approach *);
void	 approach_give_up(struct approach *);

#endif
