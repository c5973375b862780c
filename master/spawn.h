/* SPDX-License-Identifier: ISC */
#ifndef MASTER_SPAWN_H
#define MASTER_SPAWN_H

#include <sys/types.h>

/*
 * A new process in `program`, with `control` as its descriptor 3, `log` as 4,
 * standard input, output and error, and nothing else of ours: no signals
 * blocked, an environment of its own.  -1 with errno.
 */
pid_t	 spawn(const char *program, int control, int log);

#endif
