/* SPDX-License-Identifier: ISC */
#include "queue/notify.h"
#include "shared/dsn.h"
#include "shared/words.h"

static const unsigned	 asked_by[ACTION_COUNT] = {
	[ACTION_FAILED]		= DSN_FAILURE,
	[ACTION_DELAYED]	= DSN_DELAY,
	[ACTION_DELIVERED]	= DSN_SUCCESS,
	[ACTION_RELAYED]	= DSN_SUCCESS,
	[ACTION_EXPANDED]	= DSN_SUCCESS,
};

static unsigned
wishes(struct span parameters)
{
	struct span	 list;
	unsigned	 notify;

	if (words_find(parameters, "notify", &list) &&
	    dsn_parse_notify(list, &notify))
		return notify;
	return DSN_FAILURE | DSN_DELAY;
}

bool
recipient_wants(struct span parameters, enum notice_action action)
{
	return (wishes(parameters) & asked_by[action]) != 0;
}

struct span
notify_of_leaves(struct span parameters, char into[RCPT_PARAMETERS_MAX + 1])
{
	unsigned	 notify = wishes(parameters);
	struct span	 orcpt;

	if (!(notify & DSN_SUCCESS))
		return parameters;
	(void)words_find(parameters, "orcpt", &orcpt);
	notify &= ~(unsigned)DSN_SUCCESS;
	return dsn_rcpt_words(notify == 0 ? DSN_NEVER : notify, orcpt, into);
}
