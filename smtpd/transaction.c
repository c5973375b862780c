/* SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/log.h"
#include "smtpd/completion.h"
#include "smtpd/rights.h"
#include "smtpd/server.h"

/* A recipient is kept as the part of its struct addr that is used. */
enum {
	ADDR_HEAD = offsetof(struct addr, text),
	RECIPIENTS_SIZE = RECIPIENTS_MAX * sizeof(struct addr)
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
transaction_add_recipient(struct transaction *t, const struct addr *a)
{
	size_t	 n = ADDR_HEAD + a->len;

	if (!buf_put(&t->recipients, span_make(a, n)))
		fatal("more recipients than there may be");
	t->session->server->recipient_octets += n;
	t->accepted++;
}

bool
recipient_take(struct span *list, struct addr *a)
{
	if (list->len < ADDR_HEAD)
		return false;
	memcpy(a, list->ptr, ADDR_HEAD);
	memcpy(a->text, list->ptr + ADDR_HEAD, a->len);
	a->text[a->len] = '\0';
	*list = span_skip(*list, ADDR_HEAD + a->len);
	return true;
}
