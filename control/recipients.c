/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/header.h"
#include "control/recipients.h"
#include "shared/alloc.h"

void
recipients_init(struct recipients *r, const char *origin)
{
	*r = (struct recipients){ .origin = origin };
}

void
recipients_clear(struct recipients *r)
{
	free(r->list);
	recipients_init(r, r->origin);
}

/* The mailbox that was found, with a domain if it had none.  It may hold a
 * NUL, which addr_parse is to see. */
static bool
to_addr(const struct mailboxes *m, const char *origin, struct addr *a)
{
	char	 full[MAILBOX_SIZE + HOST_TEXT_MAX + 2];
	int	 n;

	if (m->has_domain || m->len == 0)
		return addr_parse(span_make(m->text, m->len), a) == ADDR_OK;
	memcpy(full, m->text, m->len);
	n = snprintf(full + m->len, sizeof(full) - m->len, "@%s", origin);
	return n > 0 && (size_t)n < sizeof(full) - m->len &&
	    addr_parse(span_make(full, m->len + n), a) == ADDR_OK;
}

static bool
is_known(const struct recipients *r, const struct addr *a)
{
	size_t	 i;

	for (i = 0; i < r->count; i++)
		if (addr_equal(&r->list[i], a))
			return true;
	return false;
}

static enum recipients_status
add_one(struct recipients *r, const struct mailboxes *m)
{
	struct addr	 a;

	if (!to_addr(m, r->origin, &a) || addr_is_null(&a))
		return RECIPIENTS_BAD;
	if (is_known(r, &a))
		return RECIPIENTS_OK;
	if (r->count == RECIPIENTS_MAX)
		return RECIPIENTS_TOO_MANY;
	r->list = xreallocarray(r->list, r->count + 1, sizeof(*r->list));
	r->list[r->count++] = a;
	return RECIPIENTS_OK;
}

enum recipients_status
recipients_add(struct recipients *r, struct span list)
{
	struct mailboxes	 m;
	enum mailbox_status	 found;
	enum recipients_status	 status = RECIPIENTS_OK;

	mailboxes_init(&m, list);
	while (status == RECIPIENTS_OK &&
	    (found = mailboxes_next(&m)) != MAILBOX_END)
		status = found == MAILBOX_BAD ? RECIPIENTS_BAD :
		    add_one(r, &m);
	return status;
}

static bool
is_recipient_field(struct span name, bool resent)
{
	if (resent)
		return span_is_word(name, "Resent-To") ||
		    span_is_word(name, "Resent-Cc") ||
		    span_is_word(name, "Resent-Bcc");
	return span_is_word(name, "To") || span_is_word(name, "Cc") ||
	    span_is_word(name, "Bcc");
}

static bool
is_resent(struct span header)
{
	struct field	 f;

	while (header_take(&header, &f))
		if (is_recipient_field(f.name, true))
			return true;
	return false;
}

enum recipients_status
recipients_from_header(struct recipients *r, struct span header,
    struct span *field)
{
	bool			 resent = is_resent(header);
	enum recipients_status	 status = RECIPIENTS_OK;
	struct field		 f;

	while (status == RECIPIENTS_OK && header_take(&header, &f)) {
		if (!is_recipient_field(f.name, resent))
			continue;
		*field = f.name;
		status = recipients_add(r, f.body);
	}
	return status;
}

bool
recipients_one(struct span text, const char *origin, struct addr *a)
{
	struct mailboxes	 m;
	struct addr		 first;

	mailboxes_init(&m, text);
	switch (mailboxes_next(&m)) {
	case MAILBOX_END:
		return addr_parse(span_of(""), a) == ADDR_OK;
	case MAILBOX_BAD:
		return false;
	case MAILBOX_FOUND:
		break;
	}
	if (m.in_group || !to_addr(&m, origin, &first))
		return false;
	*a = first;
	return mailboxes_next(&m) == MAILBOX_END;
}
