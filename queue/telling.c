/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "queue/queue.h"
#include "queue/telling.h"
#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "shared/words.h"

enum {
	MICROSECONDS	= 1000000,
	MESSAGE_TEXTS	= CLIENT_TEXT_MAX + PARAMETERS_MAX,
	RECIPIENT_TEXTS	= 2 * ADDR_TEXT_MAX + RELAY_TEXT_MAX +
			  RCPT_PARAMETERS_MAX
};

/* ---- whom it tells of ---------------------------------------------------- */

struct telling *
telling_new(size_t max)
{
	struct telling	*t = xcalloc(1, sizeof *t);

	queue_state()->reports++;
	t->max = max;
	t->messages = xcalloc(max, sizeof *t->messages);
	t->lots = xcalloc(max, sizeof *t->lots);
	t->list = xcalloc(max, sizeof *t->list);
	t->numbers = xcalloc(max, sizeof *t->numbers);
	t->texts = xcalloc(max, RECIPIENT_TEXTS + MESSAGE_TEXTS);
	t->at = t->texts;
	return t;
}

static void
discard(struct telling *t)
{
	if (t->letter != NULL)
		letter_free(t->letter);
	free(t->content);
	t->letter = NULL;
	t->content = NULL;
}

void
telling_free(struct telling *t)
{
	free(t->messages);
	free(t->lots);
	free(t->list);
	free(t->numbers);
	free(t->texts);
	free(t->text);
	discard(t);
	free(t);
	queue_state()->reports--;
	schedule_told(queue_state());
}

static struct span
keep(struct telling *t, struct span s)
{
	struct span	 kept = span_make(t->at, s.len);

	memcpy(t->at, s.ptr, s.len);
	t->at += s.len;
	return kept;
}

static struct span
keep_word(struct telling *t, struct span words, const char *name)
{
	struct span	 value;

	return words_find(words, name, &value) ? keep(t, value) : span_of("");
}

void
telling_about(struct telling *t, uint64_t id, const struct message_row *m)
{
	struct notice_message	*about = &t->messages[t->nmessages];

	t->lots[t->nmessages++].id = id;
	about->id = id;
	about->arrived = m->arrived;
	about->envid = keep_word(t, m->origin.parameters, "envid");
	about->client = keep(t, m->origin.client);
	about->header = span_of("");
	t->size = m->size;
	t->flags |= m->flags & MESSAGE_UTF8;
}

bool
telling_add(struct telling *t, uint32_t number, const struct recipient_row *r)
{
	struct notice_recipient	*one = &t->list[t->count];
	struct queue		*q = queue_state();

	if (t->count == t->max)
		return false;
	one->action = t->marks != 0 ? ACTION_DELAYED : r->action;
	one->message = (uint32_t)t->nmessages - 1;
	one->address = keep(t, r->address);
	one->original = keep(t, r->original);
	one->orcpt = keep_word(t, r->parameters, "orcpt");
	one->relay = keep(t, r->relay);
	one->reply = r->reply;
	one->attempts = r->attempts;
	one->tried = r->tried;
	one->until = t->messages[one->message].arrived + MICROSECONDS *
	    (uint64_t)settings_life(settings_of(q, r->destination), false);
	one->expired = r->expired;
	t->numbers[t->count++] = number;
	t->lots[one->message].count++;
	return true;
}

void
telling_return(struct telling *t, struct span parameters)
{
	struct span	 ret;

	t->full = words_find(parameters, "ret", &ret) &&
	    span_is_word(ret, "full");
}

/* ---- in the reader ------------------------------------------------------- */

static void
read_content(struct telling *t)
{
	int		 fd = spool_open_message(t->spool, t->lots[0].id);
	ssize_t		 n = -1;

	t->text = xcalloc(1, t->want + 1);
	if (fd != -1)
		n = fd_pread_all(fd, t->text, t->want, 0);
	t->len = n > 0 ? (size_t)n : 0;
	fd_close(&fd);
}

/* Up to the empty line, which is not part of it. */
static struct span
header_of(const struct telling *t)
{
	struct span	 all = span_make(t->text, t->len);
	const char	*end;

	if (all.len >= 2 && memcmp(all.ptr, "\r\n", 2) == 0)
		return span_of("");
	end = memmem(all.ptr, all.len, "\r\n\r\n", 4);
	if (end != NULL)
		return span_head(all, (size_t)(end - all.ptr) + 2);
	return all.len > HEADER_MAX ? span_head(all, HEADER_MAX) : all;
}

static void
show(struct telling *t)
{
	t->messages[0].header = header_of(t);
	if (t->full && t->len == t->size && t->size <= t->notice.content_max)
		t->notice.content = span_make(t->text, t->len);
}

static void
write_notice(struct telling *t)
{
	struct buf	 text;

	buf_init(&text, NOTICE_MAX);
	t->is_cut = !notice_write(&t->notice, &text);
	t->content = piece_new(buf_len(&text));
	memcpy(t->content->data, buf_span(&text).ptr, t->content->len);
	t->letter->size = t->content->len;
	t->letter->flags |= notice_flags(&t->notice);
	buf_clear(&text);
}

static void
make(struct job *job)
{
	struct telling	*t = (struct telling *)job;

	if (t->want > 0 && t->text == NULL)
		read_content(t);
	if (t->text != NULL)
		show(t);
	write_notice(t);
}

static void
on_made(struct job *job)
{
	struct telling	*t = (struct telling *)job;
	struct queue	*q = queue_state();

	if (t->is_cut)
		log_warning("a notice was cut");
	t->made(q, t);
	queue_check_end(q);
}

/* ---- the notice ---------------------------------------------------------- */

/* All that the reader needs of queue. */
static void
describe(const struct queue *q, struct telling *t)
{
	t->notice = (struct notice){ .kind = t->kind, .id = t->letter->id,
	    .now = t->letter->arrived, .life = q->life,
	    .hostname = q->hostname, .to = &t->to, .contact = span_of(""),
	    .language = q->notices.language,
	    .utf8 = (t->flags & MESSAGE_UTF8) != 0,
	    .content = span_of(""), .content_max = q->notices.content_max,
	    .messages = t->messages, .message_count = t->nmessages,
	    .recipients = t->list, .count = t->count };
}

void
telling_make(struct queue *q, struct telling *t)
{
	uint64_t	 max = t->full && q->notices.content_max > HEADER_MAX ?
			    q->notices.content_max : HEADER_MAX;
	struct addr	 nobody = { .len = 0 };

	discard(t);
	t->letter = letter_new(queue_next_id(q), &nobody);
	t->letter->arrived = queue_now();
	t->letter->flags = MESSAGE_NOTICE | (t->flags & MESSAGE_DOUBLE);
	(void)letter_add(t->letter, addr_span(&t->to), span_of(""));
	describe(q, t);
	if (t->kind != NOTICE_DIGEST)
		t->want = (size_t)(t->size < max ? t->size : max);
	t->spool = &q->spool;
	t->job.work = make;
	t->job.done = on_made;
	jobs_put(q->reader, &t->job);
}

/* The notice is durable, and goes its way. */
static void
announce(struct queue *q, struct change *c)
{
	struct telling	*t = c->owner;
	char		 id[ID_SIZE], notice[ID_SIZE];
	size_t		 i;

	id_format(notice, c->letter->id);
	for (i = 0; i < t->nmessages; i++) {
		id_format(id, t->messages[i].id);
		log_info("%s: %s: %s", id, t->words, notice);
	}
	if (c->hot)
		hot_begin(q, hot_new(q, c));
	else
		schedule_stored(q, c->letter);
}

static void
on_kept(struct change *c)
{
	announce(queue_state(), c);
}

static void
on_told(struct change *c)
{
	struct queue	*q = queue_state();
	struct telling	*t = c->owner;

	if (c->letter != NULL)
		announce(q, c);
	t->told(q, t, c);
	change_free(c);
}

void
telling_put(struct queue *q, struct telling *t)
{
	struct change	*c = change_new(CHANGE_NOTICE, on_told);

	c->owner = t;
	c->id = t->lots[0].id;
	c->numbers = t->numbers;
	c->count = t->count;
	t->numbers = NULL;
	c->marks = t->marks;
	c->aside = t->aside;
	if (t->kind == NOTICE_DIGEST) {
		c->lots = t->lots;
		c->nlots = t->nmessages;
		t->lots = NULL;
	}
	c->letter = t->letter;
	t->letter = NULL;
	c->hot = journal_is_on(q);
	if (c->hot)
		c->kept = on_kept;
	if (c->hot && c->letter->size > q->journal.message)
		c->file = file_new(c->letter->id);
	STAILQ_INSERT_TAIL(&c->content, t->content, entry);
	t->content = NULL;
	change_put(q, c);
}
