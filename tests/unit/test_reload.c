/* SPDX-License-Identifier: ISC */
/* Who has to begin anew when something else is configured. */
#include <sys/stat.h>

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/confer.h"
#include "master/suite.h"
#include "shared/alloc.h"
#include "shared/fd.h"

enum { EVERYBODY = ANYONE & ~(R(MASTER) | R(AGENT)) };

static char			 aliases[] = "/tmp/relais-reload.XXXXXX";
static struct listeners		 listeners;
static struct suite		 suite;

static void
set_up(void)
{
	struct config		*c = config_new();
	struct config_domain	*d = xcalloc(1, sizeof *d);
	int			 fd;

	memcpy(aliases + sizeof aliases - 7, "XXXXXX", 6);
	fd = mkstemp(aliases);
	ck_assert_int_ne(fd, -1);
	fd_close(&fd);
	(void)span_copy(span_of("mail.example"), c->hostname,
	    sizeof c->hostname);
	(void)span_copy(span_of("example.org"), d->name, sizeof d->name);
	(void)span_copy(span_of(aliases), d->aliases, sizeof d->aliases);
	(void)span_copy(span_of("~/Maildir"), d->delivery.path,
	    sizeof d->delivery.path);
	c->domains = d;
	c->ndomains = 1;
	memset(&listeners, 0, sizeof listeners);
	listeners.n = 1;
	listeners.item[0].role = ROLE_SMTPD;
	listeners.item[0].fd = open("/dev/null", O_RDONLY);
	suite.config = c;
	suite.listeners = &listeners;
	suite.log_kind = LOG_TO_SYSLOG;
}

static void
tear_down(void)
{
	fd_close(&listeners.item[0].fd);
	(void)unlink(aliases);
	config_free(suite.config);
}

static void
do_nothing(void)
{
}

static void
rename_host(void)
{
	suite.config->hostname[0] = 'n';
}

static void
enlarge_messages(void)
{
	suite.config->message_size++;
}

static void
lengthen_retry(void)
{
	suite.config->retry.first += 1000;
}

static void
hurry_remote(void)
{
	suite.config->remote.connect_time -= 1000;
}

static void
add_resolver(void)
{
	suite.config->resolvers.n = 1;
	memcpy(suite.config->resolvers.item[0], "192.0.2.53:53", 14);
}

static void
move_mailboxes(void)
{
	suite.config->domains[0].delivery.path[2] = 'm';
}

static void
raise_uid(void)
{
	suite.config->minimum_uid++;
}

static void
edit_aliases(void)
{
	int	 fd = open(aliases, O_WRONLY);

	ck_assert_int_eq(write(fd, "a: b\n", 5), 5);
	fd_close(&fd);
}

static void
replace_socket(void)
{
	fd_close(&listeners.item[0].fd);
	listeners.item[0].fd = open("/dev/zero", O_RDONLY);
}

static void
change_log(void)
{
	suite.log_kind = LOG_TO_STDERR;
}

static void
lengthen_drain(void)
{
	suite.config->drain++;
	suite.config->watchdog++;
}

/* The lookup that runs hears of these. */
static void
limit_identities(void)
{
	suite.config->quota.hour_messages++;
}

static void
name_senders(void)
{
	(void)span_copy(span_of(aliases), suite.config->senders,
	    sizeof suite.config->senders);
}

static void
add_route(void)
{
	suite.config->routes = xcalloc(1, sizeof *suite.config->routes);
	suite.config->nroutes = 1;
	(void)span_copy(span_of("*"), suite.config->routes[0].pattern, 2);
}

static void
add_hop(void)
{
	suite.config->hops = xcalloc(1, sizeof *suite.config->hops);
	suite.config->nhops = 1;
	suite.config->hops[0].tls = REMOTE_TLS_MAY;
}

static void
add_rewrite(void)
{
	suite.config->masquerade.n = 1;
	config_fill_rewrites(suite.config);
}

static void
name_ourselves(void)
{
	suite.config->self.n = 1;
	suite.config->self.item[0].family = AF_INET;
}

/* The remote that runs hears of it. */
static void
change_secret(void)
{
	suite.config->remote.hop.login.secret.text = xstrdup("secret");
	suite.config->remote.hop.login.secret.len = 6;
}

static const struct {
	const char	*name;
	void		(*change)(void);
	unsigned	 concerned;
} changes[] = {
	{ "nothing",	do_nothing,	0 },
	{ "hostname",	rename_host,	EVERYBODY },
	{ "size",	enlarge_messages, R(SMTPD) | R(QUEUE) },
	{ "retry",	lengthen_retry,	R(QUEUE) },
	{ "remote",	hurry_remote,	R(REMOTE) },
	{ "resolver",	add_resolver,	R(RESOLVER) },
	{ "mailboxes",	move_mailboxes,	R(LOCAL) },
	{ "minimum-uid", raise_uid,	R(LOCAL) | R(USERS) },
	{ "aliases",	edit_aliases,	R(LOOKUP) },
	{ "listener",	replace_socket,	R(SMTPD) },
	{ "log",	change_log,	R(LOGGER) },
	{ "drain",	lengthen_drain,	0 },
	{ "identity-limit", limit_identities, 0 },
	{ "senders",	name_senders,	0 },
	{ "route",	add_route,	R(LOOKUP) },
	{ "hop",	add_hop,	R(REMOTE) },
	{ "rewrite",	add_rewrite,	R(REMOTE) },
	{ "self",	name_ourselves,	R(REMOTE) },
	{ "secret",	change_secret,	0 },
};

START_TEST(only_who_hears_of_it_begins_anew)
{
	struct buf	 before[ROLE_COUNT], after;
	unsigned	 role;

	for (role = 0; role < ROLE_COUNT; role++) {
		buf_init(&before[role], PICTURE_MAX);
		ck_assert(confer_picture(&suite, role, &before[role]));
	}
	changes[_i].change();
	for (role = 0; role < ROLE_COUNT; role++) {
		buf_init(&after, PICTURE_MAX);
		ck_assert(confer_picture(&suite, role, &after));
		if ((EVERYBODY & 1u << role) != 0)
			ck_assert_msg(span_equal(buf_span(&before[role]),
			    buf_span(&after)) ==
			    !(changes[_i].concerned & 1u << role), "%s: %s",
			    changes[_i].name, role_name(role));
		buf_clear(&after);
		buf_clear(&before[role]);
	}
}
END_TEST

START_TEST(a_file_that_is_gone_is_told)
{
	struct buf	 b;

	buf_init(&b, PICTURE_MAX);
	ck_assert_int_eq(unlink(aliases), 0);
	ck_assert(!confer_picture(&suite, ROLE_LOOKUP, &b));
	ck_assert(confer_picture(&suite, ROLE_QUEUE, &b));
	buf_clear(&b);
}
END_TEST

START_TEST(senders_that_are_gone_are_told)
{
	struct buf	 b;

	buf_init(&b, PICTURE_MAX);
	(void)span_copy(span_of("/nowhere/at/all"), suite.config->senders,
	    sizeof suite.config->senders);
	ck_assert(!confer_picture(&suite, ROLE_LOOKUP, &b));
	buf_clear(&b);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("reload");
	TCase	*tc = tcase_create("reload");
	SRunner	*r;
	int	 failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, senders_that_are_gone_are_told);
	tcase_add_loop_test(tc, only_who_hears_of_it_begins_anew, 0,
	    COUNT(changes));
	tcase_add_test(tc, a_file_that_is_gone_is_told);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
