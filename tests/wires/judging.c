/* SPDX-License-Identifier: ISC */
/*
 * Those who judge passwords, and lookup, which asks them: a file whose hashes
 * cost nothing, a Dovecot that is not there, and what is said of both sides.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "tests/wires/rig.h"

/* RFC 7677's, with one iteration: nobody knows a password for it. */
#define KEY	"{SCRAM-SHA-256}1,W22ZaJ0SNY7soEsUEjb6gQ==," \
		"WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=," \
		"wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

/* A literal with its NULs. */
#define LITERAL(text)	{ (text), sizeof(text) - 1 }

static const char *const	 mechanisms[] = {
	"PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "CRAM-MD5"
};

static const struct span	 answers[] = {
	LITERAL(""), LITERAL("jones"), LITERAL("\0jones\0secret"),
	LITERAL("root\0jones\0secret"), LITERAL("\0u7\0x"),
	LITERAL("n,,n=jones,r=abc"), LITERAL("p=tls-exporter,,n=u7,r=abc"),
	LITERAL("c=biws,r=abc,p=AAAA"),
	LITERAL("c=biws,r=abc,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
};

void
judging_configure(struct rig *r)
{
	struct msg	 m = { .type = MSG_CONF_PASSWORDS, .nfds = 1 };
	char		 path[256];
	FILE		*f;

	snprintf(path, sizeof path, "%.200s/passwords", r->scratch);
	f = fopen(path, "w");
	if (f == NULL || fputs("jones:" KEY "\n", f) == EOF ||
	    fclose(f) == EOF)
		fatal("%s: %s", path, strerror(errno));
	m.fds[0] = open(path, O_RDONLY | O_CLOEXEC);
	m.conf_passwords.path = span_of(path);
	rig_tell(r, &m);
	fd_close(&m.fds[0]);
}

void
judging_configure_dovecot(struct rig *r)
{
	struct msg	 m = { .type = MSG_CONF_DOVECOT };

	m.conf_dovecot.path = span_of("/nowhere/auth");
	rig_tell(r, &m);
}

void
judging_ask(struct rig *r, uint64_t token, struct msg_judge *m)
{
	static const char	 octets[32];
	bool			 bound = dice_below(&r->dice, 2);

	m->token = token;
	m->mechanism = span_of(mechanisms[dice_below(&r->dice,
	    COUNT(mechanisms))]);
	m->has_initial = dice_below(&r->dice, 2);
	m->initial = m->has_initial ?
	    answers[dice_below(&r->dice, COUNT(answers))] : span_of("");
	m->binding = span_of(bound ? "tls-exporter" : "");
	m->binding_data = span_make(octets, bound ? sizeof octets : 0);
	m->address = span_make(octets, 16);
}

/* The same words between lookup and smtpd. */
static void
say_logged_in(struct rig *r, struct wire *w, uint64_t token)
{
	struct msg	 a = { .type = MSG_LOGGED_IN };
	bool		 good = dice_below(&r->dice, 2);

	a.logged_in.token = token;
	a.logged_in.reply = good ? reply_make(235, "2.7.0", "good") :
	    reply_make(535, "5.7.8", "bad");
	a.logged_in.identity = span_of(good ? "jones" : "");
	a.logged_in.account = span_of("jones");
	wire_say(r, w, &a);
}

void
judging_on_login(struct rig *r, struct wire *w, struct msg *m)
{
	struct msg	 a = { .type = MSG_CHALLENGE };

	if (dice_one_in(&r->dice, 2)) {
		say_logged_in(r, w, m->login.token);
		return;
	}
	a.challenge.token = m->login.token;
	a.challenge.data = span_of("Username:");
	wire_say(r, w, &a);
}

void
judging_on_response(struct rig *r, struct wire *w, struct msg *m)
{
	say_logged_in(r, w, m->response.token);
}

/* The program asks its client something, or is asked. */
void
judging_on_says(struct rig *r, struct wire *w, struct msg *m)
{
	struct msg	 a = { .type = MSG_JUDGE_HEARS };

	a.judge_hears.token = m->judge_says.token;
	a.judge_hears.cancelled = dice_one_in(&r->dice, 8);
	a.judge_hears.data = answers[dice_below(&r->dice, COUNT(answers))];
	wire_say(r, w, &a);
}

static void
say_judged(struct rig *r, struct wire *w, uint64_t token)
{
	struct msg	 a = { .type = MSG_JUDGED };

	a.judged.token = token;
	a.judged.outcome = dice_below(&r->dice, JUDGED_OUTCOME_COUNT);
	a.judged.account = span_of("jones");
	a.judged.identity = span_of(a.judged.outcome == JUDGED_GOOD ?
	    "jones" : "");
	wire_say(r, w, &a);
}

void
judging_on_judge(struct rig *r, struct wire *w, struct msg *m)
{
	struct msg	 a = { .type = MSG_JUDGE_SAYS };

	if (dice_one_in(&r->dice, 2)) {
		say_judged(r, w, m->judge.token);
		return;
	}
	a.judge_says.token = m->judge.token;
	a.judge_says.data = span_of("Username:");
	wire_say(r, w, &a);
}

void
judging_on_hears(struct rig *r, struct wire *w, struct msg *m)
{
	say_judged(r, w, m->judge_hears.token);
}

void
judging_greet(struct rig *r, struct wire *w)
{
	struct msg	 a = { .type = MSG_JUDGE_CAN };

	a.judge_can.mechanisms = span_of("PLAIN LOGIN SCRAM-SHA-256");
	wire_say(r, w, &a);
}
