/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/crash/hour.h"
#include "tests/crash/life.h"
#include "tests/crash/model.h"

enum { CHANGES_MAX = 6 };

static struct {
	const struct hour *o;
	struct hour_sum	*sum;
	struct model	 model, before;
	struct plan	 plans[CHANGES_MAX];
	unsigned	 count;
	bool		 full;
} hour;

/* ---- marks --------------------------------------------------------------- */

static void
mark(const char *text, size_t len)
{
	if (hour.o->marks != -1 && len > 0 &&
	    write(hour.o->marks, text, len) != (ssize_t)len)
		err(1, "marks");
}

static void
mark_outcomes(void)
{
	char		 text[CHANGES_MAX * 32];
	size_t		 len = 0;
	unsigned	 i;

	for (i = 0; i < hour.count; i++)
		len += (size_t)snprintf(text + len, sizeof text - len,
		    "%s %" PRIu64 "\n", hour.plans[i].error == 0 ? "is" :
		    "not", hour.plans[i].group);
	mark(text, len);
}

/* ---- batches ------------------------------------------------------------- */

/* Why it may have failed.  LMDB says EIO of a write that the full disk took
 * in part. */
static void
judge(const struct change *c, bool doomed)
{
	if (c->error == 0)
		return;
	hour.sum->failed++;
	if (hour.full && c->error == EIO)
		hour.sum->misnamed++;
	else if (!doomed && (!hour.full || c->error != ENOSPC))
		errx(1, "a change failed: %s", strerror(c->error));
}

static void
run_batch(struct job_list *batch)
{
	struct change	*c;
	bool		 doomed[CHANGES_MAX];
	unsigned	 i;

	/* A file that failed stays failed. */
	for (i = 0; i < hour.count; i++)
		doomed[i] = hour.plans[i].file != NULL &&
		    hour.plans[i].file->error != 0;
	i = 0;
	life_batch(batch);
	while ((c = (struct change *)STAILQ_FIRST(batch)) != NULL) {
		STAILQ_REMOVE_HEAD(batch, entry);
		hour.plans[i].error = c->error;
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

	hour.before.dice = hour.model.dice;
	hour.before.last = hour.model.last;
	hour.before.groups = hour.model.groups;
	hour.model = hour.before;
	for (i = 0; i < hour.count; i++)
		if (hour.plans[i].error == 0)
			model_apply(&hour.model, &hour.plans[i]);
		else
			model_fail(&hour.model, &hour.plans[i]);
}

static void
batch(void)
{
	struct job_list	 list = STAILQ_HEAD_INITIALIZER(list);
	struct change	*c;
	char		 text[CHANGES_MAX * MARK_MAX];
	size_t		 len = 0;
	unsigned	 i, want = 1 + dice_below(&hour.model.dice,
			    CHANGES_MAX);

	hour.before = hour.model;
	model_begin_batch(&hour.model);
	for (hour.count = 0; hour.count < want; hour.count++) {
		model_plan(&hour.model, &hour.plans[hour.count]);
		c = model_change(&hour.model, &hour.plans[hour.count]);
		STAILQ_INSERT_TAIL(&list, &c->job, entry);
		model_apply(&hour.model, &hour.plans[hour.count]);
		len += model_mark(&hour.model, &hour.plans[hour.count],
		    text + len, sizeof text - len);
	}
	mark(text, len);
	run_batch(&list);
	mark_outcomes();
	for (i = 0; i < hour.count; i++)
		if (hour.plans[i].error != 0)
			break;
	if (i < hour.count)
		take_back();
}

static void
begin(void)
{
	struct stat	 st;

	if (hour.o->journal && !hour.o->resumes)
		life_use_journal();
	life_begin(hour.o->dir);
	model_init(&hour.model, hour.o->seed);
	if (!hour.o->resumes)
		return;
	life_sweep();
	if (hour.o->marks == -1 || fstat(hour.o->marks, &st) == -1)
		err(1, "marks");
	model_resume(&hour.model, (uint64_t)st.st_size);
	if (!hour.o->journal)
		return;
	life_use_journal();
	life_end();
	life_begin(hour.o->dir);
}

static void
begin_anew(void)
{
	model_end_life(&hour.model);
	life_end();
	life_begin(hour.o->dir);
	life_sweep();
}

static void
set_full(bool full)
{
	hour.full = full;
	hour.o->fill(full);
}

void
hour_run(const struct hour *o, struct hour_sum *sum)
{
	uint64_t	 i, third = o->batches / 3;

	hour.o = o;
	hour.sum = sum;
	begin();
	for (i = 0; i < o->batches; i++) {
		if (o->fill == NULL && i > 0 &&
		    (i == third || i == 2 * third))
			begin_anew();
		if (o->fill != NULL && i == third)
			set_full(true);
		if (hour.full && i == 2 * third)
			set_full(false);
		batch();
	}
	life_end();
}
