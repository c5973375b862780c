/* SPDX-License-Identifier: ISC */
/*
 * The walls.  seccomp is a list of what is allowed, made with libseccomp, and
 * kills; Landlock is called by hand because Debian 12's header ends at its
 * second version, and what the running kernel knows beyond is defined here.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/limits.h"
#include "shared/log.h"
#include "shared/priv.h"

/* ---- identity ------------------------------------------------------------ */

static void
change_root(const struct priv_identity *who)
{
	if (who->root == NULL)
		return;
	if (chdir(who->root) == -1)
		fatal("%s: %s", who->root, strerror(errno));
	if (!who->unprivileged && (chroot(".") == -1 || chdir("/") == -1))
		fatal("chroot to %s: %s", who->root, strerror(errno));
}

void
priv_drop(const struct priv_identity *who)
{
	if (!who->unprivileged && (who->uid == 0 || who->gid == 0))
		fatal("root is no identity for this program");
	if (!who->unprivileged && (who->user ?
	    initgroups(who->user, who->gid) : setgroups(0, NULL)) == -1)
		fatal("groups: %s", strerror(errno));
	change_root(who);
	if (who->unprivileged)
		return;
	if (setresgid(who->gid, who->gid, who->gid) == -1 ||
	    setresuid(who->uid, who->uid, who->uid) == -1)
		fatal("uid %d, gid %d: %s", (int)who->uid, (int)who->gid,
		    strerror(errno));
	if (setresuid(0, 0, 0) == 0 || setresgid(0, 0, 0) == 0 ||
	    geteuid() != who->uid || getegid() != who->gid)
		fatal("root could be had back");
}

/* ---- limits -------------------------------------------------------------- */

static void
limit(int resource, rlim_t value, const char *name)
{
	struct rlimit	 l;

	if (getrlimit(resource, &l) == -1)
		fatal("limit of %s: %s", name, strerror(errno));
	if (l.rlim_max != RLIM_INFINITY && value > l.rlim_max)
		value = l.rlim_max;
	l.rlim_cur = l.rlim_max = value;
	if (setrlimit(resource, &l) == -1)
		fatal("limit of %s: %s", name, strerror(errno));
}

void
priv_limits(const struct priv *p)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		fatal("no-new-privs: %s", strerror(errno));
	limit(RLIMIT_CORE, 0, "core dumps");
	limit(RLIMIT_NOFILE, p->files ? p->files : 64, "descriptors");
	if (!p->writes_files)
		limit(RLIMIT_FSIZE, 0, "file size");
	if (!(p->calls & PRIV_THREADS))
		limit(RLIMIT_NPROC, 0, "processes");
#ifndef SANITIZED
	limit(RLIMIT_DATA, MEMORY_MAX, "memory");
	if (!p->maps_files)
		limit(RLIMIT_AS, (rlim_t)ADDRESS_SPACE_GIB << 30,
		    "address space");
#endif
}

/* ---- Landlock ------------------------------------------------------------ */

/* Of later versions than the header's; struct grew with them. */
enum {
	FS_TRUNCATE	= 1 << 14,	/* version 3 */
	FS_IOCTL_DEV	= 1 << 15,	/* version 5 */
	NET_BIND_TCP	= 1 << 0,	/* version 4 */
	NET_CONNECT_TCP	= 1 << 1,
	SCOPE_ABSTRACT	= 1 << 0,	/* version 6 */
	SCOPE_SIGNAL	= 1 << 1
};

/* The second kind of rule, of version 4. */
enum { RULE_NET_PORT = 2 };

struct net_port {
	uint64_t	access, port;
};

struct landlock_rules {
	uint64_t	fs, net, scoped;
};

enum {
	FS_FILE_READ	= LANDLOCK_ACCESS_FS_READ_FILE,
	FS_FILE_WRITE	= LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE,
	FS_DIR_READ	= LANDLOCK_ACCESS_FS_READ_DIR,
	FS_DIR_WRITE	= LANDLOCK_ACCESS_FS_REMOVE_DIR |
			  LANDLOCK_ACCESS_FS_REMOVE_FILE |
			  LANDLOCK_ACCESS_FS_MAKE_DIR |
			  LANDLOCK_ACCESS_FS_MAKE_REG |
			  LANDLOCK_ACCESS_FS_REFER
};

int
priv_landlock_version(void)
{
	long	 version = syscall(SYS_landlock_create_ruleset, NULL, 0,
		    LANDLOCK_CREATE_RULESET_VERSION);

	return version < 0 ? 0 : (int)version;
}

/* All that this kernel can forbid, and how much of the struct it knows. */
static struct landlock_rules
all_rules(int version, const struct priv *p, size_t *size)
{
	struct landlock_rules	 r = { (1 << 13) - 1, 0, 0 };

	*size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
	if (version >= 2)
		r.fs |= LANDLOCK_ACCESS_FS_REFER;
	if (version >= 3)
		r.fs |= FS_TRUNCATE;
	if (version >= 4)
		r.net = NET_BIND_TCP |
		    (p->calls & PRIV_CONNECT ? 0 : NET_CONNECT_TCP);
	if (version >= 5)
		r.fs |= FS_IOCTL_DEV;
	if (version >= 6)
		r.scoped = SCOPE_ABSTRACT | SCOPE_SIGNAL;
	return r;
}

static void
allow_path(int rules, uint64_t handled, const struct priv_path *path)
{
	struct landlock_path_beneath_attr beneath = { .parent_fd =
			    open(path->path, O_PATH | O_CLOEXEC) };
	struct stat	 st;

	if (beneath.parent_fd == -1 || fstat(beneath.parent_fd, &st) == -1)
		fatal("%s: %s", path->path, strerror(errno));
	if (path->access & PRIV_READ)
		beneath.allowed_access |= FS_FILE_READ | FS_DIR_READ;
	if (path->access & PRIV_WRITE)
		beneath.allowed_access |= FS_FILE_WRITE | FS_DIR_WRITE;
	if (!S_ISDIR(st.st_mode))
		beneath.allowed_access &= FS_FILE_READ | FS_FILE_WRITE;
	beneath.allowed_access &= handled;
	if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH,
	    &beneath, 0) == -1)
		fatal("landlock, %s: %s", path->path, strerror(errno));
	close(beneath.parent_fd);
}

/* Port 0 is one that the kernel chooses. */
static void
allow_any_port(int rules)
{
	const struct net_port	 any = { NET_BIND_TCP, 0 };

	if (syscall(SYS_landlock_add_rule, rules, RULE_NET_PORT, &any, 0) == -1)
		fatal("landlock, ports: %s", strerror(errno));
}

bool
priv_landlock(const struct priv *p)
{
	const struct priv_path	*path;
	struct landlock_rules	 all;
	int			 rules, version = priv_landlock_version();
	size_t			 size;

	if (version == 0)
		return false;
	all = all_rules(version, p, &size);
	rules = syscall(SYS_landlock_create_ruleset, &all, size, 0);
	if (rules == -1)
		fatal("landlock: %s", strerror(errno));
	for (path = p->paths; path != NULL && path->path != NULL; path++)
		allow_path(rules, all.fs, path);
	if (p->calls & PRIV_BIND && version >= 4)
		allow_any_port(rules);
	if (syscall(SYS_landlock_restrict_self, rules, 0) == -1)
		fatal("landlock: %s", strerror(errno));
	fd_close(&rules);
	return true;
}
