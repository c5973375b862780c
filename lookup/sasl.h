/* SPDX-License-Identifier: ISC */
#ifndef LOOKUP_SASL_H
#define LOOKUP_SASL_H

#include "shared/scram.h"

/*
 * The server's half of PLAIN (RFC 4616), LOGIN, SCRAM-SHA-256 and -PLUS
 * (RFC 5802, RFC 7677), as octets in and octets out: it knows no accounts,
 * waits for nobody and asks no clock.  Each call says what is wanted next.
 */
enum sasl_want {
	SASL_SAY,		/* said is to be told; the answer is heard */
	SASL_PASSWORD,		/* is this the password of name? */
	SASL_KEY,		/* what is kept of the password of name? */
	SASL_GOOD,		/* name is who it says it is */
	SASL_BAD,
	SASL_MALFORMED
};

enum sasl_mechanism {
	SASL_PLAIN, SASL_LOGIN, SASL_SCRAM, SASL_SCRAM_PLUS, SASL_COUNT
};

enum {
	SASL_NONCE	= 24,	/* octets of our half, before base64 */
	SASL_SAID_MAX	= 2 * SASL_MESSAGE_MAX,
	SASL_HEADER_MAX	= BINDING_NAME_MAX + ACCOUNT_TEXT_MAX * 3 + 8
};

struct sasl {
	enum sasl_mechanism	 mechanism;
	enum {
		SASL_FIRST, SASL_HEARS_PASSWORD, SASL_PROOF, SASL_LAST,
		SASL_OVER
	} step;

	/* A channel binding of the connection: RFC 5056; "" without. */
	char		 binding[BINDING_NAME_MAX + 1];
	uint8_t		 binding_data[BINDING_MAX];
	size_t		 binding_len;

	char		 name[ACCOUNT_TEXT_MAX + 1];
	char		 password[SASL_MESSAGE_MAX + 1];

	char		 said[SASL_SAID_MAX];
	size_t		 said_len;

	/* of SCRAM, what both sides sign */
	struct scram_key key;
	char		 header[SASL_HEADER_MAX];	/* GS2's */
	size_t		 header_len;
	char		 first[SASL_MESSAGE_MAX];	/* of the client */
	size_t		 first_len;
	char		 server[SASL_SAID_MAX];		/* ours */
	size_t		 server_len;
	size_t		 nonce_at, nonce_len;		/* in `server` */
};

/* The name of a mechanism; false when we have none of this name. */
bool		 sasl_find(struct span name, enum sasl_mechanism *);

/* binding is of the type of a channel binding, and empty when there is none.
 * All of it is overwritten by sasl_clear. */
void		 sasl_init(struct sasl *, enum sasl_mechanism,
		    struct span binding, struct span binding_data);
void		 sasl_clear(struct sasl *);

/* Without an initial response; what a client said. */
enum sasl_want	 sasl_begin(struct sasl *);
enum sasl_want	 sasl_hear(struct sasl *, struct span);

/* The answer to SASL_KEY; nonce: printable, without commas, and foreseen by
 * nobody. */
enum sasl_want	 sasl_key(struct sasl *, const struct scram_key *,
		    struct span nonce);

/* lookup/sasl_scram.c */
enum sasl_want	 scram_first(struct sasl *, struct span);
enum sasl_want	 scram_final(struct sasl *, struct span);

#endif
