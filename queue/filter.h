/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_FILTER_H
#define QUEUE_FILTER_H

#include "queue/row.h"
#include "shared/ipc.h"

/*
 * Which messages an admin means (FILTER_FIELDS in ipc.def): those for which
 * all conditions hold; what is empty or 0 is none.  A value: it owns its texts.
 */
struct filter {
	uint64_t	 id, since, before, size_min, size_max;
	uint32_t	 states;
	char		 sender[ADDR_TEXT_MAX + 1];
	char		 recipient[ADDR_TEXT_MAX + 1];
	char		 destination[DESTINATION_TEXT_MAX + 1];
	char		 identity[USER_TEXT_MAX + 1];
	char		 reason[REASON_TEXT_MAX + 1];
};

struct filter	 filter_of_list(const struct msg_list *);
struct filter	 filter_of_tally(const struct msg_tally *);
struct filter	 filter_of_order(const struct msg_order *);

/* Conditions of the message alone hold. */
bool	 filter_has_message(const struct filter *, uint64_t id,
	    const struct message_row *, enum message_state);

/* It also asks for a recipient. */
bool	 filter_is_of_recipients(const struct filter *);

/* This one is meant: by what it is now or was written as. */
bool	 filter_has_recipient(const struct filter *,
	    const struct recipient_row *);

/* Messages that are meant have ids behind the first and not behind the second:
 * ids are times, but for a while that is allowed for, and not earlier ones than
 * that of arrival, which for imported messages is long ago. */
uint64_t filter_begins(const struct filter *);
uint64_t filter_ends(const struct filter *);

#endif
