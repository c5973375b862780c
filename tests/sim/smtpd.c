/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "tests/sim/model.h"
#include "tests/sim/peer.h"

enum { WORKERS = 2, ENVELOPES = 8, SLOTS = 6 };

enum state {
	NONE, OPENING, OPEN, ENDED, ABORTED,
	UNSURE,			/* to be asked of the next queue */
	ASKED
};

struct envelope {
	enum state	 state;
	uint64_t	 token, question;
	struct mail	*mail;
	unsigned	 recipients;	/* said */
	uint64_t	 sent;
};

static struct worker {
	struct neighbour neighbour;
	struct envelope	 envelopes[ENVELOPES];
} workers[WORKERS];

/* ---- what it hears ------------------------------------------------------- */

static struct envelope *
find(struct worker *w, uint64_t token)
{
	struct envelope	*e;

	for (e = w->envelopes; e < w->envelopes + ENVELOPES; e++)
		if (e->state != NONE && (e->state == ASKED ? e->question :
		    e->token) == token)
			return e;
	broken("smtpd hears of an envelope that it does not have");
}

static void
end(struct envelope *e, enum fate fate)
{
	if (e->mail->fate == FATE_ENDED || e->mail->fate == FATE_OPEN)
		e->mail->fate = fate;
	memset(e, 0, sizeof *e);
}

/* When the disk has failed, what was written may come back, and was said not
 * to: a repeat at worst. */
static enum fate
refusal(const struct envelope *e)
{
	if (e->state == ENDED && sim()->queue->journal.committer.is_dead)
		return FATE_MAYBE;
	return FATE_NEVER;
}

static void
on_answer(struct envelope *e, const struct msg_stored *m)
{
	struct mail	*mail = e->mail;

	if (m->outcome == STORED_OK && mail->forgotten)
		broken("message %u was not stored, but is said to be",
		    mail->number);
	if (m->outcome == STORED_OK) {
		sim()->accepted++;
		end(e, FATE_PROMISED);
		return;
	}
	if (mail->must_be_known)
		broken("message %u is hot, and UNSURE of it is said to have "
		    "failed", mail->number);
	end(e, FATE_MAYBE);
}

static void
on_stored(struct envelope *e, const struct msg_stored *m)
{
	note("message %u: stored %u", e->mail->number, m->outcome);
	if (m->message != e->mail->id && m->message != 0)
		broken("STORED of another message");
	if (e->state == ASKED) {
		on_answer(e, m);
		return;
	}
	if (m->outcome == STORED_ABORTED && e->state != ABORTED)
		broken("message %u was not aborted", e->mail->number);
	if (m->outcome == STORED_OK && e->state != ENDED)
		broken("message %u was not ended", e->mail->number);
	if (m->outcome == STORED_OK)
		sim()->accepted++;
	end(e, m->outcome == STORED_OK ? FATE_PROMISED : refusal(e));
}

static void
hear(void *arg, struct msg *m)
{
	struct envelope	*e = find(arg, m->type == MSG_STORED ?
			    m->stored.token : m->opened.token);

	if (m->type == MSG_STORED)
		on_stored(e, &m->stored);
	else if (m->type == MSG_OPENED && e->state == OPENING) {
		mail_has_id(e->mail, m->opened.message);
		e->state = OPEN;
	} else
		broken("smtpd hears %s out of place", msg_row(m->type)->name);
}

/* ---- what it says -------------------------------------------------------- */

static void
open_one(struct worker *w, struct envelope *e)
{
	struct msg	 m = { .type = MSG_OPEN };
	char		 parameters[72];

	e->mail = mail_new();
	mail_parameters(e->mail, parameters);
	e->state = OPENING;
	e->token = m.open.token = token();
	m.open.sender = e->mail->sender;
	m.open.size = chance(1, 3) ? e->mail->size : 0;
	m.open.client = span_of("client.example[192.0.2.1]");
	m.open.identity = span_of("");
	m.open.parameters = span_of(parameters);
	say(&w->neighbour, &m);
}

static void
say_recipients(struct worker *w, struct envelope *e)
{
	struct msg	 m = { .type = MSG_RECIPIENT };
	unsigned	 n = 1 + below(40);

	while (n-- > 0 && e->recipients < e->mail->count) {
		m.recipient.token = e->token;
		m.recipient.number = e->recipients;
		mail_address(e->mail, e->recipients++, &m.recipient.recipient);
		say(&w->neighbour, &m);
	}
}

static bool
say_content(struct worker *w, struct envelope *e)
{
	static char	 text[RING_SLOT];
	struct msg	 m = { .type = MSG_CONTENT };
	uint64_t	 rest = e->mail->size - e->sent;
	size_t		 n = rest < RING_SLOT ? (size_t)rest : RING_SLOT;
	int		 slot;

	if (chance(1, 3))
		n = 1 + below((unsigned)n);
	mail_content(e->mail, e->sent, n, text);
	slot = ring_fill(&w->neighbour, text, n);
	if (slot == -1)
		return false;
	e->sent += n;
	m.content.token = e->token;
	m.content.slot = (uint32_t)slot;
	m.content.length = (uint32_t)n;
	say(&w->neighbour, &m);
	return true;
}

static void
say_end(struct worker *w, struct envelope *e)
{
	struct msg	 m = { .type = MSG_END };

	note("message %u, id %llx, ends", e->mail->number,
	    (unsigned long long)e->mail->id);
	e->state = ENDED;
	e->mail->fate = FATE_ENDED;
	m.end.token = e->token;
	m.end.size = e->sent;
	m.end.recipients = e->recipients;
	say(&w->neighbour, &m);
}

static void
say_abort(struct worker *w, struct envelope *e)
{
	struct msg	 m = { .type = MSG_ABORT };

	e->state = ABORTED;
	m.abort.token = e->token;
	say(&w->neighbour, &m);
}

static void
ask(struct worker *w, struct envelope *e)
{
	struct msg	 m = { .type = MSG_UNSURE };

	e->state = ASKED;
	m.unsure.token = e->question = token();
	m.unsure.envelope = e->token;
	m.unsure.message = e->mail->id;
	say(&w->neighbour, &m);
}

static bool
go_on(struct worker *w, struct envelope *e)
{
	if (e->state == NONE && (sim()->calm || sim()->queue->stopping ||
	    chance(1, 2)))
		return false;
	if (e->state == NONE)
		open_one(w, e);
	else if (e->state == UNSURE)
		ask(w, e);
	else if (e->state != OPEN)
		return false;
	else if (chance(1, 100))
		say_abort(w, e);
	else if (e->recipients < e->mail->count)
		say_recipients(w, e);
	else if (e->sent < e->mail->size)
		return say_content(w, e);
	else
		say_end(w, e);
	return true;
}

bool
smtpd_event(void)
{
	struct worker	*w = &workers[below(WORKERS)];

	return w->neighbour.peer != NULL &&
	    go_on(w, &w->envelopes[below(ENVELOPES)]);
}

/* ---- life and death ------------------------------------------------------ */

void
smtpd_queue_died(void)
{
	struct worker	*w;
	struct envelope	*e;

	for (w = workers; w < workers + WORKERS; w++)
		for (e = w->envelopes; e < w->envelopes + ENVELOPES; e++) {
			if (e->state == ENDED || e->state == ASKED)
				e->state = UNSURE;
			else if (e->state != NONE && e->state != UNSURE)
				end(e, FATE_NEVER);
		}
}

void
smtpd_join(void)
{
	struct worker	*w;

	for (w = workers; w < workers + WORKERS; w++) {
		if (w->neighbour.peer != NULL)
			continue;
		w->neighbour.role = ROLE_SMTPD;
		w->neighbour.instance = 1 + (unsigned)(w - workers);
		w->neighbour.slots_in = SLOTS;
		w->neighbour.hear = hear;
		w->neighbour.arg = w;
		neighbour_join(&w->neighbour);
	}
}

/* What it had ended, its clients do not know: they repeat. */
void
smtpd_die(void)
{
	struct worker	*w = &workers[below(WORKERS)];
	struct envelope	*e;

	if (w->neighbour.peer != NULL)
		neighbour_part(&w->neighbour);
	for (e = w->envelopes; e < w->envelopes + ENVELOPES; e++)
		if (e->state != NONE)
			end(e, e->mail->fate == FATE_ENDED ? FATE_MAYBE :
			    FATE_NEVER);
}

bool
smtpd_is_idle(void)
{
	struct worker	*w;
	struct envelope	*e;

	for (w = workers; w < workers + WORKERS; w++)
		for (e = w->envelopes; e < w->envelopes + ENVELOPES; e++)
			if (e->state != NONE)
				return false;
	return true;
}

void
smtpd_clear(void)
{
	memset(workers, 0, sizeof workers);
}
