/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_SEGMENTS_H
#define QUEUE_SEGMENTS_H

#include "queue/batch.h"
#include "queue/spool.h"

/*
 * The files of the journal, each a window of it.  They are written with zeros
 * once, so that a batch changes no metadata and its fdatasync is one flush;
 * then they are used again and again.  INTERNALS.md, section 6.
 *
 * Used by the loop before the committer begins, and by the committer alone
 * from then on.  Descriptors stay open until the end.
 */
enum segment_state {
	SEGMENT_NONE,		/* no file */
	SEGMENT_FREE,
	SEGMENT_USED,
	SEGMENT_GOING,		/* free as soon as a batch on disk says so */
	SEGMENT_BAD,		/* used, and never written again */
	SEGMENT_LEAVING		/* bad, and gone as soon as a batch says so */
};

struct segment {
	enum segment_state state;
	int		 fd;
	uint64_t	 size;		/* of the file */
	uint64_t	 base;		/* position of its first octet */
};

struct segments {
	const struct spool *spool;
	int		 dir;
	struct segment	 slot[SEGMENTS_MAX];
	uint64_t	 lineage;	/* 0: there is no journal */
	uint64_t	 position;	/* of the next batch */
	uint64_t	 previous;	/* end of the last good one */
	uint64_t	 tail, clock;	/* for its head */
	int		 current;	/* slot that is written; -1: none */
	uint64_t	 size;		/* of new ones */
	unsigned	 wanted, max;	/* how many there may be, and can be */
};

/* Opens what there is; fatal when it cannot.  Which are used, the scan says. */
void	 segments_open(struct segments *, const struct spool *);
void	 segments_close(struct segments *);

/* A new one, written and synced; its slot, or -1 with errno. */
int	 segments_add(struct segments *);

/* How many are in a state; how many are files. */
unsigned segments_count(const struct segments *, enum segment_state);
unsigned segments_files(const struct segments *);

/* The used one with the lowest base; -1: none. */
int	 segments_oldest(const struct segments *);

/* Is there room for a batch of `size` in the current one? */
bool	 segments_have_room(const struct segments *, uint64_t size);

/* A free one becomes the current one; -1 with errno ENOSPC. */
int	 segments_switch(struct segments *);

/*
 * Nobody needs the oldest any more, whose base is `base`: the next head says
 * so, and when it is on disk segments_gone makes it free.  Said once more it
 * does nothing: the one that is the oldest then may be needed.
 */
void	 segments_let_go(struct segments *, uint64_t base);
void	 segments_gone(struct segments *);

/* Unlinks all of them, durably; -1 with errno. */
int	 segments_remove(struct segments *);

#endif
