/* SPDX-License-Identifier: ISC */
#ifndef MASTER_TLS_H
#define MASTER_TLS_H

#include "master/config.h"
#include "shared/loop.h"

/*
 * Certificates and their keys while all runs.  They come in generations: keys
 * hears of one first, and says when it has it; then the others do, so that
 * nobody asks for a signature that cannot be had.  Session tickets are made
 * with keys that last for half of the tickets' life and are taken for as long
 * again; nobody but smtpd has them, and no disk.
 */
struct child;
struct suite;

enum { TICKET_KEY_SIZE = 80 };

struct tls {
	unsigned	 generation;
	uint64_t	 ticket;	/* number of the key */
	uint8_t		 ticket_key[TICKET_KEY_SIZE];
	struct timer	 renewal;	/* of that key */
};

void	 tls_init(struct suite *);
void	 tls_clear(struct suite *);

/* The configuration in force is another than `before`, or the first one when
 * that is NULL: what runs hears of what has changed. */
void	 tls_adopt(struct suite *, const struct config *before);

/* All that concerns a keys or an smtpd which begins; false as confer. */
bool	 tls_confer(struct child *);

void	 tls_on_ready(struct suite *, const struct msg_keys_ready *);

#endif
