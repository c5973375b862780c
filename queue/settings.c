/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "queue/queue.h"
#include "queue/settings.h"
#include "shared/alloc.h"
#include "shared/pattern.h"

enum { SHARE_ALL = 100 };	/* percent */

/* ---- what is said -------------------------------------------------------- */

void
settings_put(struct queue *q, const struct msg_conf_destination *m)
{
	struct settings_table	*t = &q->settings;
	struct settings		*s;

	if (t->count == DESTINATION_RULES_MAX)
		return;
	t->list = xreallocarray(t->list, t->count + 1, sizeof *t->list);
	s = &t->list[t->count++];
	*s = (struct settings){ span_dup(m->pattern), m->retry_first,
	    m->retry_max, m->life, m->notice_life, m->delay, m->window_first,
	    m->window, m->per_second, m->per_hour, m->recipients, m->mails,
	    m->share, m->has_priority ? m->priority : PRIORITY_MAX };
	t->is_complete = false;
}

void
on_conf_destination(struct peer *p, struct msg *m)
{
	(void)p;
	settings_put(queue_state(), &m->conf_destination);
}

void
settings_clear(struct queue *q)
{
	struct settings_table	*t = &q->settings;

	while (t->count > 0)
		free(t->list[--t->count].pattern);
	free(t->list);
	free(t->usual.pattern);
	memset(t, 0, sizeof *t);
}

/* ---- what is not --------------------------------------------------------- */

static void
fill(struct settings *s, const struct settings *usual)
{
	if (s->retry_first == 0)
		s->retry_first = usual->retry_first;
	if (s->retry_max == 0)
		s->retry_max = usual->retry_max;
	if (s->life == 0)
		s->life = usual->life;
	if (s->notice_life == 0)
		s->notice_life = usual->notice_life;
	if (s->window == 0)
		s->window = usual->window;
	if (s->window_first == 0)
		s->window_first = usual->window_first < s->window ?
		    usual->window_first : s->window;
	if (s->recipients == 0)
		s->recipients = usual->recipients;
	if (s->share == 0)
		s->share = usual->share;
}

static struct settings_table *
complete(struct queue *q)
{
	struct settings_table	*t = &q->settings;
	unsigned		 i;

	if (t->is_complete)
		return t;
	free(t->usual.pattern);
	t->usual = (struct settings){ xstrdup(""), q->retry_first, q->retry_max,
	    q->life, q->notice_life, 0, WINDOW_START, WINDOW_MAX, 0, 0,
	    JOB_RECIPIENTS_MAX, 0, SHARE_ALL, PRIORITY_MAX };
	for (i = 0; i < t->count; i++)
		fill(&t->list[i], &t->usual);
	t->is_complete = true;
	return t;
}

/* ---- whom it is said of -------------------------------------------------- */

/* The NAME or PATH of ipc.def's list; what patterns call mailboxes; or
 * nothing. */
static struct span
name_of(struct span destination)
{
	struct span	 kind, name;
	size_t		 n;

	if (span_starts(destination, "local:"))
		return span_head(destination, strlen("local:"));
	(void)span_cut(span_cut(destination, ':', &kind), ';', &name);
	if (span_starts(name, "/"))
		return name;
	for (n = name.len; n > 0 && name.ptr[n - 1] != ':'; n--)
		continue;
	return span_head(name, n > 0 ? n - 1 : 0);
}

/* Names in any letter case, paths octet by octet.  "*" is of remote's. */
static bool
means(const struct settings *s, struct span name)
{
	if (span_is(name, s->pattern))
		return true;
	if (span_is(name, "local:"))
		return false;
	if (span_starts(name, "/"))
		return strcmp(s->pattern, "*") == 0;
	return pattern_has_name(s->pattern, name);
}

const struct settings *
settings_of(struct queue *q, struct span destination)
{
	const struct settings_table	*t = complete(q);
	struct span			 name;
	unsigned			 i;

	if (t->count == 0)
		return &t->usual;
	name = name_of(destination);
	for (i = 0; i < t->count; i++)
		if (means(&t->list[i], name))
			return &t->list[i];
	return &t->usual;
}

uint32_t
settings_life(const struct settings *s, bool is_notice)
{
	return is_notice ? s->notice_life : s->life;
}

uint32_t
settings_delay(struct queue *q, struct span destination)
{
	return settings_of(q, destination)->delay;
}

/* ---- lives and delays --------------------------------------------------- */

static unsigned
add_life(uint32_t list[LIVES_MAX], unsigned n, uint32_t life)
{
	unsigned	 at = 0;

	while (at < n && list[at] < life)
		at++;
	if ((at < n && list[at] == life) || n == LIVES_MAX)
		return n;
	memmove(list + at + 1, list + at, (n - at) * sizeof *list);
	list[at] = life;
	return n + 1;
}

unsigned
settings_lives(struct queue *q, bool is_notice, uint32_t into[LIVES_MAX])
{
	const struct settings_table	*t = complete(q);
	unsigned			 i, n;

	n = add_life(into, 0, settings_life(&t->usual, is_notice));
	for (i = 0; i < t->count; i++)
		n = add_life(into, n, settings_life(&t->list[i], is_notice));
	return n;
}

static unsigned
add_delay(const struct queue *q, uint32_t list[LIVES_MAX], unsigned n,
    uint32_t delay)
{
	if (delay == 0)
		delay = q->notices.delay;
	return delay == 0 || delay == UINT32_MAX ? n :
	    add_life(list, n, delay);
}

unsigned
settings_delays(struct queue *q, uint32_t into[LIVES_MAX])
{
	const struct settings_table	*t = complete(q);
	unsigned			 i, n;

	n = add_delay(q, into, 0, t->usual.delay);
	for (i = 0; i < t->count; i++)
		n = add_delay(q, into, n, t->list[i].delay);
	return n;
}
