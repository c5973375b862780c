/* SPDX-License-Identifier: ISC */
#include <sys/queue.h>
#include <sys/time.h>

#include <ares.h>
#include <arpa/nameser.h>
#include <bsd/stdlib.h>
#include <stdlib.h>

#include "shared/alloc.h"
#include "shared/buf.h"
#include "shared/limits.h"
#include "shared/log.h"
#include "resolver/dns.h"

enum { SERVERS_TEXT_MAX = DNS_SERVERS_MAX * (HOST_TEXT_MAX + 1) + 1 };

struct dns_socket {
	struct watch	 watch;
	struct dns	*dns;
	int		 fd;		/* -1: free */
};

/* One question on its way. */
struct asked {
	STAILQ_ENTRY(asked) entry;	/* while it has not left */
	char		 name[DNS_NAME_MAX + 1];
	int		 type;
	void		(*answered)(void *, struct span);
	void		*arg;
};

struct dns {
	struct loop	*loop;
	ares_channel	 channel;
	struct timer	 timer;		/* of what has left */
	struct timer	 pace;		/* of what has not */
	STAILQ_HEAD(, asked) waiting;
	struct dns_socket sockets[DNS_SOCKETS_MAX];
	struct buf	 servers;	/* as c-ares reads them */
	unsigned	 server_count;
};

/* ---- sockets and time ---------------------------------------------------- */

static void
on_ready(void *arg, unsigned events)
{
	struct dns_socket	*s = arg;
	ares_socket_t		 in = ARES_SOCKET_BAD, out = ARES_SOCKET_BAD;

	if (events & LOOP_READ)
		in = s->fd;
	if (events & LOOP_WRITE)
		out = s->fd;
	ares_process_fd(s->dns->channel, in, out);
}

static void
on_timer(void *arg)
{
	struct dns	*d = arg;

	ares_process_fd(d->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

static struct dns_socket *
find_socket(struct dns *d, int fd)
{
	size_t	 i;

	for (i = 0; i < DNS_SOCKETS_MAX; i++)
		if (d->sockets[i].fd == fd)
			return &d->sockets[i];
	return NULL;
}

/* c-ares tells which of its sockets it waits for, and before it closes one. */
static void
on_socket_state(void *arg, ares_socket_t fd, int in, int out)
{
	struct dns		*d = arg;
	struct dns_socket	*s = find_socket(d, fd);

	if (!in && !out) {
		if (s != NULL) {
			watch_clear(&s->watch);
			s->fd = -1;
		}
		return;
	}
	if (s == NULL) {
		s = find_socket(d, -1);
		if (s == NULL) {	/* its questions will time out */
			log_warning("more than %d sockets to name servers",
			    DNS_SOCKETS_MAX);
			return;
		}
		s->fd = fd;
		watch_init(&s->watch, d->loop, fd, on_ready, s);
	}
	watch_want(&s->watch, (in ? LOOP_READ : 0) | (out ? LOOP_WRITE : 0));
}

void
dns_settle(struct dns *d)
{
	struct timeval	 tv, *left = ares_timeout(d->channel, NULL, &tv);

	if (left == NULL)
		timer_unset(&d->timer);
	else
		timer_in(&d->timer, left->tv_sec * 1000 +
		    left->tv_usec / 1000 + 1);
}

/* ---- questions ----------------------------------------------------------- */

static void
answer(struct asked *a, struct span reply)
{
	a->answered(a->arg, reply);
	free(a);
}

static void
on_answer(void *arg, int status, int timeouts, unsigned char *reply, int len)
{
	(void)timeouts;
	if (status != ARES_SUCCESS || reply == NULL || len < 0)
		len = 0;
	answer(arg, len > 0 ? span_make(reply, len) : span_of(""));
}

/* An id that is ours: ares_query would count, and two equal ids in flight let
 * the answers cross over. */
static void
send_question(struct dns *d, struct asked *a)
{
	unsigned char	*packet;
	int		 len;

	if (ares_create_query(a->name, ns_c_in, a->type,
	    arc4random() & 0xffff, 1, &packet, &len, DNS_EDNS) !=
	    ARES_SUCCESS) {
		answer(a, span_of(""));
		return;
	}
	ares_send(d->channel, packet, len, on_answer, a);
	ares_free_string(packet);
}

/* Not all at once: the answers have to fit the socket's buffer, and the
 * questions that of the server. */
static void
on_pace(void *arg)
{
	struct dns	*d = arg;
	struct asked	*a;
	int		 i;

	for (i = 0; i < DNS_BURST; i++) {
		a = STAILQ_FIRST(&d->waiting);
		if (a == NULL)
			return;
		STAILQ_REMOVE_HEAD(&d->waiting, entry);
		send_question(d, a);
	}
	timer_in(&d->pace, 1);
}

void
dns_ask(struct dns *d, const char *name, int type,
    void (*answered)(void *, struct span), void *arg)
{
	struct asked	*a = xcalloc(1, sizeof *a);

	(void)span_copy(span_of(name), a->name, sizeof a->name);
	a->type = type;
	a->answered = answered;
	a->arg = arg;
	STAILQ_INSERT_TAIL(&d->waiting, a, entry);
	if (!timer_is_set(&d->pace))
		timer_in(&d->pace, 0);
}

/* ---- the channel --------------------------------------------------------- */

struct dns *
dns_open(struct loop *loop)
{
	struct dns		*d = xcalloc(1, sizeof *d);
	struct ares_options	 o = {
		.flags = ARES_FLAG_EDNS | ARES_FLAG_NOSEARCH |
		    ARES_FLAG_NOALIASES,
		.timeout = DNS_TIME, .tries = DNS_TRIES,
		.ednspsz = DNS_EDNS, .lookups = "b",
		.sock_state_cb = on_socket_state, .sock_state_cb_data = d
	};
	int			 status;
	size_t			 i;

	d->loop = loop;
	timer_init(&d->timer, loop, on_timer, d);
	timer_init(&d->pace, loop, on_pace, d);
	STAILQ_INIT(&d->waiting);
	buf_init(&d->servers, SERVERS_TEXT_MAX);
	for (i = 0; i < DNS_SOCKETS_MAX; i++) {
		d->sockets[i].dns = d;
		d->sockets[i].fd = -1;
	}
	status = ares_library_init(ARES_LIB_INIT_ALL);
	if (status == ARES_SUCCESS)
		status = ares_init_options(&d->channel, &o, ARES_OPT_FLAGS |
		    ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ |
		    ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB);
	if (status != ARES_SUCCESS)
		fatal("c-ares: %s", ares_strerror(status));
	return d;
}

bool
dns_add_server(struct dns *d, struct span server)
{
	struct span	 all;
	char		 text[SERVERS_TEXT_MAX + 1];

	if (d->server_count == DNS_SERVERS_MAX || server.len == 0 ||
	    span_index(server, ',') < server.len)
		return false;
	if (d->server_count > 0)
		(void)buf_put(&d->servers, span_of(","));
	(void)buf_put(&d->servers, server);
	d->server_count++;
	all = buf_span(&d->servers);
	return span_copy(all, text, sizeof text) &&
	    ares_set_servers_ports_csv(d->channel, text) == ARES_SUCCESS;
}
