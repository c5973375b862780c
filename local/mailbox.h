/* SPDX-License-Identifier: ISC */
#ifndef LOCAL_MAILBOX_H
#define LOCAL_MAILBOX_H

#include "shared/ipc.h"

/* How the mailboxes of a domain are written: what CONF_DELIVERY said. */
struct mailbox {
	char			*domain;	/* as it was configured */
	char			*path;
	enum delivery_kind	 kind;
};

struct mailbox_table {
	struct mailbox	*rows;			/* sorted by domain */
	size_t		 count, cap;
};

void	 mailbox_clear(struct mailbox_table *);

/* The first of a domain stands: false for any other. */
bool	 mailbox_add(struct mailbox_table *, const struct msg_conf_delivery *);

/* In any letter case; NULL when nothing was said. */
const struct mailbox	*mailbox_find(const struct mailbox_table *,
			    struct span domain);

#endif
