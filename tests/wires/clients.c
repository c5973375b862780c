/* SPDX-License-Identifier: ISC */
/*
 * Those outside whom a program has to do with: clients of smtpd, control and
 * monitor, and the server to which remote delivers.  They do nothing wrong, or
 * just so much that all ways through the program are taken.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "tests/wires/rig.h"

static void
listen_inet(struct rig *r)
{
	struct sockaddr_in	 at = { .sin_family = AF_INET };
	socklen_t		 len = sizeof at;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	r->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	if (r->listener == -1 ||
	    bind(r->listener, (void *)&at, sizeof at) == -1 ||
	    listen(r->listener, 64) == -1 ||
	    getsockname(r->listener, (void *)&at, &len) == -1)
		fatal("listener: %s", strerror(errno));
	r->port = ntohs(at.sin_port);
}

static void
path_of(const struct rig *r, struct sockaddr_un *at)
{
	memset(at, 0, sizeof *at);
	at->sun_family = AF_UNIX;
	snprintf(at->sun_path, sizeof at->sun_path, "%.80s/socket",
	    r->scratch);
}

/* Clients of smtpd have an address where it is to ask for their names. */
static bool
have_addresses(const struct rig *r)
{
	return r->program == ROLE_SMTPD && r->enemy == ROLE_RESOLVER;
}

void
client_listen(struct rig *r)
{
	struct sockaddr_un	 at;

	if (r->program == ROLE_REMOTE || have_addresses(r)) {
		listen_inet(r);
		return;
	}
	path_of(r, &at);
	(void)unlink(at.sun_path);
	r->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	if (r->listener == -1 ||
	    bind(r->listener, (void *)&at, sizeof at) == -1 ||
	    listen(r->listener, 64) == -1)
		fatal("%s: %s", at.sun_path, strerror(errno));
}

/* It ends by a reset, so that a port can be had again at once. */
static int
open_inet(const struct rig *r)
{
	const struct linger	 none = { .l_onoff = 1 };
	struct sockaddr_in	 at = { .sin_family = AF_INET };
	int			 fd;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	at.sin_port = htons(r->port);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd != -1 && (connect(fd, (void *)&at, sizeof at) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none) == -1 ||
	    fd_nonblock(fd) == -1))
		fd_close(&fd);
	return fd;
}

int
client_open(struct rig *r)
{
	struct sockaddr_un	 at;
	int			 fd;

	if (have_addresses(r))
		return open_inet(r);
	path_of(r, &at);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd != -1 && connect(fd, (void *)&at, sizeof at) == -1)
		fd_close(&fd);
	return fd;
}

static void
say(int fd, const char *text)
{
	(void)send(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static const char *const mails[] = {
	"EHLO a.example\r\nMAIL FROM:<a@b.example>\r\n"
	"RCPT TO:<jones@example.org>\r\nDATA\r\n",
	"EHLO a.example\r\nMAIL FROM:<> BODY=8BITMIME SIZE=100\r\n"
	"RCPT TO:<jones@example.org>\r\nRCPT TO:<b@c.example>\r\n"
	"RCPT TO:<list@example.org>\r\nDATA\r\n",
	"EHLO a.example\r\nVRFY jones\r\nEXPN list\r\n"
	"MAIL FROM:<a@b.example>\r\nEXPN list@example.org\r\n"
	"RCPT TO:<jones@example.org>\r\nDATA\r\n",
	"HELO a\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<postmaster>\r\nRSET\r\n"
	"MAIL FROM:<a@b.example>\r\nRCPT TO:<x@y.example>\r\nDATA\r\n",
	"EHLO a.example\r\nMAIL FROM:<a@b.example>\r\n"
	"RCPT TO:<jones@example.org>\r\nBDAT 12\r\nSubject: x\r\n"
	"BDAT 5\r\n\r\nx\r\nBDAT 0 LAST\r\nQUIT\r\n",
	"EHLO a.example\r\nMAIL FROM:<a@b.example>\r\n"
	"RCPT TO:<jones@example.org>\r\nBDAT 12\r\nSubject: x\r\n"
};

/* Some end well, some hold a bare LF, some are never ended. */
static void
say_content(struct rig *r, int fd)
{
	static char	 line[900];
	unsigned	 n = dice_below(&r->dice, 90);

	memset(line, 'x', sizeof line);
	memcpy(line + sizeof line - 3, "\r\n", 3);
	say(fd, "Subject: x\r\n\r\n");
	while (n-- > 0)
		say(fd, line);
	if (dice_one_in(&r->dice, 4))
		say(fd, "a\nb\r\n");
	if (!dice_one_in(&r->dice, 4))
		say(fd, "\r\n.\r\nQUIT\r\n");
}

void
client_start_slow(struct rig *r, unsigned i)
{
	struct client	*c = &r->clients[i];

	fd_close(&c->fd);
	*c = (struct client){ .fd = client_open(r), .slow = true };
	say(c->fd, mails[0]);
}

void
client_go_on(struct rig *r, const char *text)
{
	say(r->clients[0].fd, text);
}

static const char *const orders[] = {
	"queue retry ALL\n", "queue retry 6JzKbCwDtT\n", "queue hold ALL\n",
	"queue delete dry=1 sender=*@a.example\n", "queue content 2\n",
	"queue redirect argument=b.example destination=*:a.example:*\n"
};

static const char *const questions[] = {
	"queue list\n", "queue list state=held reason=x\n", "queue count\n",
	"queue show 2\n", "queue history 2\n", "status\n",
	"queue destinations\n"
};

void
client_start(struct rig *r)
{
	struct client	*c = &r->clients[dice_below(&r->dice, CLIENTS_MAX)];

	fd_close(&c->fd);
	*c = (struct client){ .fd = client_open(r) };
	if (c->fd == -1)
		return;
	if (r->program == ROLE_SMTPD && r->enemy == ROLE_KEYS)
		say(c->fd, "EHLO a.example\r\nSTARTTLS\r\n");
	else if (r->program == ROLE_SMTPD)
		say(c->fd, mails[dice_below(&r->dice, COUNT(mails))]);
	else if (r->program == ROLE_CONTROL)
		say(c->fd, orders[dice_below(&r->dice, COUNT(orders))]);
	else if (r->enemy == ROLE_REMOTE)
		say(c->fd, "trace example.org\n");
	else
		say(c->fd, questions[dice_below(&r->dice, COUNT(questions))]);
}

void
clients_close(struct rig *r)
{
	unsigned	 i;

	for (i = 0; i < CLIENTS_MAX; i++)
		fd_close(&r->clients[i].fd);
}

/* ---- what comes ---------------------------------------------------------- */

static bool
has(const char *text, const char *what)
{
	return strstr(text, what) != NULL;
}

/* One reply for each line, and one for all of the content. */
static void
serve(struct client *c, const char *text)
{
	const char	*end;

	for (; *text != '\0'; text = end + 1) {
		end = strchr(text, '\n');
		if (end == NULL)
			return;
		if (c->content && text[0] != '.')
			continue;
		if (!c->content && strncmp(text, "DATA", 4) == 0) {
			c->content = true;
			say(c->fd, "354 go on\r\n");
			continue;
		}
		c->content = false;
		say(c->fd, strncmp(text, "EHLO", 4) == 0 ?
		    "250-a\r\n250-PIPELINING\r\n250 8BITMIME\r\n" :
		    "250 2.0.0 Ok\r\n");
	}
}

void
client_ready(struct rig *r, struct client *c)
{
	char	 text[8192];
	ssize_t	 n;

	if (c->fd == -1)
		return;
	n = recv(c->fd, text, sizeof text - 1, MSG_DONTWAIT);
	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			fd_close(&c->fd);
		return;
	}
	text[n] = '\0';
	c->octets += n;
	if (c->serves)
		serve(c, text);
	else if (r->enemy == ROLE_KEYS && has(text, "220 2.0.0 "))
		handshake_begin(r, c->fd);
	else if (r->program == ROLE_SMTPD && !c->content &&
	    has(text, "354 ")) {
		c->content = true;
		if (c->slow)
			say(c->fd, "Subject: x\r\n\r\nx\r\n");
		else
			say_content(r, c->fd);
	}
}

void
server_accept(struct rig *r)
{
	struct client	*c = &r->clients[dice_below(&r->dice, CLIENTS_MAX)];

	fd_close(&c->fd);
	*c = (struct client){ .serves = true };
	c->fd = accept4(r->listener, NULL, NULL, SOCK_NONBLOCK |
	    SOCK_CLOEXEC);
	if (c->fd != -1)
		say(c->fd, "220 a ESMTP\r\n");
}
