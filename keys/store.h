/* SPDX-License-Identifier: ISC */
#ifndef KEYS_STORE_H
#define KEYS_STORE_H

#include "shared/ipc.h"
#include "shared/pem.h"

/*
 * Private keys, by generation: the one that is in force, the one before it for
 * the handshakes that began with it, and the one that is coming.
 */
struct key {
	EVP_PKEY	*pkey;
	uint8_t		 name[KEY_NAME_SIZE];
};

struct generation {
	uint32_t	 number;
	unsigned	 count;
	struct key	 keys[CERTIFICATES_MAX];
};

struct store {
	struct generation	 now, before, coming;
};

/* The key that `m` is with joins those that come; why it cannot, or NULL. */
const char	*store_add(struct store *, const struct msg_conf_key *, int fd);

/* Those that came are in force, if they are as many; false when not. */
bool	 store_turn(struct store *, uint32_t generation, unsigned count);

/* Wipes and frees all. */
void	 store_clear(struct store *);

EVP_PKEY	*store_find(const struct store *, struct span name);

#endif
