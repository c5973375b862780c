/* SPDX-License-Identifier: ISC */
/*
 * How conversations begin, as they ought to.  The hostile neighbour uses the
 * same words, and its frames are changed on their way.
 */
#include <stdio.h>
#include <string.h>

#include "shared/alloc.h"
#include "tests/wires/rig.h"

static const uint64_t	 life = UINT64_C(77) << 32;

enum { FOR_PROBES = 8 };

static uint64_t
next_token(struct rig *r)
{
	return life | ++r->serial;
}

static const char *const people[] = {
	"jones@example.org", "brown@example.org", "list@example.org",
	"a@b.example", "postmaster"
};

static struct addr
somebody(struct rig *r)
{
	struct addr	 a;
	char		 text[64];

	if (dice_one_in(&r->dice, 2))
		snprintf(text, sizeof text, "u%u@example.org",
		    dice_below(&r->dice, 5000));
	else
		snprintf(text, sizeof text, "%s",
		    people[dice_below(&r->dice, COUNT(people))]);
	(void)addr_parse(span_of(text), &a);
	return a;
}

static void
mail(struct rig *r, struct wire *w)
{
	struct msg	 m = { .type = MSG_OPEN };
	uint64_t	 token = next_token(r), size = 0;
	unsigned	 i, n = 1 + dice_below(&r->dice, 3);
	unsigned	 slots = dice_below(&r->dice, 4);
	int		 slot;

	m.open.token = token;
	m.open.sender = somebody(r);
	m.open.client = m.open.identity = span_of("unknown[127.0.0.1]");
	wire_say(r, w, &m);
	m = (struct msg){ .type = MSG_RECIPIENT };
	m.recipient.token = token;
	for (i = 0; i < n; i++) {
		m.recipient.number = i;
		m.recipient.recipient = somebody(r);
		wire_say(r, w, &m);
	}
	m = (struct msg){ .type = MSG_CONTENT };
	m.content.token = token;
	for (i = 0; i < slots; i++) {
		slot = w == r->hostile ? (int)i : ring_take(w->out);
		if (slot == -1)
			break;
		m.content.slot = slot;
		m.content.length = dice_below(&r->dice, 30000);
		size += m.content.length;
		wire_say(r, w, &m);
	}
	m = (struct msg){ .type = MSG_END };
	m.end = (struct msg_end){ token, size, n };
	if (dice_one_in(&r->dice, 8))
		m = (struct msg){ .type = MSG_ABORT, .abort = { token } };
	wire_say(r, w, &m);
}

static void
job(struct rig *r, struct wire *w)
{
	static const char *const to_local[] = { "local:jones", "local:brown",
				    "local:u7", "local:no/name" };
	char		 to[64];
	struct msg	 m = { .type = MSG_JOB };
	unsigned	 i, n = 1 + dice_below(&r->dice, 3);

	snprintf(to, sizeof to, dice_below(&r->dice, 2) ? "host:[127.0.0.1]:%u"
	    : "host:a%u.example:25", r->port);
	if (r->program == ROLE_LOCAL)
		snprintf(to, sizeof to, "%s", to_local[dice_below(&r->dice,
		    COUNT(to_local))]);
	w->size = dice_below(&r->dice, 3) * 40000;
	m.job.token = next_token(r);
	m.job.message = r->serial;
	m.job.destination = span_of(to);
	m.job.sender = somebody(r);
	m.job.size = w->size;
	m.job.recipients = n;
	wire_say(r, w, &m);
	for (i = 0; i < n; i++) {
		struct msg	 p = { .type = MSG_JOB_RCPT };

		p.job_rcpt.token = m.job.token;
		p.job_rcpt.number = i;
		p.job_rcpt.recipient = somebody(r);
		wire_say(r, w, &p);
	}
}

static void
fill_login(struct rig *r, struct msg *m)
{
	static uint8_t	 address[16];
	uint64_t	 drawn = dice_next(&r->dice);

	memcpy(address, &drawn, sizeof drawn);
	m->login.token = next_token(r);
	m->login.mechanism = span_of("PLAIN");
	m->login.has_initial = dice_below(&r->dice, 2);
	m->login.initial = span_of("abc");
	m->login.binding = m->login.binding_data = span_of("");
	m->login.address = span_make(address, sizeof address);
}

static void
fill(struct rig *r, struct wire *w, struct msg *m)
{
	static char	 name[64];
	static uint8_t	 address[16];
	struct addr	 a = somebody(r);
	uint64_t	 drawn = dice_next(&r->dice);

	memcpy(address, &drawn, sizeof drawn);
	w->size = dice_below(&r->dice, 3) * 70000;
	snprintf(name, sizeof name, "u%u", dice_below(&r->dice, 5000));
	if (m->type == MSG_RCPT)
		m->rcpt = (struct msg_rcpt){ next_token(r), a, a, 1,
		    hints_token(&r->hints, &r->dice), 1, span_of(""),
		    span_of("tag=bulk") };
	else if (m->type == MSG_LOGIN)
		fill_login(r, m);
	else if (m->type == MSG_MAY_SEND)
		m->may_send = (struct msg_may_send){ next_token(r),
		    span_of(name), a, dice_below(&r->dice, 2) };
	else if (m->type == MSG_VERIFY)
		m->verify = (struct msg_verify){ next_token(r), a,
		    dice_below(&r->dice, 2), dice_below(&r->dice, 2), 0,
		    hints_token(&r->hints, &r->dice) };
	else if (m->type == MSG_ADMIT)
		m->admit = (struct msg_admit){ next_token(r), 0,
		    span_make(address, sizeof address),
		    dice_below(&r->dice, 2) };
	else if (m->type == MSG_UNSURE)
		m->unsure = (struct msg_unsure){ next_token(r),
		    hints_token(&r->hints, &r->dice),
		    hints_message(&r->hints, &r->dice) };
	else if (m->type == MSG_EXPAND)
		m->expand = (struct msg_expand){ next_token(r), a, a, 0,
		    span_of("tag=bulk helo=a.example") };
	else if (m->type == MSG_USER)
		m->user = (struct msg_user){ next_token(r), span_of(name) };
	else if (m->type == MSG_RESOLVE)
		m->resolve = (struct msg_resolve){ next_token(r),
		    span_of(name), dice_below(&r->dice, 2) };
	else if (m->type == MSG_NAME_OF) {
		memset(address, 0, 15);
		address[15] = dice_below(&r->dice, 256);
		m->name_of = (struct msg_name_of){ next_token(r),
		    span_make(address, 16) };
	} else if (m->type == MSG_DELIVER)
		m->deliver = (struct msg_deliver){ next_token(r), r->serial,
		    a, a, a, w->size, DELIVERY_MAILDIR,
		    span_of("~/Maildir") };
	else if (m->type == MSG_SIGN)
		signing_ask(r, next_token(r), &m->sign);
	else if (m->type == MSG_JUDGE)
		judging_ask(r, next_token(r), &m->judge);
	else if (m->type == MSG_LIST)
		m->list = (struct msg_list){ .token = next_token(r),
		    .after = hints_message(&r->hints, &r->dice), .count = 16 };
	else
		m->retry = (struct msg_retry){ next_token(r), dice_below(
		    &r->dice, 2) ? 0 : hints_message(&r->hints, &r->dice) };
}

/* Credit that is left for probes; an agent has but one to give. */
static unsigned
kept_back(const struct rig *r)
{
	return r->program == ROLE_AGENT ? 0 : FOR_PROBES;
}

/* One of the ASKs that this role has for the program, if it has any. */
void
converse(struct rig *r, struct wire *w)
{
	struct msg	 m = { .type = MSG_NONE };
	unsigned	 type, n = 0;

	if (w->fd == -1 || !w->greeted ||
	    (w != r->hostile && w->credit <= kept_back(r)))
		return;
	for (type = 1; type < MSG_COUNT; type++)
		if (msg_row(type)->kind == ASK &&
		    msg_allowed(type, w->role, r->program) &&
		    dice_one_in(&r->dice, ++n))
			m.type = type;
	if (m.type == MSG_NONE)
		return;
	w->credit--;
	if (m.type == MSG_OPEN)
		mail(r, w);
	else if (m.type == MSG_JOB)
		job(r, w);
	else {
		fill(r, w, &m);
		wire_say(r, w, &m);
	}
}
