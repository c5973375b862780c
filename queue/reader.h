/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_READER_H
#define QUEUE_READER_H

#include "queue/jobs.h"

/* The thread that reads: it does the `work` of its jobs one after the other,
 * and gives each back at once. */
struct jobs	*reader_new(struct loop *);

#endif
