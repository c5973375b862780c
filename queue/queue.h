/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_QUEUE_H
#define QUEUE_QUEUE_H

#include "queue/age.h"
#include "queue/change.h"
#include "queue/content.h"
#include "queue/delay.h"
#include "queue/digest.h"
#include "queue/envelope.h"
#include "queue/expand.h"
#include "queue/hot.h"
#include "queue/journal.h"
#include "queue/orders.h"
#include "queue/rate.h"
#include "queue/schedule.h"
#include "queue/settings.h"
#include "queue/share.h"
#include "queue/silence.h"
#include "queue/spiller.h"
#include "queue/walltime.h"
#include "shared/program.h"

/* What senders are told, and when: notices { } of relais.conf(5).  Times are
 * seconds. */
struct notices {
	uint32_t	 delay, gather;
	uint32_t	 digest_after, digest_time;
	struct addr	 double_bounces;	/* null: nobody */
	enum notice_language language;
	uint32_t	 content_max;		/* octets */
};

/* All of this process's state; main.c has the one object. */
struct queue {
	struct process	*process;
	struct loop	*loop;

	char		 hostname[HOST_TEXT_MAX + 1];
	uint32_t	 retry_first, retry_max;	/* seconds */
	uint32_t	 life, notice_life;
	uint32_t	 crashes, probes;	/* as in CONF_QUEUE */
	struct settings_table settings;
	uint64_t	 size_max;
	struct notices	 notices;

	struct spool	 spool;
	struct index	*index;
	struct journal	 journal;
	bool		 journal_lost;	/* the one that the index knows */
	struct spiller	 writer;
	struct jobs	*spiller, *reader;
	struct walltime	 walltime;
	uint64_t	 last;		/* highest id given */
	uint64_t	 first;		/* it was so at start */
	uint64_t	 known;		/* that the disk knew of, then */

	struct envelopes envelopes;
	struct messages	 messages;
	struct hots	 hots;
	struct expansions expansions;
	struct destinations destinations;
	struct deliverer deliverers[DELIVERERS];
	unsigned	 deliverers_seen;
	unsigned	 admins;	/* that were found */
	struct takers	 takers[BY_COUNT];
	struct destination_list turns[BY_COUNT]; /* in no taker's list */
	struct silence	 silence;
	unsigned	 probing;	/* jobs of those that failed */
	struct content	 content;
	struct schedule	 schedule;
	struct orders	 orders;
	struct errands	 errands;
	struct ages	 ages;
	struct delays	 delays;
	struct digests	 digests;
	unsigned	 reports;	/* notices being made */

	struct timer	 patience;	/* with deliverers, at the start */
	bool		 started, working, stopping;
	bool		 ends_clean;	/* all is to be files at the end */
};

struct queue	*queue_state(void);

/* A new id: above all others, and a time. */
uint64_t	 queue_next_id(struct queue *);
uint64_t	 queue_now(void);	/* its wall time, microseconds */

/* Begins to work when all deliverers are ready. */
void		 queue_check_ready(struct queue *);

/* Ends the process when it is to stop and nothing is in flight. */
void		 queue_check_end(struct queue *);

#endif
