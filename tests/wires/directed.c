/* SPDX-License-Identifier: ISC */
/*
 * What a mind would try and a dice would hardly find: to say much that is
 * allowed, and to give back what is still in use.
 */
#include <stdio.h>
#include <string.h>

#include "shared/log.h"
#include "tests/wires/rig.h"

enum {
	EARLY		= 8,		/* clients */
	ENVELOPES	= 600,
	SLOTS_EACH	= 1000,
	PREFIXES	= 3 * COUNTERS_MAX,
	PREFIX_GROWTH_MAX = 24 << 10,	/* KiB: COUNTERS_MAX */
	TEXT_GROWTH_MAX	= 160 << 10,	/* KiB: ENVELOPES_TEXT_MAX, and room */
	SLOT_GROWTH_MAX	= 72 << 10	/* STAGED_MAX, and on its way */
};

/* Gathers records and sends them in as few packets as it fits. */
static void
pour(struct rig *r, struct buf *b, const struct msg *m)
{
	if (m != NULL && msg_encode(m, b))
		return;
	r->frames++;
	if (r->hostile->fd != -1)
		(void)wire_send(r, r->hostile, buf_span(b), NULL, 0);
	buf_drop(b, buf_len(b));
	if (m != NULL && !msg_encode(m, b))
		fatal("a record is too long");
	rig_turn(r, 0);
}

static void
check_memory(struct rig *r, const char *what, unsigned long before,
    unsigned long most)
{
	unsigned long	 after = memory_of(r);

	rig_check(r, rig_lives(r), "%s: it died", what);
#ifdef SANITIZED
	most *= 4;
#endif
	rig_check(r, after < before + most, "%s: grew from %lu to %lu KiB",
	    what, before, after);
}

/* ---- smtpd to queue ------------------------------------------------------ */

static void
open_envelope(struct rig *r, struct buf *b, uint64_t token)
{
	struct msg	 m = { .type = MSG_OPEN };

	m.open.token = token;
	m.open.client = m.open.identity = span_of("");
	pour(r, b, &m);
}

static void
many_recipients(struct rig *r)
{
	unsigned long	 before = memory_of(r);
	struct msg	 m = { .type = MSG_RECIPIENT };
	struct buf	 b;
	char		 text[ADDR_TEXT_MAX];
	uint64_t	 i;

	snprintf(text, sizeof text, "%060d@%060d.%060d.%050d.example", 1, 2, 3,
	    4);
	(void)addr_parse(span_of(text), &m.recipient.recipient);
	buf_init(&b, FRAME_MAX);
	new_pair(r, true);
	for (i = 1; i <= ENVELOPES && r->hostile->fd != -1; i++) {
		open_envelope(r, &b, i);
		m.recipient.token = i;
		for (m.recipient.number = 0;
		    m.recipient.number < RECIPIENTS_MAX;
		    m.recipient.number++)
			pour(r, &b, &m);
	}
	pour(r, &b, NULL);
	program_probe(r, "amid many recipients");
	check_memory(r, "many recipients", before, TEXT_GROWTH_MAX);
	buf_clear(&b);
	new_pair(r, true);
	program_probe(r, "behind many recipients");
}

/* Slots are named again and again, and never waited for. */
static void
many_slots(struct rig *r)
{
	unsigned long	 before = memory_of(r);
	struct msg	 m = { .type = MSG_RECIPIENT };
	struct buf	 b;
	uint64_t	 i, k;

	buf_init(&b, FRAME_MAX);
	new_pair(r, true);
	for (i = 1; i <= ENVELOPES; i++) {
		open_envelope(r, &b, i);
		m = (struct msg){ .type = MSG_RECIPIENT };
		m.recipient.token = i;
		(void)addr_parse(span_of("a@b.example"),
		    &m.recipient.recipient);
		pour(r, &b, &m);
	}
	for (i = 1; i <= ENVELOPES && r->hostile->fd != -1; i++)
		for (k = 0; k < SLOTS_EACH; k++) {
			m = (struct msg){ .type = MSG_CONTENT };
			m.content = (struct msg_content){ i, k % 256,
			    RING_SLOT / 64 };
			pour(r, &b, &m);
		}
	pour(r, &b, NULL);
	program_probe(r, "amid many slots");
	check_memory(r, "many slots", before, SLOT_GROWTH_MAX);
	buf_clear(&b);
	new_pair(r, true);
	program_probe(r, "behind many slots");
}

static void
smtpd_to_queue(struct rig *r)
{
	many_recipients(r);
	many_slots(r);
}

/* ---- smtpd to lookup ----------------------------------------------------- */

static void
come(struct rig *r, struct buf *b, uint64_t n)
{
	uint64_t	 address[2] = { n * 0x9e3779b97f4a7c15u };
	struct msg	 m = { .type = MSG_STAYS };

	m.stays.token = n;
	m.stays.address = span_make(address, sizeof address);
	pour(r, b, &m);
}

/* Clients come and go, each from somewhere else. */
static void
many_prefixes(struct rig *r)
{
	unsigned long	 before = memory_of(r);
	struct msg	 m = { .type = MSG_LEFT };
	struct buf	 b;
	uint64_t	 i;

	buf_init(&b, FRAME_MAX);
	new_pair(r, true);
	for (i = 1; i <= PREFIXES && r->hostile->fd != -1; i++) {
		come(r, &b, i);
		m.left.token = i;
		m.left.errors = UINT32_MAX;
		pour(r, &b, &m);
	}
	pour(r, &b, NULL);
	rig_check(r, r->hostile->fd != -1, "many prefixes: the pair ended");
	program_probe(r, "behind many prefixes");
	check_memory(r, "many prefixes", before, PREFIX_GROWTH_MAX);
	buf_clear(&b);
}

static bool
has_lost(struct rig *r, void *arg)
{
	(void)arg;
	return r->hostile == NULL || r->hostile->fd == -1;
}

/* They come and never go. */
static void
many_visits(struct rig *r)
{
	struct buf	 b;
	uint64_t	 i;

	buf_init(&b, FRAME_MAX);
	new_pair(r, true);
	for (i = 1; i <= VISITS_MAX + 1 && r->hostile->fd != -1; i++)
		come(r, &b, i);
	pour(r, &b, NULL);
	rig_check(r, rig_until(r, has_lost, NULL),
	    "more clients than there can be: the pair goes on");
	program_probe(r, "behind many clients");
	buf_clear(&b);
}

static void
smtpd_to_lookup(struct rig *r)
{
	many_prefixes(r);
	many_visits(r);
}

/* ---- queue to smtpd ------------------------------------------------------ */

static bool
has_begun(struct rig *r, void *arg)
{
	(void)arg;
	return r->clients[0].content || !rig_lives(r);
}

/* The slot that is being filled is given back by whom it was not sent to. */
static void
free_early(struct rig *r, const char *then)
{
	struct msg	 m = { .type = MSG_FREED };
	unsigned	 i;

	new_pair(r, true);
	for (i = 0; i < 4; i++) {
		client_start_slow(r, 0);
		(void)rig_until(r, has_begun, NULL);
		rig_turn(r, 20);
		m.freed.slot = 0;
		wire_say(r, r->hostile, &m);
		rig_turn(r, 20);
		client_go_on(r, then);
		rig_turn(r, 20);
		rig_turn(r, 20);
	}
	rig_check(r, rig_lives(r), "a slot is freed while it is filled: "
	    "it died, status %x", (unsigned)r->status);
	program_probe(r, "behind a slot that was freed early");
}

static bool
are_greeted(struct rig *r, void *arg)
{
	unsigned	 i, n = 0;

	(void)arg;
	for (i = 0; i < EARLY; i++)
		n += r->clients[i].octets > 0;
	return n == EARLY;
}

static bool
some_has_begun(struct rig *r, void *arg)
{
	unsigned	 i, n = 0;

	(void)arg;
	for (i = 0; i < EARLY; i++)
		n += r->clients[i].content;
	return n > 0;
}

/* The first queue may be long in coming.  Of the clients lookup may refuse
 * some, or their recipients. */
static void
come_late(struct rig *r)
{
	unsigned	 i;

	rig_stop(r);
	rig_start(r, true);
	for (i = 0; i < EARLY; i++)
		client_start_slow(r, i);
	rig_check(r, rig_until(r, are_greeted, NULL),
	    "clients are not greeted before queue is there");
	new_pair(r, true);
	rig_check(r, rig_until(r, some_has_begun, NULL),
	    "letters that came before queue do not go on with it");
	clients_close(r);
}

static void
queue_to_smtpd(struct rig *r)
{
	come_late(r);
	free_early(r, "a\nb\r\n.\r\n");
	free_early(r, ".\r\n");
}

void
directed(struct rig *r)
{
	if (r->program == ROLE_QUEUE && r->enemy == ROLE_SMTPD)
		smtpd_to_queue(r);
	else if (r->program == ROLE_LOOKUP && r->enemy == ROLE_SMTPD)
		smtpd_to_lookup(r);
	else if (r->program == ROLE_KEYS && r->enemy == ROLE_SMTPD)
		smtpd_to_keys(r);
	else if (r->program == ROLE_SMTPD && r->enemy == ROLE_QUEUE)
		queue_to_smtpd(r);
}
