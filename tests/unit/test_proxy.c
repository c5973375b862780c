/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/limits.h"
#include "smtpd/proxy.h"

#define SIGNATURE	"\r\n\r\n\0\r\nQUIT\n"
#define V4		"\xc0\0\2\x07\xc0\0\2\1\x9c\x40\0\x19"
#define V6		"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07" \
			"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x9c\x40\0\x19"
#define OCTETS(s)	s, sizeof(s) - 1

static const struct {
	const char		*name, *octets;
	size_t			 len;
	enum proxy_status	 status;
	const char		*client;
} headers[] = {
	{ "a line", OCTETS("PROXY TCP4 192.0.2.7 192.0.2.1 40000 25\r\n"),
	    PROXY_CLIENT, "192.0.2.7" },
	{ "of v6", OCTETS("PROXY TCP6 2001:db8::7 ::1 40000 25\r\n"),
	    PROXY_CLIENT, "2001:db8::7" },
	{ "of nobody", OCTETS("PROXY UNKNOWN\r\n"), PROXY_NOBODY, NULL },
	{ "of nobody, with more", OCTETS("PROXY UNKNOWN 1 2 3 4 5\r\n"),
	    PROXY_NOBODY, NULL },
	{ "octets", OCTETS(SIGNATURE "\x21\x11\0\x0c" V4), PROXY_CLIENT,
	    "192.0.2.7" },
	{ "of v6", OCTETS(SIGNATURE "\x21\x21\0\x24" V6), PROXY_CLIENT,
	    "2001:db8::7" },
	{ "with something behind", OCTETS(SIGNATURE "\x21\x11\0\x10" V4
	    "\xe0\0\1x"), PROXY_CLIENT, "192.0.2.7" },
	{ "of the proxy itself", OCTETS(SIGNATURE "\x20\0\0\0"), PROXY_NOBODY,
	    NULL },
	{ "and all that goes with it", OCTETS(SIGNATURE "\x20\x11\0\x0c" V4),
	    PROXY_NOBODY, NULL },
	{ "and what we do not know", OCTETS(SIGNATURE "\x20\x31\0\1x"),
	    PROXY_NOBODY, NULL },
	{ "of nobody", OCTETS(SIGNATURE "\x21\0\0\0"), PROXY_NOBODY, NULL },

	{ "three words", OCTETS("PROXY TCP4 192.0.2.7\r\n"), PROXY_BAD, NULL },
	{ "one word more", OCTETS("PROXY TCP4 192.0.2.7 192.0.2.1 1 2 3\r\n"),
	    PROXY_BAD, NULL },
	{ "a mapped address", OCTETS("PROXY TCP4 ::ffff:192.0.2.7 192.0.2.1 "
	    "1 2\r\n"), PROXY_BAD, NULL },
	{ "another notation", OCTETS("PROXY TCP4 3221225991 192.0.2.1 "
	    "1 2\r\n"), PROXY_BAD, NULL },
	{ "zeros in front", OCTETS("PROXY TCP4 192.0.2.7 192.0.2.1 01 2\r\n"),
	    PROXY_BAD, NULL },
	{ "a NUL", OCTETS("PROXY TCP4 192.0.2.7\0 192.0.2.1 1 2\r\n"),
	    PROXY_BAD, NULL },
	{ "a CR", OCTETS("PROXY TCP4 192.0.2.7 192.0.2.1 1 2\r\r\n"),
	    PROXY_BAD, NULL },
	{ "too few addresses", OCTETS(SIGNATURE "\x21\x11\0\x0b" V4),
	    PROXY_BAD, NULL },
	{ "half of a piece", OCTETS(SIGNATURE "\x21\x11\0\x0e" V4 "\4\0"),
	    PROXY_BAD, NULL },
	{ "a piece too long", OCTETS(SIGNATURE "\x21\x11\0\x10" V4
	    "\xe0\0\2x"), PROXY_BAD, NULL },
	{ "a wrong sum", OCTETS(SIGNATURE "\x21\x11\0\x13" V4
	    "\3\0\4\0\0\0\0"), PROXY_BAD, NULL },
	{ "half of a sum", OCTETS(SIGNATURE "\x21\x11\0\x11" V4
	    "\3\0\2\0\0"), PROXY_BAD, NULL },
	{ "no proxy", OCTETS("EHLO proxy.example\r\n"), PROXY_BAD, NULL },
};

static enum proxy_status
parse(struct span *in, char text[INET6_ADDRSTRLEN], uint16_t *port)
{
	struct proxy_client	 c = { .family = AF_INET };
	enum proxy_status	 status = proxy_parse(in, &c);

	ck_assert_ptr_nonnull(inet_ntop(c.family, c.address, text,
	    INET6_ADDRSTRLEN));
	*port = c.port;
	return status;
}

START_TEST(a_header_says_who_the_client_is)
{
	struct span	 in = span_make(headers[_i].octets, headers[_i].len);
	char		 text[INET6_ADDRSTRLEN];
	uint16_t	 port;

	ck_assert_msg(parse(&in, text, &port) == headers[_i].status, "%s",
	    headers[_i].name);
	if (headers[_i].status == PROXY_BAD)
		ck_assert_uint_eq(in.len, headers[_i].len);
	else
		ck_assert_uint_eq(in.len, 0);
	if (headers[_i].client == NULL)
		return;
	ck_assert_str_eq(text, headers[_i].client);
	ck_assert_uint_eq(port, 40000);
}
END_TEST

/* Whatever follows is left; what is not whole is not believed. */
START_TEST(a_header_is_whole_or_nothing)
{
	char		 text[INET6_ADDRSTRLEN], octets[256];
	struct span	 in;
	uint16_t	 port;
	size_t		 n, len = headers[_i].len;

	if (headers[_i].status == PROXY_BAD)
		return;
	for (n = 0; n < len; n++) {
		in = span_make(headers[_i].octets, n);
		ck_assert_msg(parse(&in, text, &port) == PROXY_MORE,
		    "%s, %zu octets", headers[_i].name, n);
		ck_assert_uint_eq(in.len, n);
	}
	memcpy(octets, headers[_i].octets, len);
	memcpy(octets + len, "EHLO a\r\n", 8);
	in = span_make(octets, len + 8);
	ck_assert_int_eq(parse(&in, text, &port), headers[_i].status);
	ck_assert(span_is(in, "EHLO a\r\n"));
}
END_TEST

START_TEST(a_header_without_end_is_none)
{
	static char	 octets[PROXY_HEADER_MAX + 64];
	char		 text[INET6_ADDRSTRLEN];
	struct span	 in = span_make(octets, 107);
	uint16_t	 port;

	memset(octets, ' ', sizeof(octets));
	memcpy(octets, "PROXY UNKNOWN", 13);
	ck_assert_int_eq(parse(&in, text, &port), PROXY_BAD);
	in.len = 106;
	ck_assert_int_eq(parse(&in, text, &port), PROXY_MORE);
	memcpy(octets, SIGNATURE "\x20\0\x0f\xf0", 16);
	ck_assert_int_eq(PROXY_HEADER_MAX, 16 + 0x0ff0);
	ck_assert_int_eq(parse(&in, text, &port), PROXY_MORE);
	octets[15]++;
	ck_assert_int_eq(parse(&in, text, &port), PROXY_BAD);
}
END_TEST

int
main(void)
{
	Suite	*suite = suite_create("proxy");
	TCase	*tc = tcase_create("proxy");
	SRunner	*runner = srunner_create(suite);
	int	 failed;

	tcase_add_loop_test(tc, a_header_says_who_the_client_is, 0,
	    COUNT(headers));
	tcase_add_loop_test(tc, a_header_is_whole_or_nothing, 0,
	    COUNT(headers));
	tcase_add_test(tc, a_header_without_end_is_none);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
