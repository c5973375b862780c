/* SPDX-License-Identifier: ISC */
#ifndef SHARED_PRIV_H
#define SHARED_PRIV_H

#include <sys/types.h>

#include <stdbool.h>

/*
 * The walls round one program, as data.  Every program has the calls that the
 * loop needs; `calls` adds groups.  All else kills the process.
 */
enum priv_calls {
	PRIV_ACCEPT	= 1 << 0,	/* accept4 on listeners it was given */
	PRIV_CONNECT	= 1 << 1,	/* TCP sockets, connect */
	PRIV_FILES	= 1 << 2,	/* open, stat, write, rename, unlink */
	PRIV_READ_FILES	= 1 << 3,	/* open read-only, stat, readdir */
	PRIV_THREADS	= 1 << 4,	/* threads started in after_drop */
	PRIV_UNIX	= 1 << 5,	/* Unix sockets: NSS daemons */
	PRIV_UDP	= 1 << 6,	/* UDP sockets: DNS */
	PRIV_BIND	= 1 << 7,	/* an address, but no port of choice */
	PRIV_PASS	= 1 << 8	/* descriptors are sent to neighbours */
};

/* The files that Landlock leaves: by path, as seen after chroot. */
enum priv_access { PRIV_READ = 1, PRIV_WRITE = 2 };

struct priv_path {
	const char	*path;		/* NULL ends the list */
	unsigned	 access;
};

struct priv {
	unsigned		 calls;
	const struct priv_path	*paths;	/* NULL: none at all */
	bool			 stays_in_root;	/* no chroot */
	unsigned		 files;	/* RLIMIT_NOFILE; 0: 64 */
	bool			 writes_files;	/* RLIMIT_FSIZE stays */
	bool			 maps_files;	/* RLIMIT_AS stays */
};

/* Who to become. */
struct priv_identity {
	uid_t		 uid;
	gid_t		 gid;
	const char	*user;		/* initgroups; NULL: no groups */
	const char	*root;		/* chroot there; NULL: do not */
	bool		 unprivileged;	/* stay who we are */
};

/* Each ends the process by fatal() when the wall cannot be put up; Landlock
 * alone degrades, false meaning that the kernel has none. */
void	 priv_drop(const struct priv_identity *);
void	 priv_limits(const struct priv *);
bool	 priv_landlock(const struct priv *);
void	 priv_seccomp(const struct priv *);

/* The kernel's Landlock version; 0 when it has none. */
int	 priv_landlock_version(void);

#endif
