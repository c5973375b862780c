/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_INDEX_CHECK_H
#define QUEUE_INDEX_CHECK_H

#include <stdbool.h>

/*
 * Reads an index without LMDB, which believes what is on disk: is every page
 * what its parent says, is each used once, is each row as it was written, are
 * there as many as were counted?  True as well for what is not there, and for
 * a format that is not known here: whoever opens it will say so.  `why`: the
 * first thing that is wrong.  Takes memory for a bit per page.
 */
bool	 index_is_sound(int root, const char *path, const char **why);

/*
 * For one that is not sound.  When LMDB fails to write a meta page it puts the
 * old number back into it, but not what else was there; and damage to a number
 * leaves the same.  Then one transaction stands there whole, and does not count
 * only because it goes by the number of an older one.  It gets its own, as if
 * the process had died right behind the commit.  False when that is not what is
 * wrong; fatal when it cannot be written.
 */
bool	 index_finish(int root, const char *path);

#endif
