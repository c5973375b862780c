/* SPDX-License-Identifier: ISC */
#ifndef SHARED_SPAN_H
#define SHARED_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Octets that somebody else owns, while they are looked at.  `ptr` is never
 * NULL, also when `len` is 0; there is no NUL at the end.  A span is a value:
 * copying is assignment.
 */
struct span {
	const char	*ptr;
	size_t		 len;
};

struct span	 span_make(const void *, size_t);
struct span	 span_of(const char *);		/* a C string, less its NUL */

bool	 span_equal(struct span, struct span);
bool	 span_is(struct span, const char *);		/* octet by octet */
bool	 span_is_word(struct span, const char *);	/* ASCII case folded */
bool	 span_is_text(struct span);		/* no control characters */
bool	 span_starts(struct span, const char *);	/* octet by octet */
bool	 span_starts_word(struct span, const char *);	/* ASCII case folded */

/* The first `n` octets; what is left without the first `n`. */
struct span	 span_head(struct span, size_t n);
struct span	 span_skip(struct span, size_t n);

/* For tables of names; FNV-1a, which any stranger can make collide. */
uint32_t span_hash(struct span);

/* FNV-1a, 64 bits wide: goes on from `hash`, which begins as SPAN_MIX; `lower`:
 * letters count as lower case. */
#define SPAN_MIX	UINT64_C(0xcbf29ce484222325)
uint64_t span_mix(uint64_t hash, struct span, bool lower);

/* Where `c` first stands, or `len` when it does not. */
size_t	 span_index(struct span, char c);

/*
 * Cuts at the first `sep`: what stands before it goes to `*head`, what stands
 * behind it is returned.  Without `sep` all of it is the head.
 */
struct span	 span_cut(struct span, char sep, struct span *head);

/* Less the spaces and tabs at both ends. */
struct span	 span_trim(struct span);

/*
 * The next word of `*s`, words being parted by spaces and tabs, and `*s` moved
 * behind it; an empty span when none is left.
 */
struct span	 span_word(struct span *s);

/* Decimal digits only, at least one; false above `max`. */
bool	 span_parse_u64(struct span, uint64_t max, uint64_t *);

/* Overwrites the octets, whose owner is us and allows it: secrets in a frame
 * that was received. */
void	 span_wipe(struct span);

/* A copy with a NUL at its end, for free(3); `into` wants len + 1 octets. */
char	*span_dup(struct span);
bool	 span_copy(struct span, char *into, size_t size);

#endif
