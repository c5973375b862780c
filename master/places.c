/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>
#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "master/places.h"
#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/log.h"

enum ground { GROUND_EMPTY, GROUND_QUEUE, GROUND_SLASH };

/* master and agent stay root for as long as they need to. */
static const struct {
	enum role	 role;
	const char	*account;
	enum ground	 ground;
} rows[] = {
	{ ROLE_SMTPD,	 "relais-smtpd",	GROUND_EMPTY },
	{ ROLE_QUEUE,	 "relais-queue",	GROUND_QUEUE },
	{ ROLE_REMOTE,	 "relais-remote",	GROUND_EMPTY },
	{ ROLE_CONNECTOR, "relais-remote",	GROUND_SLASH },
	{ ROLE_LOCAL,	 "relais-local",	GROUND_EMPTY },
	{ ROLE_AGENT,	 NULL,			GROUND_SLASH },
	{ ROLE_LOOKUP,	 "relais-lookup",	GROUND_EMPTY },
	{ ROLE_USERS,	 "relais-lookup",	GROUND_SLASH },
	{ ROLE_PASSWORDS, "relais-lookup",	GROUND_EMPTY },
	{ ROLE_DOVECOT,	 "relais-lookup",	GROUND_EMPTY },
	{ ROLE_KEYS,	 "relais-keys",		GROUND_EMPTY },
	{ ROLE_RESOLVER, "relais-resolver",	GROUND_EMPTY },
	{ ROLE_CONTROL,	 "relais-control",	GROUND_EMPTY },
	{ ROLE_MONITOR,	 "relais-monitor",	GROUND_EMPTY },
	{ ROLE_LOGGER,	 "relais-log",		GROUND_EMPTY },
};

static void
set_root(struct place *p, enum ground ground, const struct config *c)
{
	if (ground == GROUND_SLASH)
		snprintf(p->root, sizeof p->root, "/");
	else if (ground == GROUND_QUEUE)
		snprintf(p->root, sizeof p->root, "%s/queue", c->spool);
	else
		snprintf(p->root, sizeof p->root, "%s/empty", c->runtime);
}

static bool
find_account(struct place *p, const char *account)
{
	struct passwd	*pw;

	errno = 0;
	pw = getpwnam(account);
	if (pw == NULL && errno != 0 && errno != ENOENT) {
		log_error("account %s: %s", account, strerror(errno));
		return false;
	}
	if (pw == NULL) {
		log_error("account %s is missing; make it by: useradd "
		    "--system --user-group --no-create-home --home-dir "
		    "/nonexistent --shell /usr/sbin/nologin %s", account,
		    account);
		return false;
	}
	if (pw->pw_uid == 0 || pw->pw_gid == 0) {
		log_error("account %s has the rights of root", account);
		return false;
	}
	p->uid = pw->pw_uid;
	p->gid = pw->pw_gid;
	return true;
}

/* Two programs under one uid could reach into each other. */
static bool
is_shared(const struct places *p, size_t row)
{
	size_t	 i;

	for (i = 0; i < row; i++) {
		if (rows[i].account == NULL ||
		    strcmp(rows[i].account, rows[row].account) == 0 ||
		    p->of[rows[i].role].uid != p->of[rows[row].role].uid)
			continue;
		log_error("accounts %s and %s have the same uid",
		    rows[i].account, rows[row].account);
		return true;
	}
	return false;
}

/* lookup's account is that of several rows, and is told of once. */
static bool
is_repeated(size_t row)
{
	return row > 0 && rows[row - 1].account != NULL &&
	    strcmp(rows[row - 1].account, rows[row].account) == 0;
}

static bool
find_accounts(struct places *p)
{
	bool	 good = true;
	size_t	 i;

	for (i = 0; i < COUNT(rows); i++) {
		if (rows[i].account == NULL)
			continue;
		if (is_repeated(i))
			p->of[rows[i].role] = p->of[rows[i - 1].role];
		else if (!find_account(&p->of[rows[i].role],
		    rows[i].account) || is_shared(p, i))
			good = false;
	}
	return good;
}

bool
places_find(struct places *p, const struct config *c)
{
	struct place	*place;
	size_t		 i;

	memset(p, 0, sizeof *p);
	p->unprivileged = geteuid() != 0;
	if (!p->unprivileged && !find_accounts(p))
		return false;
	for (i = 0; i < COUNT(rows); i++) {
		place = &p->of[rows[i].role];
		set_root(place, rows[i].ground, c);
		if (!p->unprivileged)
			continue;
		place->uid = geteuid();
		place->gid = getegid();
	}
	return true;
}

/* ---- directories -------------------------------------------------------- */

static bool
give(int fd, uid_t uid, gid_t gid, mode_t mode)
{
	return (uid == geteuid() || fchown(fd, uid, gid) == 0) &&
	    fchmod(fd, mode) == 0;
}

/* True: the directory at `path` belongs to `uid` and nobody else writes. */
static bool
make_directory(const char *path, uid_t uid, gid_t gid, mode_t mode)
{
	struct stat	 st;
	bool		 made, good = false;
	int		 fd;

	made = mkdir(path, 0700) == 0;
	if (!made && errno != EEXIST) {
		log_error("%s: %s", path, strerror(errno));
		return false;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1 ||
	    (made && !give(fd, uid, gid, mode)))
		log_error("%s: %s", path, strerror(errno));
	else if (!made && st.st_uid != uid)
		log_error("%s: expected uid %u to be its owner, not %u", path,
		    (unsigned)uid, (unsigned)st.st_uid);
	else if (!made && (st.st_mode & 07777 & ~mode) != 0)
		log_error("%s: expected mode %o, not %o", path,
		    (unsigned)mode, (unsigned)(st.st_mode & 07777));
	else
		good = true;
	fd_close(&fd);
	return good;
}

bool
places_make(const struct places *p, const struct config *c)
{
	const struct place	*queue = &p->of[ROLE_QUEUE];
	uid_t			 us = geteuid();
	gid_t			 group = getegid();

	return make_directory(c->runtime, us, group, 0755) &&
	    make_directory(p->of[ROLE_SMTPD].root, us, group, 0555) &&
	    make_directory(c->spool, us, group, 0755) &&
	    make_directory(queue->root, queue->uid, queue->gid, 0700);
}
