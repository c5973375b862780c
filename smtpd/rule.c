/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/pattern.h"
#include "smtpd/rule.h"

/* ---- from master -------------------------------------------------------- */

static bool
says_what_it_means(const struct msg_conf_rule *m)
{
	if (m->verdict == RULE_REFUSE)
		return reply_is_refusal(&m->reply);
	if (m->verdict == RULE_DEFER)
		return reply_is_later(&m->reply);
	return (m->verdict == RULE_TAG) == (m->tag.len > 0) &&
	    (m->verdict == RULE_PRIORITY || m->priority == 0);
}

bool
rules_add(struct rules *all, const struct msg_conf_rule *m)
{
	struct rule	*r;

	if (all->count == POLICY_RULES_MAX || !says_what_it_means(m))
		return false;
	all->list = xreallocarray(all->list, all->count + 1, sizeof(*r));
	r = &all->list[all->count++];
	*r = (struct rule){ .verdict = m->verdict, .reply = m->reply };
	r->priority = (int)m->priority - PRIORITY_MAX;
	r->name = span_dup(m->name);
	r->tag = span_dup(m->tag);
	return true;
}

bool
rules_add_value(struct rules *all, const struct msg_conf_condition *m)
{
	struct rule		*r;
	struct rule_value	 v = { .kind = m->kind, .except = m->except };

	if (all->count == 0 || all->values == RULE_VALUES_MAX)
		return false;
	if (v.kind == CONDITION_CLIENT ?
	    !network_init(&v.network, m->address, m->prefix) :
	    m->pattern.len == 0)
		return false;
	v.pattern = span_dup(m->pattern);
	r = &all->list[all->count - 1];
	r->values = xreallocarray(r->values, r->count + 1, sizeof(v));
	r->values[r->count++] = v;
	all->values++;
	return true;
}

static void
clear(struct rule *r)
{
	size_t	 i;

	for (i = 0; i < r->count; i++)
		free(r->values[i].pattern);
	free(r->values);
	free(r->name);
	free(r->tag);
}

void
rules_clear(struct rules *all)
{
	size_t	 i;

	for (i = 0; i < all->count; i++)
		clear(&all->list[i]);
	free(all->list);
	*all = (struct rules){ 0 };
}

/* ---- a match ------------------------------------------------------------ */

static bool
has_client(const struct rule_value *v, const struct client *c)
{
	return !client_is_local(c) && network_holds(&v->network, c->address);
}

static bool
matches(const struct rule_value *v, const struct rule_facts *f)
{
	switch (v->kind) {
	case CONDITION_CLIENT:
		return has_client(v, f->client);
	case CONDITION_NAME:
		return pattern_has_name(v->pattern, f->name);
	case CONDITION_HELO:
		return pattern_has_name(v->pattern, f->helo);
	case CONDITION_SENDER:
		return pattern_has_address(v->pattern, f->sender);
	case CONDITION_RECIPIENT:
		return pattern_has_address(v->pattern, f->recipient);
	case CONDITION_TLS:
		return (strcmp(v->pattern, "yes") == 0) == f->tls;
	case CONDITION_IDENTITY:
		return pattern_has_identity(v->pattern, f->identity);
	case CONDITION_CERTIFICATE:
		return span_is_word(f->certificate, v->pattern);
	default:
		return span_is_word(f->listener, v->pattern);
	}
}

static struct pattern_tally
look(const struct rule *r, const struct rule_facts *f)
{
	const struct rule_value	*v;
	struct pattern_tally	 t = { 0 };
	size_t			 i;

	for (i = 0; i < r->count; i++) {
		v = &r->values[i];
		pattern_count(&t, v->kind, v->except, matches(v, f));
	}
	return t;
}

static bool
is_narrow(const struct rule *r)
{
	size_t	 i;

	for (i = 0; i < r->count; i++)
		if (r->values[i].kind == CONDITION_CLIENT &&
		    !r->values[i].except)
			return true;
	return false;
}

static bool
spares(const struct rule *r, const struct rule_facts *f)
{
	return (r->verdict == RULE_REFUSE || r->verdict == RULE_DEFER) &&
	    pattern_has_address("postmaster@*", f->recipient) &&
	    !is_narrow(r);
}

const struct rule *
rules_decide(const struct rules *all, const struct rule_facts *f,
    struct rule_asides *asides)
{
	const unsigned		 name = 1u << CONDITION_NAME;
	const struct rule	*r;
	struct pattern_tally	 t;
	size_t			 i;

	*asides = (struct rule_asides){ .unsure = false };
	for (i = 0; i < all->count; i++) {
		r = &all->list[i];
		if (spares(r, f))
			continue;
		t = look(r, f);
		if (f->name_later && r->verdict != RULE_PRIORITY &&
		    (t.said & name) && pattern_holds(&t, name))
			asides->unsure = true;
		if (!pattern_holds(&t, 0))
			continue;
		if (r->verdict != RULE_PRIORITY)
			return r;
		if (asides->priority == NULL)
			asides->priority = r;
	}
	return NULL;
}
