/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/crc.h"
#include "shared/limits.h"
#include "smtpd/proxy.h"

/* Is `s` how `text` begins, as far as it goes? */
static bool
begins(struct span s, struct span text)
{
	size_t	 n = s.len < text.len ? s.len : text.len;

	return memcmp(s.ptr, text.ptr, n) == 0;
}

/* ---- version 1 ----------------------------------------------------------- */

enum { LINE_MAX_V1 = 107 };	/* with its CRLF, as the protocol has it */

/* No sign, no zero in front: what two would read differently is not read. */
static bool
parse_port(struct span s, uint16_t *port)
{
	uint64_t	 n;

	if (s.len > 5 || (s.len > 1 && s.ptr[0] == '0') ||
	    !span_parse_u64(s, 65535, &n))
		return false;
	*port = n;
	return true;
}

static bool
parse_address(int family, struct span s, uint8_t into[16])
{
	char	 text[INET6_ADDRSTRLEN];

	return span_copy(s, text, sizeof(text)) &&
	    strlen(text) == s.len && inet_pton(family, text, into) == 1;
}

/* "TCP4 source destination port port"; one blank between two. */
static enum proxy_status
parse_words(struct span s, struct proxy_client *c)
{
	struct span	 word[4];
	uint8_t		 there[16];
	uint16_t	 port;
	size_t		 i;

	for (i = 0; i < COUNT(word); i++)
		s = span_cut(s, ' ', &word[i]);
	if (span_is(word[0], "UNKNOWN"))
		return PROXY_NOBODY;
	c->family = span_is(word[0], "TCP4") ? AF_INET : AF_INET6;
	if (c->family == AF_INET6 && !span_is(word[0], "TCP6"))
		return PROXY_BAD;
	if (!parse_address(c->family, word[1], c->address) ||
	    !parse_address(c->family, word[2], there) ||
	    !parse_port(word[3], &c->port) || !parse_port(s, &port))
		return PROXY_BAD;
	return PROXY_CLIENT;
}

static enum proxy_status
parse_v1(struct span *in, size_t word, struct proxy_client *c)
{
	struct span		 line = *in;
	const char		*end;
	enum proxy_status	 status;

	if (line.len > LINE_MAX_V1)
		line = span_head(line, LINE_MAX_V1);
	end = memchr(line.ptr, '\n', line.len);
	if (end == NULL)
		return line.len < LINE_MAX_V1 ? PROXY_MORE : PROXY_BAD;
	if (end[-1] != '\r')
		return PROXY_BAD;
	line = span_head(line, end - 1 - line.ptr);
	status = parse_words(span_skip(line, word), c);
	if (status != PROXY_BAD)
		*in = span_skip(*in, line.len + 2);
	return status;
}

/* ---- version 2 ----------------------------------------------------------- */

enum {
	HEAD		= 16,		/* signature, command, family, length */
	LOCAL		= 0x20,
	PROXIED		= 0x21,
	UNSPECIFIED	= 0x00,
	TCP4		= 0x11,
	TCP6		= 0x21,
	TLV_HEAD	= 3,		/* type, length */
	TLV_CRC32C	= 0x03
};

static unsigned
octet(struct span s, size_t at)
{
	return (unsigned char)s.ptr[at];
}

static unsigned
pair(struct span s, size_t at)
{
	return octet(s, at) << 8 | octet(s, at + 1);
}

/* That of the whole header, with zeros in place of the sum itself. */
static bool
has_sum(struct span header, struct span sum)
{
	uint32_t	 crc, told;
	size_t		 at = sum.ptr - header.ptr;

	if (sum.len != 4)
		return false;
	told = (uint32_t)pair(sum, 0) << 16 | pair(sum, 2);
	crc = crc32c(0, span_head(header, at));
	crc = crc32c(crc, span_make("\0\0\0", 4));
	crc = crc32c(crc, span_skip(header, at + 4));
	return crc == told;
}

/* What stands behind the addresses: whole, and the sum right. */
static bool
is_sound(struct span header, struct span tlvs)
{
	size_t	 n;

	while (tlvs.len >= TLV_HEAD) {
		n = pair(tlvs, 1);
		if (n > tlvs.len - TLV_HEAD)
			return false;
		if (octet(tlvs, 0) == TLV_CRC32C && !has_sum(header,
		    span_head(span_skip(tlvs, TLV_HEAD), n)))
			return false;
		tlvs = span_skip(tlvs, TLV_HEAD + n);
	}
	return tlvs.len == 0;
}

static void
take_client(struct span addresses, size_t n, struct proxy_client *c)
{
	c->family = n == 4 ? AF_INET : AF_INET6;
	memcpy(c->address, addresses.ptr, n);
	c->port = pair(addresses, 2 * n);
}

/* Whoever speaks for itself may leave out the addresses, or have some that we
 * do not know. */
static enum proxy_status
parse_body(struct span header, struct proxy_client *c)
{
	struct span	 body = span_skip(header, HEAD);
	unsigned	 command = octet(header, 12);
	unsigned	 family = octet(header, 13);
	size_t		 n = family == TCP4 ? 4 : family == TCP6 ? 16 : 0;
	size_t		 addresses = n == 0 ? 0 : 2 * n + 4;

	if ((n == 0 && family != UNSPECIFIED) || body.len < addresses)
		return command == LOCAL ? PROXY_NOBODY : PROXY_BAD;
	if (!is_sound(header, span_skip(body, addresses)))
		return PROXY_BAD;
	if (command == LOCAL || n == 0)
		return PROXY_NOBODY;
	take_client(body, n, c);
	return PROXY_CLIENT;
}

static enum proxy_status
parse_v2(struct span *in, struct proxy_client *c)
{
	enum proxy_status	 status;
	size_t			 len;

	if (in->len > 12 && octet(*in, 12) != LOCAL &&
	    octet(*in, 12) != PROXIED)
		return PROXY_BAD;
	if (in->len < HEAD)
		return PROXY_MORE;
	len = HEAD + pair(*in, 14);
	if (len > PROXY_HEADER_MAX)
		return PROXY_BAD;
	if (in->len < len)
		return PROXY_MORE;
	status = parse_body(span_head(*in, len), c);
	if (status != PROXY_BAD)
		*in = span_skip(*in, len);
	return status;
}

enum proxy_status
proxy_parse(struct span *in, struct proxy_client *c)
{
	struct span	 word = span_of("PROXY ");
	struct span	 signature = span_make("\r\n\r\n\0\r\nQUIT\n", 12);

	if (begins(*in, word))
		return in->len < word.len ? PROXY_MORE :
		    parse_v1(in, word.len, c);
	if (begins(*in, signature))
		return in->len < signature.len ? PROXY_MORE : parse_v2(in, c);
	return PROXY_BAD;
}
