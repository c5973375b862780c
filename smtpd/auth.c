/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/base64.h"
#include "shared/log.h"
#include "smtpd/auth.h"
#include "smtpd/command.h"
#include "smtpd/server.h"

struct auth {
	struct question	 question;	/* until it is judged */
	struct session	*session;
	char		 mechanism[MECHANISM_MAX + 1];
	bool		 has_initial;
	bool		 hears;		/* the client is to speak */
	char		*initial;	/* while it is not asked, or NULL */
	size_t		 len;
};

static struct server *
server_of(const struct auth *a)
{
	return a->session->server;
}

static void
say(struct session *s, unsigned code, const char *enhanced, const char *text)
{
	struct reply	 r = reply_make(code, enhanced, "%s", text);

	session_reply(s, &r);
}

/* ---- its end ------------------------------------------------------------- */

static void
forget_initial(struct auth *a)
{
	if (a->initial != NULL)
		explicit_bzero(a->initial, a->len);
	free(a->initial);
	a->initial = NULL;
	a->len = 0;
}

static void
respond(struct auth *a, bool cancelled, struct span data)
{
	struct msg	 m = { .type = MSG_RESPONSE };

	m.response.token = a->question.token;
	m.response.cancelled = cancelled;
	m.response.data = data;
	peer_put(server_of(a)->lookup, &m);
}

void
auth_free(struct auth *a)
{
	if (a == NULL)
		return;
	if (a->question.token != 0 && server_of(a)->lookup != NULL)
		respond(a, true, span_of(""));
	question_end(&server_of(a)->logins, &a->question);
	forget_initial(a);
	a->session->auth = NULL;
	free(a);
}

bool
auth_is_waiting(const struct auth *a)
{
	return a != NULL && !a->hears;
}

/* The state is READY's again, as before the command. */
static void
finish(struct auth *a, unsigned code, const char *enhanced, const char *text)
{
	struct session	*s = a->session;

	auth_free(a);
	s->state = STATE_READY;
	say(s, code, enhanced, text);
}

static void
finish_later(struct auth *a)
{
	finish(a, 454, "4.7.0", "Temporary authentication failure, try again "
	    "later");
}

/* ---- what there is ------------------------------------------------------- */

static bool
needs_binding(struct span mechanism)
{
	return mechanism.len > 5 && span_is(span_skip(mechanism,
	    mechanism.len - 5), "-PLUS");
}

static bool
has_binding(const struct session *s)
{
	struct binding	 b;

	return secure_binding(s, &b);
}

static bool
is_offered(const struct session *s, struct span mechanism)
{
	struct span	 rest = span_of(s->server->mechanisms), word;

	while ((word = span_word(&rest)).len > 0)
		if (span_equal(word, mechanism))
			return !needs_binding(word) || has_binding(s);
	return false;
}

void
auth_put_keyword(const struct session *s, struct buf *b)
{
	struct span	 rest = span_of(s->server->mechanisms), word;
	bool		 any = false, binds;

	if (!(s->client.flags & LISTENER_AUTH) || !secure_holds(s))
		return;
	binds = has_binding(s);
	while ((word = span_word(&rest)).len > 0) {
		if (needs_binding(word) && !binds)
			continue;
		(void)buf_printf(b, "%s%.*s", any ? " " : "AUTH ",
		    (int)word.len, word.ptr);
		any = true;
	}
	if (any)
		(void)buf_put(b, span_of("\n"));
}

bool
auth_is_missing(const struct session *s)
{
	return (s->client.flags & LISTENER_AUTH_FIRST) &&
	    !client_has_login(&s->client);
}

struct reply
auth_required(void)
{
	return reply_make(530, "5.7.0", "Authentication required");
}

/* RFC 4422 section 3.1: capitals, digits, "-" and "_". */
static bool
is_mechanism(struct span s)
{
	size_t	 i;

	for (i = 0; i < s.len; i++)
		if ((s.ptr[i] < 'A' || s.ptr[i] > 'Z') &&
		    (s.ptr[i] < '0' || s.ptr[i] > '9') &&
		    s.ptr[i] != '-' && s.ptr[i] != '_')
			return false;
	return s.len > 0 && s.len <= MECHANISM_MAX;
}

void
auth_on_mechanisms(struct server *server, const struct msg_mechanisms *m)
{
	struct span	 rest = m->names, word;
	struct buf	 names;

	buf_init(&names, sizeof(server->mechanisms) - 1);
	while ((word = span_word(&rest)).len > 0)
		if (is_mechanism(word))
			(void)buf_printf(&names, "%s%.*s",
			    buf_len(&names) > 0 ? " " : "", (int)word.len,
			    word.ptr);
	(void)span_copy(buf_span(&names), server->mechanisms,
	    sizeof(server->mechanisms));
	server->knows_mechanisms = true;
	buf_clear(&names);
}

/* ---- the command --------------------------------------------------------- */

static void
ask(void *arg)
{
	struct auth	*a = arg;
	struct session	*s = a->session;
	struct peer	*lookup = s->server->lookup;
	struct binding	 b = { .type = "" };
	struct msg	 m = { .type = MSG_LOGIN };

	if (!secure_binding(s, &b))
		b = (struct binding){ .type = "" };
	m.login.token = peer_token(lookup);
	m.login.visit = s->visit;
	m.login.mechanism = span_of(a->mechanism);
	m.login.has_initial = a->has_initial;
	m.login.initial = span_make(a->initial != NULL ? a->initial : "",
	    a->len);
	m.login.binding = span_of(b.type);
	m.login.binding_data = span_make(b.data, b.len);
	m.login.address = span_make(s->client.address,
	    sizeof(s->client.address));
	if (!peer_ask(lookup, &m)) {
		question_wait(&a->question, lookup, ask);
		return;
	}
	question_asked(&s->server->logins, &a->question, m.login.token);
	forget_initial(a);
}

/* RFC 4954 section 4: "=" is an initial response of no octets. */
static bool
take_initial(struct auth *a, struct span text)
{
	size_t	 size = base64_octets(text.len);

	a->has_initial = text.len > 0;
	if (text.len == 0 || span_is(text, "="))
		return true;
	a->initial = xcalloc(size + 1, 1);
	a->len = size;
	return size <= LOGIN_OCTETS_MAX &&
	    base64_take(text, a->initial, size, &a->len);
}

static struct auth *
auth_new(struct session *s, struct span mechanism)
{
	struct auth	*a = xcalloc(1, sizeof(*a));

	question_init(&a->question, a);
	a->session = s;
	(void)span_copy(mechanism, a->mechanism, sizeof(a->mechanism));
	s->auth = a;
	return a;
}

static bool
is_answerable(const struct server *server)
{
	return server->mechanisms[0] != '\0' &&
	    (server->lookup != NULL || timer_is_set(&server->lookup_away));
}

/* Names are compared without regard to case: RFC 4954 section 4. */
static struct span
capitals(struct span word, char into[MECHANISM_MAX + 1])
{
	size_t	 i;

	if (!span_copy(word, into, MECHANISM_MAX + 1))
		return span_of("");
	for (i = 0; i < word.len; i++)
		if (into[i] >= 'a' && into[i] <= 'z')
			into[i] -= 'a' - 'A';
	return span_make(into, word.len);
}

static void
begin(struct session *s, struct span mechanism, struct span initial)
{
	struct auth	*a = auth_new(s, mechanism);

	if (!take_initial(a, initial))
		finish(a, 501, "5.5.2", "That is not base64");
	else if (s->server->lookup != NULL)
		ask(a);
}

void
auth_begin(struct session *s, struct span arg)
{
	struct span	 mechanism = span_word(&arg), initial;
	char		 name[MECHANISM_MAX + 1];

	initial = span_word(&arg);
	mechanism = capitals(mechanism, name);
	if (client_has_login(&s->client))
		say(s, 503, "5.5.1", "You are authenticated already");
	else if (!secure_holds(s))
		say(s, 538, "5.7.11", "Encryption required; STARTTLS first");
	else if (span_word(&arg).len > 0)
		say(s, 501, "5.5.4", "Syntax: AUTH mechanism [response]");
	else if (!is_answerable(s->server))
		say(s, 454, "4.7.0", "Temporary authentication failure, try "
		    "again later");
	else if (!is_offered(s, mechanism))
		say(s, 504, "5.5.4", "Mechanism not recognized; EHLO tells "
		    "which are");
	else
		begin(s, mechanism, initial);
}

bool
auth_is_command(const struct session *s, struct span line)
{
	return s->client.flags & LISTENER_AUTH &&
	    span_starts_word(line, "AUTH ");
}

/* ---- responses ----------------------------------------------------------- */

/* A neighbour that went amid the dialogue knows nothing of it any more. */
static void
hear(struct auth *a, struct span line)
{
	char	 octets[LOGIN_OCTETS_MAX];
	size_t	 len;

	if (span_is(line, "*"))
		finish(a, 501, "5.7.0", "Authentication cancelled");
	else if (!base64_take(line, octets, sizeof(octets), &len))
		finish(a, 501, "5.5.2", "That is not base64");
	else if (a->question.token == 0) {
		explicit_bzero(octets, len);
		finish_later(a);
	} else {
		a->hears = false;
		respond(a, false, span_make(octets, len));
		explicit_bzero(octets, len);
	}
}

void
auth_take(struct session *s, struct span line)
{
	hear(s->auth, line);
}

void
auth_too_long(struct session *s)
{
	static const char	 text[] = "Authentication line too long: "
				    "12288 octets may be";

	if (s->auth != NULL)
		finish(s->auth, 500, "5.5.6", text);
	else
		say(s, 500, "5.5.6", text);
}

/* ---- what lookup says ---------------------------------------------------- */

static bool
challenge(struct session *s, struct span data)
{
	struct buf	*out = stream_out(s->stream);

	return buf_put(out, span_of("334 ")) && base64_put(out, data) &&
	    buf_put(out, span_of("\r\n"));
}

void
auth_on_challenge(struct server *server, const struct msg_challenge *m)
{
	struct auth	*a = question_find(&server->logins, m->token);
	struct session	*s;

	if (a == NULL)
		return;		/* the client left meanwhile */
	if (a->hears) {
		peer_accuse(server->lookup, "challenges twice");
		return;
	}
	s = a->session;
	a->hears = true;
	s->state = STATE_LOGIN;
	s->mute |= !challenge(s, m->data);
	session_resume(s);
}

/* A host that guesses is told from one that cannot be answered. */
static void
log_failure(const struct auth *a, const struct msg_logged_in *m)
{
	char	 client[CLIENT_SIZE];

	client_format(client, &a->session->client, CLIENT_NAME);
	log_warning("%s: SASL %s authentication %s: %s, sasl_username=%.*s",
	    client, a->mechanism,
	    reply_is_later(&m->reply) ? "deferred" : "failed", m->reply.text,
	    (int)m->account.len, m->account.ptr);
}

/* It may be one that limits are not for. */
static void
become(struct auth *a, struct span identity)
{
	struct session	*s = a->session;
	bool		 was_exempt = session_is_exempt(s);

	client_login(&s->client, identity, a->mechanism);
	s->relay = policy_may_relay(&s->server->policy, &s->client);
	if (session_is_exempt(s) != was_exempt)
		admission_renew(s);
}

static bool
is_plausible(const struct auth *a, const struct msg_logged_in *m)
{
	if (reply_is_success(&m->reply))
		return m->reply.code == 235 && m->identity.len > 0 && !a->hears;
	return reply_is_later(&m->reply) || reply_is_refusal(&m->reply);
}

void
auth_on_logged_in(struct server *server, const struct msg_logged_in *m)
{
	struct auth	*a = question_find(&server->logins, m->token);
	struct session	*s;

	if (a == NULL)
		return;		/* the client left, or thought better of it */
	if (!is_plausible(a, m)) {
		peer_accuse(server->lookup, "lets somebody in who is nobody");
		return;
	}
	s = a->session;
	s->errors += reply_is_later(&m->reply);
	question_end(&server->logins, &a->question);
	if (a->hears)
		return;		/* it is told when it has spoken */
	if (reply_is_success(&m->reply))
		become(a, m->identity);
	else
		log_failure(a, m);
	auth_free(a);
	s->state = STATE_READY;
	session_reply(s, &m->reply);
	session_resume(s);
}

/* ---- its coming and going ------------------------------------------------ */

static bool
is_unasked(const struct session *s)
{
	return auth_is_waiting(s->auth) &&
	    question_is_unasked(&s->auth->question);
}

void
auth_found(struct server *server)
{
	struct session	*s;

	LIST_FOREACH(s, &server->sessions, entry)
		if (is_unasked(s))
			ask(s->auth);
}

void
auth_give_up(struct server *server)
{
	struct session	*s;

	LIST_FOREACH(s, &server->sessions, entry) {
		if (!is_unasked(s))
			continue;
		finish_later(s->auth);
		session_resume(s);
	}
}

/* Whom it had begun with begins anew; a client that is to speak hears it when
 * it has spoken. */
void
auth_lost(struct server *server)
{
	struct session	*s;
	bool		 asked;

	LIST_FOREACH(s, &server->sessions, entry) {
		if (s->auth == NULL)
			continue;
		asked = s->auth->question.token != 0;
		question_end(&server->logins, &s->auth->question);
		if (!asked || s->auth->hears)
			continue;
		finish_later(s->auth);
		session_resume(s);
	}
}
