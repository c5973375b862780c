/* SPDX-License-Identifier: ISC */
/*
 * Does to a spool what queue does in a busy hour, one batch after another, and
 * marks what each batch promised.  The same seed does the same.
 *
 * usage: load [-jr] [-f FREE] [-m MARKS] [-n BATCHES] [-s SEED] DIR
 *
 * -f: all but FREE octets of the file system are used up during the second
 * third of the batches.  Then changes may fail for want of space; at no other
 * time, and for nothing else.
 * -j: with a journal.
 * -r: goes on where another one was killed.
 *
 * Otherwise queue is begun anew behind each third of the batches.
 */
#include <sys/statvfs.h>

#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "shared/fd.h"
#include "tests/crash/hour.h"
#include "tests/crash/number.h"

static struct {
	struct hour	 o;
	uint64_t	 free;
	int		 filler;
} load = { .o = { .marks = -1, .batches = 60 }, .filler = -1 };

/* ---- a full disk --------------------------------------------------------- */

static uint64_t
available(void)
{
	struct statvfs	 st;

	if (fstatvfs(load.filler, &st) == -1)
		err(1, "statvfs");
	return (uint64_t)st.f_bavail * st.f_frsize;
}

/* The file system takes some for itself, so in ever smaller steps. */
static void
fill(void)
{
	uint64_t	 size = 0, step, left;

	load.filler = open("../filler", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (load.filler == -1)
		err(1, "filler");
	for (step = 1 << 24; step >= 512; ) {
		left = available();
		if (left >= load.free + step && fallocate(load.filler, 0,
		    (off_t)size, (off_t)step) == 0)
			size += step;
		else
			step /= 2;
	}
}

static void
unfill(void)
{
	fd_close(&load.filler);
	if (unlink("../filler") == -1)
		err(1, "filler");
}

static void
set_full(bool full)
{
	if (full)
		fill();
	else
		unfill();
}

int
main(int argc, char **argv)
{
	struct hour_sum	 sum = { 0, 0 };
	const char	*marks = NULL;
	int		 c;

	while ((c = getopt(argc, argv, "f:jm:n:rs:")) != -1) {
		if (c == 'f') {
			load.o.fill = set_full;
			load.free = number(optarg);
		} else if (c == 'j')
			load.o.journal = true;
		else if (c == 'r')
			load.o.resumes = true;
		else if (c == 'm')
			marks = optarg;
		else if (c == 'n')
			load.o.batches = number(optarg);
		else if (c == 's')
			load.o.seed = number(optarg);
		else
			return 2;
	}
	if (optind + 1 != argc)
		return 2;
	load.o.dir = argv[optind];
	if (marks != NULL)
		load.o.marks = open(marks, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (marks != NULL && load.o.marks == -1)
		err(1, "%s", marks);
	hour_run(&load.o, &sum);
	(void)printf("%" PRIu64 " changes failed, %" PRIu64 " with EIO\n",
	    sum.failed, sum.misnamed);
	return 0;
}
