/* SPDX-License-Identifier: ISC */
/*
 * All sequences of verbs, each in a session of its own, against the model.
 * First each verb in its good form; then once more by who submits mail, so that
 * more questions are asked; then in forms that
 * a hash of its number draws, half of them sent in one piece; then all
 * sequences of all forms, which are more, hence shorter; and each verb in its
 * good form where no mail is taken without a login.
 *
 * usage: model [LENGTH [SEED]]
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/reply.h"
#include "tests/model/rig.h"

enum { LENGTH_MAX = 8, FAILURES_MAX = 20, SENT_MAX = 131072 };

static struct {
	const struct word *words;
	size_t		 count;
	const struct word *sequence[LENGTH_MAX];
	unsigned	 length;
	unsigned long	 sequences, replies, failures;
	uint64_t	 seed;
} test;

/* ---- replies ------------------------------------------------------------- */

static void
fail(const char *what, struct span said)
{
	unsigned	 i;

	test.failures++;
	printf("FAIL %s:", what);
	for (i = 0; i < test.length; i++)
		printf(" [%.60s]", test.sequence[i]->text);
	printf(" said: %.*s\n", (int)said.len, said.ptr);
	if (test.failures >= FAILURES_MAX)
		exit(1);
}

/* RFC 2034: of the class of the code, but not in 220, 354 and to EHLO. */
static bool
has_right_enhanced(struct span line, bool greets)
{
	struct reply	 r = { 0 };
	struct span	 text = span_skip(line, 4);
	bool		 has = reply_parse_enhanced(text, &r).ptr != text.ptr;

	if (greets || line.ptr[0] == '3')
		return !has;
	return has && r.class == (unsigned)(line.ptr[0] - '0');
}

static bool
is_line(struct span line)
{
	size_t	 i;

	if (line.len < 4 || line.len > REPLY_LINE_MAX - 2)
		return false;
	for (i = 0; i < line.len; i++)
		if (line.ptr[i] < ' ' || line.ptr[i] > '~' ||
		    (i < 3 && (line.ptr[i] < '0' || line.ptr[i] > '9')))
			return false;
	return line.ptr[3] == ' ' || line.ptr[3] == '-';
}

/* A whole reply off the head of `*said`; its code, or 0 when it is none. */
static unsigned
take_reply(struct span *said)
{
	struct span	 line, first = span_of("");
	bool		 greets = false;
	size_t		 end;

	do {
		end = span_index(*said, '\r');
		line = span_head(*said, end);
		if (!is_line(line) || end + 1 >= said->len ||
		    said->ptr[end + 1] != '\n')
			return 0;
		*said = span_skip(*said, end + 2);
		if (first.len == 0) {
			first = line;
			greets = span_starts(line, "220") ||
			    span_is(span_skip(line, 4), "mail.example.org");
		}
		if (!span_equal(span_head(line, 3), span_head(first, 3)) ||
		    !has_right_enhanced(line, greets))
			return 0;
	} while (line.ptr[3] == '-');
	test.replies++;
	return strtoul(line.ptr, NULL, 10);
}

/* ---- one sequence -------------------------------------------------------- */

static bool
hears(struct span *said, struct expected e)
{
	unsigned	 code = take_reply(said);

	if (code == 0 || (code != e.code && code != e.other))
		return false;
	return e.final == 0 || take_reply(said) == e.final;
}

/* What is sent for a word: a chunk follows its command unasked. */
static void
put_word(struct buf *b, const struct word *w, const struct expected *e)
{
	bool	 follows = w->verb == VERB_BDAT || e->final != 0;

	(void)buf_printf(b, "%s\r\n", w->text);
	if (follows && w->content != NULL)
		(void)buf_put(b, span_of(w->content));
}

static void
play_in_steps(struct world *w)
{
	struct expected	 e;
	struct span	 said;
	struct buf	 b;
	unsigned	 i;

	buf_init(&b, SENT_MAX);
	for (i = 0; i < test.length && !w->closed; i++) {
		e = model_hear(w, test.sequence[i]);
		put_word(&b, test.sequence[i], &e);
		rig_send(buf_span(&b), test.sequence[i]->mood);
		buf_drop(&b, buf_len(&b));
		said = rig_said();
		if (!hears(&said, e) || said.len > 0 ||
		    rig_is_closed() != w->closed) {
			fail("in steps", said);
			break;
		}
	}
	buf_clear(&b);
}

static void
play_at_once(struct world *w)
{
	struct expected	 e[LENGTH_MAX];
	struct span	 said;
	struct buf	 b;
	unsigned	 i, n = 0;

	buf_init(&b, SENT_MAX);
	for (i = 0; i < test.length; i++) {
		if (!w->closed)
			e[n++] = model_hear(w, test.sequence[i]);
		put_word(&b, test.sequence[i], &e[n - 1]);
	}
	rig_send(buf_span(&b), MOOD_GOOD);
	buf_clear(&b);
	said = rig_said();
	for (i = 0; i < n; i++)
		if (!hears(&said, e[i])) {
			fail("at once", said);
			return;
		}
	if (said.len > 0 || rig_is_closed() != w->closed)
		fail("at once, its end", said);
}

static void
play(enum rig_client client, bool at_once)
{
	struct world	 w = { .auth_first = client == RIG_UNKNOWN,
			    .login = client == RIG_SUBMITTER };
	struct span	 said;
	unsigned	 i;

	for (i = 0; i < test.length; i++)
		at_once = at_once && test.sequence[i]->mood == MOOD_GOOD;
	test.sequences++;
	rig_open(client);
	said = rig_said();
	if (take_reply(&said) != 220)
		fail("the greeting", said);
	else if (at_once)
		play_at_once(&w);
	else
		play_in_steps(&w);
	rig_hang_up();
	if (rig_said().len > 0 || !rig_is_clean())
		fail("something is left", span_of(""));
}

/* ---- all of them --------------------------------------------------------- */

static uint64_t
hash(uint64_t n)
{
	n += test.seed * UINT64_C(0x9e3779b97f4a7c15);
	n = (n ^ n >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	n = (n ^ n >> 27) * UINT64_C(0x94d049bb133111eb);
	return n ^ n >> 31;
}

/* The good form, or half of the time another one. */
static const struct word *
form(enum verb verb, uint64_t dice)
{
	const struct word	*first = test.words;
	size_t			 n = 0;

	while (first->verb != verb)
		first++;
	while (first + n < test.words + test.count && first[n].verb == verb)
		n++;
	return dice & 1 ? first + (dice >> 1) % n : first;
}

enum pass {
	PASS_GOOD, PASS_SUBMITTED, PASS_DRAWN, PASS_ALL, PASS_LOGIN, PASS_COUNT
};

static const char	*const pass_names[PASS_COUNT] = {
	"verbs", "verbs of who has logged in", "verbs in any form", "forms",
	"verbs where a login is wanted"
};

static enum rig_client
client_of(enum pass pass)
{
	if (pass == PASS_SUBMITTED)
		return RIG_SUBMITTER;
	return pass == PASS_LOGIN ? RIG_UNKNOWN : RIG_STRANGER;
}

static void
play_number(enum pass pass, uint64_t number, unsigned base)
{
	uint64_t	 rest = number, dice = hash(number);
	unsigned	 i;

	for (i = 0; i < test.length; i++, rest /= base) {
		if (pass == PASS_ALL)
			test.sequence[i] = &test.words[rest % base];
		else
			test.sequence[i] = form(rest % base,
			    pass == PASS_DRAWN ? dice >> (i * 8) : 0);
	}
	play(client_of(pass), pass == PASS_DRAWN ? dice >> 63 :
	    (pass == PASS_SUBMITTED || pass == PASS_ALL) && number & 1);
}

static bool
run(enum pass pass, unsigned length)
{
	unsigned	 base = pass == PASS_ALL ? test.count : VERB_COUNT;
	unsigned long	 before = test.sequences, failed = test.failures;
	uint64_t	 n, power = 1;

	for (test.length = 1; test.length <= length; test.length++) {
		power *= base;
		for (n = 0; n < power; n++)
			play_number(pass, n, base);
	}
	printf("%s: all %lu sequences up to length %u\n", pass_names[pass],
	    test.sequences - before, length);
	fflush(stdout);
	return test.failures == failed;
}

int
main(int argc, char **argv)
{
	unsigned	 length = argc > 1 ? strtoul(argv[1], NULL, 10) : 5;
	unsigned	 passed = 0;

	test.seed = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	if (length < 3 || length > LENGTH_MAX) {
		fprintf(stderr, "usage: model [LENGTH [SEED]]\n");
		return 2;
	}
	test.words = words_all(&test.count);
	rig_init();
	passed += run(PASS_GOOD, length);
	passed += run(PASS_SUBMITTED, length);
	passed += run(PASS_DRAWN, length);
	passed += run(PASS_ALL, length - 2);
	passed += run(PASS_LOGIN, length);
	printf("%lu replies were as they may be\n", test.replies);
	printf("%u passed, %u failed\n", passed, PASS_COUNT - passed);
	return test.failures > 0;
}
