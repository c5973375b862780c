/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_LOGIN_H
#define REMOTE_LOGIN_H

#include "shared/binding.h"
#include "shared/scram.h"
#include "remote/hop.h"
#include "remote/mechanism.h"

/*
 * The client's half of AUTH (RFC 4954) by the mechanisms that hops name: lines
 * in and lines out, in base64.  Best first: SCRAM-SHA-256-PLUS and
 * SCRAM-SHA-256 (RFC 5802, RFC 7677), which give nothing away and want the
 * server to prove that it knows the password; PLAIN (RFC 4616), LOGIN.
 * XOAUTH2, whose secret is a token and no password, only where it is named.
 *
 * It waits for nobody and asks no clock.  All of it is overwritten by
 * login_clear.
 */
enum {
	LOGIN_NONCE	= 24,		/* octets of our half, before base64 */
	LOGIN_NONCE_TEXT = LOGIN_NONCE / 3 * 4,
	LOGIN_FIRST_MAX	= LOGIN_NONCE_TEXT + ACCOUNT_TEXT_MAX * 3 + 8
};

struct login {
	const struct hop *hop;
	struct binding	 binding;	/* len 0: there is none */
	unsigned	 offered, tried;	/* bits of mechanisms */
	enum mechanism	 mechanism;
	unsigned	 answers;	/* given so far */
	bool		 complete;	/* 235 may be believed */
	char		 challenge[REPLY_LINE_MAX];	/* of its owner */

	/* of SCRAM */
	char		 nonce[LOGIN_NONCE_TEXT + 1];
	char		 first[LOGIN_FIRST_MAX];	/* less GS2's header */
	size_t		 first_len;
	uint8_t		 signature[SCRAM_HASH];	/* that the server must give */
};

/* offered: bits; nonce: what nobody foresees; binding: may be NULL. */
void		 login_init(struct login *, const struct hop *,
		    unsigned offered, const uint8_t nonce[LOGIN_NONCE],
		    const struct binding *);
void		 login_clear(struct login *);

/* Takes the best one that is offered, wanted, and not tried yet; its name, or
 * NULL. */
const char	*login_next(struct login *);

/* Does it begin with what we say, in no more octets than there is room?  Puts
 * that; else it waits until it is asked for. */
bool		 login_begin(struct login *, struct buf *);

/* Puts the answer to a challenge; false: the server is not who knows the
 * password, or does not know the mechanism, and we say no more. */
bool		 login_hear(struct login *, struct span challenge,
		    struct buf *);


#endif
