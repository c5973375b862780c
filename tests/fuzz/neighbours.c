/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "tests/fuzz/wire.h"

enum { SLOTS = 3, ASKED_MAX = 64, FIRST_MESSAGE = 1000 };

struct ring {
	char		 memory[SLOTS][RING_SLOT];
	bool		 out[SLOTS];
};

struct peer {
	enum role	 role;
	struct ring	*ring;		/* of queue alone */
	struct waiter	*waiter;	/* there is but one session */
};

/* Queue has one envelope at most; what a client gave up is no more. */
static struct {
	struct wire	*wire;
	struct peer	 lookup, queue;
	struct ring	 ring;
	bool		 no_credit;
	uint64_t	 tokens, messages;

	struct msg	 asked[ASKED_MAX];	/* and to be answered */
	unsigned	 nasked;

	unsigned	 login;			/* the code that it comes to */
	uint64_t	 token;			/* 0: none is open */
	struct addr	 sender;
	struct buf	 envelope;
	struct buf	 content;
	unsigned	 recipients;
} at;

/* ---- as smtpd sees them -------------------------------------------------- */

enum role
peer_role(const struct peer *p)
{
	return p->role;
}

struct ring *
peer_ring_out(struct peer *p)
{
	return p->ring;
}

uint64_t
peer_token(struct peer *p)
{
	(void)p;
	return ++at.tokens;
}

void
peer_accuse(struct peer *p, const char *reason)
{
	(void)p;
	fuzz_claim(false, reason);
}

void
peer_wait(struct peer *p, struct waiter *w, void (*ready)(void *), void *arg)
{
	fuzz_claim(p->waiter == NULL, "one session waits once");
	*w = (struct waiter){ .on = p, .ready = ready, .arg = arg };
	p->waiter = w;
}

void
waiter_clear(struct waiter *w)
{
	if (w->on == NULL)
		return;
	w->on->waiter = NULL;
	w->on = NULL;
}

int
ring_take(struct ring *r)
{
	int	 slot;

	for (slot = 0; slot < SLOTS; slot++) {
		if (r->out[slot])
			continue;
		r->out[slot] = true;
		return slot;
	}
	return -1;
}

char *
ring_slot(struct ring *r, unsigned slot)
{
	return r->memory[slot];
}

bool
ring_give_back(struct ring *r, unsigned slot)
{
	bool	 was_out = r->out[slot];

	r->out[slot] = false;
	return was_out;
}

unsigned
ring_free_slots(const struct ring *r)
{
	unsigned	 i, n = 0;

	for (i = 0; i < SLOTS; i++)
		n += !r->out[i];
	return n;
}

/* ---- what queue hears ---------------------------------------------------- */

/* Our Received line has the time in it: its lines go. */
static struct span
less_trace(struct span s)
{
	struct span	 line = span_of("\t");

	fuzz_claim(span_starts(s, "Received: from "), "our line is first");
	s = span_cut(s, '\n', &line);
	while (s.len > 0 && s.ptr[0] == '\t')
		s = span_cut(s, '\n', &line);
	return s;
}

/* So has a Date that was missing; whoever wrote one loses it here as well. */
static void
put_less_date(struct buf *into, struct span s)
{
	struct span	 line;

	while (s.len > 0) {
		line = span_head(s, span_index(s, '\n') + 1);
		if (!span_starts(line, "Date: "))
			(void)buf_put(into, line);
		s = span_skip(s, line.len);
	}
}

static void
on_end(const struct msg_end *m)
{
	struct span	 text = buf_span(&at.content);
	struct buf	*into = &at.wire->stored;

	fuzz_claim(m->token == at.token, "what ends was open");
	fuzz_claim(m->size == text.len, "its size is what came");
	fuzz_claim(m->recipients == at.recipients && at.recipients > 0,
	    "it has the recipients that came");
	(void)buf_printf(into, "[%s]", at.sender.text);
	(void)buf_put(into, buf_span(&at.envelope));
	put_less_date(into, less_trace(text));
}

static void
forget_envelope(void)
{
	at.token = 0;
	at.recipients = 0;
	buf_drop(&at.envelope, buf_len(&at.envelope));
	buf_drop(&at.content, buf_len(&at.content));
}

static void
on_content(const struct msg_content *m)
{
	fuzz_claim(m->slot < SLOTS && at.ring.out[m->slot],
	    "a slot that is told is out");
	if (m->token == at.token)
		fuzz_claim(buf_put(&at.content, span_make(
		    at.ring.memory[m->slot], m->length)), "room");
}

static void
on_recipient(const struct msg_recipient *m)
{
	fuzz_claim(m->token == at.token && m->number == at.recipients++,
	    "recipients come in order, of what is open");
	(void)buf_printf(&at.envelope, "<%s>", m->recipient.text);
}

/* A word of the client's; "g..." is good, "c..." wants another one. */
static void
hear_login(struct span octets)
{
	char	 first = octets.len > 0 ? octets.ptr[0] : 'c';

	at.login = first == 'g' ? 235 : first == 'c' ? 334 : 535;
}

static void
remember(const struct msg *m)
{
	fuzz_claim(at.nasked < ASKED_MAX, "one session asks little at once");
	at.asked[at.nasked++] = *m;
}

void
peer_put(struct peer *p, const struct msg *m)
{
	if (p == &at.lookup && m->type == MSG_RESPONSE) {
		hear_login(m->response.data);
		if (!m->response.cancelled)
			remember(m);
		return;
	}
	if (p == &at.lookup && m->type == MSG_STAYS)
		return;
	if (p == &at.lookup) {
		fuzz_claim(m->type == MSG_LEFT, "and said what is known");
		return;
	}
	if (m->type == MSG_RECIPIENT)
		on_recipient(&m->recipient);
	else if (m->type == MSG_CONTENT)
		on_content(&m->content);
	else if (m->type == MSG_END)
		on_end(&m->end);
	else
		fuzz_claim(m->type == MSG_ABORT, "a message that is known");
	if (m->type != MSG_RECIPIENT)
		remember(m);
	if (m->type == MSG_ABORT || m->type == MSG_END)
		forget_envelope();
}

bool
peer_ask(struct peer *p, const struct msg *m)
{
	if (at.no_credit)
		return false;
	fuzz_claim(p == &at.queue ? m->type == MSG_OPEN :
	    m->type == MSG_RCPT || m->type == MSG_ADMIT ||
	    m->type == MSG_MAY_SEND || m->type == MSG_LOGIN,
	    "a question that is known");
	if (m->type == MSG_LOGIN)
		hear_login(m->login.initial);
	if (m->type == MSG_OPEN) {
		fuzz_claim(at.token == 0, "one envelope at a time");
		at.token = m->open.token;
		at.sender = m->open.sender;
	}
	remember(m);
	return true;
}

/* ---- what they say ------------------------------------------------------- */

static void
answer_rcpt(const struct msg_rcpt *m)
{
	struct msg_verdict	 v = { .token = m->token };

	v.reply = reply_make(250, "2.1.5", "Ok");
	if (m->recipient.text[0] == 'x')
		v.reply = reply_make(550, "5.1.1", "<%s>: User unknown",
		    m->recipient.text);
	else if (m->recipient.text[0] == 'l')
		v.reply = reply_make(450, "4.2.1", "Later");
	recipient_on_verdict(&at.wire->server, &v);
}

static void
answer_may_send(const struct msg_may_send *m)
{
	struct msg_verdict	 v = { .token = m->token };

	v.reply = reply_make(250, "2.1.0", "Ok");
	if (m->address.text[0] == 'x')
		v.reply = reply_make(m->header ? 550 : 553, "5.7.1",
		    "<%s>: not yours", m->address.text);
	else if (m->address.text[0] == 'l')
		v.reply = reply_make(451, "4.3.0", "Later");
	(void)rights_on_verdict(&at.wire->server, &v);
}

static void
answer_admit(const struct msg_admit *m)
{
	struct msg_admitted	 a = { .token = m->token };

	a.reply = reply_make(250, NULL, "Ok");
	admission_on_admitted(&at.wire->server, &a);
}

static void
answer_login(uint64_t token)
{
	struct msg_logged_in	 m = { token, { 0 }, span_of("jones"),
				    span_of("jones") };
	struct msg_challenge	 challenge = { token, span_of("more") };

	if (at.login == 334) {
		auth_on_challenge(&at.wire->server, &challenge);
		return;
	}
	m.reply = reply_make(at.login, at.login == 235 ? "2.7.0" : "5.7.8",
	    "Login");
	auth_on_logged_in(&at.wire->server, &m);
}

static void
say_stored(uint64_t token, uint64_t message, enum stored_outcome outcome)
{
	struct msg_stored	 m = { token, message, outcome };

	submit_on_stored(&at.wire->server, &m);
}

static void
answer_open(const struct msg_open *m)
{
	struct msg_opened	 opened = { m->token, 0 };

	if (m->sender.text[0] == 'n') {
		if (at.token == m->token)
			forget_envelope();
		say_stored(m->token, 0, STORED_NO_SPACE);
		return;
	}
	opened.message = ++at.messages;
	submit_on_opened(&at.wire->server, &opened);
}

static void
free_slot(unsigned slot)
{
	fuzz_claim(ring_give_back(&at.ring, slot), "a slot is freed once");
	handover_freed(&at.wire->server);
}

static void
answer(const struct msg *m)
{
	switch (m->type) {
	case MSG_ADMIT:
		answer_admit(&m->admit);
		break;
	case MSG_RCPT:
		answer_rcpt(&m->rcpt);
		break;
	case MSG_MAY_SEND:
		answer_may_send(&m->may_send);
		break;
	case MSG_LOGIN:
		answer_login(m->login.token);
		break;
	case MSG_RESPONSE:
		answer_login(m->response.token);
		break;
	case MSG_OPEN:
		answer_open(&m->open);
		break;
	case MSG_CONTENT:
		free_slot(m->content.slot);
		break;
	case MSG_ABORT:
		say_stored(m->abort.token, 0, STORED_ABORTED);
		break;
	default:
		say_stored(m->end.token, at.messages, STORED_OK);
	}
}

static bool
call_waiter(struct peer *p)
{
	struct waiter	*w = p->waiter;

	if (w == NULL)
		return false;
	at.no_credit = false;
	waiter_clear(w);
	w->ready(w->arg);
	return true;
}

bool
wire_answer(struct wire *w)
{
	struct msg	 m;

	(void)w;
	if (at.nasked == 0)
		return call_waiter(&at.lookup) || call_waiter(&at.queue);
	m = at.asked[0];
	memmove(at.asked, at.asked + 1, --at.nasked * sizeof m);
	answer(&m);
	return true;
}

void
wire_withhold_credit(struct wire *w, bool on)
{
	(void)w;
	at.no_credit = on;
}

void
neighbours_join(struct wire *w)
{
	memset(&at.ring.out, 0, sizeof at.ring.out);
	at.wire = w;
	at.lookup = (struct peer){ .role = ROLE_LOOKUP };
	at.queue = (struct peer){ .role = ROLE_QUEUE, .ring = &at.ring };
	at.no_credit = false;
	at.messages = FIRST_MESSAGE;
	at.nasked = 0;
	buf_init(&at.envelope, 1 << 20);
	buf_init(&at.content, 1 << 24);
	forget_envelope();
	admission_found(&w->server, &at.lookup);
	recipient_found(&w->server, &at.lookup);
	rights_found(&w->server);
	submit_found(&w->server, &at.queue);
}

void
neighbours_leave(struct wire *w)
{
	while (wire_answer(w))
		;
	fuzz_claim(ring_free_slots(&at.ring) == SLOTS, "no slot is lost");
	buf_clear(&at.envelope);
	buf_clear(&at.content);
}
