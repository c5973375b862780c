/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "queue/lesson.h"
#include "queue/queue.h"
#include "shared/alloc.h"

enum { MICROSECONDS = 1000000 };

static struct lesson *
lesson_of(struct destination *d)
{
	if (d->lesson == NULL)
		d->lesson = xcalloc(1, sizeof *d->lesson);
	return d->lesson;
}

static void
take_rule(struct destination *d, const struct msg_done *m)
{
	uint32_t	 seconds = m->pause > 0 ? m->pause : SLOW_TIME;
	struct lesson	*l = lesson_of(d);

	l->advice = m->advice;
	l->until = queue_now() + (uint64_t)seconds * MICROSECONDS;
	(void)span_copy(m->rule, l->rule, sizeof l->rule);
}

/*
 * Refused by a host that has others of our connections: it is reached, and has
 * enough of them.
 */
static bool
has_enough(const struct destination *d)
{
	return d->answered != 0 && d->jobs > 1;
}

static enum reach
reach_of(struct destination *d, const struct msg_done *m)
{
	if (m->advice == ADVICE_PAUSE)
		return PAUSED;
	if (!m->reachable)
		return m->advice == ADVICE_SLOW && has_enough(d) ?
		    REACHED_LATER : UNREACHED;
	return reply_is_later(&m->why) ? REACHED_LATER : REACHED;
}

enum reach
lesson_take(struct destination *d, const struct msg_done *m)
{
	if (d->by == BY_LOCAL)
		return m->reachable ? REACHED : UNREACHED;
	if (!reply_is_success(&m->why))
		lesson_of(d)->why = m->why;
	if (m->advice == ADVICE_SLOW || m->advice == ADVICE_PAUSE ||
	    (m->advice == ADVICE_FAMILY && lesson_until(d) == 0))
		take_rule(d, m);
	return reach_of(d, m);
}

uint64_t
lesson_until(const struct destination *d)
{
	return d->lesson != NULL && d->lesson->until > queue_now() ?
	    d->lesson->until : 0;
}

bool
lesson_holds(const struct destination *d, enum advice advice)
{
	return lesson_until(d) != 0 && d->lesson->advice == advice;
}

void
lesson_end_pause(struct destination *d)
{
	if (lesson_holds(d, ADVICE_PAUSE))
		d->lesson->until = 0;
}
