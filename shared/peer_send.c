/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "shared/peer_private.h"

void
peer_free_packet(struct packet *k)
{
	unsigned	 i;

	if (k == NULL)
		return;
	for (i = 0; i < k->nfds; i++)
		fd_close(&k->fds[i]);
	if (k->secret)
		buf_wipe(&k->data);
	buf_clear(&k->data);
	free(k);
}

void
peer_drop_packets(struct peer *p)
{
	struct packet	*k;

	while ((k = TAILQ_FIRST(&p->packets)) != NULL) {
		TAILQ_REMOVE(&p->packets, k, entry);
		peer_free_packet(k);
	}
	p->waiting = 0;
}

static struct packet *
packet_new(struct peer *p)
{
	struct packet	*k = p->spare;

	if (k == NULL) {
		k = xcalloc(1, sizeof *k);
		buf_init(&k->data, FRAME_MAX);
	}
	p->spare = NULL;
	TAILQ_INSERT_TAIL(&p->packets, k, entry);
	return k;
}

static void
packet_give_back(struct peer *p, struct packet *k)
{
	unsigned	 i;

	TAILQ_REMOVE(&p->packets, k, entry);
	p->waiting -= buf_len(&k->data);
	for (i = 0; i < k->nfds; i++)
		fd_close(&k->fds[i]);
	k->nfds = 0;
	if (k->secret)
		buf_wipe(&k->data);
	k->secret = false;
	buf_drop(&k->data, buf_len(&k->data));
	if (p->spare == NULL)
		p->spare = k;
	else
		peer_free_packet(k);
}

/* Where none is left, those may hold them who do not read. */
static bool
add_fds(struct packet *k, const struct msg *m)
{
	unsigned	 i;

	for (i = 0; i < m->nfds; i++) {
		k->fds[i] = fcntl(m->fds[i], F_DUPFD_CLOEXEC, 0);
		if (k->fds[i] == -1)
			return false;
		k->nfds++;
	}
	return true;
}

static void
queue_record(struct peer *p, const struct msg *m)
{
	struct packet	*k = TAILQ_LAST(&p->packets, packet_list);
	size_t		 before;

	if (k != NULL && k->nfds == 0 && m->nfds == 0) {
		before = buf_len(&k->data);
		if (msg_encode(m, &k->data)) {
			p->waiting += buf_len(&k->data) - before;
			k->secret |= msg_is_secret(m->type);
			return;
		}
	}
	k = packet_new(p);
	if (!msg_encode(m, &k->data))
		fatal("%s for %s passes a limit of its row",
		    msg_row(m->type)->name, role_name(p->role));
	p->waiting += buf_len(&k->data);
	k->secret |= msg_is_secret(m->type);
	if (!add_fds(k, m))
		peer_shut(p, "left no descriptor for what it is to get");
	else if (p->waiting > PEER_OUT_MAX)
		peer_shut(p, "does not read");
}

void
peer_put(struct peer *p, const struct msg *m)
{
	const struct msg_row	*row = msg_row(m->type);

	if (p->fd == -1)
		return;
	if (row == NULL || !msg_allowed(m->type, p->owner->self, p->role))
		fatal("%s may not be said to %s", row ? row->name : "nothing",
		    role_name(p->role));
	if (row->kind == ANSWER) {
		if (p->owed == 0) {
			log_warning("%s for %s that it did not ask for",
			    row->name, role_name(p->role));
			return;
		}
		p->owed--;
	}
	queue_record(p, m);
}

bool
peer_ask(struct peer *p, const struct msg *m)
{
	if (peer_credit(p) == 0)
		return false;
	p->credit--;
	p->asked++;
	peer_put(p, m);
	return true;
}

/* One packet; false when the socket takes no more for now. */
static bool
send_packet(struct peer *p, struct packet *k)
{
	union {
		char		 space[CMSG_SPACE(sizeof k->fds)];
		struct cmsghdr	 align;
	} control = { .space = { 0 } };
	struct span	 s = buf_span(&k->data);
	struct iovec	 iov = { (void *)s.ptr, s.len };
	struct msghdr	 h = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr	*c;

	if (k->nfds > 0) {
		h.msg_control = control.space;
		h.msg_controllen = CMSG_SPACE(k->nfds * sizeof(int));
		c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(k->nfds * sizeof(int));
		memcpy(CMSG_DATA(c), k->fds, k->nfds * sizeof(int));
	}
	if (sendmsg(p->fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL) != -1)
		return true;
	peer_failed(p);
	return false;
}

void
peer_flush(struct peer *p)
{
	struct packet	*k;

	while (p->fd != -1 && (k = TAILQ_FIRST(&p->packets)) != NULL) {
		if (!send_packet(p, k))
			break;
		packet_give_back(p, k);
	}
	if (p->fd == -1)
		return;
	watch_want(&p->watch, LOOP_READ |
	    (TAILQ_EMPTY(&p->packets) ? 0 : LOOP_WRITE));
	peer_wake_later(p);
}
