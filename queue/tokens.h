/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_TOKENS_H
#define QUEUE_TOKENS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Tokens of envelopes that were stored and may not have been answered, with
 * their messages.  The oldest give way to the newest: smtpd asks at once.
 */
struct token {
	uint64_t	 token, id;	/* id 0: it was taken back */
};

struct tokens {
	struct token	*list;
	unsigned	 count, next;
};

void	 tokens_add(struct tokens *, uint64_t token, uint64_t id);
void	 tokens_abort(struct tokens *, uint64_t id);
bool	 tokens_has(const struct tokens *, uint64_t token, uint64_t id);
void	 tokens_clear(struct tokens *);

#endif
