/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_SPOOL_H
#define QUEUE_SPOOL_H

#include "queue/queue_limits.h"
#include "shared/id.h"

/*
 * The directories below queue's root, which is the current directory, opened
 * once and then only read by all threads.
 */
struct spool {
	int		 root, message, quarantine, journal;
	int		 dirs[DIRECTORIES];
	uint64_t	 lineage;	/* of the index, for trailers */
};

enum { SPOOL_NAME_SIZE = ID_LEN + sizeof ".part" };

/* Makes what is missing; fatal when it cannot. */
void	 spool_open(struct spool *);
void	 spool_close(struct spool *);

/* Is there any file that is called as a message is? */
bool	 spool_has_messages(const struct spool *);

/* The directory of a message. */
int	 spool_dir(const struct spool *, uint64_t id);
void	 spool_part_name(char into[SPOOL_NAME_SIZE], uint64_t id);

/* A message's file for reading; -1 with errno. */
int	 spool_open_message(const struct spool *, uint64_t id);

/* Unlinks a message's file; one that is gone already is no error. */
int	 spool_remove(const struct spool *, uint64_t id);

/* Moves a message's file to quarantine/, durably. */
int	 spool_set_aside(const struct spool *, uint64_t id);

/* Is the disk so full that new mail must wait? */
bool	 spool_is_full(const struct spool *);

#endif
