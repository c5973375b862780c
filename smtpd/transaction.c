/* SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/log.h"
#include "smtpd/completion.h"
#include "smtpd/rights.h"
#include "smtpd/server.h"

/* A recipient is kept as the part of its struct addr that is used, and its
 * parameters behind their length. */
enum {
	ADDR_HEAD = offsetof(struct addr, text),
	WISHES_HEAD = sizeof(uint16_t),
	RECIPIENTS_SIZE = RECIPIENTS_MAX * (sizeof(struct addr) +
	    WISHES_HEAD + RCPT_PARAMETERS_MAX)
};

struct transaction *
transaction_new(struct session *s)
{
	struct transaction	*t = xcalloc(1, sizeof(*t));

	question_init(&t->question, t);
	t->session = s;
	t->slot = -1;
	buf_init(&t->recipients, RECIPIENTS_SIZE);
	s->transaction = t;
	return t;
}

void
transaction_free(struct transaction *t)
{
	if (t == NULL)
		return;
	pace_end(t);
	submit_abandon(t);
	transaction_answered(t);
	rights_forget(t);
	completion_free(t->completion);
	t->session->server->recipient_octets -= buf_len(&t->recipients);
	buf_clear(&t->recipients);
	free(t->author);
	free(t->words);
	free(t->wishes);
	t->session->transaction = NULL;
	free(t);
}

bool
transaction_is_waiting(const struct transaction *t)
{
	return t != NULL && t->awaits != AWAITS_NOTHING;
}

bool
transaction_is_unasked(const struct transaction *t, enum awaited awaited)
{
	return t != NULL && t->awaits == awaited &&
	    question_is_unasked(&t->question);
}

void
transaction_ask(struct transaction *t, uint64_t token)
{
	question_asked(&t->session->server->transactions, &t->question, token);
}

void
transaction_answered(struct transaction *t)
{
	question_end(&t->session->server->transactions, &t->question);
}

struct transaction *
transaction_find(struct server *server, uint64_t token)
{
	return question_find(&server->transactions, token);
}

void
transaction_set_words(struct transaction *t, const struct mail_params *p)
{
	char		 text[DSN_MAIL_MAX + 1];
	struct span	 words = dsn_mail_words(p->ret, p->envid, text);

	if (words.len > 0)
		t->words = span_dup(words);
}

void
transaction_set_wishes(struct transaction *t, const struct rcpt_params *p)
{
	char		 text[RCPT_PARAMETERS_MAX + 1];
	struct span	 words = dsn_rcpt_words(p->notify, p->orcpt, text);

	free(t->wishes);
	t->wishes = words.len > 0 ? span_dup(words) : NULL;
}

void
transaction_add_recipient(struct transaction *t)
{
	const struct addr	*a = &t->recipient;
	size_t			 before = buf_len(&t->recipients);
	struct span		 wishes = span_of(t->wishes == NULL ? "" :
				    t->wishes);
	uint16_t		 len = (uint16_t)wishes.len;

	if (!buf_put(&t->recipients, span_make(a, ADDR_HEAD + a->len)) ||
	    !buf_put(&t->recipients, span_make(&len, sizeof len)) ||
	    !buf_put(&t->recipients, wishes))
		fatal("more recipients than there may be");
	t->session->server->recipient_octets += buf_len(&t->recipients) -
	    before;
	t->accepted++;
}

/*
 * Somebody has had this message before.  It is a loop when all its recipients
 * here have; when it is for others as well, it goes on for their sake, and a
 * loop shows when it comes back for the rest.
 */
static void
on_delivered(void *arg, const struct addr *who)
{
	struct transaction	*t = arg;
	struct span		 list = buf_span(&t->recipients);
	struct span		 wishes;
	struct addr		 a;
	unsigned		 i;
	uint8_t			 bit;

	for (i = 0; recipient_take(&list, &a, &wishes); i++) {
		bit = 1 << i % 8;
		if ((t->returned[i / 8] & bit) || !addr_equal(&a, who))
			continue;
		t->returned[i / 8] |= bit;
		if (++t->returns == t->accepted)
			content_returns(&t->content);
	}
}

void
transaction_expect(struct transaction *t, enum content_framing framing)
{
	content_init(&t->content, framing, t->session->server->size_max);
	t->content.delivered.found = on_delivered;
	t->content.delivered.arg = t;
	memset(t->returned, 0, sizeof t->returned);
	t->returns = 0;
}

bool
recipient_take(struct span *list, struct addr *a, struct span *parameters)
{
	uint16_t	 len;

	if (list->len < ADDR_HEAD)
		return false;
	memcpy(a, list->ptr, ADDR_HEAD);
	memcpy(a->text, list->ptr + ADDR_HEAD, a->len);
	a->text[a->len] = '\0';
	*list = span_skip(*list, ADDR_HEAD + a->len);
	memcpy(&len, list->ptr, sizeof len);
	*parameters = span_head(span_skip(*list, WISHES_HEAD), len);
	*list = span_skip(*list, WISHES_HEAD + len);
	return true;
}
