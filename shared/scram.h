/* SPDX-License-Identifier: ISC */
#ifndef SHARED_SCRAM_H
#define SHARED_SCRAM_H

#include "shared/buf.h"
#include "shared/limits.h"

/*
 * What a server keeps of a password for SCRAM-SHA-256: RFC 5802 section 3,
 * RFC 7677.  It shows that a client knows the password, and does not make a
 * client of whoever reads it.
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

void	 scram_hmac(const void *key, size_t len, struct span text,
	    uint8_t into[SCRAM_HASH]);
void	 scram_hash(const void *octets, size_t len, uint8_t into[SCRAM_HASH]);

#endif
