/* SPDX-License-Identifier: ISC */
#ifndef CONTROL_QUERY_H
#define CONTROL_QUERY_H

#include "shared/ipc.h"

/* FILTER_FIELDS of ipc.def by themselves. */
struct filter {
	FILTER_FIELDS(IPC_FIELD)
};

/* With it FILTER_FIELDS assigns all of `filter` to a message, `to`. */
#define FILTER_COPY(type, name, max)	to->name = filter->name;

/*
 * What a client of control or monitor wants of the queue: words KEY=VALUE, the
 * values in xtext, so that blanks and "=" in an address mean nothing (README.md
 * has the keys).  Each key at most once.
 */
struct query {
	uint64_t	after;		/* where a walk begins */
	bool		dry;
	bool		all;		/* "ALL" */
	bool		narrow;		/* there is some condition */
	struct span	argument;	/* of an order */
	struct filter	filter;
	uint32_t	said;		/* bits of keys */
	size_t		used;
	char		room[ADMIN_LINE_MAX];	/* borrowed from by the spans */
};

/* NULL, or what is wrong. */
const char	*query_parse(struct query *, struct span words);

const char	*message_state_name(enum message_state);

#endif
