/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "queue/notify.h"
#include "shared/words.h"

static const char *const	 asked_by[ACTION_COUNT] = {
	[ACTION_FAILED]		= "failure",
	[ACTION_DELAYED]	= "delay",
	[ACTION_DELIVERED]	= "success",
	[ACTION_RELAYED]	= "success",
	[ACTION_EXPANDED]	= "success",
};

bool
recipient_wants(struct span parameters, enum notice_action action)
{
	struct span	 list, one;

	if (!words_find(parameters, "notify", &list))
		return action == ACTION_FAILED || action == ACTION_DELAYED;
	while (list.len > 0) {
		list = span_cut(list, ',', &one);
		if (span_is(one, asked_by[action]))
			return true;
	}
	return false;
}

/* NOTIFY of the leaves of one who wants to hear of success. */
static const char *
without_success(struct span parameters)
{
	bool	 failure = recipient_wants(parameters, ACTION_FAILED);
	bool	 delay = recipient_wants(parameters, ACTION_DELAYED);

	if (failure)
		return delay ? "failure,delay" : "failure";
	return delay ? "delay" : "never";
}

struct span
notify_of_leaves(struct span parameters, char into[RCPT_PARAMETERS_MAX + 1])
{
	struct span	 orcpt;
	bool		 said;
	int		 n;

	if (!recipient_wants(parameters, ACTION_EXPANDED))
		return parameters;
	said = words_find(parameters, "orcpt", &orcpt);
	n = snprintf(into, RCPT_PARAMETERS_MAX + 1, "notify=%s%s%.*s",
	    without_success(parameters), said ? " orcpt=" : "",
	    (int)orcpt.len, orcpt.ptr);
	return span_make(into, n < 0 || n > RCPT_PARAMETERS_MAX ? 0 :
	    (size_t)n);
}
