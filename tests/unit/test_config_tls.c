/* SPDX-License-Identifier: ISC */
/* What listeners have of TLS and AUTH, said and unsaid. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "tests/unit/config_rig.h"

#define HOSTNAME	"hostname mail.example.org\n"
#define BLOCK		"tls {\ncertificate /c\nkey /k\n}\n"
#define PASSWORDS	"passwords dovecot /nowhere/auth\n"

/* ---- listeners ----------------------------------------------------------- */

enum {
	NO_TLS = LISTEN_TLS_NO, OFFERED = LISTEN_TLS_OFFERED,
	REQUIRED = LISTEN_TLS_REQUIRED, IMMEDIATE = LISTEN_TLS_IMMEDIATE,
	NO_AUTH = LISTEN_AUTH_NO, MAY = LISTEN_AUTH_OFFERED,
	MUST = LISTEN_AUTH_REQUIRED
};

static const struct {
	const char	*block, *text;
	unsigned	 tls, auth;
	bool		 submission;
} listeners[] = {
	{ "",	 "",			NO_TLS,	NO_AUTH,	false },
	{ "",	 "port 587\n",		NO_TLS,	NO_AUTH,	false },
	{ "",	 "port 465\n",		NO_TLS,	NO_AUTH,	false },
	{ "",	 "socket /s\n",		NO_TLS,	NO_AUTH,	false },
	{ "",	 "submission yes\n",	NO_TLS,	NO_AUTH,	true },
	{ BLOCK, "",			OFFERED, NO_AUTH,	false },
	{ BLOCK, "address ::1\n",	OFFERED, NO_AUTH,	false },
	{ BLOCK, "tls no\n",		NO_TLS,	NO_AUTH,	false },
	{ BLOCK, "tls required\n",	REQUIRED, NO_AUTH,	false },
	{ BLOCK, "auth yes\n",		OFFERED, MAY,		false },
	{ BLOCK, "port 587\n",		REQUIRED, MUST,		true },
	{ BLOCK, "port 465\n",		IMMEDIATE, MUST,	true },
	{ BLOCK, "port 465\nauth yes\n", IMMEDIATE, MAY,	true },
	{ BLOCK, "port 465\nauth no\n",	IMMEDIATE, NO_AUTH,	true },
	{ BLOCK, "port 465\ntls starttls\n", OFFERED, MUST,	true },
	{ BLOCK, "port 587\ntls no\n",	NO_TLS,	NO_AUTH,	true },
	{ BLOCK, "port 587\ntls immediate\n", IMMEDIATE, MUST,	true },
	{ BLOCK, "port 587\nsubmission no\n", OFFERED, NO_AUTH,	false },
	{ BLOCK, "port 2525\nsubmission yes\n", REQUIRED, MUST, true },
	{ BLOCK, "socket /s\n",		NO_TLS,	NO_AUTH,	false },
	{ BLOCK, "socket /s\naddress ::1\n", OFFERED, NO_AUTH,	false },
	{ BLOCK, "socket /s\nport 587\n", NO_TLS, NO_AUTH,	false },
};

START_TEST(what_a_listener_does_not_say_is_by_its_port)
{
	const struct config_listen	*l;
	char				 text[300];
	struct span			 errors;

	snprintf(text, sizeof text, HOSTNAME PASSWORDS "%slisten a {\n%s}\n",
	    listeners[_i].block, listeners[_i].text);
	errors = errors_of(text);
	ck_assert_msg(errors.len == 0, "%s: %.*s", text, (int)errors.len,
	    errors.ptr);
	l = &config->listens[0];
	ck_assert_msg(l->tls == listeners[_i].tls, "tls: %s", text);
	ck_assert_msg(l->auth == listeners[_i].auth, "auth: %s", text);
	ck_assert_msg((l->submission == ANSWER_YES) ==
	    listeners[_i].submission, "submission: %s", text);
	ck_assert(!l->hide_client && !l->any_sender &&
	    !l->client_certificate);
	forget();
}
END_TEST

static const struct {
	const char	*text, *errors;
} wrong[] = {
	{ "listen a {\ntls maybe\n}\n", "conf:3: tls: expected \"no\", "
	    "\"starttls\", \"required\" or \"immediate\", not \"maybe\"\n" },
	{ "listen a {\ntls yes\n}\n", "conf:3: tls: expected \"no\", "
	    "\"starttls\", \"required\" or \"immediate\", not \"yes\"\n" },
	{ "listen a {\nauth maybe\n}\n", "conf:3: auth: expected \"no\", "
	    "\"yes\" or \"required\", not \"maybe\"\n" },
	{ "listen a {\nsubmission\n}\n", "conf:3: submission: expected "
	    "\"yes\" or \"no\"\n" },
	{ "listen a {\ntls starttls\n}\n", "conf:2: expected a tls block "
	    "with a certificate for \"a\"\n" },
	{ "listen a {\ntls required\n}\n", "conf:2: expected a tls block "
	    "with a certificate for \"a\"\n" },
	{ "listen a {\ntls immediate\n}\n", "conf:2: expected a tls block "
	    "with a certificate for \"a\"\n" },
	{ "listen a {\nauth yes\n}\n", "conf:2: expected tls in \"a\", "
	    "since there is no auth without it\n" },
	{ BLOCK "listen a {\ntls no\nauth required\n}\n", "conf:6: expected "
	    "tls in \"a\", since there is no auth without it\n" },
	{ BLOCK "listen a {\nsocket /s\ntls starttls\n}\n", "conf:6: "
	    "expected tls and auth with an address, not with a socket "
	    "alone\n" },
	{ BLOCK "listen a {\nsocket /s\nauth yes\n}\n", "conf:6: "
	    "expected tls and auth with an address, not with a socket "
	    "alone\n" },
	{ BLOCK "listen a {\ntls no\nclient-certificate yes\n}\n", "conf:6: "
	    "expected tls in \"a\", since there is no client-certificate "
	    "without it\n" },
	{ BLOCK "listen a {\nany-sender yes\n}\n", "conf:6: expected "
	    "submission in \"a\", since any-sender means nothing without "
	    "it\n" },
	{ BLOCK "listen a {\nauth yes\n}\n", "conf:6: expected passwords at "
	    "the top, since \"a\" has auth\n" },
	{ BLOCK "listen a {\nport 587\n}\n", "conf:6: expected passwords "
	    "at the top, since \"a\" has auth\n" },
	{ "passwords\n", "conf:2: passwords: expected \"file PATH\" or "
	    "\"dovecot SOCKET\"\n" },
	{ "passwords /a\n", "conf:2: passwords: expected \"file PATH\" or "
	    "\"dovecot SOCKET\", not \"/a\"\n" },
	{ "passwords file a\n", "conf:2: passwords: expected an absolute "
	    "path, not \"a\"\n" },
	{ "passwords dovecot a\n", "conf:2: passwords: expected an absolute "
	    "path, not \"a\"\n" },
	{ "passwords file /nowhere/a\n", "conf: /nowhere/a: No such file or "
	    "directory\n" },
	{ "passwords file /tmp\n", "conf: /tmp: expected a file\n" },
	{ "tls-minimum 1.1\n", "conf:2: tls-minimum: expected \"1.2\" or "
	    "\"1.3\", not \"1.1\"\n" },
	{ "tls-tickets 0\n", "conf:2: tls-tickets: expected a time from 1s "
	    "to 1w, such as 1h, not \"0\"\n" },
	{ "tls yes\n", "conf:2: expected { at the end of this line\n" },
	{ "tls {\n}\n", "conf:2: expected certificate in this block\n"
	    "conf:2: expected key in this block\n" },
	{ "tls a b {\nkey /k\n}\n", "conf:2: expected at most one name "
	    "between tls and {\n" },
	{ "tls a! {\ncertificate /c\nkey /k\n}\n", "conf:2: expected a name "
	    "of letters and digits, not \"a!\"\n" },
	{ "tls {\ncertificate c\nkey /k\n}\n", "conf:3: certificate: "
	    "expected an absolute path, not \"c\"\n" },
	{ "listen a {\ntls {\n}\n}\n", "conf:3: expected } before another "
	    "block; the open one began in line 2\n" },
};

/* Whoever reads it can try all passwords, whoever writes it has them all. */
START_TEST(others_have_no_part_in_passwords)
{
	static const struct {
		mode_t	 mode;
		bool	 good;
	} modes[] = {
		{ 0600, true }, { 0400, true }, { 0640, true },
		{ 0644, false }, { 0660, false }, { 0602, false },
		{ 0641, false }
	};
	char		 path[] = "/tmp/relais-test.XXXXXX";
	const char	*why;
	int		 fd = mkstemp(path), opened;
	size_t		 i;

	ck_assert_int_ne(fd, -1);
	for (i = 0; i < COUNT(modes); i++) {
		ck_assert_int_eq(fchmod(fd, modes[i].mode), 0);
		opened = config_open_secret(path, PASSWORD_FILE_MAX, &why);
		ck_assert_msg((opened != -1) == modes[i].good, "%o",
		    (unsigned)modes[i].mode);
		ck_assert((why == NULL) == modes[i].good);
		if (opened != -1)
			close(opened);
	}
	ck_assert_int_eq(fchmod(fd, 0600), 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)PASSWORD_FILE_MAX + 1), 0);
	ck_assert_int_eq(config_open_secret(path, PASSWORD_FILE_MAX, &why), -1);
	unlink(path);
	close(fd);
}
END_TEST

START_TEST(who_judges_is_said_in_one_line)
{
	ck_assert_uint_eq(errors_of(HOSTNAME).len, 0);
	ck_assert_int_eq(config->passwords.kind, JUDGE_NONE);
	forget();
	ck_assert_uint_eq(errors_of(HOSTNAME PASSWORDS).len, 0);
	ck_assert_int_eq(config->passwords.kind, JUDGE_DOVECOT);
	ck_assert_str_eq(config->passwords.path, "/nowhere/auth");
	ck_assert(buf_printf(&notes.warnings, "%c", '\0'));
	ck_assert_ptr_nonnull(strstr(buf_span(&notes.warnings).ptr,
	    "conf: /nowhere/auth: No such file or directory"));
	forget();
}
END_TEST

START_TEST(what_cannot_be_had_is_told)
{
	char		 text[300];
	struct span	 errors;

	snprintf(text, sizeof text, HOSTNAME "%s", wrong[_i].text);
	errors = errors_of(text);
	ck_assert_msg(span_starts(errors, wrong[_i].errors), "%s: %.*s", text,
	    (int)errors.len, errors.ptr);
	forget();
}
END_TEST

/* ---- the rest ------------------------------------------------------------ */

START_TEST(certificates_stand_side_by_side)
{
	ck_assert_uint_eq(errors_of(HOSTNAME "tls-minimum 1.3\n"
	    "tls-tickets no\n" BLOCK "tls b {\nkey /k2\ncertificate /c2\n"
	    "}\ntls b {\nkey /k3\ncertificate /c3\n}\n").len, 0);
	ck_assert_uint_eq(config->ntls, 3);
	ck_assert_str_eq(config->tls[0].name, "");
	ck_assert_str_eq(config->tls[1].name, "b");
	ck_assert_str_eq(config->tls[2].certificate, "/c3");
	ck_assert_str_eq(config->tls[2].key, "/k3");
	ck_assert_uint_eq(config->tls_minimum, VERSION_TLS_1_3);
	ck_assert_uint_eq(config->tls_tickets, 0);
	forget();
	ck_assert_uint_eq(errors_of(HOSTNAME).len, 0);
	ck_assert_uint_eq(config->tls_minimum, VERSION_TLS_1_2);
	ck_assert_uint_eq(config->tls_tickets, 3600 * 1000);
	forget();
}
END_TEST

#define DIGITS	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd"

static const struct {
	const char	*word;
	bool		 good;
} fingerprints[] = {
	{ DIGITS "ef", true },
	{ "0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF",
	    true },
	{ "01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:"
	    "AB:CD:EF:01:23:45:67:89:ab:cd:ef", true },
	{ DIGITS "e", false },
	{ DIGITS "eff", false },
	{ DIGITS "eg", false },
	{ ":" DIGITS "ef", false },
	{ DIGITS "ef:", false },
	{ DIGITS "::ef", false },
	{ DIGITS "e:f", false },
	{ "*", false },
};

START_TEST(a_certificate_is_known_by_64_digits)
{
	char	 text[300];

	snprintf(text, sizeof text, HOSTNAME "rule r {\ncertificate %s\n"
	    "then accept\n}\n", fingerprints[_i].word);
	ck_assert_msg((errors_of(text).len == 0) == fingerprints[_i].good,
	    "%s", fingerprints[_i].word);
	if (fingerprints[_i].good) {
		ck_assert_int_eq(config->conditions.item[0].kind,
		    CONDITION_CERTIFICATE);
		ck_assert_str_eq(config->conditions.item[0].text,
		    DIGITS "ef");
	}
	forget();
}
END_TEST

int
main(void)
{
	Suite	*suite = suite_create("config_tls");
	TCase	*tc = tcase_create("config_tls");
	SRunner	*runner = srunner_create(suite);
	int	 failed;

	tcase_add_loop_test(tc, what_a_listener_does_not_say_is_by_its_port,
	    0, COUNT(listeners));
	tcase_add_test(tc, others_have_no_part_in_passwords);
	tcase_add_test(tc, who_judges_is_said_in_one_line);
	tcase_add_loop_test(tc, what_cannot_be_had_is_told, 0, COUNT(wrong));
	tcase_add_test(tc, certificates_stand_side_by_side);
	tcase_add_loop_test(tc, a_certificate_is_known_by_64_digits, 0,
	    COUNT(fingerprints));
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
