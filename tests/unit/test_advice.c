/* SPDX-License-Identifier: ISC */
#include <check.h>

#include "remote/advice.h"

enum { MINUTE = 60 };

static struct advice_list	 all;

static void
setup(void)
{
	advices_init(&all);
}

static void
teardown(void)
{
	advices_clear(&all);
}

static void
put(const char *name, const char *domain, unsigned code, const char *text,
    enum advice advice)
{
	advices_put(&all, &(struct msg_conf_advice){ .name = span_of(name),
	    .domain = span_of(domain), .code = code, .text = span_of(text),
	    .advice = advice, .pause = 7 });
}

static enum advice
advice_of(const char *domain, unsigned code, const char *text)
{
	struct reply			 r = reply_make(code, NULL, "%s", text);
	const struct advice_rule	*rule = advices_find(&all,
					    span_of(domain), &r);

	return rule == NULL ? ADVICE_COUNT : rule->advice;
}

/* ---- what is shipped ----------------------------------------------------- */

static const struct {
	unsigned	 code;
	const char	*text;
	enum advice	 advice;	/* ADVICE_COUNT: no rule knows it */
} met[] = {
	{ 450, "Recipient address rejected: Greylisted, see http://x",
	    ADVICE_NONE },
	{ 451, "Greylisting in action, please come back later", ADVICE_NONE },
	{ 421, "Too many concurrent SMTP connections from this IP address",
	    ADVICE_SLOW },
	{ 421, "mwinf5c04 ME Trop de connexions, veuillez verifier votre "
	    "configuration. Too many connections, slow down. OFR004_104",
	    ADVICE_SLOW },
	{ 421, "Our system has detected an unusual rate of unsolicited mail "
	    "originating from your IP address.", ADVICE_PAUSE },
	{ 451, "The mail server [192.0.2.1] has been temporarily rate limited "
	    "due to IP reputation.", ADVICE_PAUSE },
	{ 421, "[TSS04] Messages from 192.0.2.1 temporarily deferred due to "
	    "unexpected volume or user complaints", ADVICE_PAUSE },
	{ 421, "Service not available, try again later", ADVICE_SLOW },
	{ 451, "Temporary lookup failure, try again later", ADVICE_COUNT },
	{ 550, "This message does not meet IPv6 sending guidelines regarding "
	    "PTR records", ADVICE_FAMILY },
	{ 550, "Too many connections", ADVICE_COUNT },
	{ 452, "Mailbox full", ADVICE_COUNT },
	{ 250, "too many connections", ADVICE_COUNT },
};

START_TEST(what_everybody_meets_is_known)
{
	ck_assert_msg(advice_of("example.org", met[_i].code, met[_i].text) ==
	    met[_i].advice, "%s", met[_i].text);
}
END_TEST

/* ---- the configuration's ------------------------------------------------- */

START_TEST(the_configuration_comes_first_in_its_order)
{
	put("ours", "*", 0, "TOO MANY", ADVICE_FINAL);
	put("later", "*", 0, "too many connections", ADVICE_FAMILY);
	ck_assert_int_eq(advice_of("example.org", 421,
	    "too many connections"), ADVICE_FINAL);
}
END_TEST

START_TEST(a_rule_is_for_its_domains)
{
	put("ours", "*.example.net", 0, "", ADVICE_SLOW);
	ck_assert_int_eq(advice_of("a.example.net", 451, "no"), ADVICE_SLOW);
	ck_assert_int_eq(advice_of("A.Example.NET", 451, "no"), ADVICE_SLOW);
	ck_assert_int_eq(advice_of("example.net", 451, "no"), ADVICE_COUNT);
}
END_TEST

static const struct {
	unsigned	 code, said;
	bool		 matches;
} codes[] = {
	{ 0,	450,	true },
	{ 0,	421,	true },
	{ 0,	550,	false },
	{ 5,	550,	true },
	{ 5,	554,	true },
	{ 5,	450,	false },
	{ 451,	451,	true },
	{ 451,	450,	false },
};

START_TEST(a_rule_is_for_its_codes)
{
	put("ours", "*", codes[_i].code, "", ADVICE_SLOW);
	ck_assert_int_eq(advice_of("example.org", codes[_i].said, "no") ==
	    ADVICE_SLOW, codes[_i].matches);
}
END_TEST

/* ---- what a job comes to ------------------------------------------------- */

static struct msg_done
look(bool of_one, unsigned code, const char *enhanced, const char *text,
    struct reply *r)
{
	struct advised	 a = { 0 };
	struct msg_done	 m = { .why = reply_make(250, "2.0.0", "done") };

	*r = reply_make(code, enhanced, "%s", text);
	advised_look(&a, &all, span_of("example.org"), of_one, r);
	advised_tell(&a, &m);
	return m;
}

START_TEST(permanent_makes_it_final_in_its_own_words)
{
	struct reply	 r;
	struct msg_done	 m;

	put("gone", "*", 450, "moved away", ADVICE_FINAL);
	m = look(true, 450, "4.2.1", "has moved away", &r);
	ck_assert_uint_eq(r.code, 550);
	ck_assert_uint_eq(r.class, 5);
	ck_assert_uint_eq(r.subject, 2);
	ck_assert_str_eq(r.text, "has moved away");
	ck_assert_int_eq(m.advice, ADVICE_FINAL);
	ck_assert_uint_eq(m.why.code, 250);
}
END_TEST

START_TEST(a_pause_is_told_with_its_rule)
{
	struct reply	 r;
	struct msg_done	 m = look(true, 450, NULL, "rate limit hit", &r);

	ck_assert_uint_eq(r.code, 450);
	ck_assert_int_eq(m.advice, ADVICE_PAUSE);
	ck_assert_uint_eq(m.pause, 10 * MINUTE);
	ck_assert(span_is(m.rule, "rate"));
	ck_assert_uint_eq(m.why.code, 450);
}
END_TEST

static const struct {
	bool		 of_one;
	unsigned	 code;
	const char	*enhanced, *text;
	bool		 wants_less;
} words[] = {
	{ true,	450, "4.2.0", "greylisted",	false },
	{ false, 450, "4.2.0", "greylisted",	false },
	{ true,	452, "4.2.2", "mailbox full",	false },
	{ true,	451, "4.7.1", "not so much",	true },
	{ true,	421, "4.2.0", "closing",	true },
	{ true,	451, "4.3.2", "not now",	true },
	{ false, 451, "4.2.0", "not now",	true },
	{ false, 554, "5.7.1", "never",		false },
};

START_TEST(only_what_is_about_us_asks_for_less)
{
	struct reply	 r;
	struct msg_done	 m = look(words[_i].of_one, words[_i].code,
			    words[_i].enhanced, words[_i].text, &r);

	ck_assert_msg(reply_is_later(&m.why) == words[_i].wants_less, "%s",
	    words[_i].text);
}
END_TEST

START_TEST(of_several_words_the_most_severe_is_told)
{
	struct advised	 a = { 0 };
	struct msg_done	 m = { .why = reply_make(250, "2.0.0", "done") };
	static const char *const said[] = { "too many connections",
				    "rate limit", "greylisted", "slow down" };
	struct reply	 r;
	size_t		 i;

	for (i = 0; i < 4; i++) {
		r = reply_make(450, "4.7.1", "%s", said[i]);
		advised_look(&a, &all, span_of("example.org"), true, &r);
	}
	advised_tell(&a, &m);
	ck_assert_int_eq(m.advice, ADVICE_PAUSE);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("advice");
	TCase	*c = tcase_create("rules");
	SRunner	*r;
	int	 failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, what_everybody_meets_is_known, 0,
	    sizeof met / sizeof met[0]);
	tcase_add_test(c, the_configuration_comes_first_in_its_order);
	tcase_add_test(c, a_rule_is_for_its_domains);
	tcase_add_loop_test(c, a_rule_is_for_its_codes, 0,
	    sizeof codes / sizeof codes[0]);
	tcase_add_test(c, permanent_makes_it_final_in_its_own_words);
	tcase_add_test(c, a_pause_is_told_with_its_rule);
	tcase_add_loop_test(c, only_what_is_about_us_asks_for_less, 0,
	    sizeof words / sizeof words[0]);
	tcase_add_test(c, of_several_words_the_most_severe_is_told);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}
