/* SPDX-License-Identifier: ISC */
/*
 * Notices: queue/notice, given a header, replies, addresses and parameters of
 * any octets.  Whatever these are, it has its parts and its recipients, and
 * nothing that a relay would refuse.
 */
#include <stdio.h>
#include <string.h>

#include "queue/notice.h"
#include "shared/utf8.h"
#include "tests/fuzz/fuzz.h"

enum { LINE_LIMIT = 998, RECIPIENTS = 3, PIECES = 8 };

/* As many pieces as there are, the last with all that is left; parted by an
 * octet that text seldom has. */
static void
cut(struct span input, struct span pieces[PIECES])
{
	size_t	 i;

	for (i = 0; i < PIECES - 1; i++)
		input = span_cut(input, '\377', &pieces[i]);
	pieces[i] = input;
}

static void
set_recipients(struct notice_recipient list[RECIPIENTS],
    const struct span pieces[PIECES], uint8_t choice)
{
	size_t	 i;

	for (i = 0; i < RECIPIENTS; i++) {
		list[i] = (struct notice_recipient){
			.action = (enum notice_action)((choice + i) %
			    ACTION_COUNT),
			.address = span_head(pieces[0], ADDR_TEXT_MAX),
			.original = span_head(pieces[1], ADDR_TEXT_MAX),
			.orcpt = span_head(pieces[2], RCPT_PARAMETERS_MAX),
			.relay = span_head(pieces[3], RELAY_TEXT_MAX),
			.attempts = choice, .tried = choice, .until = choice,
			.expired = choice & 1
		};
		list[i].reply.code = choice & 2 ? 550 : 0;
		list[i].reply.class = choice & 4 ? 5 : 0;
		list[i].reply.subject = choice % 8;
		list[i].reply.detail = choice % 32;
		(void)span_copy(span_head(pieces[4], REPLY_TEXT_MAX),
		    list[i].reply.text, sizeof list[i].reply.text);
	}
}

static size_t
count(struct span s, const char *word)
{
	const char	*at = s.ptr, *end = s.ptr + s.len;
	size_t		 n = 0, len = strlen(word);

	while ((at = memmem(at, (size_t)(end - at), word, len)) != NULL) {
		at += len;
		n++;
	}
	return n;
}

static void
check_lines(struct span all)
{
	struct span	 line;

	while (all.len > 0) {
		fuzz_claim(span_index(all, '\n') < all.len,
		    "the last line has an end");
		all = span_cut(all, '\n', &line);
		fuzz_claim(span_index(line, '\r') + 1 == line.len,
		    "CR and LF come in pairs");
		fuzz_claim(line.len <= LINE_LIMIT + 1, "lines are short");
	}
}

/* The header of the notice, up to the empty line. */
static struct span
head_of(struct span all)
{
	const char	*end = memmem(all.ptr, all.len, "\r\n\r\n", 4);

	fuzz_claim(end != NULL, "it has a header");
	return span_head(all, (size_t)(end - all.ptr) + 2);
}

static void
check_head(struct span head)
{
	static const char *const	 once[] = {
		"From: ", "To: ", "Subject: ", "Date: ", "Message-ID: ",
		"Auto-Submitted: ", "MIME-Version: ", "Content-Type: "
	};
	char				 name[40];
	size_t				 i;

	for (i = 0; i < sizeof once / sizeof once[0]; i++) {
		(void)snprintf(name, sizeof name, "\n%s", once[i]);
		fuzz_claim(span_starts(head, once[i]) + count(head, name) == 1,
		    "each field is there once");
	}
	fuzz_claim(count(head, "\nX") == 0 && count(head, "\nBcc") == 0,
	    "nobody adds to them");
}

static void
check(const struct notice *n, struct span all)
{
	char		 boundary[64] = "\r\n--";
	struct span	 head = head_of(all);
	const char	*at = memmem(head.ptr, head.len, "boundary=\"", 10);
	size_t		 i, parts;

	check_lines(all);
	check_head(head);
	fuzz_claim(memchr(all.ptr, '\0', all.len) == NULL, "there is no NUL");
	fuzz_claim(utf8_is_ascii(all) || (notice_flags(n) & MESSAGE_8BIT),
	    "what is not ASCII is declared");
	fuzz_claim(utf8_is_ascii(head) || (notice_flags(n) & MESSAGE_UTF8),
	    "in the header as well");
	fuzz_claim(at != NULL, "it has a boundary");
	for (i = 0; i < 34; i++)
		boundary[4 + i] = at[10 + i];
	parts = count(all, boundary) - 1;
	fuzz_claim(parts == 3 || (parts == 2 && n->messages[0].header.len == 0),
	    "it has its parts");
}

/* No line of others begins with such a word before that. */
static void
check_status(const struct notice *n, struct span all)
{
	const char	*from, *to, *end = all.ptr + all.len;
	struct span	 status;

	from = memmem(all.ptr, all.len, "\r\nContent-Type: message/", 24);
	fuzz_claim(from != NULL, "there is a part for machines");
	from = memmem(from, (size_t)(end - from), "\r\n\r\n", 4);
	fuzz_claim(from != NULL, "with fields");
	to = memmem(from, (size_t)(end - from), "\r\n--=_", 6);
	status = span_make(from, (size_t)(to - from));
	fuzz_claim(count(status, "\r\n\r\n") == 1 + n->count &&
	    count(status, "\nFinal-Recipient: ") == n->count &&
	    count(status, "\nAction: ") == n->count &&
	    count(status, "\nStatus: ") == n->count,
	    "each recipient is told of once");
	fuzz_claim(count(status, "\nReporting-MTA: ") == 1,
	    "there is one who reports");
}

void
fuzz_one(struct span input)
{
	uint8_t			 choice = fuzz_choice(&input);
	struct notice_recipient	 list[RECIPIENTS];
	struct notice_message	 messages[RECIPIENTS];
	struct span		 pieces[PIECES];
	struct addr		 to;
	struct buf		 text;
	struct notice		 n = { .id = 1, .now = 1, .life = choice,
				    .hostname = "mail.example", .to = &to,
				    .messages = messages, .recipients = list,
				    .count = RECIPIENTS, .content_max = 4096 };
	size_t			 i;

	cut(input, pieces);
	(void)addr_parse(span_of("a@b.example"), &to);
	set_recipients(list, pieces, choice);
	for (i = 0; i < RECIPIENTS; i++)
		messages[i] = (struct notice_message){ .id = 2,
		    .envid = span_head(pieces[5], PARAMETERS_MAX),
		    .client = span_head(pieces[3], CLIENT_TEXT_MAX),
		    .header = pieces[7] };
	n.kind = (enum notice_kind)(choice % 3);
	n.language = (enum notice_language)(choice / 128);
	n.utf8 = choice & 64;
	n.contact = span_head(pieces[6], ADDR_TEXT_MAX);
	n.content = choice & 32 ? pieces[7] : span_of("");
	n.message_count = n.kind == NOTICE_DIGEST ? RECIPIENTS : 1;
	for (i = 0; i < RECIPIENTS; i++)
		list[i].message = (uint32_t)(i % n.message_count);
	buf_init(&text, NOTICE_MAX);
	fuzz_claim(notice_write(&n, &text), "there is room for it");
	check(&n, buf_span(&text));
	check_status(&n, buf_span(&text));
	buf_clear(&text);
}
