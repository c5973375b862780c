/* SPDX-License-Identifier: ISC */
/* In place of smtpd/secure stands a handshake that is good when a test says
 * so; stream, lookup and queue are those of tests/model. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "smtpd/server.h"
#include "tests/model/rig.h"

enum { INJECTED_MAX = 512 };

static const unsigned	 flags = LISTENER_STARTTLS;

static struct {
	bool		 ready;
	bool		 held;		/* the handshake was good */
	unsigned	 begun;
	struct session	*session;	/* that shakes hands */
} f;

/* ---- in place of smtpd/secure -------------------------------------------- */

bool
secure_holds(const struct session *s)
{
	(void)s;
	return f.held;
}

bool
secure_is_ready(const struct server *server)
{
	(void)server;
	return f.ready;
}

/* Whatever the client had sent would come out of TLS, as if it had been in. */
void
secure_begin(struct session *s)
{
	ck_assert_uint_eq(buf_len(stream_in(s->stream)), 0);
	s->state = STATE_HANDSHAKE;
	f.begun++;
	f.session = s;
}

void
secure_late(struct session *s)
{
	session_close(s, NULL);
}

void
secure_end(struct session *s)
{
	(void)s;
	f.held = false;
}

void
secure_give(struct session *from, struct session *to)
{
	(void)from;
	(void)to;
}

void
secure_describe(const struct session *s, char into[SECURE_TEXT_SIZE])
{
	(void)s;
	into[0] = '\0';
}

void
secure_fingerprint(const struct session *s, char into[FINGERPRINT_SIZE])
{
	(void)s;
	into[0] = '\0';
}

void
secure_put(const struct session *s, struct buf *b)
{
	(void)s;
	(void)b;
}

bool
secure_binding(const struct session *s, struct binding *b)
{
	(void)s;
	(void)b;
	return false;
}

/* ---- a client ------------------------------------------------------------ */

static void
set_up(void)
{
	memset(&f, 0, sizeof(f));
	f.ready = true;
	rig_init();
}

static void
come(unsigned listener)
{
	rig_open_with(listener);
	ck_assert(span_starts(rig_said(), "220 "));
}

/* Amid a handshake it is its deadline that ends it. */
static void
leave(void)
{
	struct session	*s = rig_session();

	if (s != NULL && s->state == STATE_HANDSHAKE)
		secure_late(s);
	rig_hang_up();
	(void)rig_said();
	ck_assert(rig_is_clean());
}

/* The last line that is said begins so. */
static void
say(const char *line, const char *expected)
{
	struct span	 said;

	rig_send(span_of(line), MOOD_GOOD);
	rig_send(span_of("\r\n"), MOOD_GOOD);
	said = rig_said();
	ck_assert_msg(span_starts(said, expected), "%s: %.*s", line,
	    (int)said.len, said.ptr);
}

static struct session *
shake_hands(void)
{
	ck_assert_uint_eq(f.begun, 1);
	f.held = true;
	session_secured(f.session);
	return rig_session();
}

/* ---- what stands behind it ----------------------------------------------- */

/* What an attacker would like to have run. */
static size_t
make_injection(char *into, size_t n)
{
	static const char	 wanted[] = "RSET\r\nMAIL FROM:<a@b.c>\r\n";
	size_t			 i, len;

	len = snprintf(into, 16, "STARTTLS\r\n");
	for (i = 0; i < n; i++)
		into[len + i] = wanted[i % (sizeof(wanted) - 1)];
	return len + n;
}

static void
inject(size_t n, size_t cut)
{
	char		 text[INJECTED_MAX + 16];
	size_t		 len = make_injection(text, n);
	size_t		 command = len - n;
	struct span	 said;

	f.begun = 0;
	come(flags);
	say("EHLO client.example", "250-");
	rig_send(span_make(text, cut), MOOD_GOOD);
	rig_send(span_make(text + cut, len - cut), MOOD_GOOD);
	said = rig_said();
	if (cut == command) {
		ck_assert_msg(span_is(said, "220 2.0.0 Ready to start TLS\r\n"),
		    "%zu, %zu: %.*s", n, cut, (int)said.len, said.ptr);
		ck_assert_uint_eq(f.begun, 1);
		ck_assert(!rig_is_closed());
		ck_assert_int_eq(rig_session()->state, STATE_HANDSHAKE);
	} else {
		ck_assert_msg(span_starts(said, "501 5.5.0 "), "%zu, %zu: %.*s",
		    n, cut, (int)said.len, said.ptr);
		ck_assert_ptr_eq(memchr(said.ptr, '\n', said.len),
		    said.ptr + said.len - 1);
		ck_assert_uint_eq(f.begun, 0);
		ck_assert(rig_is_closed());
	}
	leave();
}

START_TEST(nothing_behind_it_is_run)
{
	size_t	 n, cut;

	for (n = 1 + _i; n <= INJECTED_MAX; n += 8)
		for (cut = 0; cut < n + 10; cut++)
			inject(n, cut);
}
END_TEST

START_TEST(what_comes_amid_the_handshake_is_not_looked_at)
{
	come(flags);
	say("EHLO client.example", "250-");
	say("STARTTLS", "220 ");
	rig_send(span_of("NOOP\r\nQUIT\r\n"), MOOD_GOOD);
	ck_assert_uint_eq(rig_said().len, 0);
	ck_assert(!rig_is_closed());
	leave();
}
END_TEST

/* ---- a new session ------------------------------------------------------- */

static const char *const pasts[] = {
	"NOOP",
	"HELO plain.example",
	"MAIL FROM:<smith@bar.example>",
	"XYZZY",
	"BDAT 0",
	"VRFY jones",
	"MAIL FROM:<smith@bar.example>\r\nRCPT TO:<jones@foo.com>\r\nRSET",
	"MAIL FROM:<smith@bar.example>\r\nRCPT TO:<jones@foo.com>\r\n"
	    "DATA\r\nSubject: x\r\n.",
	"MAIL FROM:<smith@bar.example>\r\nRCPT TO:<jones@foo.com>\r\n"
	    "BDAT 5\r\nabc",
};

/* All but what says where it is, and what it did wrong. */
static struct session
essence(const struct session *s)
{
	struct session	 copy = *s;

	memset(&copy.entry, 0, sizeof(copy.entry));
	memset(&copy.timer, 0, sizeof(copy.timer));
	memset(copy.tried, 0, sizeof(copy.tried));
	memset(copy.good, 0, sizeof(copy.good));
	copy.stream = NULL;
	copy.visit = 0;
	copy.told = copy.errors = 0;
	return copy;
}

START_TEST(a_session_under_tls_is_like_one_that_was_just_greeted)
{
	struct session	 fresh, after;

	come(flags);
	fresh = essence(rig_session());
	leave();
	come(flags);
	rig_send(span_of("EHLO plain.example\r\n"), MOOD_GOOD);
	rig_send(span_of(pasts[_i]), MOOD_GOOD);
	rig_send(span_of("\r\nEHLO plain.example\r\n"), MOOD_GOOD);
	(void)rig_said();
	say("STARTTLS", "220 ");
	after = essence(shake_hands());
	ck_assert_mem_eq(&fresh, &after, sizeof(fresh));
	say("MAIL FROM:<smith@bar.example>", "503 5.5.1 Say EHLO first");
	say("STARTTLS", "503 5.5.1 TLS is spoken already");
	leave();
}
END_TEST

/* ---- answers ------------------------------------------------------------- */

START_TEST(without_keys_there_is_none_for_now)
{
	f.ready = false;
	come(flags);
	say("EHLO client.example", "250-");
	say("STARTTLS", "454 4.7.0 ");
	say("NOOP", "250 ");
	leave();
}
END_TEST

static const struct {
	const char	*line, *expected;
} firsts[] = {
	{ "EHLO client.example",	"250-" },
	{ "HELO client.example",	"250 " },
	{ "NOOP",			"250 " },
	{ "HELP",			"214-" },
	{ "QUIT",			"221 " },
	{ "XYZZY",			"500 " },
	{ "GET / HTTP/1.1",		"421 " },
	{ "RSET",			"530 5.7.0 " },
	{ "MAIL FROM:<a@b.example>",	"530 5.7.0 " },
	{ "MAIL FROM:",			"530 5.7.0 " },
	{ "RCPT TO:<a@b.example>",	"530 5.7.0 " },
	{ "DATA",			"530 5.7.0 " },
	{ "BDAT 4 LAST\r\nRSE",		"" },
	{ "VRFY jones",			"530 5.7.0 " },
	{ "EXPN list",			"530 5.7.0 " },
	{ "XCLIENT NAME=a",		"530 5.7.0 " },
};

START_TEST(tls_comes_before_mail)
{
	come(flags | LISTENER_TLS_FIRST);
	say("EHLO client.example", "250-");
	say(firsts[_i].line, firsts[_i].expected);
	leave();
}
END_TEST

START_TEST(a_chunk_is_read_before_tls_is_asked_for)
{
	come(flags | LISTENER_TLS_FIRST);
	say("EHLO client.example", "250-");
	rig_send(span_of("BDAT 10 LAST\r\nMAIL FROM\n"), MOOD_GOOD);
	ck_assert(span_starts(rig_said(), "530 5.7.0 "));
	say("NOOP", "250 ");
	leave();
}
END_TEST

static Suite *
suite(void)
{
	Suite	*s = suite_create("starttls");
	TCase	*tc = tcase_create("all");

	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, nothing_behind_it_is_run, 0, 8);
	tcase_add_test(tc, what_comes_amid_the_handshake_is_not_looked_at);
	tcase_add_loop_test(tc,
	    a_session_under_tls_is_like_one_that_was_just_greeted, 0,
	    COUNT(pasts));
	tcase_add_test(tc, without_keys_there_is_none_for_now);
	tcase_add_loop_test(tc, tls_comes_before_mail, 0, COUNT(firsts));
	tcase_add_test(tc, a_chunk_is_read_before_tls_is_asked_for);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	SRunner	*run = srunner_create(suite());
	int	 failed;

	srunner_run_all(run, CK_NORMAL);
	failed = srunner_ntests_failed(run);
	srunner_free(run);
	return failed != 0;
}
