/* SPDX-License-Identifier: ISC */
/*
 * An agent writes the mail of one user into his mailbox, and is that user
 * before it reads a single octet of it.  It looks him up itself: whoever asked
 * for it may name a user, not choose an identity.
 */
#include <sys/stat.h>

#include <stdlib.h>
#include <sysexits.h>

#include "local/copy.h"
#include "shared/account.h"
#include "shared/log.h"
#include "shared/program.h"

enum { WANTS_MAX = 2 };

static struct {
	struct process	*process;
	struct account	 user;
	struct copy_place place;
	struct copy	*copy;		/* NULL: nothing is delivered */
	uint64_t	 token;		/* of its DELIVER */
	uint64_t	 size;		/* of the message */
	uint64_t	 asked;		/* offset of the next WANT */
	unsigned	 wants;		/* unanswered */
	bool		 stopping;
} agent;

/* One DELIVER at a time: agents are the unit of doing more at once. */
static unsigned
credit(enum role role)
{
	return role == ROLE_LOCAL ? 1 : 0;
}

/* ---- who we are ---------------------------------------------------------- */

static void __attribute__((__noreturn__))
refuse(int status, const char *why)
{
	log_error("no agent for %s: %s", agent.user.name, why);
	exit(status);
}

static void
find_user(const struct msg_boot *boot)
{
	char			*file = NULL, *name = span_dup(boot->user);
	enum user_outcome	 outcome;

	if (boot->users.len > 0)
		file = span_dup(boot->users);
	outcome = account_find(file, name, &agent.user);
	if (outcome != USER_FOUND)
		(void)span_copy(boot->user, agent.user.name,
		    sizeof agent.user.name);
	free(file);
	free(name);
	if (outcome == USER_LATER)
		refuse(EX_TEMPFAIL, "users cannot be looked up now");
	if (outcome != USER_FOUND)
		refuse(EX_NOUSER, "no such user");
	if (!account_is_allowed(&agent.user, boot->minimum_uid,
	    boot->flags & BOOT_UNPRIVILEGED))
		refuse(EX_NOPERM, "may not have mail");
}

static bool
is_directory(const char *path)
{
	struct stat	 st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/*
 * Landlock leaves the home, and the directories where mailboxes stand that are
 * not in homes.  They must be there for it.
 */
static void
allow_mailboxes(struct process *p, struct span places)
{
	struct span	 place;
	char		*path;

	if (agent.user.home[0] != '/')
		refuse(EX_CONFIG, "his home is no absolute path");
	if (!is_directory(agent.user.home))
		refuse(EX_TEMPFAIL, "his home is not there");
	process_allow(p, agent.user.home, PRIV_READ | PRIV_WRITE);
	while (places.len > 0) {
		places = span_cut(places, ':', &place);
		path = span_dup(place);
		if (is_directory(path))
			process_allow(p, path, PRIV_READ | PRIV_WRITE);
		free(path);
	}
}

static void
before_drop(struct process *p)
{
	const struct msg_boot	*boot = process_boot(p);
	struct priv_identity	 who = { .user = agent.user.name };

	find_user(boot);
	allow_mailboxes(p, boot->mailboxes);
	who.uid = agent.user.uid;
	who.gid = agent.user.gid;
	who.unprivileged = boot->flags & BOOT_UNPRIVILEGED;
	process_become(p, &who);
	agent.process = p;
	copy_place_init(&agent.place, agent.user.name, agent.user.home);
}

/* ---- a delivery ---------------------------------------------------------- */

static void
conclude(struct peer *local, struct reply reply)
{
	struct msg	 m = { .type = MSG_DELIVERED };

	copy_free(agent.copy);
	agent.copy = NULL;
	m.delivered.token = agent.token;
	m.delivered.reply = reply;
	peer_put(local, &m);
	if (agent.stopping)
		process_exit(agent.process, EX_OK);
}

/*
 * Two pieces at a time.  Queue may fill a slot only in part; what was asked
 * for behind such a piece does not join it, and is asked for again.
 */
static void
ask_for_content(struct peer *local)
{
	struct msg	 m = { .type = MSG_WANT };

	if (agent.wants == 0)
		agent.asked = copy_received(agent.copy);
	m.want.token = agent.token;
	while (agent.wants < WANTS_MAX && agent.asked < agent.size) {
		m.want.offset = agent.asked;
		peer_put(local, &m);
		agent.asked += RING_SLOT;
		agent.wants++;
	}
}

static void
on_deliver(struct peer *local, struct msg *m)
{
	struct reply	 why;

	agent.token = m->deliver.token;
	agent.size = m->deliver.size;
	agent.wants = 0;
	agent.copy = copy_new(&agent.place, &m->deliver, &why);
	if (agent.copy == NULL)
		conclude(local, why);
	else if (copy_is_whole(agent.copy))
		conclude(local, copy_finish(agent.copy));
	else
		ask_for_content(local);
}

static void
put_content(struct peer *local, size_t len)
{
	struct reply	 why;

	if (!copy_put(agent.copy, copy_space(agent.copy), len, &why))
		conclude(local, why);
	else if (copy_is_whole(agent.copy))
		conclude(local, copy_finish(agent.copy));
	else
		ask_for_content(local);
}

static void
free_slot(struct peer *local, const struct msg_chunk *c)
{
	struct msg	 m = { .type = MSG_FREED };

	m.freed.slot = c->slot;
	if (c->length > 0 && !c->failed)
		peer_put(local, &m);
}

static void
take_chunk(struct peer *local, const struct msg_chunk *c)
{
	agent.wants--;
	if (c->failed || c->length == 0) {
		conclude(local, reply_make(451, "4.3.0",
		    "the message could not be read"));
		return;
	}
	if (c->offset != copy_received(agent.copy)) {
		free_slot(local, c);
		ask_for_content(local);
		return;
	}
	if (peer_ring_in(local) == NULL || !ring_copy(peer_ring_in(local),
	    c->slot, c->length, copy_space(agent.copy))) {
		peer_accuse(local, "names a slot that is not there");
		return;
	}
	free_slot(local, c);
	put_content(local, c->length);
}

static void
on_chunk(struct peer *local, struct msg *m)
{
	if (agent.copy == NULL || m->chunk.token != agent.token)
		free_slot(local, &m->chunk);	/* its copy failed early */
	else if (agent.wants == 0)
		peer_accuse(local, "sends content that nobody wanted");
	else
		take_chunk(local, &m->chunk);
}

/* ---- the end ------------------------------------------------------------- */

static void
lost(struct peer *peer)
{
	if (peer_role(peer) != ROLE_LOCAL)
		return;
	copy_free(agent.copy);
	agent.copy = NULL;
	process_exit(agent.process, EX_OK);
}

static void
stop(void)
{
	agent.stopping = true;
	if (agent.copy == NULL)
		process_exit(agent.process, EX_OK);
}

static const struct route	 inbox[] = {
	{ MSG_DELIVER,	on_deliver },
	{ MSG_CHUNK,	on_chunk },
	{ MSG_COUNT,	NULL }
};

static const struct program	 program = {
	.role = ROLE_AGENT,
	.priv = {
		.calls = PRIV_FILES,
		.stays_in_root = true,
		.writes_files = true
	},
	.credit = credit,
	.before_drop = before_drop,
	.lost = lost,
	.stop = stop,
	.inbox = inbox
};

int
main(int argc, char **argv)
{
	return program_run(&program, argc, argv);
}
