/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "shared/alloc.h"
#include "shared/clock.h"
#include "shared/header.h"
#include "smtpd/completion.h"
#include "smtpd/rights.h"
#include "smtpd/server.h"

/* The question about an address, and where the next one is. */
struct rights {
	struct question		 question;
	struct transaction	*transaction;
	struct addr		 address;
	bool			 header;	/* else MAIL */
	enum heading_field	 field;
	struct mailboxes	 list;		/* what is left of its body */
	unsigned		 count;		/* that were in it */
};

static struct server *
server_of(const struct transaction *t)
{
	return t->session->server;
}

/* Who has no name here has nothing that it could be compared with. */
static bool
matters(const struct session *s)
{
	const unsigned	 what = LISTENER_SUBMISSION | LISTENER_ANY_SENDER;

	return (s->client.flags & what) == LISTENER_SUBMISSION &&
	    !client_is_local(&s->client) &&
	    client_account(&s->client).len > 0;
}

static struct rights *
rights_new(struct transaction *t, bool header)
{
	struct rights	*r = xcalloc(1, sizeof(*r));

	question_init(&r->question, r);
	r->transaction = t;
	r->header = header;
	t->rights = r;
	return r;
}

void
rights_forget(struct transaction *t)
{
	if (t->rights == NULL)
		return;
	question_end(&server_of(t)->rights, &t->rights->question);
	free(t->rights);
	t->rights = NULL;
}

/* ---- answers ------------------------------------------------------------- */

static void
answer_mail(struct transaction *t, const struct reply *verdict)
{
	struct session	*s = t->session;

	rights_forget(t);
	if (!reply_is_success(verdict)) {
		session_log_reject(s, "MAIL", verdict, NULL);
		session_reset(s);
	}
	session_reply(s, verdict);
}

static void
complete(struct transaction *t)
{
	struct completion_source	 from = { &t->sender,
					    server_of(t)->hostname, t->message,
					    clock_wall() };

	rights_forget(t);
	completion_add(t->completion, &from);
}

static void
refuse(struct transaction *t, const struct reply *why)
{
	rights_forget(t);
	completion_refuse(t->completion, why);
	content_discard(&t->content);
}

static void
refuse_header(struct transaction *t, const char *why)
{
	struct reply	 r = reply_make(550, "5.6.0", "%s", why);

	refuse(t, &r);
}

static void	 judge_next(struct rights *);

static void
decide(struct rights *r, const struct reply *verdict)
{
	struct transaction	*t = r->transaction;

	t->awaits = AWAITS_NOTHING;
	if (!r->header)
		answer_mail(t, verdict);
	else if (reply_is_success(verdict))
		judge_next(r);
	else
		refuse(t, verdict);
}

static void
decide_unknown(struct rights *r)
{
	struct reply	 later = reply_make(451, "4.3.0", "Who may send as "
			    "<%s> cannot be found out, try again later",
			    r->address.text);

	decide(r, &later);
}

/* ---- questions ----------------------------------------------------------- */

static void
put_question(void *arg)
{
	struct rights	*r = arg;
	struct server	*server = server_of(r->transaction);
	struct msg	 m = { .type = MSG_MAY_SEND };

	m.may_send.token = peer_token(server->lookup);
	m.may_send.identity = client_account(&r->transaction->session->client);
	m.may_send.address = r->address;
	m.may_send.header = r->header;
	if (peer_ask(server->lookup, &m))
		question_asked(&server->rights, &r->question,
		    m.may_send.token);
	else
		question_wait(&r->question, server->lookup, put_question);
}

static void
ask(struct rights *r)
{
	struct server	*server = server_of(r->transaction);

	if (server->lookup == NULL && !timer_is_set(&server->lookup_away)) {
		decide_unknown(r);
		return;
	}
	r->transaction->awaits = AWAITS_RIGHTS;
	if (server->lookup != NULL)
		put_question(r);
}

void
rights_ask(struct transaction *t)
{
	struct reply	 good = reply_make(250, "2.1.0", "Ok");
	struct rights	*r;

	if (!matters(t->session) || addr_is_null(&t->sender)) {
		session_reply(t->session, &good);
		return;
	}
	r = rights_new(t, false);
	r->address = t->sender;
	ask(r);
}

/* ---- the fields of the header -------------------------------------------- */

static const struct heading *
heading_of(const struct rights *r)
{
	return completion_heading(r->transaction->completion);
}

static void
begin_field(struct rights *r, enum heading_field field)
{
	r->field = field;
	r->count = 0;
	mailboxes_init(&r->list, buf_span(&heading_of(r)->body[field]));
}

/* What one mailbox is called by; NULL, or what is wrong with it. */
static const char *
take_mailbox(struct rights *r)
{
	const struct mailboxes	*m = &r->list;

	if (++r->count > AUTHORS_MAX)
		return "From names too many, send it in the name of fewer";
	if (r->field == HEADING_SENDER && r->count > 1)
		return "Sender wants one address, and no more";
	if (m->ambiguous)
		return "An \"@\" in a name wants quotes around the name";
	if (!m->has_domain ||
	    addr_parse(span_make(m->text, m->len), &r->address) != ADDR_OK)
		return "From and Sender want addresses such as "
		    "<joe@example.org>";
	return NULL;
}

/* The field is at its end: NULL, or what is missing. */
static const char *
end_field(struct rights *r)
{
	const struct heading	*h = heading_of(r);

	if (r->count == 0)
		return r->field == HEADING_FROM ? "From names nobody, write "
		    "your address there" : "Sender names nobody, write your "
		    "address there";
	if (r->field == HEADING_FROM && r->count > 1 &&
	    h->count[HEADING_SENDER] == 0)
		return "A message of several authors wants a Sender field "
		    "(RFC 5322 section 3.6.2)";
	return NULL;
}

/* True: there is one more that must be asked about; or it is over. */
static bool
find_next(struct rights *r)
{
	struct transaction	*t = r->transaction;
	enum mailbox_status	 found;
	const char		*wrong;

	do {
		found = mailboxes_next(&r->list);
		if (found == MAILBOX_BAD)
			wrong = "From or Sender cannot be understood, write "
			    "addresses such as Joe <joe@example.org>";
		else
			wrong = found == MAILBOX_FOUND ? take_mailbox(r) :
			    end_field(r);
		if (wrong != NULL) {
			refuse_header(t, wrong);
			return false;
		}
		if (found == MAILBOX_FOUND &&
		    !addr_equal(&r->address, &t->sender))
			return true;
	} while (found == MAILBOX_FOUND);
	if (r->field == HEADING_SENDER ||
	    heading_of(r)->count[HEADING_SENDER] == 0) {
		complete(t);
		return false;
	}
	begin_field(r, HEADING_SENDER);
	return find_next(r);
}

/* That of MAIL has been asked about. */
static void
judge_next(struct rights *r)
{
	if (find_next(r))
		ask(r);
}

/* Line ends of folding, and tabs, are the only control characters. */
static bool
is_clean(struct span s)
{
	size_t	 i;

	for (i = 0; i < s.len; i++)
		if (((unsigned char)s.ptr[i] < ' ' && s.ptr[i] != '\r' &&
		    s.ptr[i] != '\n' && s.ptr[i] != '\t') ||
		    s.ptr[i] == 0x7f)
			return false;
	return true;
}

static const char *
objection(const struct transaction *t, const struct heading *h)
{
	if (h->count[HEADING_FROM] > 1 || h->count[HEADING_SENDER] > 1)
		return "There must be one From and one Sender, not several";
	if (h->too_long)
		return "From or Sender is too long";
	if (!is_clean(buf_span(&h->body[HEADING_FROM])) ||
	    !is_clean(buf_span(&h->body[HEADING_SENDER])))
		return "Control characters in From or Sender";
	if (h->count[HEADING_FROM] == 0 && addr_is_null(&t->sender))
		return "There is no From, and no sender to make one of";
	return NULL;
}

void
rights_judge(struct transaction *t)
{
	const struct heading	*h = completion_heading(t->completion);
	const char		*wrong;
	struct rights		*r;

	if (!matters(t->session)) {
		complete(t);
		return;
	}
	wrong = objection(t, h);
	if (wrong != NULL) {
		refuse_header(t, wrong);
		return;
	}
	if (h->count[HEADING_FROM] + h->count[HEADING_SENDER] == 0) {
		complete(t);
		return;
	}
	r = rights_new(t, true);
	begin_field(r, h->count[HEADING_FROM] > 0 ? HEADING_FROM :
	    HEADING_SENDER);
	judge_next(r);
}

/* ---- what lookup says, its coming and going ------------------------------ */

bool
rights_on_verdict(struct server *server, const struct msg_verdict *m)
{
	struct rights	*r = question_find(&server->rights, m->token);
	struct session	*s;

	if (r == NULL)
		return false;
	if (!reply_is_verdict(&m->reply)) {
		peer_accuse(server->lookup, "gives a verdict that is none");
		return true;
	}
	s = r->transaction->session;
	question_end(&server->rights, &r->question);
	decide(r, &m->reply);
	session_resume(s);
	return true;
}

static struct rights *
unasked(const struct session *s)
{
	struct rights	*r = s->transaction != NULL ? s->transaction->rights :
			    NULL;

	return r != NULL && question_is_unasked(&r->question) ? r : NULL;
}

void
rights_found(struct server *server)
{
	struct session	*s;

	LIST_FOREACH(s, &server->sessions, entry)
		if (unasked(s) != NULL)
			put_question(unasked(s));
}

void
rights_lost(struct server *server)
{
	struct session	*s;

	LIST_FOREACH(s, &server->sessions, entry)
		if (s->transaction != NULL && s->transaction->rights != NULL)
			question_end(&server->rights,
			    &s->transaction->rights->question);
}

void
rights_give_up(struct server *server)
{
	struct session	*s;

	LIST_FOREACH(s, &server->sessions, entry) {
		if (unasked(s) == NULL)
			continue;
		decide_unknown(unasked(s));
		session_resume(s);
	}
}
