/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_NOTIFY_H
#define QUEUE_NOTIFY_H

#include "shared/ipc.h"

/*
 * What a sender wants to hear of a recipient (RFC 3461 section 4.1): the word
 * "notify=" among the recipient's parameters, which smtpd wrote in lower case
 * and in order.  Without one, failures and delays are told.
 */
bool	 recipient_wants(struct span parameters, enum notice_action);

/*
 * The parameters of those that take the place of a recipient, several of one
 * (RFC 3461 section 5.2.7.4): its own, but nobody hears of their success, which
 * the list's expansion stands for.
 */
struct span	 notify_of_leaves(struct span parameters,
		    char into[RCPT_PARAMETERS_MAX + 1]);

#endif
