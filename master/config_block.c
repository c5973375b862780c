/* SPDX-License-Identifier: ISC */
/* Blocks: from their heads to their places in the configuration. */
#include <string.h>

#include "master/config_read.h"
#include "shared/alloc.h"

/* Where a block stands: one stands in another. */
enum config_section
reader_outside_of(enum config_section section)
{
	return section == SECTION_LISTEN_LIMIT ? SECTION_LISTEN : SECTION_TOP;
}

/* SECTION_TOP: no block is called so, here or at all. */
enum config_section
reader_find_block(struct span word, enum config_section here)
{
	enum config_section	 i, found = SECTION_TOP;

	for (i = SECTION_TOP + 1; i < SECTION_COUNT; i++)
		if (span_is(word, config_block(i)->word) &&
		    (found == SECTION_TOP || reader_outside_of(i) == here))
			found = i;
	return found;
}

void *
reader_base(struct reader *r)
{
	switch (r->section) {
	case SECTION_LISTEN:
		return &r->listen;
	case SECTION_DOMAIN:
		return &r->domain;
	case SECTION_ROUTE:
		return &r->way;
	case SECTION_LIMIT:
		return &r->config->limit;
	case SECTION_LISTEN_LIMIT:
		return &r->listen.limit;
	case SECTION_RULE:
		return &r->rule;
	case SECTION_TLS:
		return &r->tls;
	case SECTION_ADVICE:
		return &r->advice;
	case SECTION_DESTINATION:
		return &r->destination;
	default:
		return r->config;
	}
}

bool
reader_says(const struct reader *r, const char *word)
{
	const struct config_keyword	*k;
	unsigned			 i;

	k = config_block(r->section)->keywords;
	for (i = 0; k[i].word != NULL; i++)
		if (strcmp(k[i].word, word) == 0)
			return r->said[r->section][i] != 0;
	return false;
}

/* ---- blocks ------------------------------------------------------------- */

static bool
names_fit(struct reader *r, const struct config_block *b)
{
	unsigned	 names = r->words.n - 1;

	if (b->names == NULL && names > 0)
		COMPLAIN(r, "expected { behind %s", b->word);
	else if (b->names != NULL && ((names == 0 && !b->bare) ||
	    (names > 1 && !b->many)))
		COMPLAIN(r, "expected %s between %s and {", b->names, b->word);
	else
		return true;
	return false;
}

/* The head of a block; false when the block is to be passed over. */
static bool
open_block(struct reader *r)
{
	enum config_section		 section;
	const struct config_block	*b;

	section = reader_find_block(r->words.word[0], r->section);
	b = config_block(section);
	if (r->section != reader_outside_of(section)) {
		COMPLAIN(r, "expected } before another block; the open one "
		    "began in line %u", r->head);
		return false;
	}
	if (section == SECTION_TOP) {
		reader_unknown_word(r, r->words.word[0]);
		return false;
	}
	if (!names_fit(r, b))
		return false;
	if (b->names == NULL && r->heads[section] != 0) {
		COMPLAIN(r, "expected %s once, and it is in line %u", b->word,
		    r->heads[section]);
		return false;
	}
	memset(r->said[section], 0, sizeof r->said[section]);
	r->outer_head = r->head;
	r->heads[section] = r->head = r->line;
	r->heads[SECTION_LISTEN_LIMIT] = section == SECTION_LISTEN_LIMIT ?
	    r->line : 0;
	r->section = section;
	return true;
}

/* The words of the head outlive its line. */
static void
keep_names(struct reader *r)
{
	unsigned	 i;

	r->names = r->words;
	for (i = 0; i < r->names.n; i++)
		r->names.word[i].ptr = r->names.text +
		    (r->words.word[i].ptr - r->words.text);
}

void
reader_begin_block(struct reader *r)
{
	if (!open_block(r)) {
		r->passing = 1;
		return;
	}
	if (r->section == SECTION_LISTEN_LIMIT)
		return;		/* a part of the block that is open */
	keep_names(r);
	memset(&r->listen, 0, sizeof r->listen);
	memset(&r->domain, 0, sizeof r->domain);
	memset(&r->way, 0, sizeof r->way);
	memset(&r->rule, 0, sizeof r->rule);
	memset(&r->tls, 0, sizeof r->tls);
	memset(&r->advice, 0, sizeof r->advice);
	memset(&r->destination, 0, sizeof r->destination);
	r->listen.line = r->domain.line = r->way.route.line = r->head;
	r->rule.line = r->tls.line = r->advice.line = r->head;
	r->way.hop.line = r->destination.line = r->head;
	r->rule.all = &r->config->conditions;
	r->rule.first = r->rule.all->n;
	r->way.route.all = &r->config->route_conditions;
	r->way.route.first = r->way.route.all->n;
	r->advice.all = &r->config->advice_domains;
	r->advice.first = r->advice.all->n;
	if (r->section == SECTION_RETRY)
		r->config->retry.line = r->head;
	if (r->section == SECTION_JOURNAL)
		r->config->journal.line = r->head;
	if (reader_base(r) != r->config && r->section != SECTION_LIMIT)
		config_defaults(r->section, reader_base(r));
}

static void
bad_name(struct reader *r, struct span name, const char *wanted)
{
	char	 shown[CONFIG_SHOWN_SIZE];

	config_show(shown, name);
	config_error(r->notes, r->file, r->head, "expected %s, not \"%s\"",
	    wanted, shown);
}

static void
add_listen(struct reader *r)
{
	struct config	*c = r->config;

	if (!config_listen_name(r->names.word[1], r->listen.name))
		bad_name(r, r->names.word[1], "a name of letters and digits");
	else if (c->nlistens == LISTENERS_MAX)
		COMPLAIN(r, "expected at most %d listen blocks", LISTENERS_MAX);
	else {
		c->listens = xreallocarray(c->listens, c->nlistens + 1,
		    sizeof *c->listens);
		c->listens[c->nlistens++] = r->listen;
	}
}

static void
add_domain(struct reader *r, struct span name)
{
	struct config	*c = r->config;

	if (!config_domain_name(name, r->domain.name))
		bad_name(r, name, "a domain name");
	else if (c->ndomains == DOMAINS_MAX)
		COMPLAIN(r, "expected at most %d domains", DOMAINS_MAX);
	else {
		c->domains = xreallocarray(c->domains, c->ndomains + 1,
		    sizeof *c->domains);
		c->domains[c->ndomains++] = r->domain;
	}
}

/* The listen block goes on, and knows what was said for it alone. */
static void
end_listen_limit(struct reader *r)
{
	unsigned	 i;

	for (i = 0; i < CONFIG_KEYWORDS_MAX; i++)
		if (r->said[SECTION_LISTEN_LIMIT][i] != 0)
			r->listen.limited |= UINT32_C(1) << i;
	r->section = SECTION_LISTEN;
	r->head = r->outer_head;
}

static void
add_rule(struct reader *r)
{
	struct config	*c = r->config;

	r->rule.n = c->conditions.n - r->rule.first;
	if (!config_rule_name(r->names.word[1], r->rule.name))
		bad_name(r, r->names.word[1], "a name of letters and digits");
	else if (c->nrules == POLICY_RULES_MAX)
		COMPLAIN(r, "expected at most %d rules", POLICY_RULES_MAX);
	else {
		c->rules = xreallocarray(c->rules, c->nrules + 1,
		    sizeof *c->rules);
		c->rules[c->nrules++] = r->rule;
	}
}

static void
add_tls(struct reader *r)
{
	struct config	*c = r->config;

	if (r->names.n > 1 &&
	    !config_rule_name(r->names.word[1], r->tls.name))
		bad_name(r, r->names.word[1], "a name of letters and digits");
	else if (c->ntls == CERTIFICATES_MAX)
		COMPLAIN(r, "expected at most %d tls blocks",
		    CERTIFICATES_MAX);
	else {
		c->tls = xreallocarray(c->tls, c->ntls + 1, sizeof *c->tls);
		c->tls[c->ntls++] = r->tls;
	}
}

static void
add_advice(struct reader *r)
{
	struct config		*c = r->config;
	struct config_advice	*a = &r->advice;

	a->n = c->advice_domains.n - a->first;
	if (a->slow + a->family + a->final + (a->pause > 0) != 1)
		config_error(r->notes, r->file, r->head, "expected one of "
		    "slow, pause, other-family and permanent in this block");
	if (!config_rule_name(r->names.word[1], a->name))
		bad_name(r, r->names.word[1], "a name of letters and digits");
	else if (c->nadvices == ADVICES_MAX)
		COMPLAIN(r, "expected at most %d advice blocks", ADVICES_MAX);
	else {
		c->advices = xreallocarray(c->advices, c->nadvices + 1,
		    sizeof *c->advices);
		c->advices[c->nadvices++] = *a;
	}
}

static void
must_say(struct reader *r, unsigned keyword)
{
	if (r->said[r->section][keyword] == 0)
		config_error(r->notes, r->file, r->head,
		    "expected %s in this block",
		    config_block(r->section)->keywords[keyword].word);
}

/* The first keyword of these blocks is what they are made for. */
static void
must_say_first(struct reader *r)
{
	if (r->section == SECTION_RULE || r->section == SECTION_TLS)
		must_say(r, 0);
	if (r->section == SECTION_TLS)
		must_say(r, 1);
}

void
reader_end_block(struct reader *r)
{
	unsigned	 i;

	must_say_first(r);
	if (r->section == SECTION_LISTEN_LIMIT) {
		end_listen_limit(r);
		return;
	}
	if (r->section == SECTION_LISTEN)
		add_listen(r);
	if (r->section == SECTION_RULE)
		add_rule(r);
	if (r->section == SECTION_TLS)
		add_tls(r);
	if (r->section == SECTION_ROUTE)
		reader_end_route(r);
	if (r->section == SECTION_ADVICE)
		add_advice(r);
	if (r->section == SECTION_DESTINATION)
		reader_end_destination(r);
	for (i = 1; i < r->names.n && r->section == SECTION_DOMAIN; i++)
		add_domain(r, r->names.word[i]);
	r->section = SECTION_TOP;
}

