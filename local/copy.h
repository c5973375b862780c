/* SPDX-License-Identifier: ISC */
#ifndef LOCAL_COPY_H
#define LOCAL_COPY_H

#include <limits.h>

#include "shared/ipc.h"

/*
 * One recipient's copy of a message on its way into the mailbox: which mailbox
 * that is, what stands above the message, and what is said when it fails.
 */
struct copy;

/* What all copies of one agent share. */
struct copy_place {
	const char	*user, *home;	/* borrowed */
	char		 host[HOST_NAME_MAX + 1]; /* fit for a file's name */
	long		 pid;
	unsigned	 serial;	/* of the last copy */
};

/* Before the walls: it asks the system for its name. */
void	 copy_place_init(struct copy_place *, const char *user,
	    const char *home);

/* NULL, and `*why`, when the mailbox cannot be opened. */
struct copy	*copy_new(struct copy_place *, const struct msg_deliver *,
		    struct reply *why);
void		 copy_free(struct copy *);

/* RING_SLOT octets for the next piece of content, which is put from there. */
char	*copy_space(struct copy *);

/*
 * The next `len` octets of content, CRLF at line ends; `data` is written over.
 * False, and `*why`: it can only be freed.
 */
bool	 copy_put(struct copy *, char *data, size_t len, struct reply *why);

/* How many octets of content were put; were these all? */
uint64_t copy_received(const struct copy *);
bool	 copy_is_whole(const struct copy *);

/* It is whole: 2xx when message and name are on disk. */
struct reply	 copy_finish(struct copy *);

/*
 * The path of a mailbox: "~/" is the home, "%u" the user, "%%" a percent sign.
 * False when it does not fit, is not absolute, or has another "%".
 */
bool	 copy_path(const struct copy_place *, struct span pattern,
	    char into[PATH_TEXT_MAX + 1]);

#endif
