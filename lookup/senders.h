/* SPDX-License-Identifier: ISC */
#ifndef LOOKUP_SENDERS_H
#define LOOKUP_SENDERS_H

#include "lookup/rules.h"
#include "shared/ipc.h"

/*
 * Which identity may send as whom (RFC 6409 section 6.1).  As itself always:
 * one that is an address as that address, one that is a name as that name in
 * each local domain; either also with an extension, where the domain is local.
 * As others when a file says so, in the manner of aliases(5): an identity, and
 * behind a colon what it may send as: LOCAL@DOMAIN, @DOMAIN, *@*.DOMAIN, "*".
 *
 * Local parts are compared without regard to letter case, as those of aliases
 * are.
 */
struct senders {
	struct alias_table	*table;		/* NULL: there is no file */
	bool			 broken;	/* it was not read */
};

/* `fd` is read at once; -1: there is no file any more. */
void	 senders_set(struct senders *, struct span path, int fd);
void	 senders_clear(struct senders *);

/* 250, or why not. */
struct reply	 senders_verdict(const struct senders *, const struct rules *,
		    const struct msg_may_send *);

#endif
