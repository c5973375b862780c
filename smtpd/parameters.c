/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "shared/words.h"
#include "shared/xtext.h"
#include "smtpd/parameters.h"
#include "smtpd/rule.h"
#include "smtpd/ruling.h"
#include "smtpd/session.h"

enum { PRIORITY_SIZE = 12 };

static void
put_tags(struct words *w, const struct transaction *t)
{
	unsigned	 i;

	for (i = 0; i < t->tag_count; i++)
		words_put(w, "tag", span_of(t->tags[i]));
}

static void
put_priority(struct words *w, const struct transaction *t)
{
	char	 n[PRIORITY_SIZE];

	if (t->urged == NULL)
		return;
	(void)snprintf(n, sizeof n, "%d", t->urged->priority);
	words_put(w, "priority", span_of(n));
}

struct span
parameters_of(const struct transaction *t, char into[PARAMETERS_MAX + 1])
{
	const struct session	*s = t->session;
	struct words		 w;
	char			 helo[PARAMETERS_MAX + 1];

	words_init(&w, into, PARAMETERS_MAX + 1);
	put_tags(&w, t);
	put_priority(&w, t);
	words_put(&w, "proto", span_of(session_with(s)));
	words_join(&w, span_of(t->words == NULL ? "" : t->words));
	if (s->helo != NULL && s->helo[0] != '\0' &&
	    xtext_encode(span_of(s->helo), helo, sizeof helo))
		words_put(&w, "helo", span_of(helo));
	return words_span(&w);
}

struct span
parameters_of_recipient(const struct transaction *t,
    char into[PARAMETERS_MAX + 1])
{
	struct words	 w;
	const char	*tag = ruling_new_tag(t);

	words_init(&w, into, PARAMETERS_MAX + 1);
	put_tags(&w, t);
	if (tag != NULL)
		words_put(&w, "tag", span_of(tag));
	return words_span(&w);
}
