/* SPDX-License-Identifier: ISC */
#ifndef MASTER_SINK_H
#define MASTER_SINK_H

#include <stdbool.h>

/* Where the logger's lines end: opened here, because the logger opens
 * nothing. */
struct suite;
struct child;

void	 sink_init(struct suite *);

/* CONF_LOG to the logger.  Without syslog it is standard error until syslog
 * is there; false: the file cannot be opened, and why was told. */
bool	 sink_confer(struct child *logger);

/* The logger says that syslog does not take its lines any more. */
void	 sink_lost(struct suite *);

#endif
