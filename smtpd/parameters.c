/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "shared/xtext.h"
#include "smtpd/parameters.h"
#include "smtpd/ruling.h"
#include "smtpd/session.h"

struct words {
	char	*text;
	size_t	 len;
};

static void
put(struct words *w, const char *name, const char *value)
{
	int	 n = snprintf(w->text + w->len, PARAMETERS_MAX + 1 - w->len,
		    "%s%s=%s", w->len > 0 ? " " : "", name, value);

	if (n < 0 || w->len + (size_t)n > PARAMETERS_MAX)
		w->text[w->len] = '\0';
	else
		w->len += (size_t)n;
}

static void
put_tags(struct words *w, const struct transaction *t)
{
	unsigned	 i;

	w->text[0] = '\0';
	for (i = 0; i < t->tag_count; i++)
		put(w, "tag", t->tags[i]);
}

struct span
parameters_of(const struct transaction *t, char into[PARAMETERS_MAX + 1])
{
	const struct session	*s = t->session;
	struct words		 w = { into, 0 };
	char			 helo[PARAMETERS_MAX + 1];

	put_tags(&w, t);
	put(&w, "proto", session_with(s));
	if (s->helo != NULL && s->helo[0] != '\0' &&
	    xtext_encode(span_of(s->helo), helo, sizeof helo))
		put(&w, "helo", helo);
	return span_make(into, w.len);
}

struct span
parameters_of_recipient(const struct transaction *t,
    char into[PARAMETERS_MAX + 1])
{
	struct words	 w = { into, 0 };
	const char	*tag = ruling_new_tag(t);

	put_tags(&w, t);
	if (tag != NULL)
		put(&w, "tag", tag);
	return span_make(into, w.len);
}
