/* SPDX-License-Identifier: ISC */
/*
 * What is submitted, with what is missing in its header: each of a table of
 * contents, cut at each octet, through sinks of several sizes.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/limits.h"
#include "smtpd/completion.h"

#define FROM	"From: <joe@a.example>\r\n"
#define DATE	"Date: Thu, 1 Jan 1970 00:00:01 +0000\r\n"
#define ID	"Message-ID: <0000000000ZZZ@mail.example.org>\r\n"
#define WHOLE	"Date: x\r\nmessage-id: y\r\nFROM: z\r\n"

enum { OUTPUT_SIZE = 16384, MESSAGE = 32767 };

static struct addr	 sender, null;

/* ---- running ------------------------------------------------------------- */

struct outcome {
	enum content_status	 status;
	enum content_verdict	 verdict;
	size_t			 rest;		/* of the input */
	struct buf		 output;
	unsigned		 looks;		/* at a header that is over */
	struct heading		 heading;	/* its bodies are in these */
	struct buf		 from, sender;
};

/* As in smtpd: a few octets of room, and now and then none. */
struct bucket {
	struct content_sink	 sink;
	struct outcome		*into;
	size_t			 step;
	bool			 shut;
	char			 room[OUTPUT_SIZE];
};

static void
empty(struct bucket *b)
{
	if (b->sink.at != NULL &&
	    !buf_put(&b->into->output, span_make(b->room,
	    b->sink.at - b->room)))
		ck_abort_msg("the test's own buf is too small");
	b->sink.at = b->room;
	b->sink.room = 0;
}

static bool
more(struct content_sink *sink)
{
	struct bucket	*b = sink->arg;

	b->shut = !b->shut;
	if (b->shut)
		return false;
	empty(b);
	sink->room = b->step;
	return true;
}

/* What the test is about. */
struct trial {
	struct completion	*c;
	struct content		 content;
	struct bucket		 bucket;
	struct outcome		*o;
	const struct addr	*sender;
	const struct reply	*refusal;	/* or NULL */
};

static void
look(struct trial *t)
{
	struct completion_source from = { t->sender, "mail.example.org",
				    MESSAGE, 1000000 };

	t->o->looks++;
	t->o->heading = *completion_heading(t->c);
	(void)buf_put(&t->o->from, buf_span(&t->o->heading.body[0]));
	(void)buf_put(&t->o->sender, buf_span(&t->o->heading.body[1]));
	if (t->refusal == NULL) {
		completion_add(t->c, &from);
		return;
	}
	completion_refuse(t->c, t->refusal);
	content_discard(&t->content);
}

static void
feed(struct trial *t, struct span *in)
{
	do {
		t->o->status = completion_feed(t->c, &t->content, in,
		    &t->bucket.sink);
		if (completion_is_over(t->c))
			look(t);
	} while (t->o->status == CONTENT_FULL);
}

static struct outcome *
run(struct trial *t, struct span in, size_t cut, size_t step)
{
	struct outcome	*o = xcalloc(1, sizeof *o);
	struct span	 piece = span_head(in, cut);
	enum content_framing framing = t->content.framing;

	buf_init(&o->output, OUTPUT_SIZE);
	buf_init(&o->from, SENDER_FIELD_MAX);
	buf_init(&o->sender, SENDER_FIELD_MAX);
	content_init(&t->content, framing, 0);
	t->o = o;
	t->c = completion_new();
	t->bucket.sink = (struct content_sink){ .more = more,
	    .arg = &t->bucket };
	t->bucket.into = o;
	t->bucket.step = step;
	t->bucket.shut = false;
	feed(t, &piece);
	o->rest = piece.len + in.len - cut;
	if (o->status == CONTENT_MORE) {
		piece = span_skip(in, cut);
		feed(t, &piece);
		o->rest = piece.len;
	}
	if (framing == CONTENT_CHUNKED)
		feed(t, NULL);
	empty(&t->bucket);
	o->verdict = t->content.verdict;
	completion_free(t->c);
	return o;
}

static void
forget(struct outcome *o)
{
	buf_clear(&o->output);
	buf_clear(&o->from);
	buf_clear(&o->sender);
	free(o);
}

/* ---- what comes out ------------------------------------------------------ */

static const struct {
	const char	*name, *in, *out;
} contents[] = {
	{ "all is there", WHOLE "\r\nbody\r\n", WHOLE "\r\nbody\r\n" },
	{ "nothing is there", "Subject: x\r\n\r\nbody\r\n",
	    "Subject: x\r\n" FROM DATE ID "\r\nbody\r\n" },
	{ "From is there", "From: me\r\n\r\n", "From: me\r\n" DATE ID "\r\n" },
	{ "Date is there", "Date: x\r\n\r\n", "Date: x\r\n" FROM ID "\r\n" },
	{ "the ID is there", "Message-Id: x\r\n\r\n",
	    "Message-Id: x\r\n" FROM DATE "\r\n" },
	{ "names of another beginning", "From-X: a\r\nDate2: b\r\nXDate: c\r\n"
	    "\r\n", "From-X: a\r\nDate2: b\r\nXDate: c\r\n" FROM DATE ID
	    "\r\n" },
	{ "resent is another thing", "Resent-From: a\r\nResent-Date: b\r\n"
	    "Resent-Message-ID: c\r\n\r\n", "Resent-From: a\r\n"
	    "Resent-Date: b\r\nResent-Message-ID: c\r\n" FROM DATE ID
	    "\r\n" },
	{ "blanks before colons", "From : a\r\nDate\t: b\r\n"
	    "Message-ID \t : c\r\n\r\n", "From : a\r\nDate\t: b\r\n"
	    "Message-ID \t : c\r\n\r\n" },
	{ "folded", "From:\r\n a\r\n\tb\r\nSubject: x\r\n Date: y\r\n\r\n",
	    "From:\r\n a\r\n\tb\r\nSubject: x\r\n Date: y\r\n" DATE ID
	    "\r\n" },
	{ "a line of blanks is folding", "Subject: x\r\n \r\n"
	    "Date: y\r\n\r\n",
	    "Subject: x\r\n \r\nDate: y\r\n" FROM ID "\r\n" },
	{ "empty bodies", "From:\r\nDate:\r\nMessage-ID:\r\n\r\n",
	    "From:\r\nDate:\r\nMessage-ID:\r\n\r\n" },
	{ "fields in the body", "Subject: x\r\n\r\nFrom: a\r\nDate: b\r\n",
	    "Subject: x\r\n" FROM DATE ID "\r\nFrom: a\r\nDate: b\r\n" },
	{ "Bcc stays", WHOLE "Bcc: a@b.example\r\n\r\n",
	    WHOLE "Bcc: a@b.example\r\n\r\n" },
	/* headers without a body, bodies without a header */
	{ "nothing at all", "", FROM DATE ID },
	{ "no body", "Subject: x\r\n", "Subject: x\r\n" FROM DATE ID },
	{ "no body, all is there", WHOLE, WHOLE },
	{ "no body, folded", "Subject: x\r\n y\r\n",
	    "Subject: x\r\n y\r\n" FROM DATE ID },
	{ "an empty line", "\r\n", FROM DATE ID "\r\n" },
	{ "no header", "\r\nbody\r\n", FROM DATE ID "\r\nbody\r\n" },
	{ "no header, no empty line", "body, you see\r\nDate: x\r\n",
	    FROM DATE ID "\r\nbody, you see\r\nDate: x\r\n" },
	{ "no name", ": x\r\n", FROM DATE ID "\r\n: x\r\n" },
	{ "it begins with a blank", " Subject: x\r\n\r\n",
	    FROM DATE ID "\r\n Subject: x\r\n\r\n" },
	{ "no empty line behind it", "Subject: x\r\nbody\r\nDate: x\r\n",
	    "Subject: x\r\n" FROM DATE ID "\r\nbody\r\nDate: x\r\n" },
	{ "octets of no name", "Subject: x\r\nD\xc3\xa4te: x\r\n",
	    "Subject: x\r\n" FROM DATE ID "\r\nD\xc3\xa4te: x\r\n" },
	{ "words before a colon", "Dear Joe: hello\r\n",
	    FROM DATE ID "\r\nDear Joe: hello\r\n" },
	/* mbox */
	{ "an mbox line", "From joe Thu Jan  1 00:00:01 1970\r\n" WHOLE
	    "\r\nbody\r\n", WHOLE "\r\nbody\r\n" },
	{ "a quoted one", ">From joe\r\nDate: x\r\n\r\n",
	    "Date: x\r\n" FROM ID "\r\n" },
	{ "one with a colon", "From joe 00:00:01\r\n\r\n",
	    FROM DATE ID "\r\n" },
	{ "one alone", "From joe\r\n", FROM DATE ID },
	{ "two", "From joe\r\nFrom ann\r\n", FROM DATE ID "\r\nFrom ann\r\n" },
	{ "one too late", WHOLE "From joe\r\n", WHOLE "\r\nFrom joe\r\n" },
	{ "one and a blank", "From joe\r\n x\r\n",
	    FROM DATE ID "\r\n x\r\n" },
	{ "another word", "Fromage\r\n", FROM DATE ID "\r\nFromage\r\n" },
	{ "no more", "From\r\n", FROM DATE ID "\r\nFrom\r\n" },
	{ "a blank more", "From \r\n", FROM DATE ID },
	{ "other letters", "from joe\r\n", FROM DATE ID "\r\nfrom joe\r\n" },
};

static const size_t	 steps[] = { 1, 2, 7, 64, OUTPUT_SIZE };

/* One claim for each failure only: Check pays for each that is made. */
static void
compare(struct trial *t, int i, struct span in, size_t cut)
{
	struct span	 want = span_of(contents[i].out), got;
	struct outcome	*o;
	size_t		 j;

	for (j = 0; j < COUNT(steps); j++) {
		o = run(t, in, cut, steps[j]);
		got = buf_span(&o->output);
		if (o->status != CONTENT_END || o->verdict != CONTENT_GOOD ||
		    o->looks != 1 || !span_equal(got, want))
			ck_abort_msg("%s: cut at %zu, room for %zu: %.*s",
			    contents[i].name, cut, steps[j], (int)got.len,
			    got.ptr);
		forget(o);
	}
}

START_TEST(what_is_missing_comes_in_whatever_the_cut)
{
	struct trial	 t = { .sender = &sender };
	struct span	 in;
	struct buf	 b;
	size_t		 cut;

	buf_init(&b, OUTPUT_SIZE);
	(void)buf_printf(&b, "%s.\r\nQUIT\r\n", contents[_i].in);
	in = buf_span(&b);
	for (cut = 0; cut <= in.len; cut++)
		compare(&t, _i, in, cut);
	buf_clear(&b);
	t.content.framing = CONTENT_CHUNKED;
	in = span_of(contents[_i].in);
	for (cut = 0; cut <= in.len; cut++)
		compare(&t, _i, in, cut);
}
END_TEST

/* ---- sizes and refusals -------------------------------------------------- */

static struct outcome *
run_text(struct trial *t, const char *text, size_t step)
{
	return run(t, span_of(text), strlen(text), step);
}

/* `n` times `c` amid a text. */
static char *
amid(const char *before, size_t n, const char *after)
{
	size_t	 head = strlen(before);
	char	*text = xcalloc(head + n + strlen(after) + 1, 1);

	memcpy(text, before, head);
	memset(text + head, 'x', n);
	memcpy(text + head + n, after, strlen(after));
	return text;
}

START_TEST(a_header_may_be_of_any_length)
{
	struct trial	 t = { .sender = &sender };
	char		*text = amid("Subject: ", 9000,
			    "\r\n\r\nbody\r\n.\r\n");
	struct outcome	*o = run_text(&t, text, 100);
	struct span	 got = buf_span(&o->output);

	ck_assert_uint_eq(got.len, strlen(text) - 3 + strlen(FROM DATE ID));
	ck_assert(memcmp(got.ptr, text, 9011) == 0);
	ck_assert(span_is(span_skip(got, 9011), FROM DATE ID
	    "\r\nbody\r\n"));
	forget(o);
	free(text);
}
END_TEST

START_TEST(a_name_has_a_ceiling)
{
	struct trial	 t = { .sender = &sender };
	char		*text;
	struct outcome	*o;

	text = amid("", HEADING_NAME_MAX - 1, ":\r\n.\r\n");
	o = run_text(&t, text, 100);
	ck_assert(span_starts(buf_span(&o->output), "xxx"));
	forget(o);
	free(text);
	text = amid("", HEADING_NAME_MAX, ":\r\n.\r\n");
	o = run_text(&t, text, 100);
	ck_assert(span_starts(buf_span(&o->output), FROM DATE ID "\r\nxxx"));
	forget(o);
	free(text);
	text = amid("", 9000, "\r\n.\r\n");
	o = run_text(&t, text, 100);
	ck_assert_uint_eq(o->verdict, CONTENT_GOOD);
	ck_assert_uint_eq(buf_len(&o->output), 9004 +
	    strlen(FROM DATE ID));
	forget(o);
	free(text);
}
END_TEST

START_TEST(nobody_has_no_from)
{
	struct trial	 t = { .sender = &null };
	struct outcome	*o = run_text(&t, "\r\n.\r\n", 100);

	ck_assert(span_is(buf_span(&o->output), DATE ID "\r\n"));
	forget(o);
}
END_TEST

START_TEST(what_is_refused_is_read_to_its_end)
{
	static const char	 text[] = WHOLE "\r\nbody\r\n.\r\nQUIT\r\n";
	struct reply		 why = reply_make(550, "5.7.1", "Not so");
	struct trial		 t = { .sender = &sender, .refusal = &why };
	struct outcome		*o;
	size_t			 cut;

	for (cut = 0; cut < sizeof text; cut++) {
		o = run(&t, span_of(text), cut, 5);
		ck_assert_int_eq(o->status, CONTENT_END);
		ck_assert_int_eq(o->verdict, CONTENT_UNWANTED);
		ck_assert_uint_eq(o->rest, 6);
		ck_assert_uint_eq(o->looks, 1);
		forget(o);
	}
}
END_TEST

START_TEST(a_bare_octet_is_found_on_either_side)
{
	static const char *const texts[] = {
		"Subject: x\ny\r\n\r\nbody\r\n.\r\n",
		"Subject: x\r\n\r\nbo\rdy\r\n.\r\n"
	};
	struct trial	 t = { .sender = &sender };
	struct outcome	*o;
	size_t		 cut;

	for (cut = 0; cut <= strlen(texts[_i]); cut++) {
		o = run(&t, span_of(texts[_i]), cut, 3);
		ck_assert_int_eq(o->status, CONTENT_END);
		ck_assert_int_eq(o->verdict, CONTENT_BARE);
		ck_assert_uint_eq(o->rest, 0);
		forget(o);
	}
}
END_TEST

/* ---- what is kept -------------------------------------------------------- */

static const struct {
	const char	*header, *from, *sender;
	unsigned	 froms, senders;
} kept[] = {
	{ "Subject: x\r\n", "", "", 0, 0 },
	{ "From: a@b\r\n", " a@b\r\n", "", 1, 0 },
	{ "from :a@b\r\nSENDER:c@d\r\n", "a@b\r\n", "c@d\r\n", 1, 1 },
	{ "From: a,\r\n b\r\nX: y\r\n z\r\n", " a,\r\n b\r\n", "", 1, 0 },
	{ "From: a\r\nFrom: b\r\n c\r\nSender: d\r\nFrom: e\r\n",
	    " a\r\n", " d\r\n", 3, 1 },
	{ "Sender: a\r\nSender: b\r\n", "", " a\r\n", 0, 2 },
	{ "From joe\r\nFrom: a\r\n", " a\r\n", "", 1, 0 },
};

START_TEST(fields_of_senders_are_kept_whatever_the_cut)
{
	struct trial	 t = { .sender = &sender,
			    .content.framing = CONTENT_CHUNKED };
	struct span	 in = span_of(kept[_i].header);
	struct outcome	*o;
	size_t		 cut;

	for (cut = 0; cut <= in.len; cut++) {
		o = run(&t, in, cut, 4);
		ck_assert(span_is(buf_span(&o->from), kept[_i].from));
		ck_assert(span_is(buf_span(&o->sender), kept[_i].sender));
		ck_assert_uint_eq(o->heading.count[HEADING_FROM],
		    kept[_i].froms);
		ck_assert_uint_eq(o->heading.count[HEADING_SENDER],
		    kept[_i].senders);
		ck_assert(!o->heading.too_long);
		forget(o);
	}
}
END_TEST

START_TEST(a_field_that_is_kept_has_a_ceiling)
{
	struct trial	 t = { .sender = &sender };
	char		*text;
	struct outcome	*o;
	int		 over;

	for (over = 0; over < 2; over++) {
		text = amid("From:", SENDER_FIELD_MAX - 2 + over,
		    "\r\n\r\n.\r\n");
		o = run_text(&t, text, 1000);
		ck_assert(o->heading.too_long == over);
		forget(o);
		free(text);
	}
}
END_TEST

static void
add_all(TCase *tc)
{
	tcase_add_loop_test(tc, what_is_missing_comes_in_whatever_the_cut, 0,
	    COUNT(contents));
	tcase_add_test(tc, a_header_may_be_of_any_length);
	tcase_add_test(tc, a_name_has_a_ceiling);
	tcase_add_test(tc, nobody_has_no_from);
	tcase_add_test(tc, what_is_refused_is_read_to_its_end);
	tcase_add_loop_test(tc, a_bare_octet_is_found_on_either_side, 0, 2);
	tcase_add_loop_test(tc, fields_of_senders_are_kept_whatever_the_cut, 0,
	    COUNT(kept));
	tcase_add_test(tc, a_field_that_is_kept_has_a_ceiling);
}

int
main(void)
{
	Suite	*suite = suite_create("completion");
	TCase	*tc = tcase_create("completion");
	SRunner	*runner = srunner_create(suite);
	int	 failed;

	if (addr_parse(span_of("joe@a.example"), &sender) != ADDR_OK)
		return EXIT_FAILURE;
	add_all(tc);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
