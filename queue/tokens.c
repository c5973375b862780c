/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "queue/queue_limits.h"
#include "queue/tokens.h"
#include "shared/alloc.h"

void
tokens_add(struct tokens *t, uint64_t token, uint64_t id)
{
	if (token == 0)
		return;
	if (t->list == NULL)
		t->list = xcalloc(TOKENS_MAX, sizeof *t->list);
	t->list[t->next] = (struct token){ token, id };
	t->next = (t->next + 1) % TOKENS_MAX;
	if (t->count < TOKENS_MAX)
		t->count++;
}

/* What was taken back stands near the end: the disk has just failed. */
void
tokens_abort(struct tokens *t, uint64_t id)
{
	unsigned	 i, at;

	for (i = 1; i <= t->count; i++) {
		at = (t->next + TOKENS_MAX - i) % TOKENS_MAX;
		if (t->list[at].id == id)
			t->list[at].id = 0;
	}
}

bool
tokens_has(const struct tokens *t, uint64_t token, uint64_t id)
{
	unsigned	 i, at;

	for (i = 1; i <= t->count; i++) {
		at = (t->next + TOKENS_MAX - i) % TOKENS_MAX;
		if (t->list[at].token == token)
			return t->list[at].id == id;
	}
	return false;
}

void
tokens_clear(struct tokens *t)
{
	free(t->list);
	t->list = NULL;
	t->count = t->next = 0;
}
