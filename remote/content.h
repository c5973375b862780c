/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_CONTENT_H
#define REMOTE_CONTENT_H

#include "shared/peer.h"

/*
 * The content of one job, pulled from queue piece by piece: at most
 * CONTENT_AHEAD pieces are asked for or held at any time.
 */
enum { CONTENT_AHEAD = 2 };

/* What all jobs may hold together: who comes when it is full waits, first come
 * first served, and whoever is in has room for all that he may ask for. */
struct content_room {
	uint64_t	 used;
	TAILQ_HEAD(content_list, content) waiting;
};

struct content {
	TAILQ_ENTRY(content) entry;
	struct content_room *room;
	bool		 admitted, waiting;
	struct peer	*queue;		/* NULL: no more will come */
	uint64_t	 token;
	uint64_t	 size;		/* of all of it */
	uint64_t	 asked, got;	/* offsets reached */
	unsigned	 outstanding;	/* WANTs without CHUNK */
	unsigned	 count;		/* pieces held, the first at [0] */
	struct {
		char	*data;
		size_t	 len;
	} pieces[CONTENT_AHEAD];
};

enum content_status {
	CONTENT_OK,
	CONTENT_FAILED,		/* queue cannot read it, or it is short */
	CONTENT_LIE		/* not what was asked for */
};

void	 content_room_init(struct content_room *);

void	 content_init(struct content *, struct content_room *,
	    const struct msg_job *, struct peer *queue);
void	 content_clear(struct content *);

/* From its begin again; what is still on its way is taken or dropped. */
void	 content_restart(struct content *);

/* Is it here, or somebody who can send it? */
bool	 content_can_come(const struct content *);

/* Asks for as much as may be asked for now; without room, when there is. */
void	 content_pull(struct content *);

/* Copies what came; freeing the slot is the caller's. */
enum content_status	 content_take(struct content *,
			    const struct msg_chunk *);

/* Is all of it here, or as much as may be? */
bool	 content_is_at_hand(const struct content *);

/* Is all of it here?  Has all of it been given away? */
bool	 content_is_whole(const struct content *);
bool	 content_is_spent(const struct content *);

/* Is nothing to come behind the oldest piece? */
bool	 content_is_last(const struct content *);

/* The oldest piece, empty when there is none; away with it. */
struct span	 content_piece(const struct content *);
void		 content_drop(struct content *);

#endif
