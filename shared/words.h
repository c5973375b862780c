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

/* Some that are written one by one, with a NUL behind them; what does not fit
 * into `size` octets is left out. */
struct words {
	char	*text;
	size_t	 size, len;
};

void		 words_init(struct words *, char *into, size_t size);
void		 words_put(struct words *, const char *name, struct span value);
void		 words_join(struct words *, struct span words);
struct span	 words_span(const struct words *);

#endif
