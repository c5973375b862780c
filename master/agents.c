/* SPDX-License-Identifier: ISC */
#include <ctype.h>
#include <string.h>

#include "master/agents.h"
#include "master/confer.h"
#include "master/suite.h"
#include "master/wiring.h"
#include "shared/log.h"

enum { OLDER_TIME = 5000 };

bool
agents_may_be_user(struct span name)
{
	static const char	 marks[] = "._-+@$";
	size_t			 i;

	if (name.len == 0 || name.len > USER_TEXT_MAX ||
	    name.ptr[0] == '-' || name.ptr[0] == '.')
		return false;
	for (i = 0; i < name.len; i++)
		if (!isalnum((unsigned char)name.ptr[i]) &&
		    memchr(marks, name.ptr[i], sizeof marks - 1) == NULL)
			return false;
	return true;
}

static void
refuse(struct peer *local, struct span user, struct reply why)
{
	struct msg	 m = { .type = MSG_AGENT_REFUSED };

	m.agent_refused.user = user;
	m.agent_refused.why = why;
	peer_put(local, &m);
}

/* The first number that no agent has; 0: all have one. */
static unsigned
free_instance(struct suite *s)
{
	unsigned	 i;

	for (i = 1; i <= AGENTS_MAX; i++)
		if (children_find(s, ROLE_AGENT, i) == NULL)
			return i;
	return 0;
}

/*
 * local has one agent of a user: an older one is about to end.  Its user can
 * stop it (kill(2) lets him), and must not fill all places with such.
 */
static void
end_older(struct suite *s, const char *user)
{
	struct child	*c;

	TAILQ_FOREACH(c, &s->children, entry)
		if (c->role == ROLE_AGENT && c->state == PROCESS_RUNNING &&
		    strcmp(c->name, user) == 0)
			child_stop(c, OLDER_TIME);
}

void
agents_wanted(struct suite *s, struct peer *local, struct span user)
{
	char		 name[USER_TEXT_MAX + 1];
	struct child	*c;
	unsigned	 instance;

	if (!agents_may_be_user(user) || !span_copy(user, name, sizeof name)) {
		log_warning("local wants an agent for what is no user name");
		refuse(local, user, reply_make(550, "5.1.1",
		    "this is no user's name"));
		return;
	}
	end_older(s, name);
	instance = free_instance(s);
	if (instance == 0) {
		refuse(local, user, reply_make(451, "4.3.2",
		    "too many deliveries at once"));
		return;
	}
	c = child_new(s, ROLE_AGENT, instance, name);
	if (!child_start(c)) {
		child_free(c);
		refuse(local, user, reply_make(451, "4.3.0",
		    "the delivery agent does not start"));
		return;
	}
	if (!wiring_connect(c) || !confer(c))
		child_kill(c);
}

void
agents_end(struct suite *s)
{
	struct child	*c;

	TAILQ_FOREACH(c, &s->children, entry)
		if (c->role == ROLE_AGENT && c->state == PROCESS_RUNNING)
			child_stop(c, STOP_TIME);
}
