/* SPDX-License-Identifier: ISC */
/* What Dovecot says: lookup/dovecot_line. */
#include <string.h>

#include "lookup/dovecot_line.h"
#include "tests/fuzz/fuzz.h"

static void
check(struct span line, const struct dovecot_line *l)
{
	struct span	 user = span_of(l->user);

	fuzz_claim(span_is_text(user) && user.len <= ACCOUNT_TEXT_MAX,
	    "a name is text");
	fuzz_claim(l->text.len <= line.len &&
	    span_index(l->text, '\t') == l->text.len, "a word is one");
	if (l->command == DOVECOT_OK)
		fuzz_claim(user.len > 0, "who is let in has a name");
	if (l->command == DOVECOT_MECH)
		fuzz_claim(l->text.len > 0, "a mechanism has a name");
	if (l->command == DOVECOT_VERSION)
		fuzz_claim(l->number == 1, "a version is the one we know");
	if (l->temporary)
		fuzz_claim(l->command == DOVECOT_FAIL ||
		    l->command == DOVECOT_OK, "what failed was an answer");
}

/* What is behind an answer that we know changes nothing of it. */
static void
check_more(struct span line, const struct dovecot_line *l)
{
	struct dovecot_line	 with;
	struct buf		 b;

	if (l->command != DOVECOT_OK && l->command != DOVECOT_FAIL)
		return;
	buf_init(&b, line.len + 16);
	(void)buf_put(&b, line);
	(void)buf_put(&b, span_of("\tunknown=1"));
	fuzz_claim(dovecot_parse(buf_span(&b), &with) &&
	    with.command == l->command && with.number == l->number &&
	    strcmp(with.user, l->user) == 0 &&
	    with.temporary == l->temporary, "what is unknown is nothing");
	buf_clear(&b);
}

void
fuzz_one(struct span input)
{
	struct dovecot_line	 l;
	struct span		 line;

	while (input.len > 0) {
		input = span_cut(input, '\n', &line);
		if (!dovecot_parse(line, &l))
			continue;
		check(line, &l);
		check_more(line, &l);
	}
}
