/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_FAMILIES_H
#define REMOTE_FAMILIES_H

#include "shared/clock.h"
#include "shared/span.h"

/*
 * By which address family a host is tried first, because it was reached so
 * while the other one was silent, or, for longer, because it wants to be.
 * Hints: one place per hash of the name, and who comes later takes it.
 */
enum {
	FAMILY_PLACES	= 4096,
	FAMILY_TIME	= 600 * 1000,
	FAMILY_TURNED	= 6 * 3600 * 1000	/* above steps of back-off */
};

struct families {
	struct family_place {
		struct instant	 until;
		uint32_t	 hash;
		int		 family;
		bool		 turned;
	} places[FAMILY_PLACES];
};

/* `family`: AF_INET or AF_INET6. */
void	 families_put(struct families *, const char *host, int family,
	    struct instant now);

/* The host that was reached by `family` is to be reached by the other one.
 * False: that is what was asked for before, so it wants neither. */
bool	 families_turn(struct families *, const char *host, int family,
	    struct instant now);

/* Is it another one by which this host wants to be reached? */
bool	 families_avoid(const struct families *, const char *host, int family,
	    struct instant now);

/* AF_UNSPEC: nothing is known. */
int	 families_find(const struct families *, const char *host,
	    struct instant now);

#endif
