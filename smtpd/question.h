/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_QUESTION_H
#define SMTPD_QUESTION_H

#include <bsd/sys/tree.h>

#include "shared/peer.h"

/*
 * A question to a neighbour, part of who asks it: not asked yet, waiting for
 * credit, or open and known by its token.  There is a tree for each kind, so
 * that an answer of one kind never finds a question of another.
 */
struct question {
	RB_ENTRY(question) by_token;
	void		*owner;		/* who asks */
	struct waiter	 waiter;	/* for credit */
	uint64_t	 token;		/* 0: not open */
};

RB_HEAD(questions, question);		/* the open ones of one kind */

/* Not asked yet.  The owner is borrowed, and outlives it. */
void	 question_init(struct question *, void *owner);

/* There was no credit: `ask` is called with the owner when there is some. */
void	 question_wait(struct question *, struct peer *, void (*ask)(void *));
bool	 question_is_unasked(const struct question *);	/* nor does it wait */

/* It was just asked, and is open until question_end.  A token that was given
 * out twice is fatal. */
void	 question_asked(struct questions *, struct question *, uint64_t token);

/* Neither open nor waiting any more, and may be asked again; never asked:
 * harmless. */
void	 question_end(struct questions *, struct question *);

/* The owner of the open question; NULL when there is none, so that the answer
 * comes too late. */
void	*question_find(struct questions *, uint64_t token);

#endif
