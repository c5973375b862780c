/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_XCLIENT_H
#define SMTPD_XCLIENT_H

#include "shared/limits.h"
#include "shared/reply.h"

/*
 * What stands behind XCLIENT and XFORWARD, as Postfix documents them: words
 * NAME=VALUE, the values in xtext (RFC 3461 section 4).  It is pure.
 */
enum xclient_attribute {
	XCLIENT_NAME, XCLIENT_ADDR, XCLIENT_PORT, XCLIENT_PROTO, XCLIENT_HELO,
	XCLIENT_LOGIN, XCLIENT_DESTADDR, XCLIENT_DESTPORT, XCLIENT_IDENT,
	XCLIENT_SOURCE, XCLIENT_COUNT
};

/* For EHLO as well: which attributes each of the two takes. */
#define XCLIENT_WORDS	"NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT"
#define XFORWARD_WORDS	"NAME ADDR PORT PROTO HELO IDENT SOURCE"

enum xclient_state {
	XCLIENT_UNSAID,
	XCLIENT_UNAVAILABLE,	/* also [TEMPUNAVAIL] */
	XCLIENT_SAID
};

struct xclient {
	enum xclient_state state[XCLIENT_COUNT];
	char		 text[XCLIENT_COUNT][HOST_TEXT_MAX + 1];
	int		 family;	/* of ADDR: AF_INET, AF_INET6 */
	uint8_t		 address[16];
	uint16_t	 port;
};

/* All of `s`, of the attributes in `words`.  False: `*why` is the answer. */
bool	 xclient_parse(struct span s, const char *words, struct xclient *,
	    struct reply *why);

#endif
