/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <netinet/in.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/ipc.h"
#include "smtpd/client.h"

static const uint8_t	 mapped[12] = { [10] = 0xff, [11] = 0xff };

static bool
init_user(struct client *c, int fd)
{
	struct ucred	 who;
	socklen_t	 len = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == -1)
		return false;
	c->uid = who.uid;
	return true;
}

void
client_set_address(struct client *c, int family, const uint8_t *octets,
    uint16_t port)
{
	bool	 v4 = family == AF_INET;

	if (v4)
		memcpy(c->address, mapped, sizeof(mapped));
	memcpy(c->address + (v4 ? sizeof(mapped) : 0), octets, v4 ? 4 : 16);
	c->port = port;
}

static void
init_ipv4(struct client *c, const struct sockaddr_storage *from)
{
	struct sockaddr_in	 in;

	memcpy(&in, from, sizeof(in));
	client_set_address(c, AF_INET, (const uint8_t *)&in.sin_addr,
	    ntohs(in.sin_port));
}

static void
init_ipv6(struct client *c, const struct sockaddr_storage *from)
{
	struct sockaddr_in6	 in;

	memcpy(&in, from, sizeof(in));
	client_set_address(c, AF_INET6, in.sin6_addr.s6_addr,
	    ntohs(in.sin6_port));
}

bool
client_init(struct client *c, int fd, unsigned flags,
    const struct sockaddr_storage *from)
{
	*c = (struct client){ .flags = flags };
	if (flags & LISTENER_UNIX)
		return from->ss_family == AF_UNIX && init_user(c, fd);
	if (from->ss_family == AF_INET)
		init_ipv4(c, from);
	else if (from->ss_family == AF_INET6)
		init_ipv6(c, from);
	else
		return false;
	return true;
}

bool
client_is_local(const struct client *c)
{
	return c->flags & LISTENER_UNIX;
}

bool
client_is_ipv4(const struct client *c)
{
	return memcmp(c->address, mapped, sizeof(mapped)) == 0;
}

bool
client_has_login(const struct client *c)
{
	return c->method != NULL;
}

void
client_forget_login(struct client *c)
{
	free(c->login);
	free(c->method);
	c->login = c->method = NULL;
}

void
client_login(struct client *c, struct span who, const char *method)
{
	client_forget_login(c);
	c->login = span_dup(who);
	c->method = span_dup(span_of(method));
}

struct span
client_account(const struct client *c)
{
	return span_of(c->login != NULL ? c->login : "");
}

void
client_identity(char into[IDENTITY_SIZE], const struct client *c)
{
	into[0] = '\0';
	if (client_has_login(c))
		(void)snprintf(into, IDENTITY_SIZE, "%s", c->login);
	else if (client_is_local(c))
		(void)snprintf(into, IDENTITY_SIZE, "uid:%lu",
		    (unsigned long)c->uid);
}

void
client_format(char into[CLIENT_SIZE], const struct client *c,
    enum client_style style)
{
	bool		 v4 = client_is_ipv4(c);
	const char	*tag = !v4 && style == CLIENT_TRACE ? "IPv6:" : "";
	const char	*gap = style == CLIENT_TRACE ? " " : "";
	char		 ip[INET6_ADDRSTRLEN] = "";
	int		 n;

	if (client_is_local(c)) {
		(void)snprintf(into, CLIENT_SIZE, "uid %lu",
		    (unsigned long)c->uid);
		return;
	}
	(void)inet_ntop(v4 ? AF_INET : AF_INET6, c->address + (v4 ? 12 : 0),
	    ip, sizeof(ip));
	n = snprintf(into, CLIENT_SIZE, "%s%s[%s%s]",
	    c->name != NULL ? c->name : "unknown", gap, tag, ip);
	if (style == CLIENT_WITH_PORT && n > 0 && n < CLIENT_SIZE)
		(void)snprintf(into + n, CLIENT_SIZE - n, ":%u", c->port);
}
