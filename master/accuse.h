/* SPDX-License-Identifier: ISC */
#ifndef MASTER_ACCUSE_H
#define MASTER_ACCUSE_H

#include "shared/ipc.h"

struct child;

/*
 * Who is believed when `by` accuses a neighbour: one that is trusted more than
 * the accused and has a pair with it.  Whoever accuses in any other case is
 * taken for the one that lies.
 */
enum verdict { VERDICT_BELIEVED, VERDICT_LIE };

enum verdict	 accuse_judge(enum role by, enum role accused);

void		 accuse_hear(struct child *by, const struct msg_accuse *);

#endif
