/* SPDX-License-Identifier: ISC */
/* lookup's logins, between smtpd processes and a judge that are not there; time
 * goes on when a test says so. */
#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lookup/login.h"
#include "shared/alloc.h"

enum { TIMERS = 64, SECOND = 1000 };

struct peer {
	enum role	 role;
};

static struct {
	struct logins	 logins;
	struct peer	 smtpd, other, judge;
	struct instant	 now;
	struct timer	*timers[TIMERS];
	uint64_t	 serial, judges_token;
	bool		 no_credit;
	struct waiter	*waiter;

	/* what was said last */
	unsigned	 asked, answered, challenges, heard, cancelled;
	unsigned	 told, accused;
	unsigned	 code;
	unsigned	 codes[TIMERS];	/* by token */
	char		 identity[USER_TEXT_MAX + 1];
	char		 mechanisms[REASON_TEXT_MAX + 1];
} at;

/* ---- in place of shared/loop and shared/peer ----------------------------- */

struct instant
loop_now(const struct loop *l)
{
	(void)l;
	return at.now;
}

void
timer_init(struct timer *t, struct loop *l, void (*fire)(void *), void *arg)
{
	(void)l;
	*t = (struct timer){ .fire = fire, .arg = arg };
}

void
timer_unset(struct timer *t)
{
	if (t->slot > 0)
		at.timers[t->slot - 1] = NULL;
	t->slot = 0;
}

void
timer_clear(struct timer *t)
{
	timer_unset(t);
}

bool
timer_is_set(const struct timer *t)
{
	return t->slot > 0;
}

void
timer_in(struct timer *t, int64_t ms)
{
	size_t	 i;

	timer_unset(t);
	for (i = 0; at.timers[i] != NULL; i++)
		ck_assert_uint_lt(i, TIMERS - 1);
	at.timers[i] = t;
	t->slot = i + 1;
	t->due = clock_after(at.now, ms);
}

/* In steps of a tenth of a second. */
static void
pass(int64_t ms)
{
	struct timer	*t;
	size_t		 i;

	for (; ms > 0; ms -= 100) {
		at.now = clock_after(at.now, 100);
		for (i = 0; i < TIMERS; i++) {
			t = at.timers[i];
			if (t == NULL || clock_before(at.now, t->due))
				continue;
			timer_unset(t);
			t->fire(t->arg);
		}
	}
}

enum role
peer_role(const struct peer *p)
{
	return p->role;
}

uint64_t
peer_token(struct peer *p)
{
	(void)p;
	return ++at.judges_token;
}

void
peer_put(struct peer *p, const struct msg *m)
{
	ck_assert(msg_allowed(m->type, ROLE_LOOKUP, p->role));
	switch (m->type) {
	case MSG_LOGGED_IN:
		at.answered++;
		at.code = m->logged_in.reply.code;
		at.codes[m->logged_in.token % TIMERS] = at.code;
		ck_assert(span_copy(m->logged_in.identity, at.identity,
		    sizeof at.identity));
		break;
	case MSG_CHALLENGE:
		at.challenges++;
		break;
	case MSG_JUDGE_HEARS:
		at.heard++;
		at.cancelled += m->judge_hears.cancelled;
		break;
	default:
		ck_assert_int_eq(m->type, MSG_MECHANISMS);
		at.told++;
		ck_assert(span_copy(m->mechanisms.names, at.mechanisms,
		    sizeof at.mechanisms));
	}
}

bool
peer_ask(struct peer *p, const struct msg *m)
{
	ck_assert_ptr_eq(p, &at.judge);
	ck_assert_int_eq(m->type, MSG_JUDGE);
	at.asked += !at.no_credit;
	return !at.no_credit;
}

void
peer_wait(struct peer *p, struct waiter *w, void (*ready)(void *), void *arg)
{
	*w = (struct waiter){ .on = p, .ready = ready, .arg = arg };
	at.waiter = w;
}

void
waiter_clear(struct waiter *w)
{
	if (at.waiter == w)
		at.waiter = NULL;
	w->on = NULL;
}

void
peer_accuse(struct peer *p, const char *reason)
{
	(void)p;
	(void)reason;
	at.accused++;
}

/* ---- what happens -------------------------------------------------------- */

static void
set_up(void)
{
	struct msg_conf_auth	 conf = { JUDGE_PASSWORDS, SECOND,
				    60 * SECOND };
	struct msg_judge_can	 can = { span_of("PLAIN") };

	memset(&at, 0, sizeof at);
	at.smtpd.role = at.other.role = ROLE_SMTPD;
	at.judge.role = ROLE_PASSWORDS;
	at.now.ns = INT64_C(1000000000000);
	logins_init(&at.logins, NULL);
	logins_set(&at.logins, &conf);
	logins_found(&at.logins, &at.smtpd);
	logins_judge_found(&at.logins, &at.judge);
	logins_can(&at.logins, &at.judge, &can);
}

static void
tear_down(void)
{
	size_t	 i;

	logins_drop(&at.logins, &at.smtpd);
	logins_drop(&at.logins, &at.other);
	ck_assert(RB_EMPTY(&at.logins.tree));
	ck_assert(RB_EMPTY(&at.logins.asked));
	timer_unset(&at.logins.patience);
	for (i = 0; i < TIMERS; i++)
		ck_assert_ptr_null(at.timers[i]);
	failures_clear(&at.logins.failures);
}

static uint64_t
begin_by(struct peer *smtpd, const char *address)
{
	uint8_t			 octets[16];
	struct msg_login	 m = { .token = ++at.serial, .has_initial = 1 };
	char			 mapped[64];

	snprintf(mapped, sizeof mapped, "%s%s",
	    strchr(address, ':') == NULL ? "::ffff:" : "", address);
	ck_assert_int_eq(inet_pton(AF_INET6, mapped, octets), 1);
	m.mechanism = span_of("PLAIN");
	m.initial = span_of("x");
	m.binding = m.binding_data = span_of("");
	m.address = span_make(octets, sizeof octets);
	at.code = 0;
	login_begin(&at.logins, smtpd, &m);
	return m.token;
}

static uint64_t
begin(const char *address)
{
	return begin_by(&at.smtpd, address);
}

static void
judge_it(uint64_t token, enum judged_outcome outcome, const char *account)
{
	struct msg_judged	 m = { .token = token, .outcome = outcome };

	m.account = span_of(account);
	m.identity = span_of(outcome == JUDGED_GOOD ? account : "");
	login_judged(&at.logins, &at.judge, &m);
}

/* Begins, and is judged at once. */
static void
try_it(const char *address, enum judged_outcome outcome, const char *account)
{
	unsigned	 asked = at.asked;

	(void)begin(address);
	if (at.asked > asked)
		judge_it(at.judges_token, outcome, account);
}

/* Until the answer is there, at most `most` ms. */
static int64_t
wait_for_answer(int64_t most)
{
	unsigned	 before = at.answered;
	int64_t		 ms;

	for (ms = 0; at.code == 0 && at.answered == before && ms < most;
	    ms += 100)
		pass(100);
	return ms;
}

static void
respond(uint64_t token, bool cancelled)
{
	struct msg_response	 m = { .token = token,
				    .cancelled = cancelled };

	m.data = span_of("y");
	login_hear(&at.logins, &at.smtpd, &m);
}

static void
challenge(uint64_t token)
{
	struct msg_judge_says	 m = { .token = token };

	m.data = span_of("z");
	login_say(&at.logins, &at.judge, &m);
}

/* ---- failures cost time -------------------------------------------------- */

START_TEST(fifty_wrong_passwords_cost_growing_time)
{
	static const int64_t	 seconds[] = { 1, 2, 4, 8, 16, 32 };
	int64_t			 took, all = 0;
	size_t			 i;

	for (i = 0; i < 50; i++) {
		try_it("192.0.2.1", JUDGED_BAD, "jones");
		took = wait_for_answer(100 * SECOND);
		ck_assert_uint_eq(at.code, 535);
		ck_assert_int_eq(took, (i < COUNT(seconds) ? seconds[i] : 60) *
		    SECOND);
		all += took;
	}
	ck_assert_int_eq(all, (63 + 44 * 60) * SECOND);
	ck_assert_uint_eq(at.asked, 50);
}
END_TEST

START_TEST(meanwhile_nobody_of_that_network_is_judged)
{
	try_it("2001:db8::1", JUDGED_BAD, "jones");
	ck_assert_uint_eq(at.answered, 0);
	try_it("2001:db8::ffff:2", JUDGED_GOOD, "brown");
	ck_assert_uint_eq(at.code, 454);
	ck_assert_uint_eq(at.asked, 1);
	try_it("2001:db8:0:1::1", JUDGED_GOOD, "brown");
	ck_assert_uint_eq(at.code, 235);
	pass(SECOND);
	ck_assert_uint_eq(at.code, 535);
	try_it("2001:db8::ffff:2", JUDGED_GOOD, "brown");
	ck_assert_uint_eq(at.code, 235);
}
END_TEST

START_TEST(at_once_are_few_of_a_network)
{
	unsigned	 i;

	for (i = 0; i < 3 * LOGINS_OF_NETWORK_MAX; i++)
		(void)begin("192.0.2.1");
	ck_assert_uint_eq(at.asked, LOGINS_OF_NETWORK_MAX);
	ck_assert_uint_eq(at.answered, 2 * LOGINS_OF_NETWORK_MAX);
	ck_assert_uint_eq(at.code, 454);
	for (i = 1; i <= LOGINS_OF_NETWORK_MAX; i++)
		judge_it(i, JUDGED_BAD, "jones");
	pass(60 * SECOND);
	ck_assert_uint_eq(at.answered, 3 * LOGINS_OF_NETWORK_MAX);
	ck_assert_uint_eq(at.code, 535);
}
END_TEST

START_TEST(who_leaves_while_judged_has_paid_all_the_same)
{
	uint64_t	 token = begin("192.0.2.1");

	respond(token, true);
	ck_assert_uint_eq(at.cancelled, 0);
	judge_it(at.judges_token, JUDGED_BAD, "jones");
	try_it("192.0.2.1", JUDGED_GOOD, "jones");
	ck_assert_uint_eq(at.code, 454);
}
END_TEST

START_TEST(a_network_with_friends_is_judged_though_one_of_it_fails)
{
	try_it("192.0.2.1", JUDGED_GOOD, "brown");
	ck_assert_uint_eq(at.code, 235);
	ck_assert_str_eq(at.identity, "brown");
	try_it("192.0.2.1", JUDGED_BAD, "jones");
	try_it("192.0.2.1", JUDGED_GOOD, "brown");
	ck_assert_uint_eq(at.code, 235);
}
END_TEST

/* ---- accounts ------------------------------------------------------------ */

START_TEST(an_account_slows_down_guesses_from_everywhere)
{
	char	 address[32];
	unsigned i;

	for (i = 0; i < 6; i++) {
		snprintf(address, sizeof address, "192.0.2.%u", i + 1);
		try_it(address, JUDGED_BAD, i % 2 == 0 ? "jones" : "Jones");
		ck_assert_int_eq(wait_for_answer(100 * SECOND),
		    (SECOND << i));
	}
	try_it("192.0.2.99", JUDGED_BAD, "brown");
	ck_assert_int_eq(wait_for_answer(100 * SECOND), SECOND);
}
END_TEST

START_TEST(its_owner_is_held_up_only_where_he_is_new)
{
	char	 address[32];
	unsigned i;

	try_it("198.51.100.1", JUDGED_GOOD, "jones");
	ck_assert_uint_eq(at.code, 235);
	for (i = 0; i < 12; i++) {
		snprintf(address, sizeof address, "192.0.2.%u", i + 1);
		try_it(address, JUDGED_BAD, "jones");
	}
	try_it("198.51.100.1", JUDGED_GOOD, "jones");
	ck_assert_uint_eq(at.code, 235);
	try_it("198.51.100.2", JUDGED_GOOD, "jones");
	ck_assert_uint_eq(at.code, 0);
	pass(60 * SECOND);
	ck_assert_uint_eq(at.code, 235);
}
END_TEST

START_TEST(a_storm_on_an_account_is_not_answered)
{
	char	 address[32];
	unsigned i;

	for (i = 0; i < LOGINS_OF_ACCOUNT_MAX; i++) {
		snprintf(address, sizeof address, "192.0.2.%u", i + 1);
		try_it(address, JUDGED_BAD, "jones");
	}
	for (i = 0; i < 2; i++) {
		snprintf(address, sizeof address, "198.51.100.%u", i + 1);
		try_it(address, i == 0 ? JUDGED_BAD : JUDGED_GOOD, "jones");
		ck_assert_uint_eq(at.codes[at.serial], 0);
	}
	pass(SECOND);
	ck_assert_uint_eq(at.codes[at.serial - 1], 454);
	ck_assert_uint_eq(at.codes[at.serial], 454);
}
END_TEST

/* ---- the dialogue -------------------------------------------------------- */

static const struct {
	enum judged_outcome outcome;
	unsigned	 code;
} outcomes[] = {
	{ JUDGED_GOOD, 235 },	{ JUDGED_LATER, 454 },
	{ JUDGED_MALFORMED, 501 }, { JUDGED_CANCELLED, 501 },
	{ JUDGED_BAD, 535 },	{ JUDGED_WEAK, 534 },
};

START_TEST(each_outcome_has_its_reply)
{
	try_it("192.0.2.1", outcomes[_i].outcome, "jones");
	ck_assert_int_eq(wait_for_answer(100 * SECOND),
	    outcomes[_i].code >= 534 ? SECOND : 0);
	ck_assert_uint_eq(at.code, outcomes[_i].code);
	ck_assert_str_eq(at.identity, outcomes[_i].code == 235 ? "jones" : "");
}
END_TEST

START_TEST(no_login_is_a_user_of_this_machine)
{
	try_it("192.0.2.1", JUDGED_GOOD, "UID:0");
	(void)wait_for_answer(100 * SECOND);
	ck_assert_uint_eq(at.code, 535);
	ck_assert_str_eq(at.identity, "");
}
END_TEST

START_TEST(each_speaks_in_its_turn)
{
	uint64_t	 token = begin("192.0.2.1");

	challenge(at.judges_token);
	ck_assert_uint_eq(at.challenges, 1);
	respond(token, false);
	ck_assert_uint_eq(at.heard, 1);
	ck_assert_uint_eq(at.accused, 0);
	respond(token, false);
	ck_assert_uint_eq(at.accused, 1);
	challenge(at.judges_token);
	challenge(at.judges_token);
	ck_assert_uint_eq(at.accused, 2);
	ck_assert_uint_eq(at.challenges, 2);
	respond(token + 1, false);
	challenge(at.judges_token + 1);
	judge_it(at.judges_token, JUDGED_BAD, "jones");
	respond(token, false);	/* they may cross */
	ck_assert_uint_eq(at.accused, 2);
	at.serial = token - 1;
	(void)begin("192.0.2.1");
	ck_assert_uint_eq(at.accused, 3);
}
END_TEST

START_TEST(who_cancels_amid_the_dialogue_is_told_to_the_judge)
{
	uint64_t	 token = begin("192.0.2.1");

	challenge(at.judges_token);
	respond(token, true);
	ck_assert_uint_eq(at.cancelled, 1);
	judge_it(at.judges_token, JUDGED_CANCELLED, "");
	ck_assert_uint_eq(at.code, 501);
	try_it("192.0.2.1", JUDGED_GOOD, "jones");
	ck_assert_uint_eq(at.code, 235);
}
END_TEST

/* ---- coming and going ---------------------------------------------------- */

START_TEST(a_judge_that_dies_takes_its_logins_with_it)
{
	(void)begin("192.0.2.1");
	logins_judge_lost(&at.logins, &at.judge);
	ck_assert_uint_eq(at.code, 454);
	(void)begin("192.0.2.1");
	ck_assert_uint_eq(at.code, 0);
	logins_judge_found(&at.logins, &at.judge);
	ck_assert_uint_eq(at.asked, 2);
	judge_it(at.judges_token, JUDGED_GOOD, "jones");
	ck_assert_uint_eq(at.code, 235);
}
END_TEST

START_TEST(a_judge_that_stays_away_is_not_waited_for)
{
	logins_judge_lost(&at.logins, &at.judge);
	(void)begin("192.0.2.1");
	ck_assert_int_eq(wait_for_answer(100 * SECOND), 5 * SECOND);
	ck_assert_uint_eq(at.code, 454);
	(void)begin("192.0.2.1");
	ck_assert_uint_eq(at.code, 454);
	logins_judge_found(&at.logins, &at.judge);
	try_it("192.0.2.1", JUDGED_GOOD, "jones");
	ck_assert_uint_eq(at.code, 235);
}
END_TEST

START_TEST(without_credit_it_waits)
{
	at.no_credit = true;
	(void)begin("192.0.2.1");
	ck_assert_uint_eq(at.asked, 0);
	ck_assert_ptr_nonnull(at.waiter);
	at.no_credit = false;
	at.waiter->ready(at.waiter->arg);
	ck_assert_uint_eq(at.asked, 1);
}
END_TEST

START_TEST(with_an_smtpd_go_its_logins)
{
	logins_found(&at.logins, &at.other);
	(void)begin_by(&at.other, "192.0.2.1");
	challenge(at.judges_token);
	(void)begin_by(&at.smtpd, "192.0.2.1");
	logins_drop(&at.logins, &at.other);
	ck_assert_uint_eq(at.cancelled, 1);
	judge_it(1, JUDGED_GOOD, "jones");
	ck_assert_uint_eq(at.answered, 0);
	judge_it(2, JUDGED_GOOD, "jones");
	ck_assert_uint_eq(at.code, 235);
}
END_TEST

START_TEST(mechanisms_are_told_to_whoever_is_there)
{
	struct msg_judge_can	 none = { span_of("") };

	ck_assert_uint_eq(at.told, 1);
	ck_assert_str_eq(at.mechanisms, "PLAIN");
	logins_found(&at.logins, &at.other);
	ck_assert_uint_eq(at.told, 2);
	logins_can(&at.logins, &at.judge, &none);
	ck_assert_uint_eq(at.told, 4);
	ck_assert_str_eq(at.mechanisms, "");
}
END_TEST

int
main(void)
{
	Suite	*suite = suite_create("login");
	TCase	*tc = tcase_create("login");
	SRunner	*runner = srunner_create(suite);
	int	 failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, fifty_wrong_passwords_cost_growing_time);
	tcase_add_test(tc, meanwhile_nobody_of_that_network_is_judged);
	tcase_add_test(tc, at_once_are_few_of_a_network);
	tcase_add_test(tc, who_leaves_while_judged_has_paid_all_the_same);
	tcase_add_test(tc,
	    a_network_with_friends_is_judged_though_one_of_it_fails);
	tcase_add_test(tc, an_account_slows_down_guesses_from_everywhere);
	tcase_add_test(tc, its_owner_is_held_up_only_where_he_is_new);
	tcase_add_test(tc, a_storm_on_an_account_is_not_answered);
	tcase_add_test(tc, no_login_is_a_user_of_this_machine);
	tcase_add_test(tc, each_speaks_in_its_turn);
	tcase_add_test(tc, who_cancels_amid_the_dialogue_is_told_to_the_judge);
	tcase_add_test(tc, a_judge_that_dies_takes_its_logins_with_it);
	tcase_add_test(tc, a_judge_that_stays_away_is_not_waited_for);
	tcase_add_test(tc, without_credit_it_waits);
	tcase_add_test(tc, with_an_smtpd_go_its_logins);
	tcase_add_test(tc, mechanisms_are_told_to_whoever_is_there);
	tcase_add_loop_test(tc, each_outcome_has_its_reply, 0,
	    COUNT(outcomes));
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
