/* SPDX-License-Identifier: ISC */
#ifndef MASTER_ORDER_H
#define MASTER_ORDER_H

#include <sys/queue.h>

#include "shared/ipc.h"

/*
 * What admins order: that processes begin anew, or that the configuration is
 * read again.  Orders are carried out one after the other, and each role by
 * role, so that never more than one is missing.
 */
struct suite;
struct child;
struct order;
TAILQ_HEAD(order_list, order);

void	 orders_init(struct suite *);
void	 orders_clear(struct suite *);

/* `control` is who asks, and gets the answer when all is done; NULL: nobody,
 * the order is a signal's. */
void	 orders_restart(struct suite *, struct child *control,
	    const struct msg_restart *);
void	 orders_reload(struct suite *, struct child *control, uint64_t token);

/* A child runs, or has ended: goes on with what can go on. */
void	 orders_go_on(struct suite *);

/* A successor ended before it served; who was to go stays. */
void	 orders_failed(struct suite *, const struct child *);

#endif
