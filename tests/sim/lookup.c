/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "tests/sim/model.h"
#include "tests/sim/peer.h"

enum { QUESTIONS = 300, PATIENCE = 3 };

static struct {
	struct neighbour neighbour;
	struct {
		uint64_t	 token;
		char		 address[72], parameters[72];
	} asked[QUESTIONS];
	unsigned	 count;
} at;

static void
hear(void *arg, struct msg *m)
{
	(void)arg;
	if (m->type != MSG_EXPAND || at.count == QUESTIONS)
		broken("lookup hears %s", msg_row(m->type)->name);
	at.asked[at.count].token = m->expand.token;
	(void)span_copy(m->expand.parameters, at.asked[at.count].parameters,
	    sizeof at.asked[0].parameters);
	(void)span_copy(addr_span(&m->expand.recipient),
	    at.asked[at.count++].address, sizeof at.asked[0].address);
}

static void
say_target(uint64_t token, const char *address, bool placed)
{
	struct msg	 m = { .type = MSG_TARGET };
	char		 destination[40] = "";

	m.target.token = token;
	(void)addr_parse(span_of(address), &m.target.recipient);
	if (placed)
		destination_of(address, destination);
	m.target.destination = span_of(destination);
	say(&at.neighbour, &m);
}

static void
say_targets(uint64_t token, const char *address, unsigned children)
{
	char		 child[72];
	unsigned	 i;

	for (i = 0; i < children; i++) {
		child_of(address, i, child);
		say_target(token, child, child_has_destination(child));
	}
	if (children == 0)
		say_target(token, address, true);
}

static struct node *
node_of_notice(const char *address, unsigned number)
{
	struct node	*n;

	for (; number < model_count(); number++)
		if (model_at(number)->notice && (n = node_find(
		    model_at(number), address)) != NULL)
			return n;
	return NULL;
}

/* Whose address it is, and how often it was asked for, the model knows. */
static struct node *
node_asked(const char *address)
{
	struct node	*n;
	unsigned	 number;

	if (sscanf(address + 1, "%u", &number) != 1 ||
	    model_at(number) == NULL)
		broken("<%s> is asked for, who is nobody", address);
	if (*address == 'r')
		return node_of(model_at(number), address);
	n = node_of_notice(address, number);
	if (n != NULL)
		return n;
	notices_find();		/* it is on disk, and not yet told of */
	n = node_of_notice(address, number);
	if (n == NULL)
		broken("<%s> is asked for, without a notice", address);
	return n;
}

static void
check_parameters(const struct node *n, const char *parameters)
{
	char	 said[72];

	mail_parameters(n->mail, said);
	if (strcmp(parameters, said) != 0)
		broken("<%s> is asked for with \"%s\"", n->address,
		    parameters);
}

static void
answer(uint64_t token, const char *address, const char *parameters)
{
	struct msg	 m = { .type = MSG_EXPANDED };
	struct node	*n = node_asked(address);
	unsigned	 children;
	enum plan	 plan = plan_of(address, &children);
	bool		 late = !sim()->calm && chance(1, 40);

	if (plan == PLAN_LATER && n->asked++ < PATIENCE)
		late = true;
	check_parameters(n, parameters);
	m.expanded.token = token;
	if (late)
		m.expanded.reply = reply_make(451, "4.4.3", "later");
	else if (plan == PLAN_REFUSE)
		m.expanded.reply = reply_make(550, "5.1.1", "nobody");
	else {
		say_targets(token, address, children);
		m.expanded.count = children == 0 ? 1 : children;
	}
	credit_back(&at.neighbour);
	say(&at.neighbour, &m);
}

bool
lookup_event(void)
{
	uint64_t	 question;
	char		 address[72], parameters[72];
	unsigned	 i;

	if (at.count == 0)
		return false;
	i = below(at.count);
	question = at.asked[i].token;
	memcpy(address, at.asked[i].address, sizeof address);
	memcpy(parameters, at.asked[i].parameters, sizeof parameters);
	at.asked[i] = at.asked[--at.count];
	answer(question, address, parameters);
	return true;
}

void
lookup_queue_died(void)
{
	at.count = 0;
}

void
lookup_join(void)
{
	if (at.neighbour.peer != NULL)
		return;
	at.count = 0;
	at.neighbour.role = ROLE_LOOKUP;
	at.neighbour.credit = 1 + below(chance(1, 2) ? 4 : QUESTIONS - 1);
	at.neighbour.hear = hear;
	neighbour_join(&at.neighbour);
}

void
lookup_die(void)
{
	if (at.neighbour.peer != NULL)
		neighbour_part(&at.neighbour);
	at.count = 0;
}
