/* SPDX-License-Identifier: ISC */
/*
 * The yardstick above: a raw journal.  A file of 64 MiB, written once before;
 * what has gathered while one batch was made durable is the next, which costs
 * one pwrite and one fdatasync.  Nothing else is done: no envelope, no
 * checksum, nobody else is told.
 *
 * usage: journal DIRECTORY PRODUCERS LENGTH SECONDS MOST
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "tests/bench/load.h"

enum { SEGMENT = 64 << 20, BATCH_MAX = 16 << 20, BLOCK = 4096 };

/* Who waits, and what they gave. */
struct batch {
	char		*data;
	size_t		 length;
	unsigned	 count;
	unsigned	*producers;
};

struct journal {
	int		 fd;
	off_t		 at;
	size_t		 length;
	const char	*content;
	pthread_mutex_t	 lock;
	pthread_cond_t	 work, room;
	struct batch	 batches[2];
	struct batch	*filling;
	sem_t		*durable;	/* one a producer */
};

static void
store(void *arg, unsigned producer, unsigned long number)
{
	struct journal	*j = arg;
	struct batch	*b;

	(void)number;
	(void)pthread_mutex_lock(&j->lock);
	while (j->filling->length + j->length > BATCH_MAX)
		(void)pthread_cond_wait(&j->room, &j->lock);
	b = j->filling;
	memcpy(b->data + b->length, j->content, j->length);
	b->length += j->length;
	b->producers[b->count++] = producer;
	if (b->count == 1)
		(void)pthread_cond_signal(&j->work);
	(void)pthread_mutex_unlock(&j->lock);
	while (sem_wait(&j->durable[producer]) == -1)
		continue;
}

static struct batch *
take_batch(struct journal *j)
{
	struct batch	*b;

	(void)pthread_mutex_lock(&j->lock);
	while (j->filling->count == 0)
		(void)pthread_cond_wait(&j->work, &j->lock);
	b = j->filling;
	j->filling = b == &j->batches[0] ? &j->batches[1] : &j->batches[0];
	(void)pthread_cond_broadcast(&j->room);
	(void)pthread_mutex_unlock(&j->lock);
	return b;
}

static void
write_batch(struct journal *j, const struct batch *b)
{
	size_t	 length = (b->length + BLOCK - 1) / BLOCK * BLOCK;

	if (j->at + (off_t)length > SEGMENT)
		j->at = 0;
	if (pwrite(j->fd, b->data, length, j->at) != (ssize_t)length ||
	    fdatasync(j->fd) == -1)
		fatal("the journal: %s", strerror(errno));
	j->at += length;
}

static void *
commit(void *arg)
{
	struct journal	*j = arg;
	struct batch	*b;
	unsigned	 i, count;

	for (;;) {
		b = take_batch(j);
		write_batch(j, b);
		count = b->count;
		b->count = 0;
		b->length = 0;
		for (i = 0; i < count; i++)
			(void)sem_post(&j->durable[b->producers[i]]);
	}
	return NULL;
}

static void
open_segment(struct journal *j)
{
	char	*zeros = xcalloc(1 << 20, 1);
	int	 i;

	j->fd = open("segment", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	for (i = 0; i < SEGMENT >> 20; i++)
		if (j->fd == -1 || fd_write_all(j->fd, zeros, 1 << 20) == -1)
			fatal("segment: %s", strerror(errno));
	free(zeros);
	if (fsync(j->fd) == -1)
		fatal("segment: %s", strerror(errno));
	sync();
}

static void
journal_init(struct journal *j, const struct load *load)
{
	char		*content = xcalloc(load->length, 1);
	unsigned	 i;

	memset(content, 'x', load->length);
	j->content = content;
	j->length = load->length;
	j->filling = &j->batches[0];
	(void)pthread_mutex_init(&j->lock, NULL);
	(void)pthread_cond_init(&j->work, NULL);
	(void)pthread_cond_init(&j->room, NULL);
	for (i = 0; i < 2; i++) {
		j->batches[i].data = xcalloc(BATCH_MAX, 1);
		j->batches[i].producers = xcalloc(load->producers,
		    sizeof(unsigned));
	}
	j->durable = xcalloc(load->producers, sizeof *j->durable);
	for (i = 0; i < load->producers; i++)
		(void)sem_init(&j->durable[i], 0, 0);
	open_segment(j);
}

/* The journal stays, for the committer outlives this function. */
int
main(int argc, char **argv)
{
	struct journal	*j = xcalloc(1, sizeof *j);
	struct load	 load;
	pthread_t	 committer;

	if (argc != 6 || !load_parse(&load, argv + 2) ||
	    load.length > BATCH_MAX)
		fatal("usage: journal DIRECTORY PRODUCERS LENGTH SECONDS "
		    "MOST");
	if (chdir(argv[1]) == -1)
		fatal("%s: %s", argv[1], strerror(errno));
	journal_init(j, &load);
	if (pthread_create(&committer, NULL, commit, j) != 0)
		fatal("no thread for the committer");
	load_run(&load, store, j);
	return 0;
}
