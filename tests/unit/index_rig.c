/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdio.h>

#include "tests/unit/index_rig.h"

static struct index_rig	 at;

struct index_rig *
rig(void)
{
	return &at;
}

void
rig_setup(void)
{
	stub_enter(at.place);
	at.index = index_open(&queue_state()->spool);
}

void
rig_teardown(void)
{
	index_close(at.index);
	stub_leave(at.place);
}

void
rig_store(uint64_t id, const char *sender, unsigned recipients)
{
	stub_store(at.index, id, sender, recipients);
}

struct recipient_row
rig_make_row(enum row_state state, const char *destination, uint64_t due)
{
	struct recipient_row	 r = { .state = state, .due = due };

	r.address = span_of("r@example.org");
	r.original = r.relay = span_of("");
	r.destination = span_of(destination);
	return r;
}

struct tally
rig_set(uint64_t id, uint32_t number, const struct recipient_row *r)
{
	struct writing	 w;
	struct tally	 t;

	ck_assert_int_eq(writing_begin(&w, at.index), 0);
	ck_assert_int_eq(writing_set(&w, id, number, r, &t), 0);
	ck_assert_int_eq(writing_commit(&w), 0);
	return t;
}

struct tally
rig_wait_for(uint64_t id, uint32_t number, const char *destination,
    uint64_t due)
{
	struct recipient_row	 r;

	r = rig_make_row(ROW_WAITING, destination, due);
	return rig_set(id, number, &r);
}

void
rig_close_destination(const char *name, uint64_t until, uint32_t failures)
{
	struct writing	 w;

	ck_assert_int_eq(writing_begin(&w, at.index), 0);
	ck_assert_int_eq(writing_destination(&w, span_of(name), until,
	    failures), 0);
	ck_assert_int_eq(writing_commit(&w), 0);
}

/* "due name, ..." of the table `due`. */
const char *
rig_all_due(void)
{
	static char	 text[512];
	struct view	 v;
	struct due_key	 k = { .name = span_of("") };
	size_t		 n = 0;

	text[0] = '\0';
	view_open(&v, at.index);
	while (view_next_due(&v, &k))
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%llu %.*s",
		    n ? ", " : "", (unsigned long long)k.due, (int)k.name.len,
		    k.name.ptr);
	view_close(&v);
	return text;
}

/* "due:id:number ..." of what waits for a destination. */
const char *
rig_all_waiting(const char *name)
{
	static char	 text[512];
	struct wait_key	 k = { .name = span_of(name) };
	struct view	 v;
	size_t		 n = 0;

	text[0] = '\0';
	view_open(&v, at.index);
	while (view_next_wait(&v, &k))
		n += (size_t)snprintf(text + n, sizeof text - n,
		    "%s%llu:%llu:%u", n ? " " : "", (unsigned long long)k.due,
		    (unsigned long long)k.id, k.number);
	view_close(&v);
	return text;
}
