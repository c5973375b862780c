/* SPDX-License-Identifier: ISC */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/crc.h"
#include "shared/ipc.h"
#include "tests/crash/model.h"
#include "tests/crash/promise.h"

enum {
	LEAVES_MAX = 3, NEW_MAX = 4, TRIES = 50,
	SPREAD = 8,			/* directories that are used */
	FIRST_ID = 1 << 20
};

static const char *const addresses[] = {
	"anna@example.org", "bert@example.org", "carla@example.net",
	"dora@example.net", "emil@example.org", "f.g.h@example.com",
	"\"i j\"@example.com", "postmaster",
};
static const char *const destinations[] = {
	"mx:example.org:25", "mx:example.net:25", "local", "",
};
static const char	 patience[] = "the mailbox is full, and will be until "
    "somebody reads what is in it; nobody has done so for a long time, and we "
    "are told that nobody will do so before the end of the holidays, when the "
    "office opens again";

enum {
	ADDRESSES = sizeof addresses / sizeof *addresses,
	PLACES = sizeof destinations / sizeof *destinations
};

void
model_init(struct model *m, uint64_t seed)
{
	*m = (struct model){ .dice = { seed }, .last = FIRST_ID };
}

void
model_begin_batch(struct model *m)
{
	struct mail	*mail;
	unsigned	 i;

	for (mail = m->mails; mail < m->mails + MAILS_MAX; mail++) {
		mail->reserved = mail->touched = false;
		for (i = 0; i < mail->count; i++)
			mail->guests[i].busy = false;
	}
}

void
model_end_life(struct model *m)
{
	struct mail	*mail;

	for (mail = m->mails; mail < m->mails + MAILS_MAX; mail++)
		if (mail->file != NULL) {
			file_free(mail->file);
			*mail = (struct mail){ .id = 0 };
		}
}

/* ---- content ------------------------------------------------------------- */

/* Of a message, by its id. */
static char *
content(uint64_t id, size_t size)
{
	struct dice	 d = { id };
	char		*text = xcalloc(1, size + sizeof(uint64_t));
	uint64_t	 word;
	size_t		 at;

	for (at = 0; at < size; at += sizeof word) {
		word = dice_throw(&d);
		memcpy(text + at, &word, sizeof word);
	}
	return text;
}

static size_t
throw_size(struct dice *d)
{
	static const uint32_t	 most[] = { 2, 600, 600, 600, 6000, 6000, 6000,
				    30000 };

	return dice_below(d, most[dice_below(d, 8)]);
}

/* ---- plans --------------------------------------------------------------- */

static uint64_t
next_id(struct model *m)
{
	m->last++;
	if (m->last % DIRECTORIES >= SPREAD)
		m->last += DIRECTORIES - SPREAD;
	return m->last;
}

static bool
is_live(const struct mail *mail)
{
	return mail->id != 0 && mail->file == NULL && !mail->reserved;
}

/* A slot that `fits`, from a thrown one on; MAILS_MAX: none. */
unsigned
model_throw(struct model *m, bool (*fits)(const struct mail *))
{
	unsigned	 i, from = dice_below(&m->dice, MAILS_MAX);

	for (i = 0; i < MAILS_MAX; i++)
		if (fits(&m->mails[(from + i) % MAILS_MAX]))
			return (from + i) % MAILS_MAX;
	return MAILS_MAX;
}

static bool
is_free(const struct mail *mail)
{
	return mail->id == 0 && !mail->reserved;
}

static bool
is_coming(const struct mail *mail)
{
	return mail->file != NULL && !mail->reserved;
}

bool
model_is_quiet(const struct mail *mail)
{
	unsigned	 i;

	for (i = 0; i < mail->count; i++)
		if (mail->guests[i].busy)
			return false;
	return is_live(mail);
}

static bool
has_failed(const struct mail *mail)
{
	unsigned	 i;

	for (i = 0; i < mail->count; i++)
		if (mail->guests[i].row.state == ROW_FAILED)
			return mail->flags == 0 && model_is_quiet(mail);
	return false;
}

static bool
plan_new(struct model *m, struct plan *p)
{
	char	*text;

	p->mail = model_throw(m, is_free);
	if (p->mail == MAILS_MAX)
		return false;
	p->id = next_id(m);
	p->size = throw_size(&m->dice);
	p->recipients = 1 + dice_below(&m->dice, NEW_MAX);
	text = content(p->id, p->size);
	p->crc = crc32c(0, span_make(text, p->size));
	free(text);
	return true;
}

/* One that has come in pieces, or one that comes whole. */
static bool
plan_store(struct model *m, struct plan *p)
{
	const struct mail	*mail;

	p->mail = model_throw(m, is_coming);
	if (p->mail == MAILS_MAX || dice_below(&m->dice, 2) == 0)
		return plan_new(m, p);
	mail = &m->mails[p->mail];
	p->id = mail->id;
	p->size = mail->size;
	p->crc = mail->crc;
	p->file = mail->file;
	p->recipients = 1 + dice_below(&m->dice, NEW_MAX);
	return true;
}

static bool
plan_discard(struct model *m, struct plan *p)
{
	p->mail = model_throw(m, is_coming);
	if (p->mail == MAILS_MAX)
		return false;
	p->id = m->mails[p->mail].id;
	p->file = m->mails[p->mail].file;
	return true;
}

static void
throw_row(struct model *m, struct recipient_row *r)
{
	uint32_t	 length = dice_below(&m->dice, sizeof patience);

	r->state = dice_below(&m->dice, 3) == 0 ? ROW_FAILED : ROW_WAITING;
	r->attempts++;
	r->due = PROMISE_FUTURE + dice_throw(&m->dice) % PROMISE_FUTURE;
	r->destination = span_of(destinations[dice_below(&m->dice, PLACES)]);
	r->relay = span_of("mx.example.org");
	r->reply = reply_make(450, "4.2.2", "%.*s", (int)length, patience);
}

/* Half of them are to be told of. */
static void
plan_leaves(struct model *m, const struct guest *g, struct plan *p)
{
	p->row = p->parent = g->row;
	p->row.state = ROW_WAITING;
	p->row.due = 1;
	p->row.destination = span_of(destinations[0]);
	p->row.relay = span_of("");
	p->row.reply = (struct reply){ .code = 0 };
	p->row.attempts = 0;
	p->row.marks = 0;
	p->row.generation++;
	p->leaves = 1 + dice_below(&m->dice, LEAVES_MAX);
	p->expands = dice_below(&m->dice, 2) == 0;
	if (!p->expands)
		return;
	p->row.parameters = span_of("notify=delay orcpt=rfc822;a+2Bb@c");
	p->parent.parameters = span_of("notify=success,delay");
	p->parent.state = ROW_FAILED;
	p->parent.action = ACTION_EXPANDED;
}

static bool
plan_guest(struct model *m, struct plan *p)
{
	struct mail	*mail;
	unsigned	 i;

	p->mail = model_throw(m, is_live);
	if (p->mail == MAILS_MAX)
		return false;
	mail = &m->mails[p->mail];
	i = dice_below(&m->dice, mail->count);
	if (mail->guests[i].busy ||
	    mail->guests[i].row.action == ACTION_EXPANDED)
		return false;
	p->id = mail->id;
	p->number = mail->guests[i].number;
	p->row = mail->guests[i].row;
	throw_row(m, &p->row);
	if (p->kind != CHANGE_REPLACE)
		return true;
	plan_leaves(m, &mail->guests[i], p);
	return mail->count + p->leaves <= GUESTS_MAX;
}

static bool
plan_whole(struct model *m, struct plan *p)
{
	p->mail = model_throw(m, p->kind == CHANGE_DROP ? has_failed :
	    model_is_quiet);
	if (p->mail == MAILS_MAX)
		return false;
	p->id = m->mails[p->mail].id;
	return true;
}

/* Of failures, those of several messages, or of delay. */
static bool
plan_notice(struct model *m, struct plan *p)
{
	p->marks = dice_below(&m->dice, 3) == 0 ? MARK_DELAY_TOLD : 0;
	p->about = model_throw(m, p->marks != 0 ? model_is_quiet : has_failed);
	p->also = p->marks != 0 ? p->about : model_throw(m, has_failed);
	if (p->about == MAILS_MAX || !plan_new(m, p))
		return false;
	p->about_id = m->mails[p->about].id;
	p->also_id = m->mails[p->also].id;
	if (p->also_id == p->about_id)
		p->also = MAILS_MAX;
	p->recipients = 1;
	return true;
}

static bool
plan_nothing(struct model *m, struct plan *p)
{
	(void)m;
	p->mail = MAILS_MAX;
	return true;
}

static const struct {
	enum change_kind kind;
	bool		(*plan)(struct model *, struct plan *);
} thrown[] = {
	{ CHANGE_STORE,		plan_store },
	{ CHANGE_STORE,		plan_store },
	{ CHANGE_STORE,		plan_store },
	{ CHANGE_STORE,		plan_store },
	{ CHANGE_STREAM,	plan_new },
	{ CHANGE_DISCARD,	plan_discard },
	{ CHANGE_UPDATE,	plan_guest },
	{ CHANGE_UPDATE,	plan_guest },
	{ CHANGE_UPDATE,	plan_guest },
	{ CHANGE_UPDATE,	plan_guest },
	{ CHANGE_DELETE,	plan_guest },
	{ CHANGE_DELETE,	plan_guest },
	{ CHANGE_DELETE,	plan_guest },
	{ CHANGE_DELETE,	plan_guest },
	{ CHANGE_REPLACE,	plan_guest },
	{ CHANGE_NOTICE,	plan_notice },
	{ CHANGE_NOTICE,	plan_notice },
	{ CHANGE_ORDER,		model_plan_order },
	{ CHANGE_ORDER,		model_plan_order },
	{ CHANGE_DROP,		plan_whole },
	{ CHANGE_REMOVE,	plan_whole },
	{ CHANGE_DESTINATION,	plan_nothing },
};

void
model_plan(struct model *m, struct plan *p)
{
	unsigned	 i, tries;

	for (tries = 0; tries < TRIES; tries++) {
		i = dice_below(&m->dice, sizeof thrown / sizeof *thrown);
		*p = (struct plan){ .kind = thrown[i].kind };
		if (thrown[i].plan(m, p))
			break;
	}
	if (tries == TRIES) {
		*p = (struct plan){ .kind = CHANGE_DESTINATION };
		(void)plan_nothing(m, p);
	}
	p->group = ++m->groups;
}

/* ---- changes ------------------------------------------------------------- */

static void
add_content(struct change *c, const char *text, size_t len)
{
	struct piece	*p = piece_new(len);

	memcpy(p->data, text, len);
	STAILQ_INSERT_TAIL(&c->content, p, entry);
}

/* STREAM brings the first half; STORE brings the rest, or all. */
static void
give_content(struct change *c, struct plan *p)
{
	char	*text = content(p->id, p->size);
	size_t	 half = p->size / 2;

	if (p->kind == CHANGE_STREAM) {
		p->file = file_new(p->id);
		add_content(c, text, half);
	} else if (p->file != NULL)
		add_content(c, text + half, p->size - half);
	else {
		add_content(c, text, half);
		add_content(c, text + half, p->size - half);
	}
	c->file = p->file;
	free(text);
}

static struct addr
sender_of(enum change_kind kind)
{
	struct addr	 a;

	(void)addr_parse(span_of(kind == CHANGE_NOTICE ? "" :
	    "sender@example.com"), &a);
	return a;
}

static void
give_letter(struct change *c, struct plan *p)
{
	struct addr	 sender = sender_of(p->kind);
	uint32_t	 i;

	give_content(c, p);
	c->letter = letter_new(p->id, &sender);
	c->letter->size = p->size;
	for (i = 0; i < p->recipients; i++)
		(void)letter_add(c->letter,
		    span_of(addresses[(p->id + i) % ADDRESSES]),
		    span_of(""));
	c->last = p->id;
}

static void
give_failed(struct change *c, const struct mail *mail)
{
	size_t		 before = c->count;
	unsigned	 i;

	if (c->numbers == NULL)
		c->numbers = xcalloc(2 * GUESTS_MAX, sizeof *c->numbers);
	for (i = 0; i < mail->count; i++)
		if ((mail->guests[i].row.state == ROW_FAILED) ==
		    (c->marks == 0))
			c->numbers[c->count++] = mail->guests[i].number;
	if (c->lots != NULL)
		c->lots[c->nlots++] = (struct lot){ .id = mail->id,
		    .count = c->count - before };
}

static void
give_told(struct change *c, const struct model *m, const struct plan *p)
{
	c->id = p->about_id;
	c->marks = p->marks;
	if (p->also != MAILS_MAX)
		c->lots = xcalloc(2, sizeof *c->lots);
	give_failed(c, &m->mails[p->about]);
	if (p->also != MAILS_MAX)
		give_failed(c, &m->mails[p->also]);
}

struct change *
model_change(const struct model *m, struct plan *p)
{
	struct change	*c = change_new(p->kind, change_free);
	uint32_t	 i;

	c->id = p->id;
	c->number = p->number;
	if (p->kind == CHANGE_STREAM)
		give_content(c, p);
	else if (p->kind == CHANGE_STORE || p->kind == CHANGE_NOTICE)
		give_letter(c, p);
	if (p->kind == CHANGE_DISCARD)
		c->file = p->file;
	else if (p->kind == CHANGE_UPDATE)
		change_add_row(c, &p->row);
	for (i = 0; p->kind == CHANGE_REPLACE && i < p->leaves; i++)
		change_add_row(c, &p->row);
	if (p->expands)
		change_keep_parent(c, &p->parent);
	if (p->kind == CHANGE_NOTICE)
		give_told(c, m, p);
	else if (p->kind == CHANGE_ORDER)
		model_give_order(c, p);
	else if (p->kind == CHANGE_DROP)
		give_failed(c, &m->mails[p->mail]);
	if (p->kind == CHANGE_DESTINATION) {
		c->name = xstrdup(destinations[p->group % PLACES]);
		c->closed = p->group % 2 * 1000;
		c->failures = (uint32_t)p->group % 3;
	}
	return c;
}

/* ---- what a change does -------------------------------------------------- */

/* Its place stays empty until the batch is over, lest it comes back. */
static const struct mail	 gone = { .reserved = true };

static void
store(struct model *m, const struct plan *p)
{
	struct mail		*mail = &m->mails[p->mail];
	struct recipient_row	 r = { .state = ROW_NEW };
	uint32_t		 i;

	*mail = (struct mail){ .id = p->id, .size = p->size, .crc = p->crc };
	mail->sender = sender_of(p->kind);
	r.original = r.destination = r.relay = span_of("");
	for (i = 0; i < p->recipients; i++) {
		r.address = span_of(addresses[(p->id + i) % ADDRESSES]);
		mail->guests[i] = (struct guest){ i, false, r };
	}
	mail->next = mail->count = p->recipients;
	mail->reserved = true;
}

struct guest *
model_guest(struct mail *mail, uint32_t number)
{
	unsigned	 i;

	for (i = 0; i < mail->count; i++)
		if (mail->guests[i].number == number)
			return &mail->guests[i];
	errx(1, "the model has lost a recipient");
}

static void
leave(struct mail *mail, struct guest *g)
{
	mail->touched = true;
	mail->count--;
	memmove(g, g + 1, (size_t)(mail->guests + mail->count - g) *
	    sizeof *g);
	if (mail->count == 0)
		*mail = gone;
}

static void
drop_failed(struct mail *mail)
{
	unsigned	 i;

	mail->reserved = true;
	for (i = mail->count; i > 0; i--)
		if (mail->guests[i - 1].row.state == ROW_FAILED)
			leave(mail, &mail->guests[i - 1]);
}

static void
mark_waiting(struct mail *mail, uint32_t marks)
{
	unsigned	 i;

	mail->reserved = true;
	for (i = 0; i < mail->count; i++)
		if (mail->guests[i].row.state != ROW_FAILED)
			mail->guests[i].row.marks |= marks;
}

static void
tell(struct model *m, const struct plan *p)
{
	store(m, p);
	if (p->marks != 0)
		mark_waiting(&m->mails[p->about], p->marks);
	else
		drop_failed(&m->mails[p->about]);
	if (p->also != MAILS_MAX)
		drop_failed(&m->mails[p->also]);
}

static void
replace(struct mail *mail, const struct plan *p)
{
	uint32_t	 i;

	for (i = 0; i < p->leaves; i++)
		mail->guests[mail->count++] = (struct guest){ mail->next++,
		    true, p->row };
	if (p->expands)
		*model_guest(mail, p->number) = (struct guest){ p->number, true,
		    p->parent };
	else
		leave(mail, model_guest(mail, p->number));
}

void
model_apply(struct model *m, const struct plan *p)
{
	struct mail	*mail = &m->mails[p->mail];
	struct guest	*g;

	if (p->kind == CHANGE_STORE)
		store(m, p);
	else if (p->kind == CHANGE_NOTICE)
		tell(m, p);
	else if (p->kind == CHANGE_STREAM)
		*mail = (struct mail){ .id = p->id, .size = p->size,
		    .crc = p->crc, .file = p->file, .reserved = true };
	else if (p->kind == CHANGE_UPDATE) {
		g = model_guest(mail, p->number);
		g->row = p->row;
		g->busy = true;
	} else if (p->kind == CHANGE_DELETE)
		leave(mail, model_guest(mail, p->number));
	else if (p->kind == CHANGE_REPLACE)
		replace(mail, p);
	else if (p->kind == CHANGE_ORDER)
		model_apply_order(mail, p);
	else if (p->kind == CHANGE_DROP)
		drop_failed(mail);
	else if (p->kind == CHANGE_REMOVE || p->kind == CHANGE_DISCARD)
		*mail = gone;
}

/* A file that failed goes with the change that ends it. */
void
model_fail(struct model *m, const struct plan *p)
{
	if (p->kind == CHANGE_STREAM)
		model_apply(m, p);
	else if (p->kind == CHANGE_STORE && p->file != NULL)
		m->mails[p->mail] = (struct mail){ .id = 0 };
}
