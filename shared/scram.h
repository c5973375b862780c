/* SPDX-License-Identifier: ISC */
#ifndef SHARED_SCRAM_H
#define SHARED_SCRAM_H

#include "shared/buf.h"
#include "shared/limits.h"

/*
 * What both sides of SCRAM-SHA-256 (RFC 5802, RFC 7677) share.
 *
 * What a server keeps of a password shows that a client knows the password, and
 * does not make a client of whoever reads it.
 */
enum { SCRAM_HASH = 32 };

struct scram_key {
	uint32_t	 iterations;
	uint8_t		 salt[SCRAM_SALT_MAX];
	size_t		 salt_len;
	uint8_t		 stored[SCRAM_HASH], server[SCRAM_HASH];
};

/* From the password as SASLprep left it; iterations and salt are there. */
void	 scram_key_make(struct scram_key *, struct span password);
bool	 scram_key_opens(const struct scram_key *, struct span password);

/* "iterations,salt,StoredKey,ServerKey", the last three in base64, as Dovecot
 * writes it. */
bool	 scram_key_parse(struct scram_key *, struct span text);
bool	 scram_key_put(const struct scram_key *, struct buf *);

/*
 * What a client proves with that it knows the password, `text` being what both
 * sides sign; iterations and salt are there, the rest of the key is made.  The
 * server then proves that it has the key by a signature.
 */
void	 scram_prove(struct scram_key *, struct span password,
	    struct span text, uint8_t proof[SCRAM_HASH]);
void	 scram_sign(const struct scram_key *, struct span text,
	    uint8_t signature[SCRAM_HASH]);

/* Words of the grammar: "x=value" off the head of `*rest`, and the comma behind
 * it; is this a nonce, or a half of one? */
bool	 scram_take(struct span *rest, char name, struct span *value);
bool	 scram_is_nonce(struct span);

void	 scram_hmac(const void *key, size_t len, struct span text,
	    uint8_t into[SCRAM_HASH]);
void	 scram_hash(const void *octets, size_t len, uint8_t into[SCRAM_HASH]);

#endif
