/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "lookup/dovecot_dialog.h"
#include "shared/alloc.h"

void
dialogs_init(struct dialogs *s)
{
	TAILQ_INIT(&s->all);
	s->last_number = 0;
}

struct dialog *
dialogs_add(struct dialogs *s, uint64_t token)
{
	struct dialog	*d = xcalloc(1, sizeof *d);

	d->token = token;
	d->number = ++s->last_number;
	TAILQ_INSERT_TAIL(&s->all, d, entry);
	return d;
}

void
dialogs_remove(struct dialogs *s, struct dialog *d)
{
	TAILQ_REMOVE(&s->all, d, entry);
	free(d);
}

struct dialog *
dialogs_first(const struct dialogs *s)
{
	return TAILQ_FIRST(&s->all);
}

struct dialog *
dialogs_find_token(const struct dialogs *s, uint64_t token)
{
	struct dialog	*d;

	TAILQ_FOREACH(d, &s->all, entry)
		if (d->token == token)
			return d;
	return NULL;
}

struct dialog *
dialogs_find_number(const struct dialogs *s, uint32_t number)
{
	struct dialog	*d;

	TAILQ_FOREACH(d, &s->all, entry)
		if (d->number == number)
			return d;
	return NULL;
}

/* All have the same time, so the order of the list is that of their ends. */
void
dialogs_await(struct dialogs *s, struct dialog *d, struct instant until)
{
	d->asked = false;
	d->until = until;
	TAILQ_REMOVE(&s->all, d, entry);
	TAILQ_INSERT_TAIL(&s->all, d, entry);
}

struct dialog *
dialogs_next_due(const struct dialogs *s)
{
	struct dialog	*d;

	TAILQ_FOREACH(d, &s->all, entry)
		if (!d->asked)
			return d;
	return NULL;
}
