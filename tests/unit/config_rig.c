/* SPDX-License-Identifier: ISC */
#include <check.h>

#include "tests/unit/config_rig.h"

struct config		*config;
struct config_notes	 notes;

bool
read_span(struct span text)
{
	config_notes_init(&notes);
	config = config_new();
	config_parse(config, "conf", text, &notes);
	return config_check(config, "conf", &notes);
}

bool
read_text(const char *text)
{
	return read_span(span_of(text));
}

struct span
errors_of(const char *text)
{
	read_text(text);
	return buf_span(&notes.errors);
}

void
must_read(const char *text)
{
	struct span	 errors = errors_of(text);

	ck_assert_msg(notes.nerrors == 0, "%s: %.*s", text, (int)errors.len,
	    errors.ptr);
}

void
forget(void)
{
	config_free(config);
	config_notes_clear(&notes);
}
