/* SPDX-License-Identifier: ISC */
/*
 * A message that rests keeps its rows and its recipients', and is in none of
 * the tables in which work is looked for: `incoming`, `age`, `wait`, and
 * through that `due`.
 */
#include <errno.h>

#include "queue/index_own.h"
#include "queue/index_read.h"
#include "queue/index_write.h"

/* Those that wait leave `wait`, or come there due now. */
static int
move_recipient(struct writing *w, uint64_t id, uint32_t number,
    const struct addr *sender, uint64_t due)
{
	char			 raw[ROW_MAX];
	struct recipient_row	 r;
	struct wait_key		 k;
	struct tally		 tally;

	if (writing_get(w, id, number, raw, &r) == -1)
		return -1;
	k = (struct wait_key){ .due = r.due, .id = id, .number = number };
	if (!row_waits(&r, &k.name))
		return 0;
	if (due == 0)
		return writing_wait(w, k, sender, false);
	r.due = due;
	return writing_set(w, id, number, &r, &tally);
}

static int
move_recipients(struct writing *w, uint64_t id, const struct addr *sender,
    uint64_t due)
{
	struct view		 v = { w->index, w->txn };
	struct recipient_row	 r;
	int64_t			 number = -1;

	while (view_next_recipient(&v, id, &number, &r))
		if (move_recipient(w, id, (uint32_t)number, sender,
		    due) == -1)
			return -1;
	return 0;
}

/* Recipients leave `wait` before the row says so, and come back behind it:
 * who sets a recipient goes by what the row says. */
static int
change(struct writing *w, uint64_t id, const struct message_row *m,
    bool rested, const struct hold *h)
{
	bool	 rests = message_row_rests(m);

	if (rests && !rested && move_recipients(w, id, &m->sender, 0) == -1)
		return -1;
	if (rests != rested &&
	    writing_age(w, id, &m->sender, !rests && !h->is_old) == -1)
		return -1;
	if (writing_put_message(w, id, m) == -1)
		return -1;
	return !rests && rested ?
	    move_recipients(w, id, &m->sender, h->now) : 0;
}

int
writing_hold(struct writing *w, uint64_t id, const struct hold *h,
    struct tally *t)
{
	char			 raw[ROW_MAX];
	struct message_row	 m;
	bool			 rested;

	*t = (struct tally){ 0, 0, 0, false };
	if (writing_get_message(w, id, raw, &m) == -1)
		return errno == ENOENT ? 0 : -1;
	*t = (struct tally){ m.left, m.fresh, m.failed, false };
	rested = message_row_rests(&m);
	m.flags = (m.flags | h->on) & ~h->off;
	return change(w, id, &m, rested, h);
}
