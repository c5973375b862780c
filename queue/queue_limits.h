/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_QUEUE_LIMITS_H
#define QUEUE_QUEUE_LIMITS_H

/* Ceilings and habits that concern queue alone; others: shared/limits.h. */
enum {
	/* memory */
	ACTIVE_RECIPIENTS_MAX	= 32768,	/* of all active messages */
	READY_MAX		= 200,		/* of one destination */
	READY_FEW		= 20,		/* of one that is mute */
	READY_PART		= 8,		/* of what is free, for one */
	STRANGERS_PART		= 4,		/* of all, left to the proven */
	TRIM_MAX		= 200,		/* sent home at once */
	IDLE_DESTINATIONS_MAX	= 4096,		/* remembered */
	ENVELOPES_TEXT_MAX	= 64 << 20,	/* recipients not yet stored */
	PIECE_COST		= 64,		/* what a piece weighs empty */
	LEAVES_TEXT_MAX		= 16 << 20,	/* TARGETs not yet durable */
	EXPANDING_MAX		= 256,		/* EXPANDs outstanding */
	READS_MAX		= 64,		/* chunks being read */
	WANTS_MAX		= 2,		/* chunks wanted by one job */
	STREAMS_MAX		= 1024,		/* files being written */
	FILES_AT_ONCE		= 256,		/* new and not yet synced */
	DIRECTORIES		= 256,
	SEGMENTS_MAX		= 256,		/* files of the journal */

	/* messages that the journal alone has */
	HOT_MESSAGES_MAX	= 16384,
	HOT_RECIPIENTS_MAX	= 65536,
	HOT_LEAVES_MAX		= 1000,		/* of one alias */
	OLD_TIME		= 2000,		/* ms in an old segment */
	CACHE_MAX		= 32 << 20,	/* of their content */
	TOKENS_MAX		= 65536,	/* of former lives, kept */

	/* files */
	TRAILER_BODY_MAX	= 512 << 10,
	HEADER_MAX		= 65536,	/* of a message, in a notice */
	SPACE_MIN		= 64 << 20,	/* octets free, or refuse */
	SPACE_PERCENT		= 2,		/* of blocks and inodes */
	SPACE_LOOK		= 1000,		/* between two looks */
	GROW_AGAIN		= 10 * 1000,	/* a segment had no room */

	/* destinations */
	LANES			= 16,		/* of a destination, on disk */
	OVERTAKE_MAX		= 4,		/* jobs before a lower one */
	SILENT_TIME		= 10 * 1000,	/* of a job, then it is */
	TRIM_GAP		= 20,		/* between two trims */
	PROVEN_TIME		= 60 * 60,	/* seconds since its answer */
	SLOW_TIME		= 10 * 60,	/* seconds, for one at a time */

	/* schedule */
	SCAN_GAP		= 50,		/* between two looks for work */
	SCAN_ROWS		= 250,		/* looked at in one step */
	SCAN_STEP		= 10,		/* between two steps */
	STALL_TIME		= 1000,		/* when memory was full */
	CHANGE_AGAIN		= 1000,		/* a change that failed */
	CHANGE_WAIT		= 50,		/* for the end of the journal */
	LOOK_MAX		= 60 * 1000,	/* no timer is longer */
	SCAN_MAX		= 1000,		/* rows taken in one look */
	EXPIRE_MAX		= 100,		/* messages in one look */
	EXPIRE_GAP		= 20,		/* between two looks */
	EXPIRE_AGAIN		= 10 * 1000,	/* at those that were busy */
	RETRY_MAX		= 1000,		/* rows in one transaction */
	HOLD_TIME		= 5 * 1000,	/* for what deliverers know */
	NOTICE_RECIPIENTS_MAX	= 1000,		/* in one notice */
	REPORTS_MAX		= 64,		/* notices made at once */
	DELAYS_MAX		= 16,		/* likewise, of delays */
	DELAY_AGAIN		= 10 * 1000,	/* when a new one is in front */
	ALIKE_MAX		= 4096,		/* kinds of failures counted */
	ORDER_MESSAGES_MAX	= 256,		/* in one answer */
	ORDER_ROWS_MAX		= 500,		/* in one change of a message */
	ERRANDS_MAX		= 512,		/* messages with orders */
	ERRAND_TIME		= 10 * 1000,	/* then it is BUSY */
	LIST_RECIPIENTS_MAX	= 10000,	/* listed of one message */
	LIST_PAGE_MAX		= 500,		/* recipients in one page */
	EVENTS_MAX		= 32,		/* in a message's history */
	LOOKS_MAX		= 1000,		/* for a page of destinations */
	WALK_MESSAGES_MAX	= 500,		/* looked at for one answer */
	WALK_ROWS_MAX		= 1000,		/* and recipients, about */
	ADOPT_MAX		= 256		/* messages adopted at once */
};

#endif
