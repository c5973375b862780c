/* SPDX-License-Identifier: ISC */
/*
 * The client's end of TLS: remote's contexts over a stream, and a server by
 * OpenSSL, at the two ends of a pair of sockets, in one loop.
 */
#include <sys/mman.h>
#include <sys/socket.h>

#include <check.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/stream_tls.h"
#include "remote/secure.h"
#include "remote/trust.h"
#include "tests/unit/tls_rig.h"

enum { STEPS = 400, TEXT = 4096, CROWD = 100,
	 IDLE_MAX = 48 << 10 };

static struct rig	 r;		/* its loop, and its keys */
static struct secure	*secure;
static SSL_CTX		*server_context;
static SSL		*server;
static X509		*certificate;
static int		 far;
static struct hop	 hop;
static struct destination to;
static struct endpoint	 at;

static struct {
	struct stream	*stream;	/* the client's */
	bool		 done, closed;
	int		 error;
	char		 why[256], reason[256];
	char		 heard[TEXT];
	size_t		 len;
} c;

/* ---- the client's end ---------------------------------------------------- */

static void
on_done(void *arg, const char *why)
{
	SSL		*ssl = stream_tls(c.stream);
	const char	*reason = trust_reason(ssl);

	(void)arg;
	c.done = why == NULL;
	(void)snprintf(c.why, sizeof c.why, "%s", why != NULL ? why : "");
	(void)snprintf(c.reason, sizeof c.reason, "%s",
	    reason != NULL ? reason : "");
}

static void
on_readable(void *arg)
{
	struct span	 in = buf_span(stream_in(c.stream));

	(void)arg;
	ck_assert(c.done);
	ck_assert_uint_lt(c.len + in.len, sizeof c.heard);
	memcpy(c.heard + c.len, in.ptr, in.len);
	c.len += in.len;
	buf_drop(stream_in(c.stream), in.len);
}

static void
on_closed(void *arg, int error)
{
	(void)arg;
	c.closed = true;
	c.error = error;
	stream_free(c.stream);
	c.stream = NULL;
}

static const struct stream_tls_calls	 tls_calls = { .done = on_done };

static struct stream *
open_stream(void)
{
	static const struct stream_limits	 limits = { TEXT, TEXT };
	static const struct stream_calls	 calls = { on_readable, NULL,
						    on_closed };
	int		 ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	    ends), 0);
	ck_assert_int_eq(fd_nonblock(ends[1]), 0);
	far = ends[1];
	memset(&c, 0, sizeof c);
	c.stream = stream_new(r.loop, ends[0], &limits, &calls, NULL);
	server = SSL_new(server_context);
	ck_assert(SSL_set_fd(server, far));
	SSL_set_accept_state(server);
	return c.stream;
}

static void
begin(void)
{
	struct secure_peer	 p = { &hop, &to, &at };
	struct reply		 why;
	SSL			*ssl = secure_begin(secure, &p, &why);

	ck_assert_msg(ssl != NULL, "%s", why.text);
	stream_tls_connect(c.stream, ssl, secure_method(secure), &tls_calls,
	    NULL);
}

static void
hang_up(void)
{
	SSL_free(server);
	server = NULL;
	fd_close(&far);
	stream_free(c.stream);
	c.stream = NULL;
	rig_turn(&r);
}

static bool
shake(void)
{
	bool	 good = false;
	int	 i;

	for (i = 0; i < STEPS && !c.closed && !(good && c.done); i++) {
		ERR_clear_error();
		good = good || SSL_do_handshake(server) == 1;
		rig_turn(&r);
	}
	return good && c.done;
}

static void
connect_to_server(void)
{
	(void)open_stream();
	begin();
}

/* ---- the server's end ---------------------------------------------------- */

static bool
hears(const char *wanted)
{
	char	 got[TEXT];
	size_t	 n;
	int	 i;

	for (i = 0; i < STEPS; i++) {
		rig_turn(&r);
		if (SSL_read_ex(server, got, sizeof got, &n))
			return span_is(span_make(got, n), wanted);
	}
	return false;
}

static bool
says(const char *text)
{
	int	 i;

	c.len = 0;
	ck_assert_int_eq(SSL_write(server, text, strlen(text)),
	    (int)strlen(text));
	for (i = 0; i < STEPS && c.len == 0; i++)
		rig_turn(&r);
	return span_is(span_make(c.heard, c.len), text);
}

static void
wait_for_end(void)
{
	int	 i;

	for (i = 0; i < STEPS && !c.closed; i++)
		rig_turn(&r);
	ck_assert(c.closed);
}

static void
serve(const char *kind, const char *names)
{
	X509_free(certificate);
	certificate = rig_certify(&r, kind, names);
	ck_assert(SSL_CTX_use_certificate(server_context, certificate));
	ck_assert(SSL_CTX_use_PrivateKey(server_context,
	    r.keys[r.count - 1]));
}

/* The certificate that is served, or one that nobody serves. */
static void
believe(X509 *whom)
{
	int	 fd = memfd_create("anchors", MFD_CLOEXEC);
	FILE	*f = fdopen(dup(fd), "w");

	if (whom != NULL)
		ck_assert(PEM_write_X509(f, whom));
	ck_assert_int_eq(fclose(f), 0);
	secure_set_anchors(secure, fd, span_of("anchors.pem"));
}

static void
set_up(void)
{
	rig_init(&r);
	secure = secure_new();
	server_context = SSL_CTX_new(TLS_server_method());
	certificate = NULL;
	serve("EC", "mail.example.org");
	far = -1;
	memset(&hop, 0, sizeof hop);
	memset(&c, 0, sizeof c);
	ck_assert(destination_parse(span_of("host:mail.example.org:25"),
	    &to));
	at = (struct endpoint){ .family = AF_INET, .port = 25,
	    .address = { 192, 0, 2, 1 }, .host = "mail.example.org" };
}

static void
tear_down(void)
{
	hang_up();
	X509_free(certificate);
	SSL_CTX_free(server_context);
	secure_free(secure);
	rig_clear(&r);
}

/* ---- the stream ---------------------------------------------------------- */

static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

START_TEST(text_goes_both_ways)
{
	SSL_CTX_set_max_proto_version(server_context, versions[_i]);
	connect_to_server();
	ck_assert(shake());
	ck_assert_int_eq(SSL_version(server), versions[_i]);
	ck_assert_str_eq(SSL_get_servername(server,
	    TLSEXT_NAMETYPE_host_name), "mail.example.org");
	ck_assert(stream_put(c.stream, span_of("EHLO x\r\n")));
	ck_assert(hears("EHLO x\r\n"));
	ck_assert(says("250 y\r\n"));
}
END_TEST

START_TEST(what_waited_leaves_in_plain_text_before)
{
	char	 got[TEXT];
	ssize_t	 n;

	(void)open_stream();
	ck_assert(stream_put(c.stream, span_of("STARTTLS\r\n")));
	begin();
	rig_turn(&r);
	n = recv(far, got, 10, MSG_DONTWAIT);
	ck_assert(n == 10 && memcmp(got, "STARTTLS\r\n", 10) == 0);
	ck_assert(shake());
}
END_TEST

START_TEST(old_versions_are_not_spoken)
{
	SSL_CTX_set_security_level(server_context, 0);
	SSL_CTX_set_min_proto_version(server_context, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(server_context, TLS1_1_VERSION);
	connect_to_server();
	ck_assert(!shake());
	ck_assert(!c.done && c.why[0] != '\0');
}
END_TEST

START_TEST(close_notify_is_the_end)
{
	connect_to_server();
	ck_assert(shake());
	ck_assert(says("221 bye\r\n"));
	(void)SSL_shutdown(server);
	wait_for_end();
	ck_assert_int_eq(c.error, 0);
}
END_TEST

START_TEST(the_end_without_it_is_an_error)
{
	SSL_CTX_set_max_proto_version(server_context, versions[_i]);
	connect_to_server();
	ck_assert(shake());
	ck_assert(says("250-a\r\n"));
	fd_close(&far);
	wait_for_end();
	ck_assert_int_eq(c.error, ECONNRESET);
}
END_TEST

START_TEST(plain_text_in_place_of_tls_is_an_error)
{
	static const char	 plain[] = "250 plain as ever\r\n";

	connect_to_server();
	if (_i > 0)
		ck_assert(shake());
	ck_assert_int_gt(send(far, plain, sizeof plain - 1, 0), 0);
	wait_for_end();
	ck_assert_int_ne(c.error, 0);
	ck_assert_uint_eq(c.len, 0);
	ck_assert_int_eq(c.why[0] == '\0', _i > 0);
}
END_TEST

/* Of the server's end nothing is left but its socket. */
START_TEST(an_idle_one_has_no_buffers)
{
	struct stream	*streams[CROWD];
	int		 fars[CROWD], i;
	size_t		 before = mallinfo2().uordblks, each;

	for (i = 0; i < CROWD; i++) {
		connect_to_server();
		ck_assert(shake());
		ck_assert(says("250 y\r\n"));
		SSL_free(server);
		streams[i] = c.stream;
		fars[i] = far;
	}
	server = NULL;
	each = (mallinfo2().uordblks - before) / CROWD;
	printf("an idle connection: %zu octets\n", each);
	ck_assert_uint_lt(each, IDLE_MAX);
	for (i = 0; i < CROWD; i++) {
		stream_free(streams[i]);
		fd_close(&fars[i]);
	}
	c.stream = NULL;
}
END_TEST

/* ---- who is verified ----------------------------------------------------- */

static const struct {
	const char	*names;		/* of the certificate; "@" is NUL */
	const char	*destination;
	bool		 good;
} names[] = {
	{ "mail.example.org", "host:mail.example.org:25", true },
	{ "MAIL.Example.ORG", "host:mail.example.org:25", true },
	{ "*.example.org", "host:mail.example.org:25", true },
	{ "other.example.org mail.example.org",
	    "host:mail.example.org:25", true },
	{ "mail.example.org", "host:mail.example.org:587", true },
	{ "", "host:relais:25", false },	/* the common name */
	{ "example.org", "host:mail.example.org:25", false },
	{ "*.org", "host:mail.example.org:25", false },
	{ "m*.example.org", "host:mail.example.org:25", false },
	{ "*.*.org", "host:mail.example.org:25", false },
	{ "*", "host:mail.example.org:25", false },
	{ "mail.example.org@.evil.example", "host:mail.example.org:25",
	    false },
	{ "mail.example.org", "host:[192.0.2.1]:25", false },
	{ "192.0.2.1", "host:[192.0.2.1]:25", false },	/* as a DNS name */
	{ "example.org", "mx:example.org:25", true },
	{ "mail.example.org", "mx:example.org:25", true },
	{ "a.b.example.org", "mx:example.org:25", true },
	{ "*.example.org", "mx:example.org:25", true },
	/* what MX records say is a stranger's word */
	{ "mail.example.org", "mx:example.com:25", false },
	{ "badexample.org", "mx:example.org:25", false },
	{ "org", "mx:example.org:25", false },
};

START_TEST(a_name_must_be_in_the_certificate)
{
	serve("EC", names[_i].names);
	believe(certificate);
	hop.tls = HOP_TLS_VERIFIED;
	ck_assert(destination_parse(span_of(names[_i].destination), &to));
	connect_to_server();
	ck_assert_msg(shake() == names[_i].good, "%s for %s: %s",
	    names[_i].names, names[_i].destination, c.why);
	if (names[_i].good)
		ck_assert(trust_holds(stream_tls(c.stream)));
	else
		ck_assert_ptr_nonnull(strstr(c.reason, "mismatch"));
}
END_TEST

START_TEST(an_anchor_must_be_known)
{
	X509	*other = rig_certify(&r, "EC", "mail.example.org");

	believe(other);
	X509_free(other);
	hop.tls = HOP_TLS_VERIFIED;
	connect_to_server();
	ck_assert(!shake());
	ck_assert_ptr_nonnull(strstr(c.reason, "self-signed"));
}
END_TEST

START_TEST(one_that_has_expired_is_not_believed)
{
	ck_assert_ptr_nonnull(X509_gmtime_adj(X509_getm_notAfter(certificate),
	    -1));
	ck_assert(X509_sign(certificate, r.keys[0], EVP_sha256()));
	ck_assert(SSL_CTX_use_certificate(server_context, certificate));
	believe(certificate);
	hop.tls = HOP_TLS_VERIFIED;
	connect_to_server();
	ck_assert(!shake());
	ck_assert_str_eq(c.reason, "certificate has expired");
}
END_TEST

START_TEST(nobody_is_verified_where_that_is_not_wanted)
{
	hop.tls = _i == 0 ? HOP_TLS_MAY : HOP_TLS_REQUIRED;
	serve("EC", "somebody.example");
	connect_to_server();
	ck_assert(shake());
	ck_assert(!trust_holds(stream_tls(c.stream)));
	ck_assert_str_eq(c.reason, "");
}
END_TEST

START_TEST(without_anchors_nobody_is_verified)
{
	struct secure_peer	 p = { &hop, &to, &at };
	struct reply		 why;

	hop.tls = HOP_TLS_VERIFIED;
	if (_i > 0)
		believe(NULL);
	ck_assert_ptr_null(secure_begin(secure, &p, &why));
	ck_assert_uint_eq(why.code, 451);
}
END_TEST

START_TEST(new_anchors_hold_for_the_next_connection)
{
	hop.tls = HOP_TLS_VERIFIED;
	(void)SSL_CTX_set_num_tickets(server_context, 0);
	believe(certificate);
	connect_to_server();
	ck_assert(shake());
	hang_up();
	serve("EC", "mail.example.org");	/* with another key */
	connect_to_server();
	ck_assert(!shake());
	hang_up();
	believe(certificate);
	connect_to_server();
	ck_assert(shake());
}
END_TEST

/* ---- sessions ------------------------------------------------------------ */

/* Was a session taken up again? */
static bool
resumes(void)
{
	bool	 offered, reused;

	connect_to_server();
	offered = secure_resumes(stream_tls(c.stream));
	ck_assert(shake());
	reused = SSL_session_reused(server);
	ck_assert(offered || !reused);
	ck_assert(says("220 behind the tickets\r\n"));
	hang_up();
	return reused;
}

START_TEST(a_session_is_taken_up_again)
{
	SSL_CTX_set_max_proto_version(server_context, versions[_i]);
	ck_assert(!resumes());
	ck_assert(resumes());
	ck_assert(resumes());
}
END_TEST

START_TEST(but_not_at_another_address_or_port)
{
	ck_assert(!resumes());
	at.address[3]++;
	ck_assert(!resumes());
	at.port = 587;
	ck_assert(!resumes());
}
END_TEST

START_TEST(what_was_not_verified_never_serves_where_it_must_be)
{
	believe(certificate);
	ck_assert(!resumes());
	ck_assert(resumes());
	hop.tls = HOP_TLS_VERIFIED;
	ck_assert(!resumes());
	ck_assert(resumes());
	connect_to_server();
	ck_assert(shake());
	ck_assert(trust_holds(stream_tls(c.stream)));
	hang_up();
	ck_assert(destination_parse(span_of("mx:example.org:25"), &to));
	ck_assert(!resumes());
}
END_TEST

START_TEST(a_ticket_of_1_3_serves_once)
{
	(void)SSL_CTX_set_num_tickets(server_context, 1);
	ck_assert(!resumes());
	(void)SSL_CTX_set_num_tickets(server_context, 0);
	ck_assert(resumes());
	ck_assert(!resumes());
}
END_TEST

START_TEST(sessions_are_bounded)
{
	size_t	 before, after;
	int	 i;

	ck_assert(!resumes());
	before = mallinfo2().uordblks;
	for (i = 0; i < 3 * TLS_SESSIONS_OF_HOST; i++)
		ck_assert(resumes());
	after = mallinfo2().uordblks;
	ck_assert_uint_lt(after - before,
	    TLS_SESSIONS_OF_HOST * TLS_SESSION_MAX);
}
END_TEST

static Suite *
secure_suite(void)
{
	Suite	*s = suite_create("secure");
	TCase	*tc = tcase_create("secure");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, text_goes_both_ways, 0, COUNT(versions));
	tcase_add_test(tc, what_waited_leaves_in_plain_text_before);
	tcase_add_test(tc, old_versions_are_not_spoken);
	tcase_add_test(tc, close_notify_is_the_end);
	tcase_add_loop_test(tc, the_end_without_it_is_an_error, 0,
	    COUNT(versions));
	tcase_add_loop_test(tc, plain_text_in_place_of_tls_is_an_error, 0, 2);
	tcase_add_test(tc, an_idle_one_has_no_buffers);
	tcase_add_loop_test(tc, a_name_must_be_in_the_certificate, 0,
	    COUNT(names));
	tcase_add_test(tc, an_anchor_must_be_known);
	tcase_add_test(tc, one_that_has_expired_is_not_believed);
	tcase_add_loop_test(tc, nobody_is_verified_where_that_is_not_wanted,
	    0, 2);
	tcase_add_loop_test(tc, without_anchors_nobody_is_verified, 0, 2);
	tcase_add_test(tc, new_anchors_hold_for_the_next_connection);
	tcase_add_loop_test(tc, a_session_is_taken_up_again, 0,
	    COUNT(versions));
	tcase_add_test(tc, but_not_at_another_address_or_port);
	tcase_add_test(tc, what_was_not_verified_never_serves_where_it_must_be);
	tcase_add_test(tc, a_ticket_of_1_3_serves_once);
	tcase_add_test(tc, sessions_are_bounded);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	SRunner	*runner = srunner_create(secure_suite());
	int	 failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
