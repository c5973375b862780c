/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/pattern.h"
#include "remote/advice.h"

enum { REFUSAL = 5, MINUTE = 60, FINAL_CODE = 550 };

/* Of the configuration. */
struct advice_entry {
	STAILQ_ENTRY(advice_entry) entry;
	struct advice_rule rule;
	char		*name, *text;
	char		*domain;	/* a pattern of destinations */
};

/* What everybody meets.  The names stand in listings. */
static const struct advice_rule shipped[] = {
	/* each recipient has its own time to come back: nothing is to do */
	{ "greylisted", 0, "greylist", ADVICE_NONE, 0 },
	{ "greylisted", 0, "graylist", ADVICE_NONE, 0 },
	{ "greylisted", 0, "grey-list", ADVICE_NONE, 0 },
	{ "greylisted", 0, "grey list", ADVICE_NONE, 0 },

	{ "rate", 0, "rate limit", ADVICE_PAUSE, 10 * MINUTE },
	{ "rate", 0, "rate-limit", ADVICE_PAUSE, 10 * MINUTE },
	{ "rate", 0, "ratelimit", ADVICE_PAUSE, 10 * MINUTE },
	{ "rate", 0, "unusual rate", ADVICE_PAUSE, 10 * MINUTE },
	{ "rate", 0, "throttl", ADVICE_PAUSE, 10 * MINUTE },
	{ "rate", 0, "too many messages", ADVICE_PAUSE, 10 * MINUTE },
	{ "rate", 0, "too many mails", ADVICE_PAUSE, 10 * MINUTE },
	{ "rate", 0, "too many emails", ADVICE_PAUSE, 10 * MINUTE },
	{ "rate", 0, "too much mail", ADVICE_PAUSE, 10 * MINUTE },
	{ "rate", 0, "too fast", ADVICE_PAUSE, 10 * MINUTE },
	{ "rate", 0, "sending limit", ADVICE_PAUSE, 10 * MINUTE },
	{ "rate", 0, "message rate", ADVICE_PAUSE, 10 * MINUTE },

	/* of large providers, for hours, about who we are */
	{ "reputation", 0, "deferred due to", ADVICE_PAUSE, 30 * MINUTE },
	{ "reputation", 0, "unexpected volume", ADVICE_PAUSE, 30 * MINUTE },
	{ "reputation", 0, "user complaints", ADVICE_PAUSE, 30 * MINUTE },
	{ "reputation", 0, "ip reputation", ADVICE_PAUSE, 30 * MINUTE },

	{ "connections", 0, "too many connections", ADVICE_SLOW, 0 },
	{ "connections", 0, "too many concurrent", ADVICE_SLOW, 0 },
	{ "connections", 0, "too many simultaneous", ADVICE_SLOW, 0 },
	{ "connections", 0, "too many open", ADVICE_SLOW, 0 },
	{ "connections", 0, "too many sessions", ADVICE_SLOW, 0 },
	{ "connections", 0, "concurrent connections", ADVICE_SLOW, 0 },
	{ "connections", 0, "connection limit", ADVICE_SLOW, 0 },
	{ "connections", 0, "connection rate", ADVICE_SLOW, 0 },
	{ "connections", 0, "maximum number of connections", ADVICE_SLOW, 0 },
	{ "load", 0, "slow down", ADVICE_SLOW, 0 },
	{ "load", 0, "server busy", ADVICE_SLOW, 0 },
	{ "load", 0, "server is busy", ADVICE_SLOW, 0 },
	{ "load", 0, "too busy", ADVICE_SLOW, 0 },
	{ "load", 0, "system load", ADVICE_SLOW, 0 },
	{ "load", 0, "system resources", ADVICE_SLOW, 0 },
	{ "load", 421, "try again later", ADVICE_SLOW, 0 },
	{ "load", 421, "try later", ADVICE_SLOW, 0 },

	{ "ipv6", 0, "ipv6 sending guidelines", ADVICE_FAMILY, 0 },
	{ "ipv6", REFUSAL, "ipv6 sending guidelines", ADVICE_FAMILY, 0 },
};

void
advices_init(struct advice_list *all)
{
	STAILQ_INIT(all);
}

void
advices_clear(struct advice_list *all)
{
	struct advice_entry	*e;

	while ((e = STAILQ_FIRST(all)) != NULL) {
		STAILQ_REMOVE_HEAD(all, entry);
		free(e->name);
		free(e->text);
		free(e->domain);
		free(e);
	}
}

void
advices_put(struct advice_list *all, const struct msg_conf_advice *m)
{
	struct advice_entry	*e = xcalloc(1, sizeof *e);

	e->name = span_dup(m->name);
	e->text = span_dup(m->text);
	e->domain = span_dup(m->domain);
	e->rule = (struct advice_rule){ e->name, m->code, e->text, m->advice,
	    m->pause };
	STAILQ_INSERT_TAIL(all, e, entry);
}

/* ---- which rule ---------------------------------------------------------- */

static bool
has_code(const struct advice_rule *rule, const struct reply *r)
{
	if (rule->code == 0)
		return reply_is_later(r);
	if (rule->code == REFUSAL)
		return reply_is_refusal(r);
	return rule->code == r->code;
}

static bool
matches(const struct advice_rule *rule, const struct reply *r)
{
	return has_code(rule, r) && strcasestr(r->text, rule->text) != NULL;
}

const struct advice_rule *
advices_find(const struct advice_list *all, struct span domain,
    const struct reply *r)
{
	const struct advice_entry	*e;
	size_t				 i;

	STAILQ_FOREACH(e, all, entry)
		if (pattern_has_name(e->domain, domain) &&
		    matches(&e->rule, r))
			return &e->rule;
	for (i = 0; i < sizeof shipped / sizeof shipped[0]; i++)
		if (matches(&shipped[i], r))
			return &shipped[i];
	return NULL;
}

/* ---- what it comes to ---------------------------------------------------- */

/* Which of two rules a job is told by. */
static int
weight(const struct advice_rule *rule)
{
	static const int	 weights[ADVICE_COUNT] = {
		[ADVICE_PAUSE] = 4, [ADVICE_SLOW] = 3, [ADVICE_FAMILY] = 2,
		[ADVICE_FINAL] = 1
	};

	return rule != NULL ? weights[rule->advice] : -1;
}

static void
make_final(struct reply *r)
{
	r->code = FINAL_CODE;
	r->class = REFUSAL;
}

/* RFC 3463: the subjects of mail systems, networks, protocols, policy. */
static bool
speaks_of_us(const struct reply *r)
{
	return r->code == 421 || r->subject == 3 || r->subject == 4 ||
	    r->subject == 7;
}

void
advised_look(struct advised *a, const struct advice_list *all,
    struct span domain, bool of_one, struct reply *r)
{
	const struct advice_rule	*rule = advices_find(all, domain, r);

	if (weight(rule) > weight(a->rule))
		a->rule = rule;
	if (rule != NULL && rule->advice == ADVICE_FINAL && reply_is_later(r))
		make_final(r);
	else if (rule != NULL ? rule->advice != ADVICE_NONE :
	    reply_is_later(r) && (!of_one || speaks_of_us(r))) {
		a->wants_less = true;
		a->why = *r;
	}
}

void
advised_tell(const struct advised *a, struct msg_done *m)
{
	if (a->wants_less && reply_is_success(&m->why))
		m->why = a->why;
	if (a->rule == NULL)
		return;
	m->advice = a->rule->advice;
	m->pause = a->rule->pause;
	m->rule = span_of(a->rule->name);
}
