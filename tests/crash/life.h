/* SPDX-License-Identifier: ISC */
#ifndef TESTS_CRASH_LIFE_H
#define TESTS_CRASH_LIFE_H

#include "queue/change.h"

/*
 * A life of queue without its loop and threads, one at a time: what it does
 * to the disk, in the order of the calls.  This is where the tests of crashes
 * touch queue; whatever comes between a change and the disk belongs in here.
 */

/*
 * Opens the spool in `dir`, which becomes the current directory, as queue does
 * at its start.  It ends the process (70) when queue would refuse.  Behind it,
 * but with a journal, all that is on disk is to be seen in files and in the
 * index.
 */
void		 life_begin(const char *dir);
void		 life_end(void);

/* Lives that begin from now on have a journal, of a few small segments.
 * Otherwise they are without, and make files and rows of what they find in
 * one. */
void		 life_use_journal(void);

/* Makes changes durable, or fails them, as all that waits for the disk. */
void		 life_batch(struct job_list *);

/* What is only in the journal gets file and rows. */
void		 life_spill(uint64_t id);

/* Leftovers of former lives, and the rebuilding of the index. */
void		 life_sweep(void);

struct spool	*life_spool(void);
struct index	*life_index(void);

#endif
