/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_SERVER_H
#define SMTPD_SERVER_H

#include <sys/queue.h>

#include "shared/program.h"
#include "smtpd/admission.h"
#include "smtpd/handover.h"
#include "smtpd/inquiry.h"
#include "smtpd/limit.h"
#include "smtpd/listener.h"
#include "smtpd/naming.h"
#include "smtpd/pace.h"
#include "smtpd/policy.h"
#include "smtpd/question.h"
#include "smtpd/secure.h"
#include "smtpd/session.h"
#include "smtpd/session_log.h"
#include "smtpd/submit.h"
#include "smtpd/transaction.h"

/* Until master says otherwise: RFC 5321 section 4.5.3.2; how long a greeting
 * waits for the name of its client. */
enum {
	GREETING_TIME	= 5 * 60 * 1000,
	COMMAND_TIME	= 5 * 60 * 1000,
	DATA_TIME	= 3 * 60 * 1000,
	ANSWER_TIME	= 10 * 60 * 1000,
	NAME_TIME	= 5 * 1000,
	HANDSHAKE_TIME	= 60 * 1000
};

/*
 * A neighbour that went is soon back, being restarted: clients wait so long for
 * it, and hear 451 only behind that.  Milliseconds.
 */
enum { AWAY_TIME = 5 * 1000 };

/* Octets of accepted recipients that all sessions together may hold. */
enum { RECIPIENT_OCTETS_MAX = 256 << 20 };

/* What all sessions of this process share.  main.c holds the one there is. */
struct server {
	struct process		*process;
	struct loop		*loop;
	struct peer		*lookup, *queue;	/* NULL while absent */
	struct peer		*resolver, *keys;
	struct timer		 lookup_away, queue_away; /* it may come back */
	struct timer		 keys_away;

	char			 hostname[HOST_TEXT_MAX + 1];
	uint64_t		 size_max;		/* 0: any */
	unsigned		 recipients_max;
	unsigned		 greeting_time, command_time; /* milliseconds */
	unsigned		 data_time, answer_time;
	unsigned		 errors_max;
	char			 mechanisms[REASON_TEXT_MAX + 1]; /* of AUTH */
	bool			 knows_mechanisms;	/* also of none */
	bool			 names;		/* of clients are asked for */
	unsigned		 name_time;
	struct policy		 policy;
	struct limit_table	 limits;

	struct listener_list	 listeners;
	unsigned		 listener_flags;	/* of any of them */
	struct session_list	 sessions;
	unsigned		 session_count;

	/* Open questions, a tree for each kind. */
	struct questions	 admissions, namings, inquiries, transactions;
	struct questions	 logins, signings, rights;

	struct tls		*tls;			/* secure.c alone */
	struct secure_list	 shaking;	/* hands, oldest first; and */
	struct secure_list	 crowd;		/* for a job: likewise */
	unsigned		 handshakes;
	unsigned		 paused;		/* jobs */
	uint64_t		 accepted;		/* clients */

	struct paces		 paces;
	size_t			 recipient_octets;
	struct handover		 handover;
	struct timer		 patience;	/* before the first client */
	struct timer		 last_call;	/* when we stop */
	bool			 started, stopping;
	bool			 draining;	/* a successor accepts */
};

#endif
