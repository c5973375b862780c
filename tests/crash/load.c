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
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/fd.h"
#include "tests/crash/life.h"
#include "tests/crash/model.h"

enum { CHANGES_MAX = 6, DECIMAL = 10 };

struct options {
	const char	*dir, *marks;
	uint64_t	 seed, batches, free;
	bool		 fills, resumes, journal;
};

static struct {
	struct options	 o;
	struct model	 model, before;
	struct plan	 plans[CHANGES_MAX];
	unsigned	 count;
	int		 marks, filler;
	uint64_t	 failed, misnamed;
	bool		 full;
} load = { .marks = -1, .filler = -1 };

/* ---- marks --------------------------------------------------------------- */

static void
mark(const char *text, size_t len)
{
	if (load.marks != -1 && len > 0 &&
	    write(load.marks, text, len) != (ssize_t)len)
		err(1, "%s", load.o.marks);
}

static void
mark_outcomes(void)
{
	char		 text[CHANGES_MAX * 32];
	size_t		 len = 0;
	unsigned	 i;

	for (i = 0; i < load.count; i++)
		len += (size_t)snprintf(text + len, sizeof text - len,
		    "%s %" PRIu64 "\n", load.plans[i].error == 0 ? "is" :
		    "not", load.plans[i].group);
	mark(text, len);
}

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
	load.full = true;
	for (step = 1 << 24; step >= 512; ) {
		left = available();
		if (left >= load.o.free + step && fallocate(load.filler, 0,
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
	load.full = false;
}

/* ---- batches ------------------------------------------------------------- */

/* Why it may have failed.  LMDB says EIO of a write that the full disk took
 * in part. */
static void
judge(const struct change *c, bool doomed)
{
	if (c->error == 0)
		return;
	load.failed++;
	if (load.full && c->error == EIO)
		load.misnamed++;
	else if (!doomed && (!load.full || c->error != ENOSPC))
		errx(1, "a change failed: %s", strerror(c->error));
}

static void
run_batch(struct job_list *batch)
{
	struct change	*c;
	bool		 doomed[CHANGES_MAX];
	unsigned	 i;

	/* A file that failed stays failed. */
	for (i = 0; i < load.count; i++)
		doomed[i] = load.plans[i].file != NULL &&
		    load.plans[i].file->error != 0;
	i = 0;
	life_batch(batch);
	while ((c = (struct change *)STAILQ_FIRST(batch)) != NULL) {
		STAILQ_REMOVE_HEAD(batch, entry);
		load.plans[i].error = c->error;
		judge(c, doomed[i]);
		if (c->kind == CHANGE_STREAM)
			c->file = NULL;
		change_free(c);
		i++;
	}
}

/* What failed did not happen. */
static void
take_back(void)
{
	unsigned	 i;

	load.before.dice = load.model.dice;
	load.before.last = load.model.last;
	load.before.groups = load.model.groups;
	load.model = load.before;
	for (i = 0; i < load.count; i++)
		if (load.plans[i].error == 0)
			model_apply(&load.model, &load.plans[i]);
		else
			model_fail(&load.model, &load.plans[i]);
}

static void
batch(void)
{
	struct job_list	 list = STAILQ_HEAD_INITIALIZER(list);
	struct change	*c;
	char		 text[CHANGES_MAX * MARK_MAX];
	size_t		 len = 0;
	unsigned	 i, want = 1 + dice_below(&load.model.dice,
			    CHANGES_MAX);

	load.before = load.model;
	model_begin_batch(&load.model);
	for (load.count = 0; load.count < want; load.count++) {
		model_plan(&load.model, &load.plans[load.count]);
		c = model_change(&load.model, &load.plans[load.count]);
		STAILQ_INSERT_TAIL(&list, &c->job, entry);
		model_apply(&load.model, &load.plans[load.count]);
		len += model_mark(&load.model, &load.plans[load.count],
		    text + len, sizeof text - len);
	}
	mark(text, len);
	run_batch(&list);
	mark_outcomes();
	for (i = 0; i < load.count; i++)
		if (load.plans[i].error != 0)
			break;
	if (i < load.count)
		take_back();
}

static void
begin(void)
{
	struct stat	 st;

	if (load.o.journal && !load.o.resumes)
		life_use_journal();
	life_begin(load.o.dir);
	model_init(&load.model, load.o.seed);
	if (!load.o.resumes)
		return;
	life_sweep();
	if (load.marks == -1 || fstat(load.marks, &st) == -1)
		err(1, "marks");
	model_resume(&load.model, (uint64_t)st.st_size);
	if (!load.o.journal)
		return;
	life_use_journal();
	life_end();
	life_begin(load.o.dir);
}

static void
begin_anew(void)
{
	model_end_life(&load.model);
	life_end();
	life_begin(load.o.dir);
	life_sweep();
}

static void
run(void)
{
	uint64_t	 i, third = load.o.batches / 3;

	begin();
	for (i = 0; i < load.o.batches; i++) {
		if (!load.o.fills && i > 0 && (i == third || i == 2 * third))
			begin_anew();
		if (load.o.fills && i == third)
			fill();
		if (load.full && i == 2 * third)
			unfill();
		batch();
	}
	life_end();
	(void)printf("%" PRIu64 " changes failed, %" PRIu64 " with EIO\n",
	    load.failed, load.misnamed);
}

static uint64_t
number(const char *text)
{
	uint64_t	 n;

	if (!span_parse_u64(span_of(text), UINT64_MAX, &n))
		errx(2, "%s: no number", text);
	return n;
}

int
main(int argc, char **argv)
{
	int	 c;

	load.o.batches = 60;
	while ((c = getopt(argc, argv, "f:jm:n:rs:")) != -1) {
		if (c == 'f') {
			load.o.fills = true;
			load.o.free = number(optarg);
		} else if (c == 'j')
			load.o.journal = true;
		else if (c == 'r')
			load.o.resumes = true;
		else if (c == 'm')
			load.o.marks = optarg;
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
	if (load.o.marks != NULL)
		load.marks = open(load.o.marks,
		    O_WRONLY | O_APPEND | O_CLOEXEC);
	if (load.o.marks != NULL && load.marks == -1)
		err(1, "%s", load.o.marks);
	run();
	return 0;
}
