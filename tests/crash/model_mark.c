/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdio.h>

#include "tests/crash/model.h"
#include "tests/crash/promise.h"

static int
line(const struct mail *mail, uint64_t group, uint64_t id, char *into,
    size_t size)
{
	uint64_t	 rows;
	unsigned	 i;

	if (mail->id != id)
		return snprintf(into, size, "will %" PRIu64 " %" PRIu64
		    " gone\n", group, id);
	rows = digest_message(mail->size, mail->flags, &mail->sender);
	for (i = 0; i < mail->count; i++)
		rows = digest_recipient(rows, mail->guests[i].number,
		    &mail->guests[i].row);
	return snprintf(into, size, "will %" PRIu64 " %" PRIu64 " %" PRIu64
	    " %" PRIx32 " %" PRIx64 "\n", group, id, mail->size, mail->crc,
	    rows);
}

size_t
model_mark(const struct model *m, const struct plan *p, char *into,
    size_t size)
{
	size_t	 n;

	if (p->kind == CHANGE_STREAM || p->kind == CHANGE_DISCARD ||
	    p->kind == CHANGE_DESTINATION)
		return 0;
	n = (size_t)line(&m->mails[p->mail], p->group, p->id, into, size);
	if (p->kind == CHANGE_NOTICE)
		n += (size_t)line(&m->mails[p->about], p->group, p->about_id,
		    into + n, size - n);
	if (p->kind == CHANGE_NOTICE && p->also != MAILS_MAX)
		n += (size_t)line(&m->mails[p->also], p->group, p->also_id,
		    into + n, size - n);
	return n;
}
