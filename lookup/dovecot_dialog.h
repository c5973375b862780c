/* SPDX-License-Identifier: ISC */
#ifndef LOOKUP_DOVECOT_DIALOG_H
#define LOOKUP_DOVECOT_DIALOG_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "shared/clock.h"

/* Those whom Dovecot judges just now.  lookup knows them by their tokens,
 * Dovecot by numbers that are never used again. */
struct dialog {
	TAILQ_ENTRY(dialog) entry;
	uint64_t	 token;
	uint32_t	 number;
	bool		 asked;		/* the client has not answered yet */
	struct instant	 until;		/* Dovecot must have, unless asked */
};

struct dialogs {
	TAILQ_HEAD(, dialog) all;
	uint32_t	 last_number;
};

void		 dialogs_init(struct dialogs *);
struct dialog	*dialogs_add(struct dialogs *, uint64_t token);
void		 dialogs_remove(struct dialogs *, struct dialog *);

/* NULL when there is none. */
struct dialog	*dialogs_first(const struct dialogs *);
struct dialog	*dialogs_find_token(const struct dialogs *, uint64_t);
struct dialog	*dialogs_find_number(const struct dialogs *, uint32_t);

/* Dovecot is to answer now, until then; of all such, the earliest. */
void		 dialogs_await(struct dialogs *, struct dialog *,
		    struct instant until);
struct dialog	*dialogs_next_due(const struct dialogs *);

#endif
