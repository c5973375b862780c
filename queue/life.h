/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_LIFE_H
#define QUEUE_LIFE_H

#include "shared/program.h"

/*
 * A life of the queue from its first look at the disk to the last, apart from
 * the program that leads it: what master, neighbours and clocks bring about
 * are calls here or messages of the inbox, so that a simulation can be the
 * program as well.
 */
struct queue;

/* Behind the walls: opens the spool and takes up what a former life left. */
void	 life_open(struct queue *, struct process *);

/* The configuration has come. */
void	 life_start(struct queue *);

void	 life_found(struct queue *, struct peer *);
void	 life_lost(struct queue *, struct peer *);

/* The end of a turn: what gathered is begun. */
void	 life_turn(struct queue *);

/* The beginning of the end: process_exit follows when all is on disk. */
void	 life_stop(struct queue *);

/* Behind the loop: threads and files. */
void	 life_close(struct queue *);

/* What it hears; MSG_COUNT ends the list. */
const struct route	*life_inbox(void);

#endif
