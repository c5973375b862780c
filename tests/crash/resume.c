/* SPDX-License-Identifier: ISC */
#include <err.h>
#include <string.h>

#include "queue/index_read.h"
#include "queue/trailer.h"
#include "shared/fd.h"
#include "shared/ipc.h"
#include "tests/crash/life.h"
#include "tests/crash/model.h"

/* Rows in a model live for ever. */
static struct span
keep(struct span s)
{
	return span_of(span_dup(s));
}

static uint32_t
crc_of(uint64_t id)
{
	struct trailer	 t;
	int		 fd = spool_open_message(life_spool(), id);

	if (fd == -1 || trailer_read(fd, &t) == -1)
		errx(1, "a message that has a row has no file");
	letter_free(t.letter);
	fd_close(&fd);
	return t.crc;
}

static void
take_guests(struct view *v, struct mail *mail)
{
	struct recipient_row	 r;
	int64_t			 number = -1;

	while (view_next_recipient(v, mail->id, &number, &r)) {
		if (mail->count == GUESTS_MAX)
			errx(1, "a message has more recipients than ever");
		r.address = keep(r.address);
		r.original = keep(r.original);
		r.destination = keep(r.destination);
		r.relay = keep(r.relay);
		r.parameters = keep(r.parameters);
		mail->guests[mail->count++] = (struct guest){
		    (uint32_t)number, false, r };
	}
}

/* Files that were being written have ids above the last one that is known. */
void
model_resume(struct model *m, uint64_t groups)
{
	struct view		 v;
	struct message_row	 row;
	struct mail		*mail = m->mails;
	uint64_t		 id = 0;

	view_open(&v, life_index());
	while (view_next_message(&v, &id, &row)) {
		if (mail == m->mails + MAILS_MAX)
			errx(1, "there are more messages than ever");
		*mail = (struct mail){ .id = id, .size = row.size };
		mail->crc = crc_of(id);
		mail->next = row.next;
		mail->flags = row.flags & (MESSAGE_HELD |
		    MESSAGE_QUARANTINED);
		mail->sender = row.sender;
		take_guests(&v, mail);
		mail++;
	}
	view_close(&v);
	if (index_last(life_index()) > m->last)
		m->last = index_last(life_index());
	m->last += 2 * (uint64_t)DIRECTORIES;
	m->groups = groups;
}
