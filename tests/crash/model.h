/* SPDX-License-Identifier: ISC */
#ifndef TESTS_CRASH_MODEL_H
#define TESTS_CRASH_MODEL_H

#include "queue/change.h"
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
	struct addr	 sender;
	unsigned	 count;
	struct guest	 guests[GUESTS_MAX];
	bool		 reserved;	/* in this batch, whole */
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
	uint32_t	 number;	/* UPDATE, DELETE, REPLACE: whom */
	struct recipient_row row;	/* UPDATE, REPLACE: what he becomes */
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

/* Its lines for a mark, after it was applied. */
size_t	 model_mark(const struct model *, const struct plan *, char *into,
	    size_t size);

#endif
