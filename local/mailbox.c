/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "local/mailbox.h"
#include "shared/alloc.h"

void
mailbox_clear(struct mailbox_table *t)
{
	size_t	 i;

	for (i = 0; i < t->count; i++) {
		free(t->rows[i].domain);
		free(t->rows[i].path);
	}
	free(t->rows);
	*t = (struct mailbox_table){ NULL, 0, 0 };
}

/* As strcasecmp; `name` has no NUL. */
static int
compare(struct span name, const char *domain)
{
	int	 order = strncasecmp(name.ptr, domain, name.len);

	return order != 0 || domain[name.len] == '\0' ? order : -1;
}

/* The first row that is not before `domain`. */
static size_t
place_of(const struct mailbox_table *t, struct span domain)
{
	size_t	 low = 0, high = t->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (compare(domain, t->rows[middle].domain) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
is_there(const struct mailbox_table *t, size_t at, struct span domain)
{
	return at < t->count && span_is_word(domain, t->rows[at].domain);
}

bool
mailbox_add(struct mailbox_table *t, const struct msg_conf_delivery *c)
{
	size_t	 at = place_of(t, c->domain);

	if (is_there(t, at, c->domain))
		return false;
	if (t->count == t->cap) {
		t->cap = t->cap > 0 ? t->cap * 2 : 16;
		t->rows = xreallocarray(t->rows, t->cap, sizeof *t->rows);
	}
	memmove(&t->rows[at + 1], &t->rows[at],
	    (t->count - at) * sizeof *t->rows);
	t->rows[at].domain = span_dup(c->domain);
	t->rows[at].path = span_dup(c->path);
	t->rows[at].kind = c->kind;
	t->count++;
	return true;
}

const struct mailbox *
mailbox_find(const struct mailbox_table *t, struct span domain)
{
	size_t	 at = place_of(t, domain);

	return is_there(t, at, domain) ? &t->rows[at] : NULL;
}
