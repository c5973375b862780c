/* SPDX-License-Identifier: ISC */
#ifndef SHARED_WORDS_H
#define SHARED_WORDS_H

#include "shared/span.h"

/*
 * Parameters as they travel and stand on disk: words "name=value" parted by
 * blanks (OPEN and RECIPIENT in ipc.def).  The value of the first one of this
 * name, as it stands there; false: there is none.
 */
bool	 words_find(struct span words, const char *name, struct span *value);

#endif
