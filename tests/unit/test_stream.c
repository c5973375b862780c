/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <sys/types.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/stream.h"

enum { IN = 4096, OUT = 8192, BULK = 300000, TOO_LATE = 10 * 1000 };

/* A stream, the far end of its socket, and what its callbacks are to do. */
static struct fixture {
	struct loop	*loop;
	struct stream	*stream;
	int		 fd, far;
	struct timer	 turn, late;

	int		 readable, drained, closed, error;
	bool		 stop_readable, stop_drained, stop_closed;
	bool		 free_readable, free_drained;
	bool		 hold_readable, take_readable;
} f;

static void
on_readable(void *arg)
{
	ck_assert_ptr_eq(arg, &f);
	ck_assert_int_eq(f.closed, 0);
	f.readable++;
	if (f.take_readable)
		buf_drop(stream_in(f.stream), IN);
	if (f.hold_readable)
		stream_hold(f.stream, true);
	if (f.free_readable)
		stream_free(f.stream);
	if (f.stop_readable)
		loop_stop(f.loop);
}

static void
on_drained(void *arg)
{
	ck_assert_ptr_eq(arg, &f);
	ck_assert_int_eq(f.closed, 0);
	ck_assert_uint_eq(stream_waiting(f.stream), 0);
	f.drained++;
	if (f.free_drained)
		stream_free(f.stream);
	if (f.stop_drained)
		loop_stop(f.loop);
}

static void
on_closed(void *arg, int error)
{
	ck_assert_ptr_eq(arg, &f);
	f.closed++;
	f.error = error;
	stream_free(f.stream);
	if (f.stop_closed)
		loop_stop(f.loop);
}

static const struct stream_calls	 calls = {
	on_readable, on_drained, on_closed
};
static const struct stream_limits	 limits = { IN, OUT };

static void
on_late(void *arg)
{
	ck_abort_msg("waited in vain, %p", arg);
}

static void
stop(void *arg)
{
	loop_stop(arg);
}

/* A turn in which all that is ready is acted on. */
static void
turn(void)
{
	timer_in(&f.turn, 0);
	loop_run(f.loop);
}

static void
set_up_type(int type)
{
	int	 ends[2];

	memset(&f, 0, sizeof(f));
	ck_assert_int_eq(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends), 0);
	f.fd = ends[0];
	f.far = ends[1];
	ck_assert_int_eq(fd_nonblock(f.far), 0);
	f.loop = loop_new();
	f.stream = stream_new(f.loop, f.fd, &limits, &calls, &f);
	timer_init(&f.turn, f.loop, stop, f.loop);
	timer_init(&f.late, f.loop, on_late, NULL);
	timer_in(&f.late, TOO_LATE);
}

static void
set_up(void)
{
	set_up_type(SOCK_STREAM);
}

static void
tear_down(void)
{
	if (f.closed == 0 && !f.free_readable && !f.free_drained)
		stream_free(f.stream);
	timer_clear(&f.turn);
	timer_clear(&f.late);
	loop_free(f.loop);
	ck_assert_int_eq(fcntl(f.fd, F_GETFD), -1);
	fd_close(&f.far);
}

static void
say(const char *text)
{
	ck_assert_int_eq(send(f.far, text, strlen(text), MSG_NOSIGNAL),
	    (ssize_t)strlen(text));
}

/* What has come to the far end. */
static struct span
hear(void)
{
	static char	 text[BULK];
	ssize_t		 n = read(f.far, text, sizeof(text));

	return span_make(text, n > 0 ? n : 0);
}

/* Puts pieces until the socket takes no more; how much was put. */
static size_t
fill_socket(size_t piece)
{
	char	 block[OUT] = { 0 };
	size_t	 put = 0;

	while (stream_waiting(f.stream) == 0) {
		ck_assert(stream_put(f.stream, span_make(block, piece)));
		put += piece;
		turn();
	}
	return put;
}

static void
fill_output(void)
{
	(void)fill_socket(OUT);
	ck_assert_uint_gt(stream_waiting(f.stream), OUT / 2);
}

START_TEST(what_arrives_is_readable)
{
	f.stop_readable = true;
	say("one");
	loop_run(f.loop);
	ck_assert(span_is(buf_span(stream_in(f.stream)), "one"));
	say("two");
	loop_run(f.loop);
	ck_assert(span_is(buf_span(stream_in(f.stream)), "onetwo"));
	ck_assert_int_eq(f.readable, 2);
	tear_down();
}
END_TEST

/* On a socket that keeps packets apart one write is one packet. */
START_TEST(the_puts_of_a_turn_leave_in_one_write)
{
	tear_down();
	set_up_type(SOCK_SEQPACKET);
	f.stop_drained = true;
	ck_assert(stream_put(f.stream, span_of("one ")));
	ck_assert(stream_put(f.stream, span_of("two ")));
	ck_assert(buf_printf(stream_out(f.stream), "%s", "three"));
	ck_assert_uint_eq(stream_waiting(f.stream), 13);
	ck_assert_uint_eq(hear().len, 0);
	loop_run(f.loop);
	ck_assert(span_is(hear(), "one two three"));
	ck_assert_int_eq(f.drained, 1);
	tear_down();
}
END_TEST

START_TEST(output_over_the_ceiling_is_refused)
{
	char	 block[OUT + 1] = { 0 };

	ck_assert(!stream_put(f.stream, span_make(block, OUT + 1)));
	ck_assert_uint_eq(stream_waiting(f.stream), 0);
	ck_assert(stream_put(f.stream, span_make(block, OUT)));
	ck_assert(!stream_put(f.stream, span_make(block, 1)));
	ck_assert_uint_eq(stream_waiting(f.stream), OUT);
	tear_down();
}
END_TEST

START_TEST(reading_stops_at_the_ceiling_of_the_input)
{
	char	 block[IN + 100] = { 0 };
	int	 i;

	ck_assert_int_eq(write(f.far, block, sizeof(block)), sizeof(block));
	for (i = 0; i < 5; i++)
		turn();
	ck_assert_uint_eq(buf_len(stream_in(f.stream)), IN);
	ck_assert_int_eq(f.readable, 1);
	buf_drop(stream_in(f.stream), 50);
	f.stop_readable = true;
	loop_run(f.loop);
	ck_assert_uint_eq(buf_len(stream_in(f.stream)), IN);
	buf_drop(stream_in(f.stream), IN);
	loop_run(f.loop);
	ck_assert_uint_eq(buf_len(stream_in(f.stream)), 50);
	tear_down();
}
END_TEST

START_TEST(reading_stops_while_much_output_waits)
{
	int	 i;

	fill_output();
	say("late");
	for (i = 0; i < 5; i++)
		turn();
	ck_assert_int_eq(f.readable, 0);
	while (f.readable == 0) {
		(void)hear();
		turn();
	}
	ck_assert(span_is(buf_span(stream_in(f.stream)), "late"));
	ck_assert_int_ge(f.drained, 1);
	tear_down();
}
END_TEST

START_TEST(who_holds_hears_nothing)
{
	int	 i;

	stream_hold(f.stream, true);
	say("held");
	for (i = 0; i < 5; i++)
		turn();
	ck_assert_int_eq(f.readable, 0);
	ck_assert_uint_eq(buf_len(stream_in(f.stream)), 0);
	stream_hold(f.stream, false);
	f.stop_readable = true;
	loop_run(f.loop);
	ck_assert(span_is(buf_span(stream_in(f.stream)), "held"));
	tear_down();
}
END_TEST

START_TEST(release_tells_of_input_that_waits)
{
	f.hold_readable = f.stop_readable = true;
	say("first");
	loop_run(f.loop);
	f.hold_readable = false;
	stream_hold(f.stream, false);
	ck_assert_int_eq(f.readable, 1);
	loop_run(f.loop);
	ck_assert_int_eq(f.readable, 2);
	stream_hold(f.stream, false);
	turn();
	ck_assert_int_eq(f.readable, 2);
	tear_down();
}
END_TEST

START_TEST(again_is_called_in_the_next_turn_once)
{
	int	 i;

	stream_again(f.stream);
	stream_again(f.stream);
	ck_assert_int_eq(f.readable, 0);
	for (i = 0; i < 5; i++)
		turn();
	ck_assert_int_eq(f.readable, 1);
	tear_down();
}
END_TEST

START_TEST(drained_is_told_when_all_is_gone)
{
	size_t	 got = 0;

	fill_output();
	f.drained = 0;
	while (f.drained == 0) {
		got += hear().len;
		turn();
	}
	ck_assert_uint_eq(stream_waiting(f.stream), 0);
	got += hear().len;
	ck_assert_uint_gt(got, OUT);
	tear_down();
}
END_TEST

START_TEST(end_of_file_is_told_behind_the_input)
{
	f.stop_closed = true;
	say("QUIT");
	ck_assert_int_eq(shutdown(f.far, SHUT_WR), 0);
	loop_run(f.loop);
	ck_assert_int_eq(f.readable, 1);
	ck_assert_int_eq(f.closed, 1);
	ck_assert_int_eq(f.error, 0);
	tear_down();
}
END_TEST

START_TEST(end_of_file_is_told_behind_input_that_is_held)
{
	int	 i;

	f.hold_readable = f.stop_readable = true;
	say("QUIT");
	ck_assert_int_eq(shutdown(f.far, SHUT_WR), 0);
	loop_run(f.loop);
	for (i = 0; i < 5; i++)
		turn();
	ck_assert_int_eq(f.closed, 0);
	stream_hold(f.stream, false);
	loop_run(f.loop);
	ck_assert_int_eq(f.readable, 2);
	turn();
	ck_assert_int_eq(f.closed, 0);
	f.hold_readable = f.stop_readable = false;
	f.stop_closed = true;
	stream_hold(f.stream, false);
	loop_run(f.loop);
	ck_assert_int_eq(f.readable, 3);
	ck_assert_int_eq(f.closed, 1);
	tear_down();
}
END_TEST

START_TEST(end_of_file_is_told_behind_the_output)
{
	size_t	 put = fill_socket(OUT / 4), got = 0;
	int	 i;

	say("QUIT");
	ck_assert_int_eq(shutdown(f.far, SHUT_WR), 0);
	for (i = 0; i < 5; i++)
		turn();
	ck_assert_int_eq(f.readable, 1);
	ck_assert_int_eq(f.closed, 0);
	while (f.closed == 0) {
		got += hear().len;
		turn();
	}
	got += hear().len;
	ck_assert_uint_eq(got, put);
	ck_assert_int_eq(f.error, 0);
	tear_down();
}
END_TEST

START_TEST(an_error_is_told_once)
{
	int	 i;

	stream_hold(f.stream, true);
	turn();
	fd_close(&f.far);
	ck_assert(stream_put(f.stream, span_of("to nobody")));
	for (i = 0; i < 5; i++)
		turn();
	ck_assert_int_eq(f.closed, 1);
	ck_assert_int_eq(f.error, EPIPE);
	ck_assert_int_eq(f.drained, 0);
	tear_down();
}
END_TEST

START_TEST(finish_sends_all_and_reads_no_more)
{
	char	 block[OUT] = { 0 };
	size_t	 got = 0, put;
	int	 i;

	fill_output();
	put = OUT - stream_waiting(f.stream);
	ck_assert(stream_put(f.stream, span_make(block, put)));
	stream_finish(f.stream);
	say("not heard");
	for (i = 0; i < 5; i++)
		turn();
	ck_assert_int_eq(f.closed, 0);
	f.drained = 0;
	while (f.closed == 0) {
		got += hear().len;
		turn();
	}
	ck_assert_int_eq(f.error, 0);
	ck_assert_int_eq(f.readable, 0);
	ck_assert_int_eq(f.drained, 0);
	got += hear().len;
	ck_assert_uint_eq(got % OUT, put);
	tear_down();
}
END_TEST

START_TEST(finish_without_output_closes_at_once)
{
	f.stop_closed = true;
	stream_finish(f.stream);
	ck_assert_int_eq(f.closed, 0);
	loop_run(f.loop);
	ck_assert_int_eq(f.closed, 1);
	ck_assert_int_eq(f.error, 0);
	tear_down();
}
END_TEST

/* What was put leaves first. */
static const struct {
	bool	 readable, drained;	/* where it frees itself */
	int	 reads;
} frees[] = {
	{ true,		false,	1 },
	{ false,	true,	0 },
	{ true,		true,	0 },
};

START_TEST(nothing_is_called_after_free)
{
	int	 i;

	f.free_readable = frees[_i].readable;
	f.free_drained = frees[_i].drained;
	ck_assert(stream_put(f.stream, span_of("out")));
	stream_again(f.stream);
	say("in");
	ck_assert_int_eq(shutdown(f.far, SHUT_WR), 0);
	for (i = 0; i < 5; i++)
		turn();
	ck_assert_int_eq(f.readable, frees[_i].reads);
	ck_assert_int_eq(f.drained, 1);
	ck_assert_int_eq(f.closed, 0);
	tear_down();
}
END_TEST

START_TEST(a_fresh_stream_may_be_freed)
{
	struct stream	*s;
	int		 ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	    ends), 0);
	s = stream_new(f.loop, ends[0], &limits, &calls, NULL);
	stream_free(s);
	stream_free(NULL);
	turn();
	ck_assert_int_eq(fcntl(ends[0], F_GETFD), -1);
	close(ends[1]);
	tear_down();
}
END_TEST

/* Through ceilings, with a source that is never waited for. */
START_TEST(all_octets_arrive_in_order)
{
	uint32_t	 in = 0, out = 0;
	struct span	 heard, got;
	char		 block[1000];
	size_t		 i;

	while (out < BULK) {
		for (i = 0; i < sizeof(block); i++)
			block[i] = (in + i) % 251;
		if (in < BULK && stream_put(f.stream,
		    span_make(block, sizeof(block))))
			in += sizeof(block);
		turn();
		heard = hear();
		for (i = 0; i < heard.len; i++)
			ck_assert_int_eq((uint8_t)heard.ptr[i], out++ % 251);
	}
	for (in = out = 0; out < BULK; turn()) {
		for (i = 0; i < sizeof(block); i++)
			block[i] = (in + i) % 251;
		if (in < BULK && write(f.far, block, sizeof(block)) != -1)
			in += sizeof(block);
		got = buf_span(stream_in(f.stream));
		for (i = 0; i < got.len; i++)
			ck_assert_int_eq((uint8_t)got.ptr[i], out++ % 251);
		buf_drop(stream_in(f.stream), got.len);
	}
	tear_down();
}
END_TEST

/* Octets went through both queues; nothing of their memory stays. */
START_TEST(an_idle_stream_is_small)
{
	enum { MANY = 100 };
	struct stream		*all[MANY], *own = f.stream;
	int			 near[MANY], far[MANY], ends[2], i;
	size_t			 before, after;
	char			 block[1000] = { 0 };

	f.take_readable = true;
	before = mallinfo2().uordblks;
	for (i = 0; i < MANY; i++) {
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
		near[i] = ends[0];
		far[i] = ends[1];
		f.stream = all[i] = stream_new(f.loop, near[i], &limits,
		    &calls, &f);
		ck_assert(stream_put(f.stream, span_make(block, 1000)));
		ck_assert_int_eq(write(far[i], block, 1000), 1000);
		turn();
		turn();
	}
	after = mallinfo2().uordblks;
	ck_assert_int_eq(f.readable, MANY);
	ck_assert_int_eq(f.drained, MANY);
	ck_assert_uint_lt((after - before) / MANY, 1024);
	for (i = 0; i < MANY; i++) {
		stream_free(all[i]);
		close(far[i]);
	}
	turn();
	ck_assert_int_eq(fcntl(near[0], F_GETFD), -1);
	f.stream = own;
	tear_down();
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("stream");
	TCase	*tc = tcase_create("stream");
	SRunner	*r;
	int	 failed;

	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_test(tc, what_arrives_is_readable);
	tcase_add_test(tc, the_puts_of_a_turn_leave_in_one_write);
	tcase_add_test(tc, output_over_the_ceiling_is_refused);
	tcase_add_test(tc, reading_stops_at_the_ceiling_of_the_input);
	tcase_add_test(tc, reading_stops_while_much_output_waits);
	tcase_add_test(tc, who_holds_hears_nothing);
	tcase_add_test(tc, release_tells_of_input_that_waits);
	tcase_add_test(tc, again_is_called_in_the_next_turn_once);
	tcase_add_test(tc, drained_is_told_when_all_is_gone);
	tcase_add_test(tc, end_of_file_is_told_behind_the_input);
	tcase_add_test(tc, end_of_file_is_told_behind_input_that_is_held);
	tcase_add_test(tc, end_of_file_is_told_behind_the_output);
	tcase_add_test(tc, an_error_is_told_once);
	tcase_add_test(tc, finish_sends_all_and_reads_no_more);
	tcase_add_test(tc, finish_without_output_closes_at_once);
	tcase_add_loop_test(tc, nothing_is_called_after_free, 0,
	    COUNT(frees));
	tcase_add_test(tc, a_fresh_stream_may_be_freed);
	tcase_add_test(tc, all_octets_arrive_in_order);
	tcase_add_test(tc, an_idle_stream_is_small);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
