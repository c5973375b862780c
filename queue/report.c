/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue/notice.h"
#include "queue/queue.h"
#include "queue/report.h"
#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/log.h"

/* Reads the header of a message, in the reader. */
struct heading {
	struct job	 job;
	const struct spool *spool;
	uint64_t	 id;
	uint64_t	 size;
	char		*text;
	size_t		 len;
};

/* The recipients of a message that have failed, copied out of the index. */
struct failures {
	struct notice_recipient *list;
	uint32_t	*numbers;
	size_t		 count;
	char		*texts;		/* three of each */
};

enum { TEXTS_SIZE = 2 * ADDR_TEXT_MAX + RELAY_TEXT_MAX };

/* ---- in the reader ------------------------------------------------------- */

/* Up to the empty line, which is not part of it. */
static size_t
header_length(const char *text, size_t len)
{
	const char	*end;

	if (len >= 2 && memcmp(text, "\r\n", 2) == 0)
		return 0;
	end = memmem(text, len, "\r\n\r\n", 4);
	return end == NULL ? len : (size_t)(end - text) + 2;
}

static void
read_header(struct job *job)
{
	struct heading	*h = (struct heading *)job;
	size_t		 want = h->size < HEADER_MAX ? (size_t)h->size :
			    HEADER_MAX;
	int		 fd = spool_open_message(h->spool, h->id);
	ssize_t		 n = -1;

	h->text = xcalloc(1, HEADER_MAX);
	if (fd != -1)
		n = fd_pread_all(fd, h->text, want, 0);
	h->len = n > 0 ? header_length(h->text, (size_t)n) : 0;
	fd_close(&fd);
}

/* ---- what has failed ----------------------------------------------------- */

static struct span
keep(char **at, struct span s)
{
	struct span	 kept = span_make(*at, s.len);

	memcpy(*at, s.ptr, s.len);
	*at += s.len;
	return kept;
}

static void
collect(struct queue *q, const struct message *m, struct failures *f)
{
	size_t			 max = m->tally.failed < NOTICE_RECIPIENTS_MAX ?
				    m->tally.failed : NOTICE_RECIPIENTS_MAX;
	struct recipient_row	 row;
	struct notice_recipient	*one;
	struct view		 v;
	int64_t			 number = -1;
	char			*at;

	f->count = 0;
	f->list = xcalloc(max, sizeof *f->list);
	f->numbers = xcalloc(max, sizeof *f->numbers);
	f->texts = at = xcalloc(max, TEXTS_SIZE);
	view_open(&v, q->index);
	while (f->count < max &&
	    view_next_recipient(&v, m->id, &number, &row)) {
		if (row.state != ROW_FAILED)
			continue;
		f->numbers[f->count] = (uint32_t)number;
		one = &f->list[f->count++];
		one->action = row.action;
		one->attempts = row.attempts;
		one->address = keep(&at, row.address);
		one->original = keep(&at, row.original);
		one->relay = keep(&at, row.relay);
		one->orcpt = span_of("");
		one->reply = row.reply;
		one->expired = row.expired;
	}
	view_close(&v);
}

static void
failures_clear(struct failures *f)
{
	free(f->list);
	free(f->numbers);
	free(f->texts);
}

/* ---- changes ------------------------------------------------------------- */

static struct change *
change_about(struct message *m, enum change_kind kind, struct failures *f,
    void (*finished)(struct change *))
{
	struct change	*c = change_new(kind, finished);

	c->id = m->id;
	c->aside = m->broken;
	c->numbers = f->numbers;
	c->count = f->count;
	f->numbers = NULL;
	return c;
}

/* The notice is durable, and goes its way. */
static void
announce(struct queue *q, struct change *c)
{
	char	 id[ID_SIZE], notice[ID_SIZE];

	id_format(id, c->id);
	id_format(notice, c->letter->id);
	log_info("%s: sender non-delivery notification: %s", id, notice);
	if (c->hot)
		hot_begin(q, hot_new(q, c));
	else
		schedule_stored(q, c->letter);
}

static void
on_notice_kept(struct change *c)
{
	announce(queue_state(), c);
}

static void
on_told(struct change *c)
{
	struct queue	*q = queue_state();
	struct message	*m = message_find(q, c->id);
	char		 id[ID_SIZE];

	id_format(id, c->id);
	m->tally = c->tally;
	m->reporting = false;
	if (c->kind == CHANGE_NOTICE && c->letter != NULL)
		announce(q, c);
	if (c->tally.removed)
		log_info("%s: removed", id);
	message_settle(q, m);
	change_free(c);
}

/* Rows that cannot be read have been told of; they stay until somebody looks
 * after the index. */
static void
forget_failures(struct queue *q, struct message *m)
{
	m->reporting = false;
	m->tally.failed = 0;
	message_settle(q, m);
}

/* Nobody is told of a notice that could not be delivered. */
static void
drop(struct queue *q, struct message *m)
{
	struct failures	 f;
	char		 id[ID_SIZE];

	collect(q, m, &f);
	if (f.count == 0) {
		failures_clear(&f);
		forget_failures(q, m);
		return;
	}
	id_format(id, m->id);
	log_info("%s: no notice for a notice: %zu recipient%s given up", id,
	    f.count, f.count == 1 ? "" : "s");
	change_put(q, change_about(m, CHANGE_DROP, &f, on_told));
	failures_clear(&f);
}

static struct letter *
write_letter(struct queue *q, const struct message *m,
    const struct failures *f, struct span header, struct buf *text)
{
	struct addr	 nobody = { .len = 0 };
	struct letter	*l = letter_new(queue_next_id(q), &nobody);
	struct notice_message about = { .id = m->id, .arrived = m->arrived,
			    .envid = span_of(""), .client = span_of(""),
			    .header = header };
	struct notice	 n = { .id = l->id, .now = queue_now(),
			    .life = q->life, .hostname = q->hostname,
			    .to = &m->sender, .contact = span_of(""),
			    .content = span_of(""), .messages = &about,
			    .message_count = 1, .recipients = f->list,
			    .count = f->count };

	if (!notice_write(&n, text))
		log_warning("a failure notice was cut");
	l->arrived = n.now;
	l->size = buf_len(text);
	l->flags = MESSAGE_NOTICE | notice_flags(&n);
	(void)letter_add(l, addr_span(&m->sender), span_of(""));
	return l;
}

static void
put_notice(struct queue *q, struct message *m, struct failures *f,
    struct span header)
{
	struct change	*c = change_about(m, CHANGE_NOTICE, f, on_told);
	struct piece	*content;
	struct buf	 text;

	buf_init(&text, NOTICE_MAX);
	c->letter = write_letter(q, m, f, header, &text);
	c->hot = journal_is_on(q);
	if (c->hot)
		c->kept = on_notice_kept;
	if (c->hot && c->letter->size > q->journal.message)
		c->file = file_new(c->letter->id);
	content = piece_new(buf_len(&text));
	memcpy(content->data, buf_span(&text).ptr, content->len);
	STAILQ_INSERT_TAIL(&c->content, content, entry);
	buf_clear(&text);
	change_put(q, c);
}

static void
on_header(struct job *job)
{
	struct heading	*h = (struct heading *)job;
	struct queue	*q = queue_state();
	struct message	*m = message_find(q, h->id);
	struct failures	 f;

	collect(q, m, &f);
	if (f.count > 0)
		put_notice(q, m, &f, span_make(h->text, h->len));
	else
		forget_failures(q, m);
	failures_clear(&f);
	free(h->text);
	free(h);
	queue_check_end(q);
}

void
report_start(struct queue *q, struct message *m)
{
	struct heading	*h;

	m->reporting = true;
	if (addr_is_null(&m->sender)) {
		drop(q, m);
		return;
	}
	h = xcalloc(1, sizeof *h);
	h->job.work = read_header;
	h->job.done = on_header;
	h->spool = &q->spool;
	h->id = m->id;
	h->size = m->size;
	jobs_put(q->reader, &h->job);
}
