/* SPDX-License-Identifier: ISC */
/*
 * The header of a message that somebody hands in, and the addresses in it:
 * shared/header, and control/recipients upon it.
 */
#include <stdio.h>
#include <string.h>

#include "shared/header.h"
#include "control/recipients.h"
#include "tests/fuzz/fuzz.h"

static bool
is_inside(struct span part, struct span whole)
{
	return part.ptr >= whole.ptr &&
	    part.ptr + part.len <= whole.ptr + whole.len;
}

/* A mailbox that is an address, by itself or in brackets, is itself again. */
static void
check_mailbox(const struct mailboxes *m)
{
	char		 text[MAILBOX_SIZE + 2];
	struct mailboxes again;
	struct addr	 a;

	fuzz_claim(m->len < MAILBOX_SIZE && m->text[m->len] == '\0',
	    "a mailbox is as long as it may be");
	if (addr_parse(span_make(m->text, m->len), &a) != ADDR_OK ||
	    !m->has_domain)
		return;
	(void)snprintf(text, sizeof text, "<%s>", a.text);
	mailboxes_init(&again, span_of(text));
	fuzz_claim(mailboxes_next(&again) == MAILBOX_FOUND &&
	    strcmp(again.text, a.text) == 0 && again.has_domain,
	    "a mailbox, printed, is found again");
	fuzz_claim(mailboxes_next(&again) == MAILBOX_END, "and is alone");
}

static void
take_mailboxes(struct span list)
{
	enum mailbox_status	 status;
	struct mailboxes	 m;
	size_t			 before;

	mailboxes_init(&m, list);
	do {
		before = m.rest.len;
		status = mailboxes_next(&m);
		if (status != MAILBOX_FOUND)
			break;
		fuzz_claim(m.rest.len < before, "a list has an end");
		check_mailbox(&m);
	} while (true);
}

static void
take_recipients(struct span list)
{
	struct recipients	 r;
	struct addr		 a;
	size_t			 i;

	recipients_init(&r, "example.org");
	(void)recipients_add(&r, list);
	fuzz_claim(r.count <= RECIPIENTS_MAX, "there are so many at most");
	for (i = 0; i < r.count; i++)
		fuzz_claim(!addr_is_null(&r.list[i]) &&
		    addr_parse(addr_span(&r.list[i]), &a) == ADDR_OK,
		    "each is an address");
	recipients_clear(&r);
	if (recipients_one(list, "example.org", &a))
		fuzz_claim(addr_is_null(&a) || addr_domain(&a).len > 0,
		    "one alone has a domain, or is null");
}

void
fuzz_one(struct span input)
{
	struct span	 rest = input;
	struct field	 f;
	size_t		 taken = 0;

	while (header_take(&rest, &f)) {
		fuzz_claim(f.all.len > 0 && f.all.ptr == input.ptr + taken,
		    "fields follow each other");
		fuzz_claim(is_inside(f.name, f.all) &&
		    is_inside(f.body, f.all), "their parts are inside");
		fuzz_claim(span_index(f.name, ':') == f.name.len,
		    "a name has no colon");
		(void)header_is_field(f.all);
		take_mailboxes(f.body);
		taken += f.all.len;
	}
	fuzz_claim(taken == input.len, "no octet is left out");
	take_mailboxes(input);
	take_recipients(input);
}
