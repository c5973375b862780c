/* SPDX-License-Identifier: ISC */
/*
 * A session before its first command: who it is, whether it may come in, TLS,
 * its name, the greeting.
 */
#include <stdlib.h>

#include "shared/log.h"
#include "smtpd/behalf.h"
#include "smtpd/server.h"

bool
session_is_exempt(const struct session *s)
{
	return s->relay && s->limit->exempt_relays;
}

/* RFC 5321 section 4.3.1: the client SHOULD wait for the greeting. */
static bool
talks_early(const struct session *s)
{
	return !s->limit->early_talk && !session_is_exempt(s) &&
	    buf_len(stream_in(s->stream)) > 0;
}

static void
greet(struct session *s)
{
	struct reply	 early = reply_make(421, "4.7.0", "Limit early-talk: "
			    "wait for the greeting before you speak");
	struct reply	 r = reply_make(220, NULL, "%s %s relais",
			    s->server->hostname,
			    session_is_lmtp(s) ? "LMTP" : "ESMTP");

	if (talks_early(s)) {
		session_turn_away(s, "CONNECT", &early);
		return;
	}
	session_log_begin(s);
	s->greeted = true;
	(void)reply_put(&r, stream_out(s->stream));
	session_wait(s);
	session_resume(s);
}

void
session_named(struct session *s)
{
	if (s->closing)
		return;
	if (s->limit->greet_delay > 0 && !session_is_exempt(s))
		timer_in(&s->timer, s->limit->greet_delay);
	else
		greet(s);
}

static void
enter(struct session *s)
{
	if (naming_ask(s))
		timer_in(&s->timer, s->server->name_time);
	else
		session_named(s);
}

/* Who may not come in costs no handshake; RFC 8314 section 3.3. */
void
session_admit(struct session *s, const struct reply *why)
{
	if (s->closing)
		return;
	if (why != NULL)
		session_turn_away(s, "CONNECT", why);
	else if ((s->client.flags & LISTENER_TLS) && !secure_holds(s))
		secure_begin(s);
	else
		enter(s);
}

/* RFC 3207 section 4.2: what was said in plain text counts for nothing. */
void
session_secured(struct session *s)
{
	if (s->greeted) {
		s->good[TALLY_STARTTLS]++;
		session_replace(s);
	} else {
		s->state = STATE_NEW;
		enter(s);
	}
}

/* Lookup or resolver is late, and the client need not wait for it; or the
 * delay is over. */
void
arrival_late(struct session *s)
{
	if (s->admission != NULL) {
		session_log_event(s, "no limits in time");
		admission_drop(s);
		session_admit(s, NULL);
	} else if (s->naming != NULL) {
		naming_give_up(s);
		session_named(s);
	} else
		greet(s);
}

void
session_meet(struct session *s)
{
	if (!s->met)
		behalf_begin(s);
	s->met = true;
	s->relay = policy_may_relay(&s->server->policy, &s->client);
	timer_in(&s->timer, AWAY_TIME);
	admission_ask(s);
}

void
session_begin_anew(struct session *s)
{
	admission_end(s);
	free(s->helo);
	s->helo = NULL;
	s->esmtp = s->greeted = s->announced = false;
	s->state = STATE_NEW;
	session_meet(s);
}
