/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "smtpd/ruling.h"
#include "smtpd/server.h"

static bool
has_tag(const struct transaction *t, const char *tag)
{
	unsigned	 i;

	for (i = 0; i < t->tag_count; i++)
		if (strcmp(t->tags[i], tag) == 0)
			return true;
	return false;
}

static const struct rule *
decide(const struct transaction *t, struct rule_asides *asides)
{
	const struct session	*s = t->session;
	char			 identity[IDENTITY_SIZE];
	char			 certificate[FINGERPRINT_SIZE];
	struct rule_facts	 f = { .client = &s->client,
				    .sender = &t->sender,
				    .recipient = &t->recipient };

	client_identity(identity, &s->client);
	f.identity = span_of(identity);
	f.name = span_of(s->client.name != NULL ? s->client.name : "");
	f.name_later = s->client.name_later;
	f.helo = span_of(s->helo != NULL ? s->helo : "");
	f.tls = secure_holds(s);
	secure_fingerprint(s, certificate);
	f.certificate = span_of(certificate);
	f.listener = listener_name(s->listener);
	return rules_decide(&s->server->policy.rules, &f, asides);
}

/* A refusal that hangs on a name which nobody could tell now is for now. */
static struct reply
refusal(const struct rule *r, bool unsure)
{
	if (r->verdict == RULE_REFUSE && unsure)
		return reply_make(450, "4.7.1", "The name of your address "
		    "cannot be found now, try again later");
	return r->reply;
}

bool
ruling_allows(struct transaction *t, struct reply *why)
{
	struct rule_asides	 asides;
	const struct rule	*r = decide(t, &asides);

	t->rule = r;
	t->urging = asides.priority;
	if (r == NULL || r->verdict == RULE_ACCEPT)
		return true;
	if (r->verdict != RULE_TAG) {
		*why = refusal(r, asides.unsure);
		return false;
	}
	if (t->tag_count < TAGS_MAX || has_tag(t, r->tag))
		return true;
	*why = reply_make(452, "4.5.3", "Too many tags for one message, send "
	    "it again for this recipient");
	return false;
}

const char *
ruling_new_tag(const struct transaction *t)
{
	if (t->rule == NULL || t->rule->verdict != RULE_TAG ||
	    has_tag(t, t->rule->tag))
		return NULL;
	return t->rule->tag;
}

void
ruling_keep(struct transaction *t)
{
	const char	*tag = ruling_new_tag(t);

	if (tag != NULL)
		t->tags[t->tag_count++] = tag;
	if (t->urging != NULL && (t->urged == NULL ||
	    t->urging->priority > t->urged->priority))
		t->urged = t->urging;
}

const char *
ruling_refused_by(const struct transaction *t)
{
	if (t == NULL || t->rule == NULL ||
	    (t->rule->verdict != RULE_REFUSE &&
	    t->rule->verdict != RULE_DEFER))
		return NULL;
	return t->rule->name;
}
