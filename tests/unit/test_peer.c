/* SPDX-License-Identifier: ISC */
/*
 * A peer of queue's on one end of a pair; on the other end the test, which
 * plays an honest smtpd, or one that was taken over.
 */
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/peer_owner.h"

enum { CREDIT = 3 };

/* What the system says to who sends; 0: it sends. */
static int	 refusal;

ssize_t
sendmsg(int fd, const struct msghdr *h, int flags)
{
	errno = refusal;
	return refusal != 0 ? -1 : syscall(SYS_sendmsg, fd, h, flags);
}

struct side {
	struct loop	*loop;
	struct peer_owner owner;
	struct peer	*peer;		/* NULL once it was closed */
	int		 other;		/* the test's end */
	struct timer	 stop;
	const char	*accusation;
	bool		 closed, opened;
	unsigned	 messages, freed, woken;
	struct msg	 last;
};

static unsigned
credit(enum role role)
{
	return role == ROLE_SMTPD ? CREDIT : 0;
}

static void
on_message(void *arg, struct peer *p, struct msg *m)
{
	struct side	*s = arg;

	ck_assert_ptr_eq(p, s->peer);
	s->messages++;
	s->last = *m;
}

static void
on_opened(void *arg, struct peer *p)
{
	struct side	*s = arg;

	ck_assert(peer_is_open(p));
	s->opened = true;
}

static void
on_closed(void *arg, struct peer *p, const char *accusation)
{
	struct side	*s = arg;

	s->closed = true;
	s->accusation = accusation;
	s->peer = NULL;
	peer_free(p);
}

static void
on_freed(void *arg, struct peer *p)
{
	struct side	*s = arg;

	(void)p;
	s->freed++;
}

static void
on_stop(void *arg)
{
	struct side	*s = arg;

	loop_stop(s->loop);
}

static void
setup(struct side *s)
{
	int	 pair[2];

	memset(s, 0, sizeof *s);
	s->loop = loop_new();
	timer_init(&s->stop, s->loop, on_stop, s);
	ck_assert(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    pair) == 0);
	peer_owner_init(&s->owner, s->loop, ROLE_QUEUE, 0);
	s->owner.credit = credit;
	s->owner.message = on_message;
	s->owner.opened = on_opened;
	s->owner.closed = on_closed;
	s->owner.freed = on_freed;
	s->owner.arg = s;
	s->peer = peer_new(&s->owner, pair[0], ROLE_SMTPD, 4, span_of(""));
	s->other = pair[1];
}

/* Turns until nothing is left to do at once. */
static void
turn(struct side *s)
{
	timer_set(&s->stop, clock_after(clock_now(), 1));
	loop_run(s->loop);
}

static void
teardown(struct side *s)
{
	peer_free(s->peer);
	turn(s);
	timer_clear(&s->stop);
	fd_close(&s->other);
	free(s->owner.frames);
	loop_free(s->loop);
}

static void
say(struct side *s, const struct msg *m, unsigned count)
{
	struct buf	 b;
	struct span	 frame;

	buf_init(&b, FRAME_MAX);
	while (count-- > 0)
		ck_assert(msg_encode(m, &b));
	frame = buf_span(&b);
	ck_assert(send(s->other, frame.ptr, frame.len, MSG_NOSIGNAL) != -1);
	buf_clear(&b);
	turn(s);
}

/* A packet of the peer's, decoded; false when none waits. */
static bool
hear(struct side *s, struct msg *m)
{
	static char	 packet[FRAME_MAX];
	struct span	 frame;
	ssize_t		 n = recv(s->other, packet, sizeof packet,
			    MSG_DONTWAIT);

	if (n <= 0)
		return false;
	frame = span_make(packet, n);
	ck_assert(msg_decode(&frame, m));
	return true;
}

static struct msg
hello(uint32_t grant)
{
	struct msg	 m = { .type = MSG_HELLO };

	m.hello.role = ROLE_SMTPD;
	m.hello.instance = 4;
	m.hello.version = IPC_VERSION;
	m.hello.life = 7;
	m.hello.credit = grant;
	return m;
}

static void
greet(struct side *s, uint32_t grant)
{
	struct msg	 m = hello(grant);

	say(s, &m, 1);
	ck_assert(s->opened);
	ck_assert(hear(s, &m));
	ck_assert_int_eq(m.type, MSG_HELLO);
	ck_assert_uint_eq(m.hello.credit, CREDIT);
}

static struct msg
open_envelope(void)
{
	struct msg	 m = { .type = MSG_OPEN };

	m.open.token = 9;
	m.open.client = span_of("c");
	m.open.identity = span_of("");
	return m;
}

START_TEST(a_wrong_hello_ends_the_pair)
{
	struct side	 s;
	struct msg	 m = hello(1);

	setup(&s);
	if (_i == 0)
		m.hello.role = ROLE_REMOTE;
	else if (_i == 1)
		m.hello.instance = 5;
	else
		m.hello.version = IPC_VERSION + 1;
	say(&s, &m, 1);
	ck_assert(s.closed && s.accusation != NULL && !s.opened);
	teardown(&s);
}
END_TEST

START_TEST(hello_comes_first_and_once)
{
	struct side	 s;
	struct msg	 m = _i == 0 ? open_envelope() : hello(1);

	setup(&s);
	if (_i == 1)
		greet(&s, 1);
	say(&s, &m, 1);
	ck_assert(s.closed && s.accusation != NULL);
	ck_assert_uint_eq(s.messages, 0);
	teardown(&s);
}
END_TEST

START_TEST(asking_above_credit_ends_the_pair)
{
	struct side	 s;
	struct msg	 m = open_envelope();

	setup(&s);
	greet(&s, 0);
	say(&s, &m, CREDIT);
	ck_assert(!s.closed);
	ck_assert_uint_eq(s.messages, CREDIT);
	say(&s, &m, 1);
	ck_assert(s.closed);
	ck_assert_str_eq(s.accusation, "asks without credit");
	teardown(&s);
}
END_TEST

START_TEST(an_answer_gives_credit_back)
{
	struct side	 s;
	struct msg	 m = open_envelope(), answer = { .type = MSG_STORED };

	setup(&s);
	greet(&s, 0);
	say(&s, &m, CREDIT);
	answer.stored.token = 9;
	peer_put(s.peer, &answer);
	say(&s, &m, 1);
	ck_assert(!s.closed);
	ck_assert_uint_eq(s.messages, CREDIT + 1);
	ck_assert(hear(&s, &m) && m.type == MSG_STORED);
	teardown(&s);
}
END_TEST

static struct msg
verdict(void)
{
	struct msg	 m = { .type = MSG_VERDICT };

	m.verdict.token = 1;
	m.verdict.reply = reply_make(250, "2.1.5", "Ok");
	return m;
}

START_TEST(an_answer_to_nothing_ends_the_pair)
{
	struct side	 s;
	struct msg	 m = verdict(), h = hello(1);

	setup(&s);
	s.owner.self = ROLE_SMTPD;	/* so that it may hear of lookup */
	peer_free(s.peer);
	fd_close(&s.other);
	turn(&s);
	ck_assert(!s.closed);
	{
		int	 pair[2];

		ck_assert(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
		s.peer = peer_new(&s.owner, pair[0], ROLE_LOOKUP, 0,
		    span_of(""));
		s.other = pair[1];
	}
	h.hello.role = ROLE_LOOKUP;
	h.hello.instance = 0;
	say(&s, &h, 1);
	ck_assert(s.opened);
	say(&s, &m, 1);
	ck_assert(s.closed);
	ck_assert_str_eq(s.accusation, "answers what was not asked");
	teardown(&s);
}
END_TEST

START_TEST(a_row_of_others_ends_the_pair)
{
	struct side	 s;
	struct msg	 m = { .type = MSG_RETRY };

	setup(&s);
	greet(&s, 0);
	say(&s, &m, 1);
	ck_assert(s.closed);
	ck_assert_uint_eq(s.messages, 0);
	teardown(&s);
}
END_TEST

START_TEST(a_broken_packet_ends_the_pair)
{
	struct side	 s;

	setup(&s);
	greet(&s, 0);
	ck_assert(send(s.other, "\5\0\377", 3, 0) == 3);
	turn(&s);
	ck_assert(s.closed && s.accusation != NULL);
	teardown(&s);
}
END_TEST

START_TEST(a_slot_that_is_not_out_cannot_be_freed)
{
	struct side	 s;
	struct msg	 m = { .type = MSG_FREED };

	setup(&s);
	greet(&s, 0);
	say(&s, &m, 1);
	ck_assert(s.closed && s.accusation != NULL);
	ck_assert_uint_eq(s.freed, 0);
	teardown(&s);
}
END_TEST

START_TEST(an_uninvited_descriptor_ends_the_pair)
{
	union {
		char		 space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr	 align;
	} control = { .space = { 0 } };
	struct side	 s;
	struct msg	 m = open_envelope();
	struct buf	 b;
	struct iovec	 iov;
	struct msghdr	 h = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = control.space,
			    .msg_controllen = sizeof control.space };
	struct cmsghdr	*c = CMSG_FIRSTHDR(&h);

	setup(&s);
	greet(&s, 0);
	buf_init(&b, FRAME_MAX);
	ck_assert(msg_encode(&m, &b));
	iov.iov_base = b.data + b.head;
	iov.iov_len = buf_len(&b);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &s.other, sizeof(int));
	ck_assert(sendmsg(s.other, &h, 0) != -1);
	turn(&s);
	ck_assert(s.closed);
	ck_assert_uint_eq(s.messages, 0);
	buf_clear(&b);
	teardown(&s);
}
END_TEST

START_TEST(a_plain_end_accuses_nobody)
{
	struct side	 s;

	setup(&s);
	greet(&s, 0);
	fd_close(&s.other);
	turn(&s);
	ck_assert(s.closed && s.accusation == NULL);
	teardown(&s);
}
END_TEST

static const int shortages[4] = { EAGAIN, EINTR, ENOBUFS, ENOMEM };

START_TEST(a_pair_outlives_a_shortage)
{
	struct side	 s;
	struct msg	 m = { .type = MSG_OPENED };

	setup(&s);
	greet(&s, 0);
	refusal = shortages[_i];
	peer_put(s.peer, &m);
	turn(&s);
	ck_assert(!s.closed && !hear(&s, &m));
	refusal = 0;
	turn(&s);
	ck_assert(!s.closed && hear(&s, &m));
	teardown(&s);
}
END_TEST

START_TEST(whose_pair_fails_ends)
{
	struct side	 s;

	refusal = EIO;
	setup(&s);
	turn(&s);
}
END_TEST

START_TEST(who_does_not_read_is_left)
{
	struct side	 s;
	struct msg	 m = { .type = MSG_OPENED };
	size_t		 i;

	setup(&s);
	greet(&s, 0);
	for (i = 0; i < PEER_OUT_MAX / 16 && !s.closed; i++) {
		peer_put(s.peer, &m);
		if (i % 4096 == 0)
			turn(&s);
	}
	turn(&s);
	ck_assert(s.closed);
	ck_assert_str_eq(s.accusation, "does not read");
	teardown(&s);
}
END_TEST

START_TEST(who_holds_all_descriptors_is_left)
{
	struct side	 s;
	struct msg	 m = { .type = MSG_WIRE, .nfds = 1 };
	struct rlimit	 few = { 64, 64 };
	size_t		 i;

	setup(&s);
	greet(&s, 0);
	s.owner.self = ROLE_MASTER;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	m.wire.role = ROLE_QUEUE;
	m.fds[0] = s.other;
	for (i = 0; i < few.rlim_cur && !s.closed; i++)
		peer_put(s.peer, &m);
	turn(&s);
	ck_assert(s.closed && s.accusation != NULL);
	i = fcntl(s.other, F_DUPFD_CLOEXEC, 0);
	ck_assert_msg((int)i != -1, "its descriptors are not free again");
	close((int)i);
	teardown(&s);
}
END_TEST

START_TEST(what_gathers_in_a_turn_is_one_packet)
{
	struct side	 s;
	struct msg	 m = { .type = MSG_OPENED };
	int		 i;

	setup(&s);
	greet(&s, 0);
	for (i = 0; i < 100; i++)
		peer_put(s.peer, &m);
	turn(&s);
	ck_assert(hear(&s, &m));
	ck_assert(!hear(&s, &m));
	teardown(&s);
}
END_TEST

static void
on_credit(void *arg)
{
	struct side	*s = arg;

	s->woken++;
}

START_TEST(waiters_wake_when_credit_is_there)
{
	struct side	 s;
	struct waiter	 first = { .on = NULL }, second = { .on = NULL };

	setup(&s);
	ck_assert_uint_eq(peer_credit(s.peer), 0);
	peer_wait(s.peer, &first, on_credit, &s);
	peer_wait(s.peer, &second, on_credit, &s);
	waiter_clear(&second);
	turn(&s);
	ck_assert_uint_eq(s.woken, 0);
	greet(&s, 2);
	ck_assert_uint_eq(s.woken, 1);
	ck_assert_uint_eq(peer_credit(s.peer), 2);
	teardown(&s);
}
END_TEST

/* Only the other end's reading makes room: no ANSWER is needed. */
START_TEST(a_slow_neighbour_is_asked_nothing)
{
	struct side	 s;
	struct waiter	 w = { .on = NULL };
	struct msg	 m = { .type = MSG_OPENED };
	size_t		 i;

	setup(&s);
	greet(&s, 2);
	ck_assert(!peer_is_slow(s.peer));
	for (i = 0; i < PEER_OUT_HIGH / 16; i++)
		peer_put(s.peer, &m);
	ck_assert(peer_is_slow(s.peer));
	ck_assert_uint_eq(peer_credit(s.peer), 0);
	peer_wait(s.peer, &w, on_credit, &s);
	turn(&s);
	ck_assert_uint_eq(s.woken, 0);
	for (i = 0; i < PEER_OUT_MAX / FRAME_MAX && s.woken == 0; i++) {
		while (hear(&s, &m))
			continue;
		turn(&s);
	}
	ck_assert_uint_eq(s.woken, 1);
	ck_assert_uint_eq(peer_credit(s.peer), 2);
	ck_assert(!s.closed);
	teardown(&s);
}
END_TEST

START_TEST(tokens_do_not_repeat)
{
	struct side	 s;
	uint64_t	 a, b;

	setup(&s);
	s.owner.last_token = UINT32_MAX - 1;
	a = peer_token(s.peer);
	b = peer_token(s.peer);
	ck_assert(a != b && (uint32_t)a != 0 && (uint32_t)b != 0);
	ck_assert_uint_eq(a >> 32, s.owner.life >> 32);
	teardown(&s);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("peer");
	TCase	*tc = tcase_create("peer");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, a_wrong_hello_ends_the_pair, 0, 3);
	tcase_add_loop_test(tc, hello_comes_first_and_once, 0, 2);
	tcase_add_test(tc, asking_above_credit_ends_the_pair);
	tcase_add_test(tc, an_answer_gives_credit_back);
	tcase_add_test(tc, an_answer_to_nothing_ends_the_pair);
	tcase_add_test(tc, a_row_of_others_ends_the_pair);
	tcase_add_test(tc, a_broken_packet_ends_the_pair);
	tcase_add_test(tc, a_slot_that_is_not_out_cannot_be_freed);
	tcase_add_test(tc, an_uninvited_descriptor_ends_the_pair);
	tcase_add_test(tc, a_plain_end_accuses_nobody);
	tcase_add_loop_test(tc, a_pair_outlives_a_shortage, 0, 4);
	tcase_add_exit_test(tc, whose_pair_fails_ends, EX_SOFTWARE);
	tcase_add_test(tc, who_does_not_read_is_left);
	tcase_add_test(tc, who_holds_all_descriptors_is_left);
	tcase_add_test(tc, what_gathers_in_a_turn_is_one_packet);
	tcase_add_test(tc, waiters_wake_when_credit_is_there);
	tcase_add_test(tc, a_slow_neighbour_is_asked_nothing);
	tcase_add_test(tc, tokens_do_not_repeat);
	suite_add_tcase(s, tc);
	tcase_set_timeout(tc, 30);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
