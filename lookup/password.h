/* SPDX-License-Identifier: ISC */
#ifndef LOOKUP_PASSWORD_H
#define LOOKUP_PASSWORD_H

#include "shared/scram.h"

/*
 * A file of passwords, relais.conf(5): lines "name:hash[:hash]", a hash being
 * crypt(3)'s or a key for SCRAM.  Lines that cannot be used are told of, with
 * their number, and left out.
 *
 * Whoever is not there is answered as somebody who is: an account that a
 * secret chooses, always the same for a name, is judged in his place, and
 * fails.  So neither answers nor time tell who is there.
 */
struct passwords;

/* NULL with errno when the descriptor cannot be read or holds too much; the
 * descriptor stays the caller's.  path: for the log. */
struct passwords	*passwords_read(int fd, const char *path);
struct passwords	*passwords_parse(struct span text, const char *path);
void			 passwords_free(struct passwords *);	/* and wipes */

size_t		 passwords_accounts(const struct passwords *);
unsigned	 passwords_warnings(const struct passwords *);
bool		 passwords_has_scram(const struct passwords *);

/* What the secret is, for as long as this file holds no other. */
enum { PASSWORDS_SECRET = 32 };
void	 passwords_set_secret(struct passwords *,
	    const uint8_t secret[PASSWORDS_SECRET]);

/* Is it his?  Takes as long as the hash wants to. */
bool	 passwords_check(const struct passwords *, const char *name,
	    const char *password);

/* His key for SCRAM, or one that no password opens. */
void	 passwords_key(const struct passwords *, const char *name,
	    struct scram_key *);

#endif
