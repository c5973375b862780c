/* SPDX-License-Identifier: ISC */
#ifndef SHARED_ADDR_H
#define SHARED_ADDR_H

#include "shared/limits.h"
#include "shared/span.h"

/*
 * A mail address that has been parsed; nothing but these parsers makes one,
 * so whoever holds a struct addr holds a valid address (RFC 5321 4.1.2).
 *
 * `text` is what goes on the wire, without angle brackets: the local part in
 * its shortest quoting, "@", the domain as it was written.  A null path is an
 * empty text.  <postmaster> without domain has no "@" (RFC 5321 4.5.1).
 * None is longer than a path of SMTP may be, ADDR_PATH_MAX less the brackets.
 * "%", "!" and a quoted "@" in a local part mean nothing here.
 * It is a value: copying is assignment.
 */
struct addr {
	uint16_t	at;		/* index of "@", or len without one */
	uint16_t	len;
	char		text[ADDR_TEXT_MAX + 4];	/* NUL at the end */
};

enum addr_status {
	ADDR_OK,
	ADDR_SYNTAX,		/* 501 5.1.3 (recipient), 5.1.7 (sender) */
	ADDR_TOO_LONG,		/* 501 5.1.3; the local part as written */
	ADDR_CONTROL,		/* a control character inside */
	ADDR_NOT_ASCII		/* wants SMTPUTF8, which was not asked for */
};

enum addr_rules {
	ADDR_REVERSE,		/* "<>" is allowed */
	ADDR_FORWARD		/* "<postmaster>" is allowed */
};

/*
 * A path with its angle brackets off the head of `*s`, which is moved behind
 * it.  A source route is read, checked and dropped: `*route` (may be NULL) is
 * then what was dropped, less its ":", else empty (RFC 5321 section 4.1.1.3,
 * appendix C).  Nothing is changed but on ADDR_OK.
 */
enum addr_status	 addr_parse_path(struct span *s, enum addr_rules,
			    struct addr *, struct span *route);

/* A mailbox without brackets, all of `s`; the empty span is the null path.
 * Whatever addr_span gives is taken, hence "postmaster" without domain too. */
enum addr_status	 addr_parse(struct span s, struct addr *);

/* From parts: the local part unquoted, as a system calls its user. */
enum addr_status	 addr_from(struct span local, struct span domain,
			    struct addr *);

bool		 addr_is_null(const struct addr *);
struct span	 addr_span(const struct addr *);
struct span	 addr_domain(const struct addr *);	/* may be empty */

/* The local part without its quoting; `into` gets a NUL; its length. */
size_t		 addr_local(const struct addr *,
		    char into[ADDR_LOCAL_MAX + 1]);

/* Same mailbox: domains without regard to case, local parts with it. */
bool		 addr_equal(const struct addr *, const struct addr *);

/*
 * A domain, or an address literal "[192.0.2.1]" "[IPv6:2001:db8::1]", all of
 * `s` (RFC 5321 4.1.2, 4.1.3).  A literal: family (AF_INET, AF_INET6) and 4
 * or 16 octets, network order.
 *
 * Underscores are letters here: hosts so named exist, DNS finds them, and to
 * refuse their mail would protect nobody.  A dot at the end is refused.
 */
bool	 domain_is_valid(struct span);
bool	 domain_parse_literal(struct span, int *family, uint8_t address[16]);

#endif
