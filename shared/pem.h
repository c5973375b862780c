/* SPDX-License-Identifier: ISC */
#ifndef SHARED_PEM_H
#define SHARED_PEM_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/span.h"

/* Keys and certificates as files have them. */
enum { KEY_NAME_SIZE = 32 };

/* Before anything else is asked of libcrypto, which else leaves copies of keys
 * behind: all memory that it gives back is wiped.  Twice is harmless. */
void	 pem_prepare(void);

/* What a descriptor has, from its beginning to its end, at most `max` octets;
 * NULL with errno.  The caller's: to be wiped and freed. */
char	*pem_read(int fd, size_t max, size_t *len);

/* The private key in `pem`: RSA of 2048 to 8192 bits, or ECDSA on P-256, P-384
 * or P-521.  NULL with what was expected in `why`. */
EVP_PKEY *pem_key(struct span pem, const char **why);

/* Puts the certificates in `pem` among those that are believed; how many. */
unsigned pem_add_anchors(struct span pem, X509_STORE *);

/* What a key is called between processes: SHA-256 of its public half as a
 * certificate has it (SubjectPublicKeyInfo). */
bool	 pem_key_name(const EVP_PKEY *, uint8_t name[KEY_NAME_SIZE]);

#endif
