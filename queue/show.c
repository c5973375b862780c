/* SPDX-License-Identifier: ISC */
/*
 * A message's content for an admin, piece by piece.  Whoever asks has one piece
 * at a time for each credit; what is not in memory is read by the reader.
 */
#include <errno.h>
#include <stdlib.h>

#include "queue/inspect.h"
#include "queue/queue.h"
#include "shared/alloc.h"
#include "shared/fd.h"

struct piece_read {
	struct job	 job;
	const struct spool *spool;
	struct place	 place;		/* in the journal, or fd -1 */
	unsigned	 admin;
	uint64_t	 token, message, offset, size;
	size_t		 length;
	int		 error;
	char		*data;
};

/* ---- in the reader ------------------------------------------------------- */

static int
read_from(int fd, uint64_t base, struct piece_read *r)
{
	ssize_t	 n = fd_pread_all(fd, r->data, r->length,
		    (off_t)(base + r->offset));

	if (n == -1)
		return errno;
	return (size_t)n == r->length ? 0 : EIO;
}

static void
read_piece(struct job *job)
{
	struct piece_read	*r = (struct piece_read *)job;
	int			 fd;

	if (r->place.fd != -1) {
		r->error = read_from(r->place.fd, r->place.offset, r);
		return;
	}
	fd = spool_open_message(r->spool, r->message);
	r->error = fd == -1 ? errno : read_from(fd, 0, r);
	fd_close(&fd);
}

/* ---- in the loop --------------------------------------------------------- */

static void
answer(struct queue *q, const struct piece_read *r,
    enum shown_outcome outcome)
{
	struct peer	*p = admin_find(q, r->admin);
	struct msg	 m = { .type = MSG_SHOWN };

	m.shown.token = r->token;
	m.shown.outcome = outcome;
	m.shown.size = r->size;
	m.shown.data = outcome == SHOWN_OK ?
	    span_make(r->data, r->length) : span_of("");
	if (p != NULL)
		peer_put(p, &m);
}

static void
piece_free(struct piece_read *r)
{
	free(r->data);
	free(r);
}

/* It may have been delivered meanwhile. */
static void
on_read(struct job *job)
{
	struct piece_read	*r = (struct piece_read *)job;
	struct queue		*q = queue_state();

	if (r->place.fd != -1)
		journal_release(q, r->place.slot);
	answer(q, r, r->error == 0 ? SHOWN_OK : r->error == ENOENT ?
	    SHOWN_UNKNOWN : SHOWN_FAILED);
	piece_free(r);
	queue_check_end(q);
}

static bool
find(struct queue *q, struct piece_read *r, const struct message *m)
{
	struct message_row	 row;
	struct view		 v;
	bool			 found;

	if (m != NULL) {
		r->size = m->size;
		return true;
	}
	view_open(&v, q->index);
	found = view_message(&v, r->message, &row);
	if (found)
		r->size = row.size;
	view_close(&v);
	return found;
}

/* The segment is not used again while it is read. */
static void
read_later(struct queue *q, struct piece_read *r, const struct message *m)
{
	if (m != NULL && m->hot && !m->filed) {
		r->place = m->place;
		journal_hold(q, r->place.slot);
	}
	r->job.work = read_piece;
	r->job.done = on_read;
	jobs_put(q->reader, &r->job);
}

static size_t
length_of(const struct piece_read *r)
{
	if (r->offset >= r->size)
		return 0;
	return r->size - r->offset < SHOW_MAX ?
	    (size_t)(r->size - r->offset) : SHOW_MAX;
}

void
on_show(struct peer *p, struct msg *m)
{
	struct queue		*q = queue_state();
	struct piece_read	*r = xcalloc(1, sizeof *r);
	const struct message	*message = message_find(q, m->show.message);

	r->spool = &q->spool;
	r->place.fd = -1;
	r->admin = admin_number(p);
	r->token = m->show.token;
	r->message = m->show.message;
	r->offset = m->show.offset;
	if (!find(q, r, message)) {
		answer(q, r, SHOWN_UNKNOWN);
		piece_free(r);
		return;
	}
	r->length = length_of(r);
	r->data = xcalloc(r->length + 1, 1);
	if (r->length > 0 && (message == NULL || !hot_copy(message,
	    r->offset, r->length, r->data))) {
		read_later(q, r, message);
		return;
	}
	answer(q, r, SHOWN_OK);
	piece_free(r);
}
