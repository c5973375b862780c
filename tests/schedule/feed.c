/* SPDX-License-Identifier: ISC */
/* What brings mail: master with the settings, smtpd, and lookup, which knows at
 * once where an address is at home. */
#include <stdio.h>
#include <string.h>

#include "tests/schedule/world.h"

enum { QUESTIONS = 64, SLOTS = 4, AGAIN = 10, CLIENT_SIZE = 48 };
enum { LITTLE_SEGMENT = 64 << 10 };

static struct {
	struct neighbour master, smtpd, lookup;
	struct post	*opened;	/* the one that is being sent */
	uint64_t	 token;
	struct {
		uint64_t	 token;
		char		 address[72];
	} asked[QUESTIONS];
	unsigned	 count;
} at;

/* ---- settings ------------------------------------------------------------ */

static void
say_settings(void)
{
	const struct world	*w = world();
	struct msg		 m = { .type = MSG_CONF_QUEUE };

	m.conf_queue.retry_first = w->retry_first;
	m.conf_queue.retry_max = w->retry_max;
	m.conf_queue.life = w->life;
	m.conf_queue.notice_life = w->notice_life;
	m.conf_queue.size_max = BIGGEST;
	m.conf_queue.journal_limit = w->journal ? 6 * LITTLE_SEGMENT : 0;
	m.conf_queue.journal_segment = LITTLE_SEGMENT;
	m.conf_queue.journal_message = MESSAGE;
	m.conf_queue.crashes = 3;
	say(&at.master, &m);
	m = (struct msg){ .type = MSG_CONF_HOST };
	m.conf_host.hostname = span_of("mx.example");
	m.conf_host.postmaster = span_of("");
	say(&at.master, &m);
}

static void
hear_nothing(void *arg, struct msg *m)
{
	(void)arg;
	broken("master hears %s", msg_row(m->type)->name);
}

static void
say_manner(const struct manner *s)
{
	struct msg	 m = { .type = MSG_CONF_DESTINATION };

	m.conf_destination.pattern = span_of(s->pattern);
	m.conf_destination.retry_first = s->retry_first;
	m.conf_destination.retry_max = s->retry_max;
	m.conf_destination.life = s->life;
	m.conf_destination.notice_life = s->notice_life;
	m.conf_destination.window_first = s->window_first;
	m.conf_destination.window = s->window;
	m.conf_destination.per_second = s->per_second;
	m.conf_destination.per_hour = s->per_hour;
	m.conf_destination.recipients = s->recipients;
	m.conf_destination.share = s->share;
	m.conf_destination.has_priority = s->priority != PRIORITY_MAX;
	m.conf_destination.priority = (uint8_t)s->priority;
	say(&at.master, &m);
}

static void
say_manners(void)
{
	const struct world	*w = world();
	unsigned		 i;

	for (i = 0; i < w->nmanners; i++)
		say_manner(&w->manners[i]);
}

/* ---- mail ---------------------------------------------------------------- */

static void
settle(struct post *p)
{
	unsigned	 i;

	p->since = sim()->now;
	for (i = 0; i < p->count && p->stored; i++) {
		p->to[i].end = WAITS;
		p->to[i].due = p->to[i].owed = sim()->now;
	}
	note("message %u, id %llx, from %u: stored %d",
	    (unsigned)(p - world()->posts), (unsigned long long)p->id,
	    p->sender, p->stored);
}

static void
hear_smtpd(void *arg, struct msg *m)
{
	(void)arg;
	if (at.opened == NULL)
		broken("smtpd hears %s, and has nothing open",
		    msg_row(m->type)->name);
	if (m->type == MSG_OPENED) {
		at.opened->id = m->opened.message;
		return;
	}
	if (m->type != MSG_STORED)
		broken("smtpd hears %s", msg_row(m->type)->name);
	at.opened->stored = m->stored.outcome == STORED_OK;
	settle(at.opened);
}

static void
say_open(const struct post *p)
{
	static const char *const priorities[LEVELS] = { "priority=-4", "",
				    "priority=7" };
	struct msg	 m = { .type = MSG_OPEN };
	char		 sender[72] = "", client[CLIENT_SIZE];

	if (p->sender < SENDERS)
		(void)snprintf(sender, sizeof sender, "s%u@from.example",
		    p->sender);
	(void)snprintf(client, sizeof client, "c%u.example[192.0.2.%u]",
	    p->sender, p->sender + 1);
	at.token = m.open.token = token();
	(void)addr_parse(span_of(sender), &m.open.sender);
	m.open.client = span_of(client);
	m.open.identity = span_of("");
	m.open.parameters = span_of(priorities[p->line % LEVELS]);
	say(&at.smtpd, &m);
}

static void
say_recipients(const struct post *p)
{
	struct msg	 m = { .type = MSG_RECIPIENT };
	char		 text[72];
	unsigned	 i;

	for (i = 0; i < p->count; i++) {
		(void)snprintf(text, sizeof text, "p%u.%u@to.example",
		    (unsigned)(p - world()->posts), i);
		m.recipient.token = at.token;
		m.recipient.number = i;
		(void)addr_parse(span_of(text), &m.recipient.recipient);
		m.recipient.parameters = span_of("");
		say(&at.smtpd, &m);
	}
}

static void
say_content(const struct post *p)
{
	static char	 text[RING_SLOT];
	struct msg	 m = { .type = MSG_CONTENT };

	memset(text, 'x', p->size);
	m.content.token = at.token;
	m.content.slot = (uint32_t)ring_fill(&at.smtpd, text, p->size);
	m.content.length = (uint32_t)p->size;
	say(&at.smtpd, &m);
	m = (struct msg){ .type = MSG_END };
	m.end.token = at.token;
	m.end.size = p->size;
	m.end.recipients = p->count;
	say(&at.smtpd, &m);
}

/* Who is refused comes again. */
static void
post(struct post *p)
{
	at.opened = p;
	say_open(p);
	outbox_flush();
	say_recipients(p);
	say_content(p);
	turn();
	at.opened = NULL;
	if (!p->stored)
		p->when = sim()->now + AGAIN * SECONDS;
}

static struct post *
next_post(void)
{
	struct world	*w = world();
	struct post	*p, *best = NULL;

	for (p = w->posts; p < w->posts + w->nposts; p++)
		if (!p->stored && (best == NULL || p->when < best->when))
			best = p;
	return best;
}

bool
feed_next(int64_t *when)
{
	const struct post	*p = next_post();

	if (p != NULL)
		*when = p->when;
	return p != NULL;
}

void
feed_due(void)
{
	struct post	*p;

	while ((p = next_post()) != NULL && p->when <= sim()->now)
		post(p);
}

/* ---- lookup -------------------------------------------------------------- */

static void
hear_lookup(void *arg, struct msg *m)
{
	(void)arg;
	if (m->type != MSG_EXPAND || at.count == QUESTIONS)
		broken("lookup hears %s", msg_row(m->type)->name);
	at.asked[at.count].token = m->expand.token;
	(void)span_copy(addr_span(&m->expand.recipient),
	    at.asked[at.count++].address, sizeof at.asked[0].address);
}

static const struct host *
home_of(const char *address)
{
	unsigned	 post, number;

	if (*address == 's')
		return &world()->places[0];
	if (sscanf(address, "p%u.%u", &post, &number) != 2 ||
	    post >= world()->nposts || number >= world()->posts[post].count)
		broken("<%s> is asked for, who is nobody", address);
	return world()->posts[post].to[number].place;
}

void
feed_answer(void)
{
	struct msg	 m;

	while (at.count > 0) {
		at.count--;
		m = (struct msg){ .type = MSG_TARGET };
		m.target.token = at.asked[at.count].token;
		(void)addr_parse(span_of(at.asked[at.count].address),
		    &m.target.recipient);
		m.target.destination =
		    span_of(home_of(at.asked[at.count].address)->name);
		say(&at.lookup, &m);
		m = (struct msg){ .type = MSG_EXPANDED };
		m.expanded.token = at.asked[at.count].token;
		m.expanded.count = 1;
		credit_back(&at.lookup);
		say(&at.lookup, &m);
	}
}

/* ---- coming and going ---------------------------------------------------- */

static void
join(struct neighbour *n, enum role r, void (*hear)(void *, struct msg *))
{
	n->role = r;
	n->hear = hear;
	neighbour_join(n);
}

void
feed_join(void)
{
	at.count = 0;
	at.smtpd.slots_in = SLOTS;
	at.smtpd.instance = 1;
	at.lookup.credit = QUESTIONS;
	join(&at.master, ROLE_MASTER, hear_nothing);
	say_settings();
	say_manners();
	join(&at.smtpd, ROLE_SMTPD, hear_smtpd);
	join(&at.lookup, ROLE_LOOKUP, hear_lookup);
}

void
feed_queue_died(void)
{
	at.count = 0;
}
