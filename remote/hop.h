/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_HOP_H
#define REMOTE_HOP_H

#include <sys/queue.h>

#include "shared/ipc.h"

/*
 * How a destination is spoken to: CONF_HOP as values.  There is always the one
 * with the empty name, which holds for destinations that name none.  A hop
 * lives as long as the table; its secret is overwritten with it.
 */
struct hop {
	LIST_ENTRY(hop)	 entry;
	char		 name[HOP_NAME_MAX + 1];
	bool		 xforward;
	bool		 immediate;	/* TLS from the first octet */
	enum hop_tls	 tls;
	bool		 has_source4, has_source6;
	uint8_t		 source4[4], source6[16];
	char		 helo[HOST_TEXT_MAX + 1];	/* or "" */
	char		 fallback[DESTINATION_TEXT_MAX + 1];	/* or "" */
	char		 mechanisms[REASON_TEXT_MAX + 1];	/* or "" */
	char		 user[ACCOUNT_TEXT_MAX + 1];	/* "": no AUTH */
	char		*secret;
	size_t		 secret_len;
	unsigned	 recipients, mails;	/* never 0 */
	char		 destination[DESTINATION_TEXT_MAX + 1];	/* or "" */
};

LIST_HEAD(hop_list, hop);

void	 hops_init(struct hop_list *);
void	 hops_clear(struct hop_list *);

/* Is it for this destination?  A block of the same name may lead elsewhere
 * since a reload. */
bool	 hop_is_for(const struct hop *, const char *destination);

/* Takes a CONF_HOP, in the place of one of the same name. */
void	 hops_put(struct hop_list *, const struct msg_conf_hop *);

/* Does any of them want to know whose a message is? */
bool	 hops_xforward(const struct hop_list *);

/* NULL: there is none of this name. */
const struct hop	*hops_find(const struct hop_list *, const char *name);

#endif
