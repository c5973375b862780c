/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_JOURNAL_H
#define QUEUE_JOURNAL_H

#include "queue/change.h"
#include "queue/committer.h"
#include "queue/tokens.h"
#include "shared/peer.h"

/*
 * The loop's side of the journal: what goes to the committer, and which
 * segments are held by something that is nowhere else yet.  They are given
 * back oldest first, when nothing holds them.
 *
 * Without a journal (its limit is 0) every change goes to the spiller at once:
 * the conservative mode.
 */
struct journal {
	struct segments	 segments;	/* the committer's, once it runs */
	struct committer committer;
	struct jobs	*jobs;
	bool		 is_on;		/* changes go through it */
	bool		 ending;	/* for the conservative mode */
	bool		 closing;	/* the index is told so */
	bool		 is_clean;	/* the index has all of it */
	bool		 is_dead;	/* it cannot be written any more */

	struct job_list	 early;		/* came before the configuration */

	uint64_t	 limit;		/* octets it may have; 0: none */
	uint32_t	 segment;	/* size of a new segment */
	uint32_t	 message;	/* largest content it takes */

	unsigned	 order[SEGMENTS_MAX];	/* slots, oldest first */
	unsigned	 count;			/* of them */
	unsigned	 held[SEGMENTS_MAX];
	uint64_t	 base[SEGMENTS_MAX];
	uint64_t	 position;	/* of the last batch that came back */
	bool		 recycling;	/* the oldest is on its way */

	bool		 old_leave;	/* the newest is half full */
	struct timer	 leaving;	/* then what is before it goes: */
	uint64_t	 leave_below;	/* the newest's base when it was set */

	struct tokens	 tokens;
};

/* Before the loop: reads what a former life left. */
void	 journal_open(struct queue *);

/* With the configuration, once: begins, or ends, as the limit wants it. */
void	 journal_begin(struct queue *);
void	 journal_close(struct queue *);

bool	 journal_is_on(const struct queue *);
void	 journal_put(struct queue *, struct change *);

/* A change came back from the committer. */
void	 journal_note(struct queue *, const struct change *);

/* While anything is held of a segment, it is not used again. */
void	 journal_hold(struct queue *, unsigned slot);
void	 journal_release(struct queue *, unsigned slot);

/* How full it is.  Past a half new mail goes to files at once, so that it
 * comes no faster than the spiller is; past three quarters it is refused. */
enum journal_room { JOURNAL_FREE, JOURNAL_SCARCE, JOURNAL_FULL };
enum journal_room	 journal_room(const struct queue *);

/* All leaves it, to be files only.  At the end of an orderly stop, and of the
 * journal. */
void	 journal_spill_all(struct queue *);

/* At the end of a turn: is what was to leave gone?  Then the index is told. */
void	 journal_pump(struct queue *);

/* What became of an envelope of a former life. */
void	 on_unsure(struct peer *, struct msg *);

#endif
