/* SPDX-License-Identifier: ISC */
/*
 * Conversations with a dice: the hostile one says what it should, what it may,
 * and what it may not, and its frames are changed on their way.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/wires/rig.h"

enum { PROBE_EVERY = 1000, FAILURES_MAX = 20 };

static void
say_row(struct rig *r, bool any)
{
	unsigned	 type;
	struct msg	 m;

	do
		type = 1 + dice_below(&r->dice, MSG_COUNT - 1);
	while (!any && (type == MSG_HELLO ||
	    !msg_allowed(type, r->enemy, r->program)));
	forge(&m, type, &r->hints, &r->dice);
	if (r->hostile != NULL)
		wire_say(r, r->hostile, &m);
}

static void
act(struct rig *r)
{
	unsigned	 n = dice_below(&r->dice, 100);

	if (n < 1)
		say_row(r, true);
	else if (n < 35)
		say_row(r, false);
	else if (n < 70 && r->hostile != NULL)
		converse(r, r->hostile);
	else if (n < 90)
		program_rouse(r);
	else if (n < 91)
		r->mute = !r->mute;
	else
		rig_turn(r, 1);
	rig_turn(r, 0);
}

unsigned long
memory_of(const struct rig *r)
{
	char		 path[64], line[256];
	unsigned long	 size = 0;
	FILE		*f;

	snprintf(path, sizeof path, "/proc/%d/status", (int)r->pid);
	f = fopen(path, "r");
	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, "RssAnon:", 8) == 0)
			size = strtoul(line + 8, NULL, 10);
	if (f != NULL)
		fclose(f);
	return size;
}

/*
 * Clients whose questions the hostile one has swallowed are let go first: the
 * new one answers them, or they would keep all places of the program.
 */
void
probe_anew(struct rig *r, const char *when)
{
	bool	 wild = r->wild, mute = r->mute;

	r->wild = r->mute = false;
	if (rig_lives(r) && r->enemy != ROLE_AGENT)
		new_pair(r, true);
	rig_turn(r, 10);
	program_probe(r, when);
	r->wild = wild;
	r->mute = mute;
}

void
run_wild(struct rig *r, unsigned long frames)
{
	unsigned long	 end = r->frames + frames, probe = r->frames;

	r->wild = true;
	while (r->frames < end && r->failed < FAILURES_MAX) {
		revive(r);
		if (!may_end(r) && !rig_lives(r)) {
			rig_check(r, false, "a frame near %lu: it died, "
			    "status %x", r->frames, (unsigned)r->status);
			rig_stop(r);
			rig_start(r, true);
		}
		if (r->hostile == NULL || r->hostile->fd == -1)
			new_pair(r, true);
		act(r);
		if (r->frames - probe >= PROBE_EVERY) {
			probe_anew(r, "amid");
			probe = r->frames;
		}
	}
	r->wild = r->mute = false;
}
