/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_COMPLETION_H
#define SMTPD_COMPLETION_H

#include "shared/addr.h"
#include "shared/reply.h"
#include "smtpd/content.h"
#include "smtpd/heading.h"

/*
 * What is submitted, on its way from content to the sink: at the end of its
 * header somebody looks at it, and the fields that are missing come in (RFC
 * 6409 section 8).  All else goes through as it is, the body without another
 * copy.  It is pure, and holds at most COMPLETION_ROOM octets that are not
 * through, besides the fields that a heading keeps.
 */
struct completion;

enum { COMPLETION_ROOM = 2048, COMPLETION_ADDS_MAX = 1024 };

struct completion	*completion_new(void);
void			 completion_free(struct completion *); /* NULL too */

/*
 * As content_feed, which it calls; NULL: as content_end.  CONTENT_FULL is said
 * too while the header is looked at; then completion_is_over, and nothing goes
 * on before completion_add or completion_refuse.
 */
enum content_status	 completion_feed(struct completion *, struct content *,
			    struct span *in, struct content_sink *);
bool			 completion_is_over(const struct completion *);
const struct heading	*completion_heading(const struct completion *);

/* There is something that has come and is not through. */
bool	 completion_is_pending(const struct completion *);

/* What is missing comes from here; a null sender is nobody's From. */
struct completion_source {
	const struct addr	*sender;
	const char		*host;
	uint64_t		 message;
	int64_t			 wall;
};

void	 completion_add(struct completion *, const struct completion_source *);

/* It is not wanted; the caller discards the content.  Why: NULL, or what was
 * said. */
void	 completion_refuse(struct completion *, const struct reply *);
const struct reply	*completion_refusal(const struct completion *);

#endif
