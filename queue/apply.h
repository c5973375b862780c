/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_APPLY_H
#define QUEUE_APPLY_H

#include "queue/change.h"

/* What a change means for the tables of the index, within a transaction; 0, or
 * -1 with errno, which is then good for nothing more. */
int	 change_apply(struct writing *, struct change *);

#endif
