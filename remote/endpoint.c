/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "shared/fd.h"
#include "remote/endpoint.h"
#include "remote/hop.h"

static const char *
object_v4(const uint8_t a[4], bool by_dns)
{
	if (a[0] == 0)
		return "an unspecified address";
	if (a[0] == 127 && by_dns)
		return "a loopback address";
	if (a[0] >= 224 && a[0] < 240)
		return "a multicast address";
	if (a[0] >= 240)
		return "a broadcast or reserved address";
	return NULL;
}

/* IPv4 in another dress is judged as IPv4: the kernel would connect there. */
static const char *
object_v6(const uint8_t a[16], bool by_dns)
{
	static const uint8_t	 zero[16];
	static const uint8_t	 mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (memcmp(a, mapped, sizeof mapped) == 0)
		return object_v4(a + 12, by_dns);
	if (memcmp(a, zero, 15) == 0 && a[15] == 1)
		return by_dns ? "a loopback address" : NULL;
	if (memcmp(a, zero, 12) == 0)
		return "an unspecified address";
	if (a[0] == 0xff)
		return "a multicast address";
	return NULL;
}

const char *
endpoint_objection(const struct endpoint *e, bool by_dns)
{
	return e->family == AF_INET ? object_v4(e->address, by_dns) :
	    object_v6(e->address, by_dns);
}

/* A long name of ours is cut, so that the path has room. */
enum { NAME_MAX_OF_SOCKET = RELAY_TEXT_MAX - SOCKET_PATH_MAX - 2 };

void
endpoint_format_host(const struct endpoint *e, char into[RELAY_TEXT_MAX + 1])
{
	char	 ip[INET6_ADDRSTRLEN];

	if (e->family == AF_UNIX) {
		snprintf(into, RELAY_TEXT_MAX + 1, "%.*s[%s]",
		    NAME_MAX_OF_SOCKET, e->host, e->path);
		return;
	}
	if (inet_ntop(e->family, e->address, ip, sizeof ip) == NULL)
		ip[0] = '\0';
	snprintf(into, RELAY_TEXT_MAX + 1, "%s[%s]", e->host, ip);
}

void
endpoint_format(const struct endpoint *e, char into[RELAY_TEXT_MAX + 1])
{
	size_t	 len;

	endpoint_format_host(e, into);
	len = strlen(into);
	if (e->family != AF_UNIX)
		snprintf(into + len, RELAY_TEXT_MAX + 1 - len, ":%u",
		    e->port);
}

static socklen_t
make_sockaddr(int family, const uint8_t *address, uint16_t port,
    struct sockaddr_storage *s)
{
	struct sockaddr_in	 v4 = { .sin_family = AF_INET,
				    .sin_port = htons(port) };
	struct sockaddr_in6	 v6 = { .sin6_family = AF_INET6,
				    .sin6_port = htons(port) };

	if (family == AF_INET) {
		memcpy(&v4.sin_addr, address, sizeof v4.sin_addr);
		memcpy(s, &v4, sizeof v4);
		return sizeof v4;
	}
	memcpy(&v6.sin6_addr, address, sizeof v6.sin6_addr);
	memcpy(s, &v6, sizeof v6);
	return sizeof v6;
}

/* The port is chosen by connect, so that one may serve for many peers. */
static int
bind_source(int fd, int family, const struct hop *h)
{
	struct sockaddr_storage	 s;
	socklen_t		 len;
	int			 one = 1;

	if (family == AF_INET ? !h->has_source4 : !h->has_source6)
		return 0;
	len = make_sockaddr(family, family == AF_INET ? h->source4 :
	    h->source6, 0, &s);
	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one,
	    sizeof one);
	return bind(fd, (struct sockaddr *)&s, len);
}

int
endpoint_connect(const struct endpoint *e, const struct hop *h)
{
	struct sockaddr_storage	 s;
	socklen_t		 len = make_sockaddr(e->family, e->address,
				    e->port, &s);
	int			 fd, one = 1;

	fd = socket(e->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	/* Commands are written whole; waiting to fill a packet only delays. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (bind_source(fd, e->family, h) == -1 ||
	    (connect(fd, (struct sockaddr *)&s, len) == -1 &&
	    errno != EINPROGRESS))
		fd_close(&fd);
	return fd;
}

int
endpoint_error(int fd)
{
	int		 error = 0;
	socklen_t	 len = sizeof error;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		return errno;
	return error;
}
