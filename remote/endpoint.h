/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_ENDPOINT_H
#define REMOTE_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/limits.h"

struct hop;

/* One address to connect to, with the host that has it. */
struct endpoint {
	char		 host[HOST_TEXT_MAX + 1];
	int		 family;	/* AF_UNIX: `path` is all there is */
	uint8_t		 address[16];	/* network order */
	uint16_t	 port;
	uint16_t	 preference;	/* of the host, the lowest first */
	char		 path[SOCKET_PATH_MAX + 1];
};

/*
 * Why this address is never connected to: unspecified, multicast, broadcast,
 * or, of what DNS says (`by_dns`), loopback.  NULL: it may be.  A stranger's
 * zone must not send our own mail back to us, nor to our neighbours' services.
 */
const char	*endpoint_objection(const struct endpoint *, bool by_dns);

/* "host[ip]:port", and without the port; "host[path]" both times. */
void	 endpoint_format(const struct endpoint *,
	    char into[RELAY_TEXT_MAX + 1]);
void	 endpoint_format_host(const struct endpoint *,
	    char into[RELAY_TEXT_MAX + 1]);

/* A connecting, non-blocking socket, from the address that the hop has for the
 * family, if any; -1 with errno.  Not for AF_UNIX. */
int	 endpoint_connect(const struct endpoint *, const struct hop *);

/* What became of it once the socket can be written: 0, or the errno. */
int	 endpoint_error(int fd);

#endif
