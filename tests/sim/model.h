/* SPDX-License-Identifier: ISC */
#ifndef TESTS_SIM_MODEL_H
#define TESTS_SIM_MODEL_H

#include <bsd/sys/tree.h>

#include "shared/addr.h"
#include "tests/sim/sim.h"

/*
 * What the world outside knows: of each message whether it was promised, of
 * each address behind it what was delivered, failed and told.  Who is behind
 * which address, and whether anybody is, is a function of its text.
 */
enum fate {
	FATE_OPEN,		/* not ended: it is not to appear */
	FATE_ENDED,		/* END was said, and nothing heard */
	FATE_PROMISED,
	FATE_MAYBE,		/* nobody knows, and nobody was promised */
	FATE_NEVER,		/* refused */
	FATE_REMOVING,		/* an admin asked, and heard nothing */
	FATE_REMOVED
};

struct node {
	RB_ENTRY(node)	 by_address;
	struct mail	*mail;
	char		 address[72];
	unsigned	 delivered, excuses, noticed, delayed;
	unsigned	 asked;		/* by queue, of lookup */
	bool		 recorded;	/* its 2xx: it may not come again */
	bool		 dead;		/* 5xx, or too old */
	bool		 orphan;	/* the proof died before it was told */
};
RB_HEAD(node_tree, node);

struct mail {
	RB_ENTRY(mail)	 by_id;
	unsigned	 number;
	uint64_t	 id, size;
	unsigned	 count;
	struct addr	 sender;
	bool		 notice, headless;
	char		*text;		/* of a notice */
	enum fate	 fate;
	bool		 closed;	/* all of it has come to its end */
	bool		 forgotten;	/* its id is another one's */
	bool		 held;		/* an admin knows that it is */
	bool		 must_be_known;	/* UNSURE of it will be OK */
	struct node_tree nodes;
};
RB_HEAD(mail_tree, mail);

void		 model_clear(void);
unsigned	 model_count(void);
struct mail	*model_at(unsigned number);
struct mail	*mail_new(void);
void		 mail_has_id(struct mail *, uint64_t id);
struct mail	*mail_find(uint64_t id);
void		 mail_address(const struct mail *, unsigned number,
		    struct addr *);
/* What OPEN said; most have some, notices none. */
void		 mail_parameters(const struct mail *, char into[72]);
void		 mail_content(const struct mail *, uint64_t offset,
		    size_t length, char *into);
bool		 mail_is_owed(const struct mail *);	/* promised, not over */

/* The node of an address, made at need; it must be one of the mail's. */
struct node	*node_of(struct mail *, const char *address);
struct node	*node_find(struct mail *, const char *address);

enum plan { PLAN_SELF, PLAN_RENAME, PLAN_ALIAS, PLAN_REFUSE, PLAN_LATER };
enum plan	 plan_of(const char *address, unsigned *children);
void		 child_of(const char *address, unsigned i, char into[72]);
bool		 child_has_destination(const char *child);
bool		 has_single_leaf(const char *address, char leaf[72]);
void		 destination_of(const char *address, char into[40]);

/* What was heard. */
void		 heard_delivered(struct mail *, const char *address);
void		 heard_dead(uint64_t id, const char *address);
void		 heard_notice(uint64_t id);	/* one was made */
void		 notices_learn(void);
void		 notices_find(void);

/* What is on disk is compared with what was said, behind a start; all that was
 * promised came to its end. */
void		 audit_start(void);
void		 audit_turn(void);
bool		 model_is_over(void);
void		 audit_end(void);
void		 orphans_judge(void);

#endif
