/* SPDX-License-Identifier: ISC */
#ifndef SHARED_RING_H
#define SHARED_RING_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Shared memory for content, one way between two processes: `slots` slots of
 * RING_SLOT octets in a memfd that master made.  The writer maps it writable
 * and keeps the list of free slots; the reader holds a read-only descriptor
 * and map, copies a slot and says FREED.  Memory is used only once written.
 *
 * The reader never looks into a slot in place: the writer may still change it.
 */
struct ring;

/* Both take the descriptor.  NULL with errno when it is not as promised. */
struct ring	*ring_open_writer(int fd, unsigned slots);
struct ring	*ring_open_reader(int fd, unsigned slots);
void		 ring_close(struct ring *);		/* NULL is harmless */

/* Writer: a slot of its own, or -1 when all are out; the least recently used
 * is given last, so that few pages are touched. */
int	 ring_take(struct ring *);
char	*ring_slot(struct ring *, unsigned slot);

/* Writer: false when the slot was not out, which is a neighbour's lie. */
bool	 ring_give_back(struct ring *, unsigned slot);
unsigned ring_free_slots(const struct ring *);

/* Reader: false when slot or length are outside. */
bool	 ring_copy(const struct ring *, unsigned slot, size_t length,
	    void *into);

/* Master: a new sealed memfd, and a read-only descriptor of the same. */
int	 ring_create(unsigned slots, int *writer, int *reader);

#endif
