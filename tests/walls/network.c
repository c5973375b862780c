/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <sys/un.h>

#include <bsd/string.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/walls/attack.h"

enum { MANY_SOCKETS = 10000, MPTCP = 262 };

static long
stream(int family)
{
	return socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static long
attack_inet(void)
{
	return stream(AF_INET);
}

static long
attack_inet6(void)
{
	return stream(AF_INET6);
}

static long
attack_datagram(void)
{
	return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static long
attack_datagram6(void)
{
	return socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static long
attack_raw(void)
{
	return socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_TCP);
}

static long
attack_icmp(void)
{
	return socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
}

static long
attack_mptcp(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, MPTCP);
}

static long
attack_unix(void)
{
	return stream(AF_UNIX);
}

static long
attack_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
}

static long
attack_packet(void)
{
	return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
}

static long
attack_vsock(void)
{
	return stream(AF_VSOCK);
}

static long
attack_alg(void)
{
	return socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
}

static long
attack_bluetooth(void)
{
	return socket(AF_BLUETOOTH, SOCK_RAW | SOCK_CLOEXEC, 1);
}

static long
attack_key(void)
{
	return socket(AF_KEY, SOCK_RAW | SOCK_CLOEXEC, 2);
}

static long
attack_xdp(void)
{
	return socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
}

static long
attack_socketpair(void)
{
	int	 pair[2];

	return socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair);
}

static long
attack_many_sockets(void)
{
	int	 i;

	for (i = 0; i < MANY_SOCKETS; i++)
		if (stream(AF_INET) == -1)
			return -1;
	return 0;
}

static long
attack_bind(void)
{
	struct sockaddr_in	 any = { .sin_family = AF_INET };

	any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return bind(FD_BIND, (void *)&any, sizeof any);
}

/* To be taken for a server. */
static long
attack_bind_port(void)
{
	struct sockaddr_in	 well_known = { .sin_family = AF_INET,
				    .sin_port = htons(25) };

	well_known.sin_addr.s_addr = htonl(0x7f4d1925);
	if (setsockopt(FD_BIND_PORT, SOL_SOCKET, SO_REUSEADDR,
	    &(int){ 1 }, sizeof(int)) == -1)	/* others try at once */
		return -1;
	return bind(FD_BIND_PORT, (void *)&well_known, sizeof well_known);
}

static long
attack_listen(void)
{
	return listen(FD_LISTEN, 1);
}

static long
attack_connect(void)
{
	struct sockaddr_in	 to;
	size_t			 size = where_the_test_listens(&to);

	return connect(FD_CONNECT, (void *)&to, size);
}

static long
attack_shutdown(void)
{
	return shutdown(FD_LISTENER, SHUT_RDWR);
}

/* A listener that was shut down is a socket like any other. */
static long
attack_fastopen(void)
{
	struct sockaddr_in	 to;
	size_t			 size = where_the_test_listens(&to);

	return sendto(FD_SHUT, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL,
	    (void *)&to, size);
}

static long
attack_fastopen_message(void)
{
	struct sockaddr_in	 to;
	size_t			 size = where_the_test_listens(&to);
	struct iovec		 iov = { .iov_base = "x", .iov_len = 1 };
	struct msghdr		 m = { .msg_name = &to, .msg_namelen = size,
				    .msg_iov = &iov, .msg_iovlen = 1 };

	return sendmsg(FD_SHUT + 1, &m, MSG_FASTOPEN | MSG_NOSIGNAL);
}

static long
attack_fastopen_messages(void)
{
	struct sockaddr_in	 to;
	size_t			 size = where_the_test_listens(&to);
	struct iovec		 iov = { .iov_base = "x", .iov_len = 1 };
	struct mmsghdr		 m = { .msg_hdr = { .msg_name = &to,
				    .msg_namelen = size, .msg_iov = &iov,
				    .msg_iovlen = 1 } };

	return sendmmsg(FD_SHUT + 2, &m, 1, MSG_FASTOPEN | MSG_NOSIGNAL);
}

static long
attack_sendto(void)
{
	struct sockaddr_in	 to;
	size_t			 size = where_the_test_listens(&to);

	return sendto(FD_DATAGRAM, "x", 1, 0, (void *)&to, size);
}

/* `name` has its NUL in front: it stands in no file system. */
static long
connect_unix(const char *name, size_t len)
{
	struct sockaddr_un	 to = { .sun_family = AF_UNIX };
	int			 fd = stream(AF_UNIX);

	memcpy(to.sun_path, name, len);
	return fd == -1 ? -1 : connect(fd, (void *)&to,
	    offsetof(struct sockaddr_un, sun_path) + len);
}

static long
attack_abstract(void)
{
	const char	*name = getenv("RELAIS_ABSTRACT");
	char		 path[64] = "";

	(void)strlcpy(path + 1, name ? name : "", sizeof path - 1);
	return connect_unix(path, 1 + strlen(path + 1));
}

static long
attack_unix_path(void)
{
	const char	*name = getenv("RELAIS_SOCKET");

	return connect_unix(name ? name : "", name ? strlen(name) : 0);
}

const struct attack *
attacks_on_network(void)
{
	static const struct attack	 list[] = {
		{ "socket-inet",	attack_inet },
		{ "socket-inet6",	attack_inet6 },
		{ "socket-udp",		attack_datagram },
		{ "socket-udp6",	attack_datagram6 },
		{ "socket-raw",		attack_raw },
		{ "socket-icmp",	attack_icmp },
		{ "socket-mptcp",	attack_mptcp },
		{ "socket-unix",	attack_unix },
		{ "socket-netlink",	attack_netlink },
		{ "socket-packet",	attack_packet },
		{ "socket-vsock",	attack_vsock },
		{ "socket-alg",		attack_alg },
		{ "socket-bluetooth",	attack_bluetooth },
		{ "socket-key",		attack_key },
		{ "socket-xdp",		attack_xdp },
		{ "socketpair",		attack_socketpair },
		{ "many-sockets",	attack_many_sockets },
		{ "bind",		attack_bind },
		{ "bind-port",		attack_bind_port },
		{ "listen",		attack_listen },
		{ "connect",		attack_connect },
		{ "shutdown-listener",	attack_shutdown },
		{ "fastopen-sendto",	attack_fastopen },
		{ "fastopen-sendmsg",	attack_fastopen_message },
		{ "fastopen-sendmmsg",	attack_fastopen_messages },
		{ "sendto-address",	attack_sendto },
		{ "connect-abstract",	attack_abstract },
		{ "connect-unix",	attack_unix_path },
		{ NULL,			NULL }
	};

	return list;
}
