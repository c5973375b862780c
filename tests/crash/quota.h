/* SPDX-License-Identifier: ISC */
#ifndef TESTS_CRASH_QUOTA_H
#define TESTS_CRASH_QUOTA_H

#include <stdint.h>

/*
 * A file system of which as many octets are free as is said, to the octet:
 * what makes a file grow takes them, and so does a new name; a write for which
 * there are too few takes what there is, and the next gets ENOSPC.  What goes
 * gives them back.  These functions stand before those of the C library, for
 * LMDB as well, in whatever is linked with them.
 */
void	 quota_begin(const char *dir, uint64_t octets);

/* How many have been taken; there is room again. */
uint64_t quota_end(void);

#endif
