/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <check.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>

#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/stream_tls.h"
#include "tests/unit/tls_rig.h"

enum { CHUNK = 4096, BULK = 300000, CROWD = 100, IDLE_MAX = 16384 };

static struct rig	 r;

static void
set_up(void)
{
	rig_init(&r);
	rig_serve(&r, "EC", 0);
}

static void
tear_down(void)
{
	rig_clear(&r);
}

/* ---- a client whose octets the test carries ------------------------------ */

static void
connect_by_hand(void)
{
	rig_connect(&r);
	SSL_set_bio(r.client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
}

/* What the client wants to have sent. */
static size_t
take_flight(char *into, size_t size)
{
	int	 n;

	ERR_clear_error();
	(void)SSL_do_handshake(r.client);
	n = BIO_read(SSL_get_wbio(r.client), into, size);
	return n > 0 ? n : 0;
}

static void
give(const char *what, size_t len)
{
	ck_assert_int_eq(send(r.far, what, len, MSG_NOSIGNAL), (ssize_t)len);
}

static void
bring_answers(void)
{
	char	 chunk[CHUNK];
	ssize_t	 n;

	while ((n = recv(r.far, chunk, sizeof(chunk), MSG_DONTWAIT)) > 0)
		ck_assert_int_eq(BIO_write(SSL_get_rbio(r.client), chunk, n),
		    n);
}

static void
shake_by_hand(void)
{
	char	 flight[CHUNK];
	size_t	 n;
	int	 i;

	for (i = 0; i < 8; i++) {
		n = take_flight(flight, sizeof(flight));
		give(flight, n);
		rig_turn(&r);
		bring_answers();
	}
	ck_assert(r.done);
}

/* A record of the client's. */
static size_t
make_record(const char *text, char *into, size_t size)
{
	int	 n;

	ck_assert_int_eq(SSL_write(r.client, text, strlen(text)),
	    (int)strlen(text));
	n = BIO_read(SSL_get_wbio(r.client), into, size);
	ck_assert_int_gt(n, 0);
	return n;
}

static void
ends(void)
{
	int	 i;

	for (i = 0; i < 10 && !r.closed; i++)
		rig_turn(&r);
	ck_assert(r.closed);
}

static bool
has_heard(const char *text)
{
	return span_is(buf_span(&r.heard), text);
}

/* ---- the handshake ------------------------------------------------------- */

static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

START_TEST(a_handshake_may_come_octet_by_octet)
{
	char	 flight[CHUNK];
	size_t	 n, at;

	SSL_CTX_set_max_proto_version(r.client_context, versions[_i]);
	connect_by_hand();
	while (!r.done) {
		n = take_flight(flight, sizeof(flight));
		for (at = 0; at < n; at++) {
			give(flight + at, 1);
			rig_turn(&r);
		}
		bring_answers();
	}
	give(flight, make_record("octets", flight, sizeof(flight)));
	rig_turn(&r);
	ck_assert(has_heard("octets"));
}
END_TEST

/* So many whole flights, then a part of the next one, then the end; false when
 * there are no more octets. */
static bool
cut(unsigned flights, size_t at)
{
	char	 flight[CHUNK];
	size_t	 n;

	connect_by_hand();
	for (; flights > 0; flights--) {
		n = take_flight(flight, sizeof(flight));
		give(flight, n);
		rig_turn(&r);
		bring_answers();
	}
	n = take_flight(flight, sizeof(flight));
	if (at < n) {
		give(flight, at);
		rig_turn(&r);
		ck_assert(!r.done && !r.closed);
		ck_assert_int_eq(shutdown(r.far, SHUT_WR), 0);
		ends();
		ck_assert_str_ne(r.why, "");
		ck_assert(!r.done);
	}
	rig_hang_up(&r);
	return at < n;
}

START_TEST(a_handshake_cut_at_each_octet_is_none)
{
	size_t	 at, total = 0;
	int	 flights;

	SSL_CTX_set_max_proto_version(r.client_context, versions[_i]);
	for (flights = 0; flights < 2; flights++) {
		for (at = 0; cut(flights, at); at++)
			continue;
		total += at;
	}
	ck_assert_uint_gt(total, 200);
}
END_TEST

static const struct {
	const char	*name;
	const char	*octets;
	size_t		 len;
} garbage[] = {
#define OCTETS(text)	text, sizeof(text) - 1
	{ "SMTP", OCTETS("EHLO relais.example\r\nMAIL FROM:<>\r\n") },
	{ "HTTP", OCTETS("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n") },
	{ "zeros", OCTETS("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
	{ "an alert", OCTETS("\x15\x03\x03\x00\x02\x02\x28") },
	{ "a warning", OCTETS("\x15\x03\x03\x00\x02\x01\x00") },
	{ "plain data", OCTETS("\x17\x03\x03\x00\x04QUIT") },
	{ "SSL 2", OCTETS("\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10"
	    "\x01\x00\x80\x02\x00\x80\x03\x00\x80\x04\x00\x80\x05\x00\x80"
	    "\x06\x00\x40\x07\x00\xc0\x01\x02\x03\x04\x05\x06\x07\x08\x09"
	    "\x0a\x0b\x0c\x0d\x0e\x0f\x10") },
	{ "SSL 3", OCTETS("\x16\x03\x00\x00\x2d\x01\x00\x00\x29\x03\x00"
	    "01234567890123456789012345678901\x00\x00\x02\x00\x2f\x01\x00") },
	{ "a long record", OCTETS("\x16\x03\x01\xff\xff\x01\x00\xff\xfb") },
	{ "an empty one", OCTETS("\x16\x03\x01\x00\x00\x16\x03\x01\x00\x00"
	    "\x16\x03\x01\x00\x00") },
};

START_TEST(what_is_no_handshake_ends_it)
{
	connect_by_hand();
	give(garbage[_i].octets, garbage[_i].len);
	rig_turn(&r);
	if (!r.closed)
		ck_assert_int_eq(shutdown(r.far, SHUT_WR), 0);
	ends();
	ck_assert_msg(r.why[0] != '\0' && !r.done, "%s", garbage[_i].name);
}
END_TEST

START_TEST(a_changed_octet_ends_the_handshake)
{
	char	 flight[CHUNK];
	size_t	 n, at = 0;
	bool	 more = true;

	for (at = 0; more; at += 7) {
		connect_by_hand();
		n = take_flight(flight, sizeof(flight));
		give(flight, n);
		rig_turn(&r);
		bring_answers();
		n = take_flight(flight, sizeof(flight));
		more = at < n;
		if (more) {
			flight[at] ^= 0x55;
			give(flight, n);
			rig_turn(&r);
			ck_assert_int_eq(shutdown(r.far, SHUT_WR), 0);
			rig_turn(&r);
			ck_assert(buf_len(&r.heard) == 0);
		}
		rig_hang_up(&r);
	}
}
END_TEST

/* ---- its begin and end --------------------------------------------------- */

START_TEST(what_waits_leaves_as_it_is)
{
	char	 text[CHUNK];
	ssize_t	 n;

	rig_connect(&r);
	ck_assert(stream_put(r.stream, span_of("220 Ready\r\n")));
	rig_turn(&r);
	n = recv(r.far, text, sizeof(text), 0);
	ck_assert(span_is(span_make(text, n), "220 Ready\r\n"));
	ck_assert(rig_shake(&r));
}
END_TEST

START_TEST(nothing_is_said_before_the_handshake_is_over)
{
	char	 text[CHUNK];

	rig_connect(&r);
	rig_turn(&r);
	ck_assert(stream_put(r.stream, span_of("250 secret\r\n")));
	rig_turn(&r);
	ck_assert_int_eq(recv(r.far, text, sizeof(text), MSG_DONTWAIT), -1);
	ck_assert(rig_shake(&r));
	rig_turn(&r);
	ck_assert_int_eq(SSL_read(r.client, text, sizeof(text)), 12);
	ck_assert_mem_eq(text, "250 secret\r\n", 12);
}
END_TEST

START_TEST(what_has_come_begins_the_handshake)
{
	char	 flight[CHUNK];
	size_t	 n;
	SSL	*client = SSL_new(r.client_context);

	SSL_set_bio(client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_connect_state(client);
	r.client = client;
	n = take_flight(flight, sizeof(flight));
	rig_connect_with(&r, span_make(flight, n));
	SSL_free(r.client);
	r.client = client;
	rig_turn(&r);
	bring_answers();
	shake_by_hand();
}
END_TEST

START_TEST(an_end_in_order_is_told)
{
	char	 text[CHUNK];
	int	 n;

	rig_connect(&r);
	ck_assert(rig_shake(&r));
	ck_assert(stream_put(r.stream, span_of("221 Bye\r\n")));
	stream_finish(r.stream);
	ends();
	ck_assert_int_eq(r.error, 0);
	ck_assert_int_eq(SSL_read(r.client, text, sizeof(text)), 9);
	n = SSL_read(r.client, text, sizeof(text));
	ck_assert_int_eq(SSL_get_error(r.client, n), SSL_ERROR_ZERO_RETURN);
}
END_TEST

/* SECURITY A 6: CVE-2026-45185. */
START_TEST(behind_close_notify_nothing_is_read)
{
	char	 record[CHUNK];
	size_t	 n;
	int	 close;

	SSL_CTX_set_max_proto_version(r.client_context, versions[_i]);
	connect_by_hand();
	shake_by_hand();
	n = make_record("DATA\r\nhal", record, sizeof(record));
	(void)SSL_shutdown(r.client);
	close = BIO_read(SSL_get_wbio(r.client), record + n,
	    sizeof(record) - n);
	ck_assert_int_gt(close, 0);
	n += close;
	memcpy(record + n, "f\r\n.\r\nQUIT\r\n", 13);
	give(record, n + 12);
	ends();
	ck_assert_int_eq(r.error, 0);
	ck_assert(has_heard("DATA\r\nhal"));
}
END_TEST

START_TEST(an_end_without_notice_is_one)
{
	char	 record[CHUNK];

	connect_by_hand();
	shake_by_hand();
	give(record, make_record("QUIT\r\n", record, sizeof(record)));
	ck_assert_int_eq(shutdown(r.far, SHUT_WR), 0);
	rig_turn(&r);
	ck_assert(has_heard("QUIT\r\n"));
	ends();
	ck_assert_int_eq(r.error, 0);
}
END_TEST

START_TEST(plain_text_is_never_taken_again)
{
	char	 record[CHUNK];

	SSL_CTX_set_max_proto_version(r.client_context, versions[_i]);
	connect_by_hand();
	shake_by_hand();
	give(record, make_record("NOOP\r\n", record, sizeof(record)));
	give("MAIL FROM:<>\r\n", 14);
	ends();
	ck_assert_int_eq(r.error, EPROTO);
	ck_assert(has_heard("NOOP\r\n"));
}
END_TEST

START_TEST(a_damaged_record_is_not_taken)
{
	char	 record[CHUNK];
	size_t	 n, at = 0;

	for (at = 0; at == 0 || at < n; at++) {
		connect_by_hand();
		shake_by_hand();
		n = make_record("RSET\r\n", record, sizeof(record));
		record[at] ^= 1;
		give(record, n);
		rig_turn(&r);
		ck_assert_int_eq(shutdown(r.far, SHUT_WR), 0);
		ends();
		ck_assert_uint_eq(buf_len(&r.heard), 0);
		rig_hang_up(&r);
	}
}
END_TEST

/* ---- octets -------------------------------------------------------------- */

static char
octet_of(size_t i)
{
	return (char)(i * 31 + i / 251);
}

/* The client's half of a turn. */
static void
carry(const char *text, size_t *sent, size_t *got)
{
	char	 chunk[CHUNK];
	int	 n, i;

	n = SSL_write(r.client, text + *sent, BULK - *sent);
	*sent += n > 0 ? n : 0;
	while ((n = SSL_read(r.client, chunk, sizeof(chunk))) > 0)
		for (i = 0; i < n; i++)
			ck_assert_int_eq(chunk[i], octet_of((*got)++));
}

START_TEST(all_octets_arrive_in_order)
{
	static char	 text[BULK];
	size_t		 i, sent = 0, got = 0, put = 0, taken = 0, n;
	struct span	 heard;

	for (i = 0; i < BULK; i++)
		text[i] = octet_of(i);
	SSL_CTX_set_mode(r.client_context, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	rig_connect(&r);
	ck_assert(rig_shake(&r));
	for (i = 0; i < 5000 && (got < BULK || taken < BULK); i++) {
		n = buf_space(stream_out(r.stream));
		n = n < BULK - put ? n : BULK - put;
		ck_assert(stream_put(r.stream, span_make(text + put, n)));
		put += n;
		if (sent < BULK || got < BULK)
			carry(text, &sent, &got);
		rig_turn(&r);
		heard = buf_span(&r.heard);
		ck_assert_mem_eq(heard.ptr, text + taken, heard.len);
		taken += heard.len;
		buf_drop(&r.heard, heard.len);
	}
	ck_assert_uint_eq(got, BULK);
	ck_assert_uint_eq(taken, BULK);
}
END_TEST

START_TEST(what_is_held_is_not_read)
{
	char	 record[CHUNK];
	int	 i;

	connect_by_hand();
	shake_by_hand();
	stream_hold(r.stream, true);
	give(record, make_record("NOOP\r\n", record, sizeof(record)));
	rig_turn(&r);
	ck_assert_uint_eq(buf_len(&r.heard), 0);
	stream_hold(r.stream, false);
	for (i = 0; i < 3; i++)
		rig_turn(&r);
	ck_assert(has_heard("NOOP\r\n"));
}
END_TEST

/* Each makes us answer, and the client reads none of that. */
START_TEST(changes_of_keys_do_not_keep_us)
{
	int	 i;

	SSL_CTX_set_min_proto_version(r.client_context, TLS1_3_VERSION);
	rig_connect(&r);
	ck_assert(rig_shake(&r));
	for (i = 0; i < 20000; i++) {
		if (!SSL_key_update(r.client, SSL_KEY_UPDATE_REQUESTED) ||
		    SSL_do_handshake(r.client) != 1)
			break;
		if (i % 16 == 0)
			rig_turn(&r);
	}
	for (i = 0; i < 50; i++)
		rig_turn(&r);
	ck_assert_uint_eq(buf_len(&r.heard), 0);
}
END_TEST

/* ---- memory -------------------------------------------------------------- */

START_TEST(an_idle_one_is_small)
{
	static struct stream	*streams[CROWD];
	static int		 far[CROWD];
	size_t			 before, each;
	int			 i;

	SSL_CTX_set_max_proto_version(r.client_context, versions[_i]);
	for (i = 0; i < CROWD; i++) {
		rig_connect(&r);
		ck_assert(rig_shake(&r));
		rig_turn(&r);
		streams[i] = r.stream;
		r.stream = NULL;
		far[i] = r.far;
		r.far = -1;
		SSL_free(r.client);
		r.client = NULL;
		if (i == 0)
			before = mallinfo2().uordblks;
	}
	each = (mallinfo2().uordblks - before) / (CROWD - 1);
	printf("an idle client by %s: %zu octets\n",
	    _i == 0 ? "TLS 1.2" : "TLS 1.3", each);
	ck_assert_uint_lt(each, IDLE_MAX);
	for (i = 0; i < CROWD; i++) {
		stream_free(streams[i]);
		fd_close(&far[i]);
	}
	rig_turn(&r);
}
END_TEST

static Suite *
suite(void)
{
	Suite	*s = suite_create("stream_tls");
	TCase	*tc = tcase_create("all");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, a_handshake_may_come_octet_by_octet, 0,
	    COUNT(versions));
	tcase_add_loop_test(tc, a_handshake_cut_at_each_octet_is_none, 0,
	    COUNT(versions));
	tcase_add_loop_test(tc, what_is_no_handshake_ends_it, 0,
	    COUNT(garbage));
	tcase_add_test(tc, a_changed_octet_ends_the_handshake);
	tcase_add_test(tc, what_waits_leaves_as_it_is);
	tcase_add_test(tc, nothing_is_said_before_the_handshake_is_over);
	tcase_add_test(tc, what_has_come_begins_the_handshake);
	tcase_add_test(tc, an_end_in_order_is_told);
	tcase_add_loop_test(tc, behind_close_notify_nothing_is_read, 0,
	    COUNT(versions));
	tcase_add_test(tc, an_end_without_notice_is_one);
	tcase_add_loop_test(tc, plain_text_is_never_taken_again, 0,
	    COUNT(versions));
	tcase_add_test(tc, a_damaged_record_is_not_taken);
	tcase_add_test(tc, all_octets_arrive_in_order);
	tcase_add_test(tc, what_is_held_is_not_read);
	tcase_add_test(tc, changes_of_keys_do_not_keep_us);
	tcase_add_loop_test(tc, an_idle_one_is_small, 0, COUNT(versions));
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
