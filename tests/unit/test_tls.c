/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "tests/unit/tls_rig.h"

static struct rig	 r;

static void
set_up(void)
{
	rig_init(&r);
}

static void
tear_down(void)
{
	rig_clear(&r);
}

/* ---- signatures ---------------------------------------------------------- */

static const struct {
	const char	*kind;
	int		 version;
	const char	*client;	/* what it can verify */
	unsigned	 scheme;	/* 0: no handshake */
} schemes[] = {
	{ "RSA",	TLS1_3_VERSION,	"RSA-PSS+SHA256",	0x0804 },
	{ "RSA",	TLS1_3_VERSION,	"RSA-PSS+SHA384",	0x0805 },
	{ "RSA",	TLS1_3_VERSION,	"RSA-PSS+SHA512",	0x0806 },
	{ "RSA",	TLS1_3_VERSION,	"RSA+SHA256",		0 },
	{ "RSA",	TLS1_2_VERSION,	"RSA-PSS+SHA256",	0x0804 },
	{ "RSA",	TLS1_2_VERSION,	"RSA+SHA256",		0x0401 },
	{ "RSA",	TLS1_2_VERSION,	"RSA+SHA384",		0x0501 },
	{ "RSA",	TLS1_2_VERSION,	"RSA+SHA512",		0x0601 },
	{ "RSA",	TLS1_2_VERSION,	"RSA+SHA1",		0 },
	{ "RSA",	TLS1_2_VERSION,	"RSA+SHA224",		0 },
	{ "EC",		TLS1_3_VERSION,	"ECDSA+SHA256",		0x0403 },
	{ "EC",		TLS1_2_VERSION,	"ECDSA+SHA256",		0x0403 },
	{ "EC",		TLS1_2_VERSION,	"ECDSA+SHA384",		0x0503 },
	{ "EC",		TLS1_2_VERSION,	"ECDSA+SHA512",		0x0603 },
	{ "EC",		TLS1_2_VERSION,	"ECDSA+SHA1",		0 },
};

static const char	 context13[] = "TLS 1.3, server CertificateVerify";

/* What keys looks at: RFC 8446 section 4.4.3, RFC 8422 section 5.4. */
static void
check_content(const struct signing *g, int version)
{
	size_t	 i;

	if (version == TLS1_2_VERSION) {
		ck_assert_uint_eq(g->content[64], 3);	/* named curve */
		ck_assert_uint_eq(g->len, 64u + 4 + g->content[67]);
		return;
	}
	for (i = 0; i < 64; i++)
		ck_assert_uint_eq(g->content[i], ' ');
	ck_assert_mem_eq(g->content + 64, context13, sizeof(context13));
	ck_assert_uint_eq(g->len, 64 + sizeof(context13) + 48);
}

START_TEST(all_that_is_signed_is_handed_over)
{
	int	 version = schemes[_i].version;

	rig_serve(&r, schemes[_i].kind, 0);
	SSL_CTX_set_min_proto_version(r.client_context, version);
	SSL_CTX_set_max_proto_version(r.client_context, version);
	ck_assert(SSL_CTX_set1_sigalgs_list(r.client_context,
	    schemes[_i].client));
	rig_connect(&r);
	ck_assert_msg(rig_shake(&r) == (schemes[_i].scheme != 0), "%s, %s: %s",
	    schemes[_i].kind, schemes[_i].client, r.why);
	ck_assert_uint_eq(r.signatures, schemes[_i].scheme != 0);
	ck_assert_uint_eq(r.asked.scheme, schemes[_i].scheme);
	if (schemes[_i].scheme != 0)
		check_content(&r.asked, version);
}
END_TEST

START_TEST(a_refused_signature_fails_the_handshake)
{
	rig_serve(&r, "RSA", 0);
	r.mood = RIG_REFUSES;
	rig_connect(&r);
	ck_assert(!rig_shake(&r));
	ck_assert(r.closed);
	ck_assert_str_ne(r.why, "");
	ck_assert_uint_eq(r.signatures, 1);
}
END_TEST

START_TEST(a_signature_may_come_late)
{
	int	 i;

	rig_serve(&r, "EC", 0);
	r.mood = RIG_SILENT;
	rig_connect(&r);
	for (i = 0; i < 10; i++) {
		(void)SSL_do_handshake(r.client);
		rig_turn(&r);
	}
	ck_assert(!r.done && !r.closed);
	r.mood = RIG_SIGNS;
	rig_answer(&r);
	ck_assert(rig_shake(&r));
}
END_TEST

START_TEST(who_leaves_amid_a_signature_leaves_no_job)
{
	int	 i;

	rig_serve(&r, "EC", 0);
	for (i = 0; i < 3 * TLS_JOBS_MAX; i++) {
		r.mood = RIG_SILENT;
		rig_connect(&r);
		(void)SSL_do_handshake(r.client);
		rig_turn(&r);
		ck_assert_ptr_nonnull(r.signing);
		rig_hang_up(&r);
	}
	r.mood = RIG_SIGNS;
	rig_connect(&r);
	ck_assert(rig_shake(&r));
}
END_TEST

START_TEST(another_kind_of_key_is_not_used)
{
	X509	*c = rig_certify(&r, "ED25519", "mail.example.org");

	rig_add(&r, 1, 0, c);
	rig_use(&r, 1, 1, TLS1_2_VERSION, 0);
	ck_assert(!tls_is_ready(r.tls));
	X509_free(c);
}
END_TEST

/* ---- names --------------------------------------------------------------- */

static const struct {
	const char	*name;
	int		 chosen;	/* certificate */
} asked[] = {
	{ "mail.example.org",	0 },
	{ "MAIL.Example.ORG",	0 },
	{ "www.example.org",	1 },
	{ "exact.example.org",	2 },
	{ "a.b.example.org",	0 },	/* a wildcard is one label */
	{ "example.org",	0 },
	{ ".example.org",	0 },
	{ "*.example.org",	1 },	/* as it stands there */
	{ "nul.example.net",	0 },
	{ "elsewhere.example",	0 },
	{ "",			0 },
	{ NULL,			0 },
};

static int
chosen(X509 **all, int n)
{
	X509	*got = SSL_get0_peer_certificate(r.client);
	int	 i;

	for (i = 0; i < n; i++)
		if (got != NULL && X509_cmp(got, all[i]) == 0)
			return i;
	return -1;
}

START_TEST(a_certificate_is_chosen_by_name)
{
	X509	*all[3];
	int	 i;

	all[0] = rig_certify(&r, "EC", "mail.example.org");
	all[1] = rig_certify(&r, "EC",
	    "*.example.org nul.example.net@.evil.example");
	all[2] = rig_certify(&r, "EC", "exact.example.org");
	for (i = 0; i < 3; i++)
		rig_add(&r, 7, i, all[i]);
	rig_use(&r, 7, 3, TLS1_2_VERSION, 0);
	rig_connect(&r);
	if (asked[_i].name != NULL && asked[_i].name[0] != '\0')
		ck_assert(SSL_set_tlsext_host_name(r.client, asked[_i].name));
	ck_assert(rig_shake(&r));
	ck_assert_msg(chosen(all, 3) == asked[_i].chosen, "%s: %d",
	    asked[_i].name, chosen(all, 3));
	for (i = 0; i < 3; i++)
		X509_free(all[i]);
}
END_TEST

static const struct {
	const char	*client, *kind;
} sides[] = {
	{ "RSA-PSS+SHA256", "RSA" }, { "ECDSA+SHA256", "EC" },
};

START_TEST(two_kinds_of_keys_stand_side_by_side)
{
	EVP_PKEY	*k;

	rig_serve(&r, "RSA EC", 0);
	ck_assert(SSL_CTX_set1_sigalgs_list(r.client_context,
	    sides[_i].client));
	rig_connect(&r);
	ck_assert(SSL_set_tlsext_host_name(r.client, "mail.example.org"));
	ck_assert(rig_shake(&r));
	k = X509_get0_pubkey(SSL_get0_peer_certificate(r.client));
	ck_assert(EVP_PKEY_is_a(k, sides[_i].kind));
}
END_TEST

/* ---- what is refused ----------------------------------------------------- */

static const struct {
	const char	*name;
	int		 version;
	const char	*suites;
	bool		 good;
} offers[] = {
	{ "TLS 1.3",	TLS1_3_VERSION,	NULL,			true },
	{ "TLS 1.2",	TLS1_2_VERSION,	NULL,			true },
	{ "TLS 1.1",	TLS1_1_VERSION,	NULL,			false },
	{ "TLS 1.0",	TLS1_VERSION,	NULL,			false },
	{ "RSA",	TLS1_2_VERSION,	"AES128-GCM-SHA256",	false },
	{ "DHE",	TLS1_2_VERSION,	"DHE-RSA-AES128-GCM-SHA256", false },
	{ "no key",	TLS1_2_VERSION,	"AECDH-AES128-SHA",	false },
	{ "no cipher",	TLS1_2_VERSION,	"ECDHE-RSA-NULL-SHA",	false },
	{ "ECDHE",	TLS1_2_VERSION,	"ECDHE-RSA-AES128-GCM-SHA256", true },
};

START_TEST(what_is_old_or_weak_is_refused)
{
	rig_serve(&r, "RSA", 0);
	SSL_CTX_set_min_proto_version(r.client_context, offers[_i].version);
	SSL_CTX_set_max_proto_version(r.client_context, offers[_i].version);
	if (offers[_i].suites != NULL)
		ck_assert(SSL_CTX_set_cipher_list(r.client_context,
		    offers[_i].suites));
	rig_connect(&r);
	ck_assert_msg(rig_shake(&r) == offers[_i].good, "%s: %s",
	    offers[_i].name, r.why);
}
END_TEST

START_TEST(a_minimum_is_kept)
{
	X509	*c = rig_certify(&r, "EC", "mail.example.org");

	rig_add(&r, 1, 0, c);
	rig_use(&r, 1, 1, TLS1_3_VERSION, 0);
	SSL_CTX_set_max_proto_version(r.client_context, TLS1_2_VERSION);
	rig_connect(&r);
	ck_assert(!rig_shake(&r));
	X509_free(c);
}
END_TEST

static const struct {
	const char	*offered;
	bool		 good;
} protocols[] = {
	{ "\4smtp", true }, { "\2h2\4smtp", true }, { "\4smtp\2h2", true },
	{ "\2h2", false }, { "\10http/1.1", false }, { "\5smtps", false },
	{ "\4SMTP", false }, { "\3ftp\4imap", false },
};

START_TEST(another_protocol_is_refused)
{
	const unsigned char	*got;
	const char		*offered = protocols[_i].offered;
	unsigned		 len;

	rig_serve(&r, "EC", 0);
	rig_connect(&r);
	ck_assert_int_eq(SSL_set_alpn_protos(r.client,
	    (const unsigned char *)offered, strlen(offered)), 0);
	ck_assert(rig_shake(&r) == protocols[_i].good);
	if (!protocols[_i].good) {
		ck_assert_str_eq(r.why, "no application protocol");
		return;
	}
	SSL_get0_alpn_selected(r.client, &got, &len);
	ck_assert(span_is(span_make(got, len), "smtp"));
}
END_TEST

START_TEST(nothing_is_negotiated_again)
{
	int	 i;

	rig_serve(&r, "RSA", 0);
	SSL_CTX_set_max_proto_version(r.client_context, TLS1_2_VERSION);
	SSL_CTX_set_options(r.client_context,
	    SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
	rig_connect(&r);
	ck_assert(rig_shake(&r));
	ck_assert(SSL_renegotiate(r.client));
	for (i = 0; i < 20; i++) {
		ck_assert(SSL_do_handshake(r.client) != 1);
		rig_turn(&r);
	}
	ck_assert_uint_eq(r.signatures, 1);
}
END_TEST

/* ---- certificates of clients --------------------------------------------- */

START_TEST(a_client_may_show_a_certificate_that_nobody_vouches_for)
{
	X509	*c;

	rig_serve(&r, "EC", 0);
	c = rig_certify(&r, "RSA", "client.example");
	r.asks = _i & 1;
	SSL_CTX_set_max_proto_version(r.client_context,
	    _i & 2 ? TLS1_2_VERSION : TLS1_3_VERSION);
	if (_i & 4)
		ck_assert(SSL_CTX_use_cert_and_key(r.client_context, c,
		    r.keys[r.count - 1], NULL, 1));
	rig_connect(&r);
	ck_assert(rig_shake(&r));
	X509_free(c);
}
END_TEST

/* ---- generations --------------------------------------------------------- */

START_TEST(a_new_generation_takes_the_place_of_the_old)
{
	X509	*old = rig_certify(&r, "EC", "mail.example.org");
	X509	*new = rig_certify(&r, "EC", "mail.example.org");

	ck_assert(!tls_is_ready(r.tls));
	ck_assert_ptr_null(tls_accept(r.tls, span_of("smtp"), false));
	rig_add(&r, 1, 0, old);
	ck_assert(!tls_is_ready(r.tls));
	rig_use(&r, 1, 1, TLS1_2_VERSION, 0);
	rig_connect(&r);
	(void)SSL_do_handshake(r.client);
	rig_add(&r, 2, 0, new);
	rig_use(&r, 2, 1, TLS1_2_VERSION, 0);
	ck_assert(rig_shake(&r));
	ck_assert_int_eq(chosen(&old, 1), 0);
	rig_hang_up(&r);
	rig_connect(&r);
	ck_assert(rig_shake(&r));
	ck_assert_int_eq(chosen(&new, 1), 0);
	rig_use(&r, 3, 0, TLS1_2_VERSION, 0);
	ck_assert(!tls_is_ready(r.tls));
	X509_free(old);
	X509_free(new);
}
END_TEST

static const char *const files[] = {
	"", "no certificate at all\n",
	"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
	"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
};

START_TEST(a_damaged_generation_leaves_the_one_before)
{
	struct msg_conf_certificate	 m = { 2, 0, span_of("bad.pem") };
	char				 name[] = "/tmp/relais-pem-XXXXXX";
	int				 fd = mkstemp(name);

	rig_serve(&r, "EC", 0);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, files[_i], strlen(files[_i])),
	    (ssize_t)strlen(files[_i]));
	ck_assert_int_eq(unlink(name), 0);
	tls_add_certificate(r.tls, &m, fd);
	m.number = 1;
	tls_add_certificate(r.tls, &m, fd);
	rig_use(&r, 2, 2, TLS1_2_VERSION, 0);
	close(fd);
	rig_connect(&r);
	ck_assert(rig_shake(&r));
}
END_TEST

/* ---- tickets ------------------------------------------------------------- */

static SSL_SESSION	*kept;

static int
keep(SSL *ssl, SSL_SESSION *session)
{
	(void)ssl;
	SSL_SESSION_free(kept);
	kept = session;
	return 1;
}

static void
keep_tickets(int version)
{
	SSL_CTX_set_max_proto_version(r.client_context, version);
	SSL_CTX_set_session_cache_mode(r.client_context,
	    SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(r.client_context, keep);
}

/* One connection, with the ticket of the last one: was it resumed? */
static bool
resumes(void)
{
	char	 octet;
	bool	 yes;

	rig_connect(&r);
	if (kept != NULL)
		ck_assert(SSL_set_session(r.client, kept));
	ck_assert(rig_shake(&r));
	(void)SSL_read(r.client, &octet, 1);	/* the ticket */
	yes = SSL_session_reused(r.client);
	if (yes && SSL_version(r.client) == TLS1_2_VERSION)
		(void)keep(r.client, SSL_get1_session(r.client));
	(void)SSL_shutdown(r.client);	/* or OpenSSL drops the session */
	rig_hang_up(&r);
	return yes;
}

static void
drop_tickets(void)
{
	SSL_SESSION_free(kept);
	kept = NULL;
}

static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

START_TEST(a_ticket_is_good_until_its_key_is_gone)
{
	rig_serve(&r, "RSA", 3600);
	rig_ticket(&r, 1);
	keep_tickets(versions[_i]);
	ck_assert(!resumes());
	ck_assert(resumes());
	rig_ticket(&r, 2);
	rig_ticket(&r, 2);
	ck_assert(resumes());	/* by the one before, and renewed */
	rig_ticket(&r, 3);
	ck_assert(resumes());
	rig_ticket(&r, 4);
	rig_ticket(&r, 5);
	ck_assert(!resumes());
	ck_assert_uint_eq(r.signatures, 2);
	drop_tickets();
}
END_TEST

START_TEST(a_ticket_is_good_for_its_listener_alone)
{
	rig_serve(&r, "EC", 3600);
	rig_ticket(&r, 1);
	keep_tickets(versions[_i]);
	ck_assert(!resumes());
	r.context = "submission";
	ck_assert(!resumes());
	drop_tickets();
}
END_TEST

START_TEST(without_a_life_there_are_no_tickets)
{
	rig_serve(&r, "EC", 0);
	rig_ticket(&r, 1);
	keep_tickets(versions[_i]);
	ck_assert(!resumes());
	if (kept != NULL && SSL_SESSION_is_resumable(kept))
		ck_assert(!SSL_SESSION_has_ticket(kept));
	ck_assert(!resumes());
	drop_tickets();
}
END_TEST

START_TEST(without_a_key_there_are_no_tickets)
{
	rig_serve(&r, "EC", 3600);
	keep_tickets(versions[_i]);
	ck_assert(!resumes());
	ck_assert(!resumes());
	drop_tickets();
}
END_TEST

static Suite *
suite(void)
{
	Suite	*s = suite_create("tls");
	TCase	*tc = tcase_create("all");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, all_that_is_signed_is_handed_over, 0,
	    COUNT(schemes));
	tcase_add_test(tc, a_refused_signature_fails_the_handshake);
	tcase_add_test(tc, a_signature_may_come_late);
	tcase_add_test(tc, who_leaves_amid_a_signature_leaves_no_job);
	tcase_add_test(tc, another_kind_of_key_is_not_used);
	tcase_add_loop_test(tc, a_certificate_is_chosen_by_name, 0,
	    COUNT(asked));
	tcase_add_loop_test(tc, two_kinds_of_keys_stand_side_by_side, 0,
	    COUNT(sides));
	tcase_add_loop_test(tc, what_is_old_or_weak_is_refused, 0,
	    COUNT(offers));
	tcase_add_test(tc, a_minimum_is_kept);
	tcase_add_loop_test(tc, another_protocol_is_refused, 0,
	    COUNT(protocols));
	tcase_add_test(tc, nothing_is_negotiated_again);
	tcase_add_loop_test(tc,
	    a_client_may_show_a_certificate_that_nobody_vouches_for, 0, 8);
	tcase_add_test(tc, a_new_generation_takes_the_place_of_the_old);
	tcase_add_loop_test(tc, a_damaged_generation_leaves_the_one_before, 0,
	    COUNT(files));
	tcase_add_loop_test(tc, a_ticket_is_good_until_its_key_is_gone, 0,
	    COUNT(versions));
	tcase_add_loop_test(tc, a_ticket_is_good_for_its_listener_alone, 0,
	    COUNT(versions));
	tcase_add_loop_test(tc, without_a_life_there_are_no_tickets, 0,
	    COUNT(versions));
	tcase_add_loop_test(tc, without_a_key_there_are_no_tickets, 0,
	    COUNT(versions));
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
