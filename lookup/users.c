/* SPDX-License-Identifier: ISC */
/*
 * users asks the system who has an account.  It is a program of its own
 * because NSS may load anything into whoever asks it: nobody but lookup hears
 * what it says.
 */
#include <stdlib.h>

#include "shared/account.h"
#include "shared/program.h"

static struct {
	struct process	*process;
	char		*file;		/* NULL: NSS */
} users;

static unsigned
credit(enum role role)
{
	return role == ROLE_LOOKUP ? USERS_MAX : 0;
}

/*
 * A name that nobody has makes NSS load all of its services, which cannot be
 * done behind the walls.  systemd's would open sockets and timers of its own
 * kind; the users that it alone knows have no mail here.
 */
static void
before_drop(struct process *p)
{
	const struct msg_boot	*boot = process_boot(p);
	struct account		 nobody;

	users.process = p;
	if (boot->users.len > 0)
		users.file = span_dup(boot->users);
	setenv("SYSTEMD_BYPASS_USERDB", "1", 1);
	if (users.file == NULL)
		(void)account_find(NULL, "nobody-has-this-name", &nobody);
}

static void
on_user(struct peer *from, struct msg *m)
{
	const struct msg_boot	*boot = process_boot(users.process);
	struct msg		 is = { .type = MSG_USER_IS };
	struct account		 a;
	char			*name = span_dup(m->user.name);

	is.user_is.token = m->user.token;
	is.user_is.outcome = account_find(users.file, name, &a);
	if (is.user_is.outcome == USER_FOUND &&
	    !account_is_allowed(&a, boot->minimum_uid,
	    boot->flags & BOOT_UNPRIVILEGED))
		is.user_is.outcome = USER_UNKNOWN;
	is.user_is.name = span_of(is.user_is.outcome == USER_FOUND ?
	    a.name : "");
	peer_put(from, &is);
	free(name);
}

static const struct route	 inbox[] = {
	{ MSG_USER,	on_user },
	{ MSG_COUNT,	NULL }
};

static const struct priv_path	 paths[] = {
	{ "/",	PRIV_READ },
	{ NULL,	0 }
};

static const struct program	 program = {
	.role = ROLE_USERS,
	.priv = {
		.calls = PRIV_READ_FILES | PRIV_UNIX,
		.paths = paths,
		.stays_in_root = true
	},
	.credit = credit,
	.before_drop = before_drop,
	.inbox = inbox
};

int
main(int argc, char **argv)
{
	return program_run(&program, argc, argv);
}
