/* SPDX-License-Identifier: ISC */
#include "shared/log.h"
#include "smtpd/question.h"

static int
compare(const struct question *a, const struct question *b)
{
	if (a->token == b->token)
		return 0;
	return a->token < b->token ? -1 : 1;
}

RB_PROTOTYPE(questions, question, by_token, compare)
RB_GENERATE(questions, question, by_token, compare)

void
question_init(struct question *q, void *owner)
{
	*q = (struct question){ .owner = owner };
}

void
question_wait(struct question *q, struct peer *p, void (*ask)(void *))
{
	peer_wait(p, &q->waiter, ask, q->owner);
}

bool
question_is_unasked(const struct question *q)
{
	return q->token == 0 && q->waiter.on == NULL;
}

void
question_asked(struct questions *open, struct question *q, uint64_t token)
{
	q->token = token;
	if (RB_INSERT(questions, open, q) != NULL)
		fatal("a token was given out twice");
}

void
question_end(struct questions *open, struct question *q)
{
	waiter_clear(&q->waiter);
	if (q->token != 0)
		RB_REMOVE(questions, open, q);
	q->token = 0;
}

void *
question_find(struct questions *open, uint64_t token)
{
	struct question	 key = { .token = token }, *q;

	q = RB_FIND(questions, open, &key);
	return q == NULL ? NULL : q->owner;
}
