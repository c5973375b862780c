/* SPDX-License-Identifier: ISC */
#include "smtpd/limit.h"

/* Until master says otherwise nobody is refused. */
void
limits_init(struct limit_table *t)
{
	unsigned	 i;

	for (i = 0; i <= LISTENERS_MAX; i++) {
		t->item[i] = (struct limit){ .number = i,
		    .early_talk = true };
		LIST_INIT(&t->item[i].slow);
	}
}

void
limits_set(struct limit_table *t, const struct msg_conf_limit *m)
{
	struct limit	*l = &t->item[m->number];

	l->prefix4 = m->prefix4;
	l->prefix6 = m->prefix6;
	l->slow_each = m->slow;
	l->slow_all = m->all_slow;
	l->minimum_rate = m->minimum_rate;
	l->greet_delay = m->greet_delay;
	l->early_talk = m->early_talk;
	l->exempt_relays = m->exempt_relays;
}
