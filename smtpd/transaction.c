/* SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/log.h"
#include "smtpd/server.h"

/* A recipient is kept as the part of its struct addr that is used. */
enum {
	ADDR_HEAD = offsetof(struct addr, text),
	RECIPIENTS_SIZE = RECIPIENTS_MAX * sizeof(struct addr)
};

static int
compare(const struct transaction *a, const struct transaction *b)
{
	if (a->token == b->token)
		return 0;
	return a->token < b->token ? -1 : 1;
}

RB_PROTOTYPE(tokens, transaction, by_token, compare)
RB_GENERATE(tokens, transaction, by_token, compare)

struct transaction *
transaction_new(struct session *s)
{
	struct transaction	*t = xcalloc(1, sizeof(*t));

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
	waiter_clear(&t->waiter);
	t->session->server->recipient_octets -= buf_len(&t->recipients);
	buf_clear(&t->recipients);
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
	return t != NULL && t->awaits == awaited && t->token == 0 &&
	    t->waiter.on == NULL;
}

void
transaction_ask(struct transaction *t, uint64_t token)
{
	t->token = token;
	if (RB_INSERT(tokens, &t->session->server->tokens, t) != NULL)
		fatal("a token was given out twice");
}

void
transaction_answered(struct transaction *t)
{
	if (t->token == 0)
		return;
	RB_REMOVE(tokens, &t->session->server->tokens, t);
	t->token = 0;
}

struct transaction *
transaction_find(struct server *server, uint64_t token)
{
	struct transaction	 key;

	key.token = token;
	return RB_FIND(tokens, &server->tokens, &key);
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
