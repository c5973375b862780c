/* SPDX-License-Identifier: ISC */
/* A file of passwords, as lookup/password reads and control/password_file
 * changes it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/password_file.h"
#include "lookup/password.h"
#include "shared/alloc.h"
#include "tests/fuzz/fuzz.h"

#define KEY	":{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==," \
		"WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=," \
		"wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=\n"

struct count {
	size_t		 accounts;
	unsigned	 warnings;
};

static struct count
count(struct span text)
{
	struct passwords	*p = passwords_parse(text, "file");
	struct scram_key	 k;
	struct count		 c = { passwords_accounts(p),
				    passwords_warnings(p) };

	fuzz_claim(c.accounts > 0 || !passwords_has_scram(p),
	    "a key is somebody's");
	passwords_key(p, "nobody at all", &k);
	fuzz_claim(k.iterations > 0 && k.salt_len > 0 &&
	    k.salt_len <= sizeof k.salt, "nobody has a key, too");
	passwords_free(p);
	return c;
}

/* With a key for the name, and without all that it has. */
static void
change(struct span text, const char *name)
{
	char		 line[sizeof KEY + USER_TEXT_MAX];
	struct buf	 with, without, again;
	struct count	 before, after;

	buf_init(&with, 2 * text.len + sizeof line);
	buf_init(&without, text.len + sizeof line);
	buf_init(&again, text.len + sizeof line);
	(void)password_edit(&without, text, name, span_of(""));
	fuzz_claim(password_edit(&again, buf_span(&without), name,
	    span_of("")) == 0, "nothing is left of it");
	fuzz_claim(span_equal(buf_span(&again), buf_span(&without)),
	    "what stays stays as it is");
	before = count(buf_span(&without));
	(void)snprintf(line, sizeof line, "%s%s", name, KEY);
	(void)password_edit(&with, buf_span(&without), name, span_of(line));
	after = count(buf_span(&with));
	fuzz_claim(after.accounts == before.accounts + 1 &&
	    after.warnings == before.warnings, "an account is one more");
	buf_clear(&with);
	buf_clear(&without);
	buf_clear(&again);
}

void
fuzz_one(struct span input)
{
	enum { NAMES = 4 };
	char		 name[USER_TEXT_MAX + 1];
	struct span	 rest = input, line, word;
	struct count	 once = count(input), twice = count(input);
	unsigned	 i;

	fuzz_claim(once.accounts == twice.accounts &&
	    once.warnings == twice.warnings, "a file is read the same twice");
	for (i = 0; rest.len > 0 && i < NAMES; i++) {
		rest = span_cut(rest, '\n', &line);
		(void)span_cut(line, ':', &word);
		if (password_name(word, name))
			change(input, name);
	}
}
