/* SPDX-License-Identifier: ISC */
#ifndef TESTS_CRASH_MODEL_H
#define TESTS_CRASH_MODEL_H

#include "queue/change.h"
#include "shared/ipc.h"
#include "tests/crash/dice.h"

/*
 * What a spool holds, as its changes say, not as the spool says; and changes
 * of it, thrown with dice.  A value: copying is assignment.
 */
enum { MAILS_MAX = 16, GUESTS_MAX = 8, MARK_MAX = 256 };

struct guest {
	uint32_t	 number;
	bool		 busy;		/* in this batch */
	struct recipient_row row;	/* of static texts */
};

struct mail {
	uint64_t	 id, size;	/* id 0: none */
	uint32_t	 crc;
	uint32_t	 next;
	uint32_t	 flags;		/* why it is held; 0: it is not */
	struct addr	 sender;
	unsigned	 count;
	struct guest	 guests[GUESTS_MAX];
	bool		 reserved;	/* in this batch, whole */
	bool		 touched;	/* in this batch, somebody has left */
	struct file	*file;		/* content that comes in pieces */
};

struct model {
	struct dice	 dice;
	uint64_t	 last, groups;
	struct mail	 mails[MAILS_MAX];
};

/* One change, before it is made. */
struct plan {
	enum change_kind kind;
	uint64_t	 group;
	unsigned	 mail;
	uint64_t	 id;		/* of that mail */
	unsigned	 about;		/* NOTICE: the other mail */
	uint64_t	 about_id;
	unsigned	 also;		/* of a digest: another one; or else
					 * MAILS_MAX */
	uint64_t	 also_id;
	uint32_t	 marks;		/* of a delay */
	uint64_t	 size;		/* of the new mail, if there is one */
	uint32_t	 crc;
	uint32_t	 recipients;
	struct file	*file;		/* STREAM to STORE */
	struct hold	 hold;		/* ORDER: which flags */
	enum event	 event;		/* which order */
	uint32_t	 number;	/* UPDATE, DELETE, REPLACE, and ORDER
					 * of one: whom */
	struct recipient_row row;	/* of these: what he becomes */
	uint32_t	 leaves;	/* REPLACE: how many */
	bool		 expands;	/* REPLACE: he stays, as `parent` */
	struct recipient_row parent;
	int		 error;		/* what came of it */
};

void	 model_init(struct model *, uint64_t seed);
void	 model_begin_batch(struct model *);

/* Pieces of content are lost with the life. */
void	 model_end_life(struct model *);

/* What the spool holds, after a life that was cut short; `groups`: no number
 * above was given to any. */
void	 model_resume(struct model *, uint64_t groups);

void	 model_plan(struct model *, struct plan *);
struct change	*model_change(const struct model *, struct plan *);
void	 model_apply(struct model *, const struct plan *);
void	 model_fail(struct model *, const struct plan *);

/* Orders: model_order.c. */
bool	 model_plan_order(struct model *, struct plan *);
void	 model_give_order(struct change *, const struct plan *);
void	 model_apply_order(struct mail *, const struct plan *);

/* A mail that `fits`, from a thrown one on; MAILS_MAX: none. */
unsigned model_throw(struct model *, bool (*fits)(const struct mail *));

/* It is whole, and nothing of it changes in this batch. */
bool	 model_is_quiet(const struct mail *);
struct guest	*model_guest(struct mail *, uint32_t number);

/* Its lines for a mark, after it was applied. */
size_t	 model_mark(const struct model *, const struct plan *, char *into,
	    size_t size);

#endif
