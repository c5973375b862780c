/* SPDX-License-Identifier: ISC */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "shared/buf.h"

/*
 * A target is one parser and what must hold of it, whatever it is given; one
 * program each, on libFuzzer.  Every claim is of the kind that tells wrong
 * from right without knowing the input: printed and parsed again it is the
 * same, cut elsewhere it is the same, a slow and simple reader says the same.
 */
void	 fuzz_one(struct span input);	/* the target's */

/* The one way to fail: says what, and aborts, with the input for libFuzzer. */
void	 fuzz_claim(bool truth, const char *what);

/* The first octet of `*s`, for a choice; 0 when there is none. */
uint8_t	 fuzz_choice(struct span *s);

/*
 * Pieces of an input: the next off `*rest`, whose length the choice and what
 * was taken before decide; never empty while something is left.
 */
struct fuzz_cuts {
	uint32_t	 state;
};

struct span	 fuzz_piece(struct fuzz_cuts *, struct span *rest);

/* Sound replies, all of `s` (RFC 5321 section 4.2): how many there are. */
unsigned	 fuzz_replies(struct span s);

#endif
