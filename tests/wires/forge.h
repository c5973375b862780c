/* SPDX-License-Identifier: ISC */
#ifndef TESTS_WIRES_FORGE_H
#define TESTS_WIRES_FORGE_H

#include "shared/buf.h"
#include "shared/ipc.h"

/* xorshift: what went wrong comes again with the same seed. */
struct dice {
	uint64_t	 state;
};

uint64_t	 dice_next(struct dice *);
unsigned	 dice_below(struct dice *, unsigned n);	/* n > 0 */
bool		 dice_one_in(struct dice *, unsigned n);

/* Tokens and ids that were seen: the way to what a program has in hand. */
enum { HINTS = 16 };

struct hints {
	uint64_t	 tokens[HINTS], messages[HINTS];
	unsigned	 ntokens, nmessages;
};

void	 hints_learn(struct hints *, const struct msg *);
uint64_t hints_token(const struct hints *, struct dice *);
uint64_t hints_message(const struct hints *, struct dice *);

/* Any row, its fields such as the row allows, and often such as were seen. */
void	 forge(struct msg *, unsigned type, const struct hints *,
	    struct dice *);

/* One that is short, and the same each time. */
void	 forge_plain(struct msg *, unsigned type);

/* How one field is made wrong. */
enum harm {
	HARM_MAX, HARM_LONG, HARM_CONTROL, HARM_ADDRESS, HARM_COUNT
};

/* Encodes a record whose field `field` breaks its row; false when that field
 * cannot be broken in this way. */
bool		 forge_harm(const struct msg *, unsigned field, enum harm,
		    struct buf *);
unsigned	 forge_fields(unsigned type);
void		 forge_encode(const struct msg *, struct buf *);

/* Octets of a frame are changed, lost or added. */
void	 forge_garble(struct buf *, struct dice *);

#endif
