/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_TRAILER_H
#define QUEUE_TRAILER_H

#include "queue/letter.h"

/*
 * The record behind the content of a message file, from which its rows can be
 * made again.  Format: INTERNALS.md, section 4.
 */
struct trailer {
	struct letter	*letter;
	uint64_t	 lineage;	/* of the index that had its rows */
	uint32_t	 crc;		/* CRC-32C of the content */
};

/* Into an empty buf. */
void	 trailer_encode(const struct trailer *, struct buf *);

/*
 * Reads the trailer of an open message file; its letter becomes the caller's.
 * -1 with errno: EBADMSG when the file is not a whole message.
 */
int	 trailer_read(int fd, struct trailer *);

/* Compares the content with the trailer; -1 with errno, EBADMSG likewise. */
int	 trailer_check_content(int fd, const struct trailer *);

#endif
