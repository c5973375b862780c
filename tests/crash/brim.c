/* SPDX-License-Identifier: ISC */
/*
 * Lets a spool get full at every octet: all of one hour's work once for each
 * number of octets that are still free when its second third begins, from none
 * to as many as that third takes.  What is refused is refused for want of
 * space; what was promised is there; and when there is room again all goes on.
 *
 * usage: brim [-b BATCHES] [-j JOBS] [-n OFFSETS] [-s SEED] PLACE
 *
 * PLACE: a directory, best in memory.  OFFSETS: so many of them, evenly.  The
 * last line counts; 1 is returned when anything went wrong.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "shared/fd.h"
#include "tests/crash/checker.h"
#include "tests/crash/hour.h"
#include "tests/crash/number.h"
#include "tests/crash/quota.h"

enum {
	JOBS_MAX = 64, PATH_SIZE = 1024, TOLD_MAX = 5, TEXT_MAX = 2048,
	PATIENCE = 20, MORE = 3, EXIT_REFUSED = 70
};

struct result {
	uint64_t	 offsets, taken, refused, misnamed, ended, failed;
};

static struct {
	uint64_t	 offsets, batches, seed, jobs;
	const char	*place;

	/* of one worker */
	unsigned	 nth;
	uint64_t	 free;
	char		 dir[PATH_SIZE];
	int		 marks, said;
	struct result	*result;
} brim = { .batches = 9, .jobs = 1 };

/* ---- in a child of its own ----------------------------------------------- */

static void
set_full(bool full)
{
	uint64_t	 taken;

	if (full) {
		quota_begin(brim.dir, brim.free);
		return;
	}
	taken = quota_end();
	if (taken > brim.result->taken)
		brim.result->taken = taken;
}

static bool
is_as_promised(void)
{
	struct promises	 promises = { NULL, 0 };
	struct stat	 st;
	char		*text;
	bool		 good;

	if (fstat(brim.marks, &st) == -1)
		err(1, "marks");
	text = xcalloc(1, (size_t)st.st_size + 1);
	if (fd_pread_all(brim.marks, text, (size_t)st.st_size, 0) !=
	    st.st_size)
		err(1, "marks");
	promises_take(&promises, text, (size_t)st.st_size);
	good = check_state(brim.dir, &promises);
	promises_clear(&promises);
	free(text);
	return good;
}

static void
work(bool resumes)
{
	struct hour	 o = { .dir = brim.dir, .marks = brim.marks,
			    .seed = brim.seed, .batches = brim.batches,
			    .fill = set_full };
	struct hour_sum	 sum = { 0, 0 };

	if (resumes) {
		if (!is_as_promised())
			exit(1);
		o.resumes = true;
		o.fill = NULL;
		o.batches = MORE;
	}
	hour_run(&o, &sum);
	brim.result->refused += sum.failed;
	brim.result->misnamed += sum.misnamed;
	exit(!is_as_promised());
}

static int
run_child(bool resumes)
{
	pid_t	 pid = fork();
	int	 status;

	if (pid == -1)
		err(1, "fork");
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)alarm(PATIENCE);
		if (dup2(brim.said, STDERR_FILENO) == -1)
			exit(1);
		work(resumes);
	}
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			err(1, "waitpid");
	return status;
}

/* ---- one offset ---------------------------------------------------------- */

static int
drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
clear_place(void)
{
	if (nftw(brim.dir, drop, 16, FTW_DEPTH | FTW_PHYS) == -1 &&
	    errno != ENOENT)
		err(1, "%s", brim.dir);
}

static void
tell(int status)
{
	char	 text[TEXT_MAX + 1];
	ssize_t	 n = pread(brim.said, text, TEXT_MAX, 0);

	text[n < 0 ? 0 : n] = '\0';
	(void)printf("FAIL %" PRIu64 " octets free: status %#x\n%s\n",
	    brim.free, (unsigned)status, text);
	(void)fflush(stdout);
}

/* A queue that does not know what is on disk ends; the next one looks. */
static void
try(uint64_t left)
{
	uint64_t	 misnamed = brim.result->misnamed;
	int		 status;

	brim.free = left;
	clear_place();
	if (mkdir(brim.dir, 0700) == -1 || ftruncate(brim.marks, 0) == -1 ||
	    ftruncate(brim.said, 0) == -1)
		err(1, "%s", brim.dir);
	status = run_child(false);
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_REFUSED) {
		brim.result->ended++;
		status = run_child(true);
	}
	brim.result->offsets++;
	if (status == 0 && brim.result->misnamed == misnamed)
		return;
	if (++brim.result->failed <= TOLD_MAX)
		tell(status);
}

/* ---- all offsets --------------------------------------------------------- */

static void
open_place(unsigned nth, struct result *r)
{
	brim.nth = nth;
	brim.result = r;
	(void)snprintf(brim.dir, sizeof brim.dir, "%s/%u", brim.place, nth);
	brim.marks = memfd_create("marks", MFD_CLOEXEC);
	brim.said = memfd_create("said", 0);
	if (brim.marks == -1 || brim.said == -1 ||
	    fcntl(brim.marks, F_SETFL, O_APPEND) == -1 ||
	    fcntl(brim.said, F_SETFL, O_APPEND) == -1)
		err(1, "memfd_create");
}

static pid_t
start(unsigned nth, struct result *r, uint64_t most)
{
	uint64_t	 count = most + 1, i;
	pid_t		 pid = fork();

	if (pid == -1)
		err(1, "fork");
	if (pid != 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	open_place(nth, r);
	if (brim.offsets > 0 && brim.offsets < count)
		count = brim.offsets;
	for (i = nth; i < count; i += brim.jobs)
		try(count == 1 ? 0 : i * most / (count - 1));
	clear_place();
	exit(0);
}

static void
run(struct result *r)
{
	pid_t		 pids[JOBS_MAX];
	uint64_t	 most;
	unsigned	 i;
	int		 status;

	open_place(0, &r[JOBS_MAX]);
	try(UINT64_MAX / 2);
	most = r[JOBS_MAX].taken;
	if (r[JOBS_MAX].failed > 0 || most == 0)
		errx(2, "the work fails even with room");
	for (i = 0; i < brim.jobs; i++)
		pids[i] = start(i, &r[i], most);
	for (i = 0; i < brim.jobs; i++)
		if (waitpid(pids[i], &status, 0) == -1 || status != 0)
			errx(2, "a worker failed");
	(void)printf("%" PRIu64 " octets are taken; ", most);
}

static bool
take_options(int argc, char **argv)
{
	int	 c;

	while ((c = getopt(argc, argv, "b:j:n:s:")) != -1) {
		if (c == 'b')
			brim.batches = number(optarg);
		else if (c == 'j')
			brim.jobs = number(optarg);
		else if (c == 'n')
			brim.offsets = number(optarg);
		else if (c == 's')
			brim.seed = number(optarg);
		else
			return false;
	}
	return optind + 1 == argc && brim.jobs > 0 && brim.jobs <= JOBS_MAX;
}

int
main(int argc, char **argv)
{
	struct result	*r = mmap(NULL, (JOBS_MAX + 1) * sizeof *r, PROT_READ |
			    PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct result	 sum = { 0 };
	unsigned	 i;

	if (r == MAP_FAILED)
		err(1, "mmap");
	if (!take_options(argc, argv))
		errx(2, "usage: brim [-b BATCHES] [-j JOBS] [-n OFFSETS] "
		    "[-s SEED] PLACE");
	brim.place = argv[optind];
	run(r);
	for (i = 0; i < brim.jobs; i++) {
		sum.offsets += r[i].offsets;
		sum.refused += r[i].refused;
		sum.misnamed += r[i].misnamed;
		sum.ended += r[i].ended;
		sum.failed += r[i].failed;
	}
	(void)printf("%" PRIu64 " offsets, %" PRIu64 " changes refused, %"
	    PRIu64 " with EIO, %" PRIu64 " lives ended, %" PRIu64
	    " failed\n", sum.offsets, sum.refused, sum.misnamed, sum.ended,
	    sum.failed);
	return sum.failed > 0 || sum.refused == 0;
}
