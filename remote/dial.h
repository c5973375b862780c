/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_DIAL_H
#define REMOTE_DIAL_H

#include "shared/peer.h"

/*
 * A Unix socket that connector opens for us.  Who asks waits while there is no
 * connector, and asks the next one when it ends; but not for ever.
 */
TAILQ_HEAD(dial_list, dial);

struct dials {
	struct loop	*loop;
	struct peer	*connector;	/* NULL: there is none now */
	struct dial_list waiting;
};

struct dial_end {
	int		 fd;	/* connected, the owner's; -1: it is not */
	int		 error;	/* why */
	bool		 known;	/* its path is one of the configuration */
};

struct dial {
	TAILQ_ENTRY(dial) entry;
	struct dials	*all;
	const char	*path;
	bool		 open;		/* `over` is still to be called */
	uint64_t	 token;		/* 0: connector was not asked */
	struct waiter	 waiter;
	struct timer	 patience;
	void		(*over)(void *, const struct dial_end *);
	void		*arg;
};

void	 dials_init(struct dials *, struct loop *);
void	 dials_connector(struct dials *, struct peer *);

/* Its answer; false: not in its place. */
bool	 dials_connected(struct dials *, struct msg *);

void	 dial_init(struct dial *, struct dials *,
	    void (*over)(void *, const struct dial_end *), void *arg);
void	 dial_clear(struct dial *);

/* `over` is called in a later turn; the path is borrowed until then.  `time`:
 * milliseconds that it may take. */
void	 dial_start(struct dial *, const char *path, uint32_t time);

#endif
