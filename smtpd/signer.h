/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_SIGNER_H
#define SMTPD_SIGNER_H

#include <stdbool.h>

#include <openssl/ssl.h>

#include "shared/limits.h"
#include "shared/pem.h"
#include "shared/span.h"

/*
 * A provider for OpenSSL whose private keys are somewhere else.  Of a key there
 * is here what it is called and its public half; a signature is asked for with
 * all that is to be signed, and the job it is made in pauses until it is there.
 * Without a job there is no signature.
 */
struct signer;

/* A signature that a paused job waits for. */
struct signing {
	uint8_t		 key[KEY_NAME_SIZE];
	uint16_t	 scheme;		/* RFC 8446 section 4.2.3 */
	uint8_t		 content[SIGN_CONTENT_MAX];
	size_t		 len;
	uint8_t		 signature[SIGNATURE_MAX];
	size_t		 signature_len;		/* 0: refused */
};

/* One in a process; with all that OpenSSL loads for it, so before seccomp. */
struct signer	*signer_new(void);
void		 signer_free(struct signer *);

/* The key of this certificate, for SSL_use_cert_and_key and the like; NULL, and
 * OpenSSL has the reason, for one of a kind that is not signed with. */
EVP_PKEY	*signer_key(struct signer *, X509 *);

/*
 * For SSL_set_async_callback, whose function is called when a job is about to
 * pause: what it wants to have signed.  It is the job's; it is there until the
 * job goes on, which is to be after the signature is given, or none.
 */
struct signing	*signer_asked(const struct signer *);
void		 signing_answer(struct signing *, struct span signature);

#endif
