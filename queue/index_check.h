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

#endif
