/* SPDX-License-Identifier: ISC */
#ifndef KEYS_SIGN_H
#define KEYS_SIGN_H

#include "keys/content.h"
#include "keys/store.h"

/* Loads of libcrypto what a signature needs, before the walls forbid it. */
void	 sign_prepare(void);

struct signature {
	size_t		 len;
	unsigned char	 octets[SIGNATURE_MAX];
};

/* NULL, or why there is no signature. */
const char	*sign(const struct store *, const struct msg_sign *,
		    struct signature *);

#endif
