/* SPDX-License-Identifier: ISC */
#include "queue/life.h"
#include "queue/queue.h"

/* Until master says otherwise. */
enum {
	RETRY_FIRST	= 5 * 60,
	RETRY_LONGEST	= 60 * 60,
	LIFE		= 5 * 24 * 60 * 60,
	NOTICE_LIFE	= 24 * 60 * 60,
	SIZE_MAX_MIB	= 50,
	DELAY		= 4 * 60 * 60,
	GATHER		= 5 * 60,
	DIGEST_AFTER	= 10,
	DIGEST_TIME	= 60 * 60,
	CONTENT_KIB	= 64,

	OPEN_FILES	= 2 * STREAMS_MAX + DIRECTORIES + READS_MAX +
			  SEGMENTS_MAX
};

static struct queue	 queue = {
	.hostname = "localhost",
	.retry_first = RETRY_FIRST, .retry_max = RETRY_LONGEST,
	.life = LIFE, .notice_life = NOTICE_LIFE,
	.size_max = (uint64_t)SIZE_MAX_MIB << 20,
	.notices = { .delay = DELAY, .gather = GATHER,
	    .digest_after = DIGEST_AFTER, .digest_time = DIGEST_TIME,
	    .content_max = CONTENT_KIB << 10 }
};

struct queue *
queue_state(void)
{
	return &queue;
}

static unsigned
credit(enum role r)
{
	if (r == ROLE_SMTPD)
		return OPEN_ENVELOPES_MAX;
	return r == ROLE_CONTROL || r == ROLE_MONITOR ? ADMIN_SESSIONS_MAX : 0;
}

static void
after_drop(struct process *p)
{
	life_open(&queue, p);
}

static void
start(void)
{
	life_start(&queue);
}

static void
found(struct peer *p)
{
	life_found(&queue, p);
}

static void
lost(struct peer *p)
{
	life_lost(&queue, p);
}

static void
end_of_turn(void)
{
	life_turn(&queue);
}

static void
stop(void)
{
	life_stop(&queue);
}

static const struct priv_path paths[] = {
	{ ".", PRIV_READ | PRIV_WRITE },
	{ NULL, 0 }
};

static const struct program description = {
	.role = ROLE_QUEUE,
	.priv = {
		.calls = PRIV_FILES | PRIV_THREADS,
		.paths = paths,
		.files = OPEN_FILES,
		.writes_files = true,
		.maps_files = true
	},
	.credit = credit,
	.after_drop = after_drop,
	.start = start,
	.found = found,
	.lost = lost,
	.stop = stop,
	.end_of_turn = end_of_turn
};

int
main(int argc, char **argv)
{
	struct program	 program = description;
	int		 status;

	program.inbox = life_inbox();
	status = program_run(&program, argc, argv);
	life_close(&queue);
	return status;
}
