/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <sys/types.h>

#include <errno.h>
#include <string.h>

#include "shared/fd.h"
#include "shared/log.h"
#include "shared/peer_private.h"

/* Read by one call, so that none is needed to see that there are no more. */
enum { PACKETS = PEER_PACKETS_CALL };

static void
on_hello(struct peer *p, const struct msg_hello *h)
{
	if (p->greeted || h->role != p->role || h->instance != p->instance ||
	    h->version != IPC_VERSION) {
		peer_accuse(p, "says a wrong hello");
		return;
	}
	p->greeted = true;
	p->credit = h->credit;
	if (p->owner->opened != NULL)
		p->owner->opened(p->owner->arg, p);
	peer_wake(p);
}

static void
on_freed(struct peer *p, const struct msg_freed *f)
{
	if (p->out == NULL || !ring_give_back(p->out, f->slot))
		peer_accuse(p, "frees a slot that it does not hold");
	else if (p->owner->freed != NULL)
		p->owner->freed(p->owner->arg, p);
}

/* What the table and the credit say of a record, before anybody looks in. */
static const char *
objection(const struct peer *p, const struct msg *m)
{
	const struct msg_row	*row = msg_row(m->type);

	if (!msg_allowed(m->type, p->role, p->owner->self))
		return "says what is not its to say";
	if (!p->greeted && m->type != MSG_HELLO)
		return "does not begin with hello";
	if (m->nfds > row->fds)
		return "sends descriptors where none belong";
	if (row->kind == ASK && p->owed >= p->granted)
		return "asks without credit";
	if (row->kind == ANSWER && p->asked == 0)
		return "answers what was not asked";
	return NULL;
}

static void
handle(struct peer *p, struct msg *m)
{
	enum msg_kind	 kind = msg_row(m->type)->kind;

	if (kind == ASK)
		p->owed++;
	if (kind == ANSWER) {
		p->asked--;
		p->credit++;
	}
	if (m->type == MSG_HELLO)
		on_hello(p, &m->hello);
	else if (m->type == MSG_FREED)
		on_freed(p, &m->freed);
	else
		p->owner->message(p->owner->arg, p, m);
	if (kind == ANSWER)
		peer_wake(p);
}

/* All records of one packet; its descriptors go with its only record. */
static void
take_packet(struct peer *p, struct span frame, int *fds, unsigned nfds)
{
	const char	*why;
	struct span	 record;
	struct msg	 m;

	do {
		record = frame;
		if (!msg_decode(&frame, &m)) {
			peer_accuse(p, "sends a broken record");
			return;
		}
		m.nfds = nfds;
		memcpy(m.fds, fds, nfds * sizeof *fds);
		why = objection(p, &m);
		if (why == NULL && nfds > 0 && frame.len > 0)
			why = "hides descriptors among records";
		if (why != NULL) {
			peer_accuse(p, why);
			return;
		}
		handle(p, &m);
		if (msg_is_secret(m.type))
			span_wipe(span_head(record,
			    record.len - frame.len));
		memcpy(fds, m.fds, nfds * sizeof *fds);
	} while (frame.len > 0 && p->fd != -1);
}

static unsigned
received_fds(struct msghdr *h, int fds[FRAME_FDS_MAX])
{
	struct cmsghdr	*c;
	unsigned	 i, n, count = 0;
	int		 fd;

	for (c = CMSG_FIRSTHDR(h); c != NULL; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
			if (count < FRAME_FDS_MAX)
				fds[count++] = fd;
			else
				fd_close(&fd);
		}
	}
	return count;
}

/* What one call reads. */
struct packets {
	struct mmsghdr	 headers[PACKETS];
	struct iovec	 parts[PACKETS];
	union {
		char		 space[CMSG_SPACE(FRAME_FDS_MAX * sizeof(int))];
		struct cmsghdr	 align;
	} control[PACKETS];
};

static void
prepare(struct packets *ps, char *frames)
{
	struct msghdr	*h;
	unsigned	 i;

	for (i = 0; i < PACKETS; i++) {
		ps->parts[i] = (struct iovec){ frames + i * FRAME_MAX,
		    FRAME_MAX };
		h = &ps->headers[i].msg_hdr;
		*h = (struct msghdr){ .msg_iov = &ps->parts[i],
		    .msg_iovlen = 1 };
		h->msg_control = ps->control[i].space;
		h->msg_controllen = sizeof ps->control[i].space;
	}
}

/* Of a neighbour that is gone by now nothing is heard; its descriptors are
 * closed. */
static void
take_message(struct peer *p, struct msghdr *h, size_t len)
{
	int		 fds[FRAME_FDS_MAX];
	unsigned	 i, nfds = received_fds(h, fds);

	if (p->fd == -1)
		;
	else if (len == 0)
		peer_shut(p, NULL);
	else if (h->msg_flags & MSG_CTRUNC && p->role == ROLE_MASTER)
		fatal("no descriptor is left for those that master sends");
	else if (h->msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		peer_accuse(p, "sends too large a packet");
	else
		take_packet(p, span_make(h->msg_iov->iov_base, len), fds,
		    nfds);
	for (i = 0; i < nfds; i++)
		fd_close(&fds[i]);
}

/* False when nothing more is to be read now. */
static bool
receive(struct peer *p)
{
	struct packets	 ps;
	int		 i, n;

	prepare(&ps, p->owner->frames);
	n = recvmmsg(p->fd, ps.headers, PACKETS,
	    MSG_DONTWAIT | MSG_CMSG_CLOEXEC, NULL);
	if (n == -1)
		peer_failed(p);
	for (i = 0; i < n; i++)
		take_message(p, &ps.headers[i].msg_hdr,
		    ps.headers[i].msg_len);
	return n == PACKETS && p->fd != -1;
}

void
peer_on_ready(void *arg, unsigned events)
{
	struct peer	*p = arg;
	int		 i;

	if (events & LOOP_WRITE)
		peer_flush(p);
	if (!(events & LOOP_READ) || p->fd == -1)
		return;
	for (i = 0; i < PEER_PACKETS_TURN; i += PACKETS)
		if (!receive(p))
			return;
}
