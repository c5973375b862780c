/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "remote/recipients.h"

void
recipients_init(struct recipients *rs, unsigned expected)
{
	memset(rs, 0, sizeof *rs);
	rs->all = xcalloc(expected, sizeof *rs->all);
	rs->expected = expected;
}

void
recipients_clear(struct recipients *rs)
{
	unsigned	 i;

	for (i = 0; i < rs->count; i++)
		free(rs->all[i].wishes);
	free(rs->all);
	rs->all = NULL;
	rs->expected = rs->count = rs->unsettled = rs->given = 0;
}

bool
recipients_add(struct recipients *rs, const struct recipient *r)
{
	if (rs->count == rs->expected) {
		free(r->wishes);
		return false;
	}
	rs->all[rs->count] = *r;
	rs->all[rs->count++].state = RCPT_WAITS;
	rs->unsettled++;
	return true;
}

bool
recipients_are_all(const struct recipients *rs)
{
	return rs->count == rs->expected;
}

struct recipient *
recipients_given(struct recipients *rs, unsigned i)
{
	return &rs->all[rs->mail[i]];
}

unsigned
recipients_give(struct recipients *rs, unsigned max,
    bool (*admits)(void *, const struct addr *), void *arg)
{
	unsigned	 i;

	if (max > JOB_RECIPIENTS_MAX)
		max = JOB_RECIPIENTS_MAX;
	rs->given = 0;
	for (i = 0; i < rs->count && rs->given < max; i++) {
		if (rs->all[i].state != RCPT_WAITS ||
		    !admits(arg, &rs->all[i].address))
			continue;
		rs->all[i].state = RCPT_GIVEN;
		rs->mail[rs->given++] = i;
	}
	return rs->given;
}

unsigned
recipients_take_back(struct recipients *rs)
{
	unsigned	 i;

	for (i = 0; i < rs->given; i++)
		if (recipients_given(rs, i)->state != RCPT_SETTLED)
			recipients_given(rs, i)->state = RCPT_WAITS;
	rs->given = 0;
	return rs->unsettled;
}

bool
recipients_settle(struct recipients *rs, struct recipient *r)
{
	if (r->state == RCPT_SETTLED)
		return false;
	r->state = RCPT_SETTLED;
	rs->unsettled--;
	return true;
}
