/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lookup/sasl.h"
#include "shared/alloc.h"
#include "shared/base64.h"
#include "remote/login.h"

/* RFC 7677 section 3. */
#define SERVER_NONCE	"%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define CLIENT_NONCE	"rOprNGfwEbeRWgbNEkqO"
#define SERVER_FIRST	"r=" CLIENT_NONCE SERVER_NONCE \
			",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
#define CLIENT_FINAL	"c=biws,r=" CLIENT_NONCE SERVER_NONCE \
			",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
#define SERVER_FINAL	"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

enum { LINE = 16384 };

static struct hop	 hop;
static struct login	 login;
static const uint8_t	 nonce[LOGIN_NONCE] = "what nobody foresees";
static const struct binding binding = { "tls-exporter", "0123456789abcdef",
	16 };

static void
set(const char *user, const char *password, const char *mechanisms)
{
	memset(&hop, 0, sizeof hop);
	(void)span_copy(span_of(user), hop.user, sizeof hop.user);
	(void)span_copy(span_of(mechanisms), hop.mechanisms,
	    sizeof hop.mechanisms);
	free(hop.secret);
	hop.secret = xstrdup(password);
	hop.secret_len = strlen(password);
}

static void
offer(const char *names, const struct binding *b)
{
	login_init(&login, &hop, mechanism_bits(span_of(names)), nonce, b);
}

static void
tear_down(void)
{
	login_clear(&login);
	free(hop.secret);
	hop.secret = NULL;
}

/* What a line of base64 has. */
static struct span
octets_of(struct buf *b)
{
	static char	 octets[LINE];
	size_t		 n;

	ck_assert(base64_take(buf_span(b), octets, sizeof octets, &n));
	buf_clear(b);
	return span_make(octets, n);
}

static bool
begins(const char *wanted, size_t len)
{
	struct buf	 b;

	buf_init(&b, LINE);
	return login_begin(&login, &b) &&
	    span_equal(octets_of(&b), span_make(wanted, len));
}

/* A challenge, and what must be said to it. */
static bool
answers(const char *challenge, const char *wanted)
{
	struct buf	 b, c;
	bool		 good;

	buf_init(&b, LINE);
	buf_init(&c, LINE);
	ck_assert(base64_put(&c, span_of(challenge)));
	good = login_hear(&login, buf_span(&c), &b) &&
	    span_is(octets_of(&b), wanted);
	buf_clear(&b);
	buf_clear(&c);
	return good;
}

/* ---- which mechanism ----------------------------------------------------- */

static const struct {
	const char	*offered, *wanted;
	bool		 bound;
	const char	*taken[4];	/* one after the other */
} choices[] = {
	{ "LOGIN PLAIN", "", true, { "PLAIN", "LOGIN" } },
	{ "login plain scram-sha-256", "", true,
	    { "SCRAM-SHA-256", "PLAIN", "LOGIN" } },
	{ "PLAIN SCRAM-SHA-256-PLUS SCRAM-SHA-256", "", true,
	    { "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN" } },
	{ "PLAIN SCRAM-SHA-256-PLUS", "", false, { "PLAIN" } },
	{ "SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN", "scram-sha-256", true,
	    { "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256" } },
	{ "PLAIN XOAUTH2", "", true, { "PLAIN" } },
	{ "PLAIN XOAUTH2", "xoauth2", true, { "XOAUTH2" } },
	{ "PLAIN LOGIN", "login", true, { "LOGIN" } },
	{ "CRAM-MD5 NTLM PLAINER", "", true, { NULL } },
	{ "", "", true, { NULL } },
};

START_TEST(the_best_that_is_offered_and_wanted_comes_first)
{
	const char	*name;
	size_t		 i;

	set("joe", "secret", choices[_i].wanted);
	offer(choices[_i].offered, choices[_i].bound ? &binding : NULL);
	for (i = 0; i < COUNT(choices[_i].taken); i++) {
		name = login_next(&login);
		if (choices[_i].taken[i] == NULL)
			ck_assert_ptr_null(name);
		else
			ck_assert_str_eq(name, choices[_i].taken[i]);
	}
}
END_TEST

/* ---- plain ones ---------------------------------------------------------- */

static void
take(const char *user, const char *password, const char *mechanism)
{
	set(user, password, mechanism);
	offer(mechanism, NULL);
	ck_assert_ptr_nonnull(login_next(&login));
}

START_TEST(plain_is_one_message)
{
	take("tim", "tanstaaftanstaaf", "PLAIN");
	ck_assert(begins("\0tim\0tanstaaftanstaaf", 21));
	ck_assert(login.complete);
	ck_assert(!answers("", ""));
}
END_TEST

START_TEST(plain_can_wait_until_it_is_asked)
{
	struct buf	 b;

	take("tim", "tanstaaftanstaaf", "PLAIN");
	buf_init(&b, LINE);
	ck_assert(login_hear(&login, span_of(""), &b));
	ck_assert(span_equal(octets_of(&b),
	    span_make("\0tim\0tanstaaftanstaaf", 21)));
}
END_TEST

START_TEST(names_and_passwords_are_as_all_clients_write_them)
{
	take("g\xc3\xbcnter", "\xc2\xaa", "PLAIN");
	ck_assert(begins("\0g\xc3\xbcnter\0a", 10));
	take("latin\xfc", "\xff", "PLAIN");
	ck_assert(begins("\0latin\xfc\0\xff", 9));
}
END_TEST

START_TEST(login_gives_the_name_then_the_password)
{
	struct buf	 b;

	take("joe", "secret", "LOGIN");
	buf_init(&b, LINE);
	ck_assert(!login_begin(&login, &b));
	ck_assert(answers("Username:", "joe"));
	ck_assert(answers("whatever", "secret"));
	ck_assert(!answers("more?", ""));
}
END_TEST

START_TEST(prompts_of_login_need_not_be_base64)
{
	struct buf	 b;

	take("joe", "secret", "LOGIN");
	buf_init(&b, LINE);
	ck_assert(login_hear(&login, span_of("user name, please"), &b));
	ck_assert(span_is(octets_of(&b), "joe"));
}
END_TEST

START_TEST(xoauth2_answers_an_error_with_nothing)
{
	static const char	 first[] = "user=joe@example.org\001"
				    "auth=Bearer ya29.token\001\001";

	take("joe@example.org", "ya29.token", "XOAUTH2");
	ck_assert(begins(first, sizeof first - 1));
	ck_assert(answers("{\"status\":\"401\"}", ""));
	ck_assert(!answers("{}", ""));
}
END_TEST

START_TEST(the_longest_token_has_room)
{
	char		 token[HOP_SECRET_MAX + 1];
	struct buf	 b;

	memset(token, 'x', HOP_SECRET_MAX);
	token[HOP_SECRET_MAX] = '\0';
	take("joe", token, "XOAUTH2");
	buf_init(&b, LOGIN_LINE_MAX);
	ck_assert(login_begin(&login, &b));
	buf_clear(&b);
}
END_TEST

/* ---- SCRAM --------------------------------------------------------------- */

static void
take_rfc7677(void)
{
	take("user", "pencil", "SCRAM-SHA-256");
	(void)span_copy(span_of(CLIENT_NONCE), login.nonce,
	    sizeof login.nonce);
	ck_assert(begins("n,,n=user,r=" CLIENT_NONCE, 32));
}

START_TEST(scram_is_as_in_rfc_7677)
{
	take_rfc7677();
	ck_assert(answers(SERVER_FIRST, CLIENT_FINAL));
	ck_assert(!login.complete);
	ck_assert(answers(SERVER_FINAL, ""));
	ck_assert(login.complete);
	ck_assert(!answers("", ""));
}
END_TEST

static const struct {
	const char	*claim, *first;
} firsts[] = {
	{ "not our nonce", "r=xOprNGfwEbeRWgbNEkqO" SERVER_NONCE
	    ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096" },
	{ "our nonce alone", "r=" CLIENT_NONCE
	    ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096" },
	{ "no salt", "r=" CLIENT_NONCE "x,s=,i=4096" },
	{ "no base64", "r=" CLIENT_NONCE "x,s=W22,i=4096" },
	{ "no iterations", "r=" CLIENT_NONCE "x,s=W22ZaJ0SNY7soEsUEjb6gQ==" },
	{ "none at all", "r=" CLIENT_NONCE
	    "x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=0" },
	{ "too many", "r=" CLIENT_NONCE
	    "x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=200001" },
	{ "what must be understood", "m=x,r=" CLIENT_NONCE
	    "x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096" },
	{ "an error", "e=other-error" },
	{ "nothing", "" },
};

START_TEST(a_server_that_is_not_to_be_answered)
{
	take_rfc7677();
	ck_assert_msg(!answers(firsts[_i].first, ""), "%s",
	    firsts[_i].claim);
	ck_assert(!login.complete);
}
END_TEST

static const char *const	 finals[] = {
	"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=",
	"v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
	"v=", "v=6rri", "e=invalid-proof", "", "x",
};

START_TEST(a_server_must_prove_that_it_knows_the_password)
{
	take_rfc7677();
	ck_assert(answers(SERVER_FIRST, CLIENT_FINAL));
	ck_assert(!answers(finals[_i], ""));
	ck_assert(!login.complete);
}
END_TEST

START_TEST(a_server_that_skips_its_proof_is_not_believed)
{
	take_rfc7677();
	ck_assert(!login.complete);
	ck_assert(answers(SERVER_FIRST, CLIENT_FINAL));
	ck_assert(!login.complete);
}
END_TEST

/* ---- against our own server ---------------------------------------------- */

static const struct {
	const char	*offered;
	bool		 bound;		/* the client has a binding */
	enum sasl_mechanism mechanism;
	bool		 server_bound;
	const char	*user;
	bool		 good;
} pairs[] = {
	{ "SCRAM-SHA-256", false, SASL_SCRAM, false, "joe", true },
	{ "SCRAM-SHA-256", true, SASL_SCRAM, false, "a=b,c", true },
	{ "SCRAM-SHA-256-PLUS SCRAM-SHA-256", true, SASL_SCRAM_PLUS, true,
	    "joe", true },
	/* the offer was cut by somebody in between */
	{ "SCRAM-SHA-256", true, SASL_SCRAM, true, "joe", false },
};

static void
to_server(struct sasl *s, struct buf *b, enum sasl_want want)
{
	ck_assert_int_eq(sasl_hear(s, octets_of(b)), want);
}

static bool
to_client(struct sasl *s, struct buf *b)
{
	struct buf	 c;
	bool		 good;

	buf_init(&c, LINE);
	ck_assert(base64_put(&c, span_make(s->said, s->said_len)));
	good = login_hear(&login, buf_span(&c), b);
	buf_clear(&c);
	return good;
}

START_TEST(both_halves_of_us_agree)
{
	struct sasl		 s;
	struct scram_key	 k = { .iterations = 4096, .salt = "salt",
				    .salt_len = 4 };
	struct buf		 b;

	set(pairs[_i].user, "pencil", "");
	offer(pairs[_i].offered, pairs[_i].bound ? &binding : NULL);
	ck_assert_ptr_nonnull(login_next(&login));
	sasl_init(&s, pairs[_i].mechanism, span_of("tls-exporter"),
	    pairs[_i].server_bound ? span_make(binding.data, 16) :
	    span_of(""));
	scram_key_make(&k, span_of("pencil"));
	buf_init(&b, LINE);
	ck_assert(login_begin(&login, &b));
	to_server(&s, &b, pairs[_i].good ? SASL_KEY : SASL_MALFORMED);
	if (!pairs[_i].good)
		return;
	ck_assert_str_eq(s.name, pairs[_i].user);
	ck_assert_int_eq(sasl_key(&s, &k, span_of("server")), SASL_SAY);
	ck_assert(to_client(&s, &b));
	to_server(&s, &b, SASL_SAY);
	ck_assert(to_client(&s, &b));
	ck_assert(login.complete);
	to_server(&s, &b, SASL_GOOD);
}
END_TEST

START_TEST(nothing_of_it_stays)
{
	struct login	 empty;

	take_rfc7677();
	ck_assert(answers(SERVER_FIRST, CLIENT_FINAL));
	login_clear(&login);
	memset(&empty, 0, sizeof empty);
	ck_assert_int_eq(memcmp(&login, &empty, sizeof login), 0);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("client_login");
	TCase	*tc = tcase_create("login");
	SRunner	*r;
	int	 failed;

	tcase_add_checked_fixture(tc, NULL, tear_down);
	tcase_add_loop_test(tc,
	    the_best_that_is_offered_and_wanted_comes_first, 0,
	    COUNT(choices));
	tcase_add_test(tc, plain_is_one_message);
	tcase_add_test(tc, plain_can_wait_until_it_is_asked);
	tcase_add_test(tc, names_and_passwords_are_as_all_clients_write_them);
	tcase_add_test(tc, login_gives_the_name_then_the_password);
	tcase_add_test(tc, prompts_of_login_need_not_be_base64);
	tcase_add_test(tc, xoauth2_answers_an_error_with_nothing);
	tcase_add_test(tc, the_longest_token_has_room);
	tcase_add_test(tc, scram_is_as_in_rfc_7677);
	tcase_add_loop_test(tc, a_server_that_is_not_to_be_answered, 0,
	    COUNT(firsts));
	tcase_add_loop_test(tc,
	    a_server_must_prove_that_it_knows_the_password, 0, COUNT(finals));
	tcase_add_test(tc, a_server_that_skips_its_proof_is_not_believed);
	tcase_add_loop_test(tc, both_halves_of_us_agree, 0, COUNT(pairs));
	tcase_add_test(tc, nothing_of_it_stays);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
