/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_FILE_H
#define QUEUE_FILE_H

#include <sys/queue.h>

#include "queue/letter.h"
#include "queue/spool.h"

/* Content in memory, in the order it came. */
struct piece {
	STAILQ_ENTRY(piece) entry;
	size_t		 len;
	char		 data[];
};
STAILQ_HEAD(pieces, piece);

/* Its octets are not set: whoever asks for it fills it. */
struct piece	*piece_new(size_t len);
struct span	 piece_span(const struct piece *);
void		 pieces_clear(struct pieces *);

/*
 * A message file that is being written: created as ID.part, given its content
 * and trailer, renamed to ID, and only then synced, so that the name is on
 * disk with the content.  Used by one thread at a time.
 *
 * After a failure `error` is its errno, nothing more is written, and
 * file_discard is what is left to do.
 */
struct file {
	uint64_t	 id;
	int		 fd;
	uint64_t	 size;		/* content so far */
	uint32_t	 crc;		/* of it */
	bool		 is_part, is_named;	/* under which name it is */
	bool		 replaces;	/* what an unfinished spill left */
	int		 error;
};

struct file	*file_new(uint64_t id);
void		 file_free(struct file *);	/* closes; NULL is harmless */

/* All return 0, or -1 with errno, which stays in `error`. */
int	 file_create(struct file *, const struct spool *);
int	 file_append(struct file *, const struct pieces *);
int	 file_finish(struct file *, const struct spool *,
	    const struct letter *);
int	 file_sync(struct file *);	/* and close */

/* Begins to write it out, so that many files are written at once before the
 * first of them is waited for. */
void	 file_hurry(const struct file *);

/* Closes it and removes the name that we gave it, no other file's. */
void	 file_discard(struct file *, const struct spool *);

#endif
