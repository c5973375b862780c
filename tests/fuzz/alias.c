/* SPDX-License-Identifier: ISC */
/* Files in the manner of /etc/aliases: lookup/alias_parse. */
#include <stdlib.h>
#include <string.h>

#include "lookup/alias.h"
#include "shared/addr.h"
#include "shared/alloc.h"
#include "tests/fuzz/fuzz.h"

static void
check_value(struct alias_value v)
{
	struct addr	 a;
	struct reply	 r;
	struct span	 text = span_of(v.text);

	fuzz_claim(span_is_text(text) && text.len > 0, "a value is text");
	if (v.kind == ALIAS_ERROR)
		fuzz_claim(alias_reply(text, &r) && r.code >= 400,
		    "an error is a reply");
	else if (v.kind == ALIAS_ADDRESS)
		fuzz_claim(addr_parse(text, &a) == ADDR_OK &&
		    addr_domain(&a).len > 0, "an address is one");
	else
		fuzz_claim(v.kind == ALIAS_NAME, "a value has a kind");
}

static size_t
check_entry(const struct alias_table *t, char *name)
{
	struct alias	 found;
	size_t		 i;

	for (i = 0; name[i] != '\0'; i++)
		if (name[i] >= 'A' && name[i] <= 'Z')
			name[i] |= 0x20;
	if (!alias_find(t, name, &found))
		return 0;
	for (i = 0; i < found.count; i++)
		check_value(alias_value(&found, i));
	return 1;
}

/* Names are looked for in the text, where each stands before a colon. */
static size_t
check_entries(const struct alias_table *t, struct span text)
{
	struct span	 line, name;
	size_t		 n = 0;
	char		*word;

	while (text.len > 0) {
		text = span_cut(text, '\n', &line);
		(void)span_cut(line, ':', &name);
		word = span_dup(span_trim(name));
		n += check_entry(t, word);
		free(word);
	}
	return n;
}

void
fuzz_one(struct span input)
{
	char			*one = span_dup(input), *other;
	struct alias_table	*t, *again;

	other = span_dup(input);
	t = alias_parse(one, input.len, "file", NULL);
	again = alias_parse(other, input.len, "file", NULL);
	fuzz_claim(alias_count(t) == alias_count(again) &&
	    alias_warnings(t) == alias_warnings(again),
	    "a file is read the same twice");
	fuzz_claim(check_entries(t, input) == check_entries(again, input),
	    "with the same names");
	alias_free(t);
	alias_free(again);
	free(one);
	free(other);
}
