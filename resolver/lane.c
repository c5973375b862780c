/* SPDX-License-Identifier: ISC */
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/log.h"
#include "resolver/dns.h"
#include "resolver/lane.h"

/* c-ares closes the old one after it has opened a new one. */
enum { SOCKETS_MAX = DNS_LANE_SOCKETS };

struct lane_socket {
	struct watch	 watch;
	struct lane	*lane;
	int		 fd;		/* -1: free */
};

/* One question on its way. */
struct sent {
	TAILQ_ENTRY(sent) entry;
	struct lane	*lane;
	struct instant	 due;
	void		(*ended)(void *, enum lane_end, struct span);
	void		*arg;
};

struct lane {
	struct loop	*loop;
	ares_channel	 channel;
	struct timer	 timer;		/* of the first of `sent` */
	int64_t		 ms;
	TAILQ_HEAD(, sent) sent;	/* the oldest is due first */
	unsigned	 open, used;
	bool		 is_local;
	struct lane_socket sockets[SOCKETS_MAX];
};

/* ---- sockets and time ---------------------------------------------------- */

static void
on_ready(void *arg, unsigned events)
{
	struct lane_socket	*s = arg;
	ares_socket_t		 in = ARES_SOCKET_BAD, out = ARES_SOCKET_BAD;

	if (events & LOOP_READ)
		in = s->fd;
	if (events & LOOP_WRITE)
		out = s->fd;
	ares_process_fd(s->lane->channel, in, out);
}

static void
settle(struct lane *l)
{
	struct sent	*s = TAILQ_FIRST(&l->sent);

	if (s == NULL)
		timer_unset(&l->timer);
	else
		timer_set(&l->timer, s->due);
}

/* Whom c-ares does not think due yet it will a moment later. */
static void
on_timer(void *arg)
{
	struct lane	*l = arg;
	struct sent	*s;

	ares_process_fd(l->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	TAILQ_FOREACH(s, &l->sent, entry) {
		if (clock_before(loop_now(l->loop), s->due))
			break;
		s->due = clock_after(loop_now(l->loop), 20);
	}
	settle(l);
}

static struct lane_socket *
find_socket(struct lane *l, int fd)
{
	size_t	 i;

	for (i = 0; i < SOCKETS_MAX; i++)
		if (l->sockets[i].fd == fd)
			return &l->sockets[i];
	return NULL;
}

/* c-ares tells which of its sockets it waits for, and before it closes one. */
static void
on_socket_state(void *arg, ares_socket_t fd, int in, int out)
{
	struct lane		*l = arg;
	struct lane_socket	*s = find_socket(l, fd);

	if (!in && !out) {
		if (s != NULL) {
			watch_clear(&s->watch);
			s->fd = -1;
		}
		return;
	}
	if (s == NULL) {
		s = find_socket(l, -1);
		if (s == NULL) {	/* its questions will time out */
			log_warning("more than %d sockets of one lane",
			    SOCKETS_MAX);
			return;
		}
		s->fd = fd;
		watch_init(&s->watch, l->loop, fd, on_ready, s);
	}
	watch_want(&s->watch, (in ? LOOP_READ : 0) | (out ? LOOP_WRITE : 0));
}

/* ---- questions ----------------------------------------------------------- */

static void
on_end(void *arg, int status, int timeouts, unsigned char *reply, int len)
{
	struct sent	*s = arg;
	struct lane	*l = s->lane;
	enum lane_end	 end = LANE_ERROR;

	(void)timeouts;
	if (status == ARES_SUCCESS && reply != NULL && len >= NS_HFIXEDSZ)
		end = LANE_REPLY;
	else if (status == ARES_ETIMEOUT)
		end = LANE_TIME_OUT;
	TAILQ_REMOVE(&l->sent, s, entry);
	if (--l->open == 0)
		l->used = 0;
	settle(l);
	s->ended(s->arg, end, end == LANE_REPLY ? span_make(reply, len) :
	    span_of(""));
	free(s);
}

/* The millisecond more is so that c-ares finds it due, too. */
void
lane_send(struct lane *l, struct span question,
    void (*ended)(void *, enum lane_end, struct span), void *arg)
{
	struct sent	*s = xcalloc(1, sizeof *s);

	s->lane = l;
	s->due = clock_after(clock_now(), l->ms + 1);
	s->ended = ended;
	s->arg = arg;
	TAILQ_INSERT_TAIL(&l->sent, s, entry);
	l->open++;
	l->used++;
	if (l->open == 1)
		settle(l);
	ares_send(l->channel, (const unsigned char *)question.ptr,
	    (int)question.len, on_end, s);
}

unsigned
lane_open(const struct lane *l)
{
	return l->open;
}

unsigned
lane_used(const struct lane *l)
{
	return l->used;
}

/* ---- servers ------------------------------------------------------------- */

static bool
is_loopback(const struct ares_addr_port_node *a)
{
	static const uint8_t	 mapped[13] = { [10] = 0xff, 0xff, 127 };
	const uint8_t		*octets = (const uint8_t *)&a->addr;

	if (a->family == AF_INET)
		return octets[0] == 127;
	return memcmp(octets, mapped, sizeof mapped) == 0 ||
	    memcmp(octets, &in6addr_loopback, 16) == 0;
}

bool
lane_set_server(struct lane *l, const char *text)
{
	struct ares_addr_port_node	*list = NULL;

	if (ares_set_servers_ports_csv(l->channel, text) != ARES_SUCCESS ||
	    ares_get_servers_ports(l->channel, &list) != ARES_SUCCESS)
		return false;
	l->is_local = list != NULL && list->next == NULL && is_loopback(list);
	ares_free_data(list);
	return true;
}

bool
lane_is_local(const struct lane *l)
{
	return l->is_local;
}

static void
open_channel(ares_channel *channel, struct ares_options *o, int mask)
{
	int	 status = ares_library_init(ARES_LIB_INIT_ALL);

	if (status == ARES_SUCCESS)
		status = ares_init_options(channel, o, mask);
	if (status != ARES_SUCCESS)
		fatal("c-ares: %s", ares_strerror(status));
}

/*
 * What a server says is ours to judge, and all further tries are, too.  c-ares
 * has to know of EDNS, or it cuts replies to 512 octets; but then it cuts EDNS
 * off what got FORMERR, be it there or not.
 */
struct lane *
lane_new(struct loop *loop, enum lane_kind kind, int64_t ms)
{
	struct lane		*l = xcalloc(1, sizeof *l);
	struct ares_options	 o = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES |
		    ARES_FLAG_IGNTC | ARES_FLAG_NOCHECKRESP |
		    (kind == LANE_EDNS ? ARES_FLAG_EDNS : 0) |
		    (kind == LANE_TCP ? ARES_FLAG_USEVC : 0),
		.timeout = (int)ms, .tries = 1, .lookups = "b",
		.ednspsz = DNS_EDNS,
		.sock_state_cb = on_socket_state, .sock_state_cb_data = l
	};
	size_t			 i;

	l->loop = loop;
	l->ms = ms;
	TAILQ_INIT(&l->sent);
	timer_init(&l->timer, loop, on_timer, l);
	for (i = 0; i < SOCKETS_MAX; i++) {
		l->sockets[i].lane = l;
		l->sockets[i].fd = -1;
	}
	open_channel(&l->channel, &o, ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS |
	    ARES_OPT_TRIES | ARES_OPT_EDNSPSZ | ARES_OPT_LOOKUPS |
	    ARES_OPT_SOCK_STATE_CB);
	return l;
}

unsigned
lane_find_servers(char into[][LANE_SERVER_SIZE], unsigned max)
{
	struct ares_options		 o = { .flags = 0 };
	struct ares_addr_port_node	*list = NULL, *a;
	ares_channel			 channel;
	char				 text[INET6_ADDRSTRLEN];
	unsigned			 n = 0;

	open_channel(&channel, &o, ARES_OPT_FLAGS);
	(void)ares_get_servers_ports(channel, &list);
	for (a = list; a != NULL && n < max; a = a->next)
		if (inet_ntop(a->family, &a->addr, text, sizeof text) != NULL)
			(void)snprintf(into[n++], LANE_SERVER_SIZE,
			    a->family == AF_INET ? "%s:%d" : "[%s]:%d", text,
			    a->udp_port > 0 ? a->udp_port : NS_DEFAULTPORT);
	ares_free_data(list);
	ares_destroy(channel);
	return n;
}
