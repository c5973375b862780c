/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/id.h"
#include "tests/sim/model.h"

enum {
	MAILS_MAX = 65536, TO_DESTINATIONS = 12, BIG_ALIAS = 1003,
	BUSY_SENDERS = 20
};

static struct {
	struct mail	*mails[MAILS_MAX];
	unsigned	 count;
	struct mail_tree tree;
} model;

static int
mail_cmp(const struct mail *a, const struct mail *b)
{
	return a->id < b->id ? -1 : a->id > b->id;
}

static int
node_cmp(const struct node *a, const struct node *b)
{
	return strcmp(a->address, b->address);
}

RB_PROTOTYPE(mail_tree, mail, by_id, mail_cmp);
RB_GENERATE(mail_tree, mail, by_id, mail_cmp)
RB_PROTOTYPE(node_tree, node, by_address, node_cmp);
RB_GENERATE(node_tree, node, by_address, node_cmp)

void
model_clear(void)
{
	struct mail	*m;
	struct node	*n;

	while (model.count > 0) {
		m = model.mails[--model.count];
		while ((n = RB_ROOT(&m->nodes)) != NULL) {
			RB_REMOVE(node_tree, &m->nodes, n);
			own_free(n);
		}
		own_free(m->text);
		own_free(m);
	}
	RB_INIT(&model.tree);
}

unsigned
model_count(void)
{
	return model.count;
}

struct mail *
model_at(unsigned number)
{
	return number < model.count ? model.mails[number] : NULL;
}

/* ---- mail ---------------------------------------------------------------- */

static uint64_t
any_size(void)
{
	switch (below(20)) {
	case 0:
		return 0;
	case 1:
		return below(BIGGEST) + MESSAGE;
	case 2:
	case 3:
	case 4:
		return below(2 * MESSAGE);
	default:
		return below(2000);
	}
}

struct mail *
mail_new(void)
{
	struct mail	*m = own_new(sizeof *m);
	char		 text[72] = "";

	if (model.count == MAILS_MAX)
		broken("%d messages in one round", MAILS_MAX);
	m->number = model.count;
	m->size = any_size();
	m->count = 1 + (chance(1, 3) ? below(8) : 0);
	if (chance(1, 300))
		m->count = 120 + below(150);
	m->headless = chance(1, 10);
	RB_INIT(&m->nodes);
	if (!chance(1, 6))
		(void)snprintf(text, sizeof text, "%c%u@from.example",
		    chance(1, 10) ? 'x' : 's', m->number % BUSY_SENDERS);
	(void)addr_parse(span_of(text), &m->sender);
	model.mails[model.count++] = m;
	return m;
}

/* What no disk has heard of may be given again by the next queue, when the
 * clock was set back between. */
void
mail_has_id(struct mail *m, uint64_t id)
{
	struct mail	*old = mail_find(id);

	if (old != NULL && (old->notice || (old->fate != FATE_NEVER &&
	    old->fate != FATE_ENDED && old->fate != FATE_MAYBE)))
		broken("id %llx is given twice", (unsigned long long)id);
	if (old != NULL) {
		RB_REMOVE(mail_tree, &model.tree, old);
		old->closed = old->forgotten = true;
	}
	m->id = id;
	RB_INSERT(mail_tree, &model.tree, m);
}

struct mail *
mail_find(uint64_t id)
{
	struct mail	 key = { .id = id };

	return RB_FIND(mail_tree, &model.tree, &key);
}

void
mail_address(const struct mail *m, unsigned number, struct addr *a)
{
	char	 text[72];

	(void)snprintf(text, sizeof text, "r%u.%u@to.example", m->number,
	    number);
	if (addr_parse(span_of(text), a) != ADDR_OK)
		abort();
}

void
mail_parameters(const struct mail *m, char into[72])
{
	into[0] = '\0';
	if (!m->notice && m->number % 4 != 0)
		(void)snprintf(into, 72, "tag=t%u helo=client%u.example",
		    m->number % 5, m->number);
}

/* Letters by place, so that a wrong piece is a wrong text. */
static void
fill(uint64_t number, uint64_t block, char into[8])
{
	uint64_t	 x = (number << 32 | block) * 0x9e3779b97f4a7c15u;
	int		 i;

	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9u;
	for (i = 0; i < 8; i++)
		into[i] = (char)('A' + (x >> (8 * i + 1)) % 32);
}

void
mail_content(const struct mail *m, uint64_t offset, size_t length, char *into)
{
	static const char	 head[] = "Subject: x\r\n\r\n";
	char			 eight[8];
	uint64_t		 at = offset, last = UINT64_MAX;

	if (m->text != NULL) {
		memcpy(into, m->text + offset, length);
		return;
	}
	for (; at < offset + length; at++) {
		if (!m->headless && at < sizeof head - 1) {
			*into++ = head[at];
			continue;
		}
		if (at / 8 != last)
			fill(m->number + 1, last = at / 8, eight);
		*into++ = eight[at % 8];
	}
}

bool
mail_is_owed(const struct mail *m)
{
	return m->fate == FATE_PROMISED && !m->closed;
}

/* ---- who is behind an address -------------------------------------------- */

static unsigned
depth_of(const char *address)
{
	unsigned	 n = 0;

	while (*address != '@')
		n += *address++ == '.';
	return n;
}

enum plan
plan_of(const char *address, unsigned *children)
{
	uint64_t	 h = hash(sim()->seed, address);
	unsigned	 part = (unsigned)(h % 1000);

	*children = 0;
	if (*address == 's')
		return PLAN_SELF;
	if (*address == 'x')
		return PLAN_REFUSE;
	if (depth_of(address) >= 3 || part < 700)
		return PLAN_SELF;
	if (part < 840) {
		*children = part < 760 ? 1 : 2 + (unsigned)(h >> 32) % 4;
		return part < 760 ? PLAN_RENAME : PLAN_ALIAS;
	}
	if (part < 842 && depth_of(address) == 1) {
		*children = BIG_ALIAS;
		return PLAN_ALIAS;
	}
	return part < 890 ? PLAN_REFUSE : part < 950 ? PLAN_LATER : PLAN_SELF;
}

void
child_of(const char *address, unsigned i, char into[72])
{
	size_t	 n = strcspn(address, "@");

	(void)snprintf(into, 72, "%.*s.%u%s", (int)n, address, i,
	    address + n);
}

bool
child_has_destination(const char *child)
{
	return hash(sim()->seed + 1, child) % 4 != 0;
}

bool
has_single_leaf(const char *address, char leaf[72])
{
	unsigned	 children;

	if (plan_of(address, &children) != PLAN_RENAME)
		return false;
	child_of(address, 0, leaf);
	return child_has_destination(leaf);
}

void
destination_of(const char *address, char into[40])
{
	unsigned	 n = (unsigned)(hash(sim()->seed + 2, address) %
			    TO_DESTINATIONS);

	if (n < 8)
		(void)snprintf(into, 40, "mx:d%u.example:25", n);
	else
		(void)snprintf(into, 40, "local:u%u", n);
}

struct node *
node_find(struct mail *m, const char *address)
{
	struct node	 key;

	(void)snprintf(key.address, sizeof key.address, "%s", address);
	return RB_FIND(node_tree, &m->nodes, &key);
}

static bool
is_of(const struct mail *m, const char *address)
{
	unsigned	 mail, number;

	if (m->notice)
		return *address == 's' || *address == 'x';
	return sscanf(address, "r%u.%u", &mail, &number) == 2 &&
	    mail == m->number && number < m->count;
}

struct node *
node_of(struct mail *m, const char *address)
{
	struct node	*n = node_find(m, address);

	if (n != NULL)
		return n;
	if (!is_of(m, address))
		broken("<%s> is nobody of message %u", address, m->number);
	n = own_new(sizeof *n);
	n->mail = m;
	(void)snprintf(n->address, sizeof n->address, "%s", address);
	RB_INSERT(node_tree, &m->nodes, n);
	return n;
}

/* ---- what was heard ------------------------------------------------------ */

void
heard_delivered(struct mail *m, const char *address)
{
	struct node	*n = node_of(m, address);
	struct sim	*s = sim();

	if (m->fate == FATE_NEVER || m->fate == FATE_OPEN ||
	    m->fate == FATE_REMOVED)
		broken("<%s> has message %u, which was not accepted (%d)",
		    address, m->number, m->fate);
	n->delivered++;
	n->orphan = false;
	s->delivered++;
	s->repeated += n->delivered > 1;
	if (n->delivered > 1 + n->excuses)
		broken("<%s> has message %u, id %llx, %u times", address,
		    m->number, (unsigned long long)m->id, n->delivered);
	if (n->noticed > 0 && n->excuses == 0)
		broken("<%s> has message %u, whose sender was told",
		    address, m->number);
}

void
heard_dead(uint64_t id, const char *address)
{
	struct mail	*m = mail_find(id);

	if (m == NULL)
		broken("a verdict for %llx, which is no message",
		    (unsigned long long)id);
	node_of(m, address)->dead = true;
}

/* Nothing is recorded of single leaves: the recipient may be called as it was
 * before its lookup. */
static bool
stands_for(const char *address, const char *leaf)
{
	char	 a[72], b[72];

	(void)snprintf(a, sizeof a, "%s", address);
	while (strcmp(a, leaf) != 0) {
		if (!has_single_leaf(a, b))
			return false;
		memcpy(a, b, sizeof a);
	}
	return true;
}

static bool
is_in_memory(const struct node *n)
{
	struct message		*m = message_find(sim()->queue, n->mail->id);
	struct recipient	*r;

	if (m == NULL)
		return false;
	RB_FOREACH(r, recipient_tree, &m->recipients)
		if (stands_for(r->address, n->address))
			return true;
	return false;
}

/*
 * Whoever delivered it is dead and with it the result; if queue dies as well
 * before it was recorded, it goes out again, and may.
 */
void
orphans_judge(void)
{
	struct node	*n;
	unsigned	 i;

	for (i = 0; i < model.count; i++)
		RB_FOREACH(n, node_tree, &model.mails[i]->nodes) {
			n->excuses += n->orphan && is_in_memory(n);
			n->orphan = false;
		}
}

/* ---- has it ended? ------------------------------------------------------- */

static bool
is_over(struct mail *m, const char *address)
{
	struct node	*n = node_find(m, address);
	unsigned	 i, children;
	char		 child[72];

	if (n != NULL && (n->delivered > 0 || n->noticed > 0 ||
	    (n->dead && (addr_is_null(&m->sender)))))
		return true;
	(void)plan_of(address, &children);
	if (n == NULL || children == 0)
		return false;
	for (i = 0; i < children; i++) {
		child_of(address, i, child);
		if (!is_over(m, child))
			return false;
	}
	return true;
}

static const char *
who_is_owed(struct mail *m)
{
	static char	 text[72];
	struct addr	 a;
	unsigned	 i;
	struct node	*n;

	if (m->notice) {
		n = RB_ROOT(&m->nodes);
		return n != NULL && is_over(m, n->address) ? NULL :
		    "its sender";
	}
	for (i = 0; i < m->count; i++) {
		mail_address(m, i, &a);
		if (is_over(m, a.text))
			continue;
		(void)span_copy(addr_span(&a), text, sizeof text);
		return text;
	}
	return NULL;
}

bool
model_is_over(void)
{
	struct mail	*m;
	unsigned	 i;

	for (i = 0; i < model.count; i++) {
		m = model.mails[i];
		if (m->fate == FATE_ENDED)
			return false;
		if (!mail_is_owed(m))
			continue;
		if (who_is_owed(m) != NULL)
			return false;
		m->closed = true;
	}
	return true;
}

void
audit_end(void)
{
	const char	*who;
	struct mail	*m;
	unsigned	 i;

	for (i = 0; i < model.count; i++) {
		m = model.mails[i];
		if (mail_is_owed(m) && (who = who_is_owed(m)) != NULL)
			broken("message %u, id %llx, is lost for <%s>",
			    m->number, (unsigned long long)m->id, who);
	}
}

/* Nothing is left of it in the queue: then it must have ended. */
static void
audit_missing(struct mail *m)
{
	const char	*who = who_is_owed(m);

	if (who != NULL)
		broken("message %u, id %llx, did not survive: <%s> has "
		    "nothing", m->number, (unsigned long long)m->id, who);
	m->closed = true;
}

static void
audit_recipient(struct mail *m, struct span address)
{
	char		 text[72], leaf[72];
	struct node	*n;

	(void)span_copy(address, text, sizeof text);
	if (has_single_leaf(text, leaf))
		audit_recipient(m, span_of(leaf));
	n = node_find(m, text);
	if (n != NULL && n->recorded)
		broken("<%s> of message %u was recorded, and is to have it "
		    "again", text, m->number);
	if (n != NULL && n->noticed > 0)
		broken("<%s> of message %u was told of, and is to have it "
		    "again", text, m->number);
}

static void
audit_there(struct mail *m, struct message *qm, struct view *v)
{
	struct recipient_row	 row;
	struct recipient	*r;
	int64_t			 number = -1;

	if (m->fate == FATE_NEVER || m->fate == FATE_OPEN)
		broken("message %u was refused, and is there", m->number);
	if (m->fate == FATE_REMOVED)
		broken("message %u was removed, and is there", m->number);
	m->must_be_known = qm != NULL && qm->hot;
	if (qm != NULL && qm->hot) {
		RB_FOREACH(r, recipient_tree, &qm->recipients)
			audit_recipient(m, span_of(r->address));
		return;
	}
	while (view_next_recipient(v, m->id, &number, &row))
		audit_recipient(m, row.address);
}

void
audit_start(void)
{
	struct queue	*q = sim()->queue;
	struct message	*qm;
	struct mail	*m;
	struct view	 v;
	unsigned	 i;

	view_open(&v, q->index);
	for (i = 0; i < model.count; i++) {
		m = model.mails[i];
		if (m->id == 0 || m->closed || m->forgotten)
			continue;
		qm = message_find(q, m->id);
		if (qm != NULL || view_has_message(&v, m->id))
			audit_there(m, qm, &v);
		else if (mail_is_owed(m))
			audit_missing(m);
	}
	view_close(&v);
}

/* What is said of memory is so. */
/* No change is on its way: then what waits on disk, and for no destination that
 * is at work, has a time when it is looked for, be it due long since. */
static void
audit_waiting(struct queue *q)
{
	struct due_key	 k = { .name = span_of("") };
	struct view	 v;

	if (!q->working || q->stopping || jobs_outstanding(q->spiller) > 0 ||
	    jobs_outstanding(q->journal.jobs) > 0 ||
	    timer_is_set(&q->schedule.scan))
		return;
	view_open(&v, q->index);
	while (view_next_due(&v, &k))
		if (k.name.len > 0 && destination_find(q, k.name) == NULL &&
		    !(span_is(k.name, NOTICE_NAME) && q->reports > 0))
			broken("nobody looks after what waits for %.*s",
			    (int)k.name.len, k.name.ptr);
	view_close(&v);
}

void
audit_turn(void)
{
	struct queue	*q = sim()->queue;
	struct message	*m;
	unsigned	 hot = 0, recipients = 0;
	size_t		 octets = 0;

	TAILQ_FOREACH(m, &q->hots.all, hot_entry) {
		hot++;
		recipients += m->count;
	}
	TAILQ_FOREACH(m, &q->hots.cached, cached_entry)
		octets += (size_t)m->size;
	if (hot != q->hots.count || recipients != q->hots.recipients ||
	    octets != q->hots.octets)
		broken("hot: %u of %u, recipients %u of %u, octets %zu of %zu",
		    hot, q->hots.count, recipients, q->hots.recipients,
		    octets, q->hots.octets);
	if (q->hots.count > HOT_MESSAGES_MAX + 1 ||
	    q->hots.octets > CACHE_MAX)
		broken("too much is hot: %u, %zu", hot, octets);
	if (q->messages.count - q->hots.count > ACTIVE_MESSAGES_MAX +
	    q->errands.count)
		broken("%u messages are active", q->messages.count);
	audit_waiting(q);
}
