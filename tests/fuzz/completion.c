/* SPDX-License-Identifier: ISC */
/*
 * What is submitted, in pieces and through slots of any size, beside a reader
 * that has all of it and goes by lines: smtpd/completion and smtpd/heading.
 */
#include <string.h>

#include "shared/header.h"
#include "smtpd/completion.h"
#include "tests/fuzz/slots.h"

#define WALL	INT64_C(1700000000000000)

static struct addr	 sender;

/* ---- the reference ------------------------------------------------------- */

struct reference {
	struct buf	 out;
	unsigned	 count[HEADING_KNOWN];
	struct span	 body[HEADING_KEPT];	/* of the first such field */
};

static struct span
first_line(struct span s)
{
	return span_head(s, span_index(s, '\n') + 1);
}

static bool
is_field(struct span line)
{
	return header_is_field(span_head(line, HEADING_NAME_MAX));
}

static bool
is_folded(struct span line)
{
	return span_starts(line, " ") || span_starts(line, "\t");
}

/* The octets of the header, all lines of which are fields. */
static size_t
header_length(struct span text)
{
	struct span	 rest = text, line = first_line(text);
	bool		 any = false;

	while (line.len > 0 && (is_field(line) || (any && is_folded(line)))) {
		any = true;
		rest = span_skip(rest, line.len);
		line = first_line(rest);
	}
	return text.len - rest.len;
}

static void
count_fields(struct reference *r, struct span header)
{
	static const char *const names[HEADING_KNOWN] = {
		"from", "sender", "date", "message-id"
	};
	struct field		 f;
	enum heading_field	 i;

	while (header_take(&header, &f))
		for (i = 0; i < HEADING_KNOWN; i++)
			if (span_is_word(f.name, names[i]) &&
			    r->count[i]++ == 0 && i < HEADING_KEPT)
				r->body[i] = f.body;
}

static void
refer(struct reference *r, struct span text)
{
	struct span	 line = first_line(text), rest;
	size_t		 n;

	if ((span_starts(line, "From ") || span_starts(line, ">From ")) &&
	    !is_field(line))
		text = span_skip(text, line.len);
	n = header_length(text);
	rest = span_skip(text, n);
	count_fields(r, span_head(text, n));
	(void)buf_put(&r->out, span_head(text, n));
	if (r->count[HEADING_FROM] == 0)
		(void)buf_put(&r->out, span_of("From: <a@b.example>\r\n"));
	if (r->count[HEADING_DATE] == 0)
		(void)buf_put(&r->out, span_of(
		    "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"));
	if (r->count[HEADING_MESSAGE_ID] == 0)
		(void)buf_put(&r->out, span_of(
		    "Message-ID: <0000000000007@mail.example>\r\n"));
	if (rest.len > 0 && *rest.ptr != '\r')
		(void)buf_put(&r->out, span_of("\r\n"));
	(void)buf_put(&r->out, rest);
}

/* ---- in pieces ----------------------------------------------------------- */

struct run {
	struct completion	*c;
	struct content		 content;
	struct outcome		*o;
	struct slots		 slots;
	const struct reference	*wanted;	/* NULL: nothing is known */
	bool			 refuses;
	unsigned		 looks;
};

static void
check_heading(const struct run *r)
{
	const struct heading	*h = completion_heading(r->c);
	enum heading_field	 i;

	for (i = 0; i < HEADING_KNOWN; i++)
		fuzz_claim(h->count[i] == r->wanted->count[i],
		    "fields are counted");
	for (i = 0; i < HEADING_KEPT && !h->too_long; i++)
		fuzz_claim(span_equal(buf_span(&h->body[i]),
		    r->wanted->body[i]), "those of senders are kept");
}

static void
look(struct run *r)
{
	struct completion_source from = { &sender, "mail.example", 7, WALL };
	struct reply		 why = reply_make(550, "5.7.1", "No");

	fuzz_claim(r->looks++ == 0, "a header ends once");
	if (r->wanted != NULL)
		check_heading(r);
	if (!r->refuses) {
		completion_add(r->c, &from);
		return;
	}
	completion_refuse(r->c, &why);
	content_discard(&r->content);
}

static void
feed(struct run *r, struct span *piece)
{
	do {
		r->o->status = completion_feed(r->c, &r->content, piece,
		    &r->slots.sink);
		if (completion_is_over(r->c))
			look(r);
	} while (r->o->status == CONTENT_FULL);
	fuzz_claim(r->o->status == CONTENT_END || piece->len == 0,
	    "who wants more has taken all");
}

static void
run(struct run *r, struct span input, uint32_t choice)
{
	struct fuzz_cuts cuts = { choice };
	struct span	 piece = span_of("");

	slots_open(&r->slots, r->o, choice);
	r->c = completion_new();
	content_init(&r->content, choice & 1 ? CONTENT_CHUNKED :
	    CONTENT_DOTTED, 0);
	r->o->status = CONTENT_MORE;
	while (r->o->status != CONTENT_END && input.len > 0) {
		piece = fuzz_piece(&cuts, &input);
		feed(r, &piece);
	}
	if (r->content.framing == CONTENT_CHUNKED)
		feed(r, NULL);
	slots_close(&r->slots);
	r->o->verdict = r->content.verdict;
	r->o->rest = piece.len + input.len;
	completion_free(r->c);
}

static void
outcome_init(struct outcome *o, size_t len)
{
	*o = (struct outcome){ .rest = 0 };
	buf_init(&o->kept, len + COMPLETION_ADDS_MAX);
}

static void
compare(const struct outcome *got, const struct outcome *plain,
    const struct reference *wanted, bool refuses)
{
	fuzz_claim(got->status == plain->status, "it ends as it ended");
	if (got->status != CONTENT_END)
		return;
	fuzz_claim(got->rest == plain->rest, "and nowhere else");
	if (plain->verdict != CONTENT_GOOD)
		return;
	fuzz_claim(got->verdict == (refuses ? CONTENT_UNWANTED :
	    CONTENT_GOOD), "what is refused is refused");
	if (!refuses)
		fuzz_claim(span_equal(buf_span(&got->kept),
		    buf_span(&wanted->out)), "nothing else is changed");
}

void
fuzz_one(struct span input)
{
	uint8_t		 choice = fuzz_choice(&input);
	struct outcome	 plain, got;
	struct reference wanted = { .body = { span_of(""), span_of("") } };
	struct content	 c;
	struct run	 r = { .o = &got, .refuses = choice / 2 % 4 == 3 };

	(void)addr_parse(span_of("a@b.example"), &sender);
	outcome_init(&plain, input.len);
	outcome_init(&got, input.len);
	buf_init(&wanted.out, input.len + COMPLETION_ADDS_MAX);
	content_init(&c, choice & 1 ? CONTENT_CHUNKED : CONTENT_DOTTED, 0);
	slots_feed(&c, input, choice, &plain);
	refer(&wanted, buf_span(&plain.kept));
	if (plain.status == CONTENT_END && plain.verdict == CONTENT_GOOD)
		r.wanted = &wanted;
	run(&r, input, choice);
	compare(&got, &plain, &wanted, r.refuses);
	buf_clear(&plain.kept);
	buf_clear(&got.kept);
	buf_clear(&wanted.out);
}
