/* SPDX-License-Identifier: ISC */
/* Chance, and rounds that are done in a process of their own. */
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/sim/sim.h"

enum { OPEN_FTW = 16, ROUND_TIME = 300 };

static struct sim	*the;

struct sim *
sim_new(void)
{
	the = mmap(NULL, sizeof *the, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (the == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	the->trace = getenv("SIM_TRACE") != NULL;
	return the;
}

struct sim *
sim(void)
{
	return the;
}

struct queue *
queue_state(void)
{
	return the->queue;
}

/* ---- chance -------------------------------------------------------------- */

uint64_t
any(void)
{
	uint64_t	 x = the->random += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

unsigned
below(unsigned n)
{
	return n == 0 ? 0 : (unsigned)((any() >> 32) * n >> 32);
}

bool
chance(unsigned in, unsigned of)
{
	return below(of) < in;
}

uint64_t
hash(uint64_t seed, const char *text)
{
	uint64_t	 x = seed + 0xcbf29ce484222325u;

	while (*text != '\0')
		x = (x ^ (unsigned char)*text++) * 0x100000001b3u;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	return x ^ x >> 31;
}

void
note(const char *fmt, ...)
{
	va_list	 ap;

	if (!the->trace)
		return;
	va_start(ap, fmt);
	printf("%8lu %*s", the->events, 2 * (int)the->depth, "");
	(void)vprintf(fmt, ap);
	(void)putchar('\n');
	va_end(ap);
}

void
broken(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	printf("FAILED seed %llu, event %lu: ",
	    (unsigned long long)the->seed, the->events);
	(void)vprintf(fmt, ap);
	(void)putchar('\n');
	va_end(ap);
	(void)fflush(stdout);
	longjmp(the->top, FAILED);
}

/* ---- a round ------------------------------------------------------------- */

static int
drop_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
tell_death(int status)
{
	if (!WIFSIGNALED(status))
		return;
	printf("FAILED seed %llu, event %lu: %s\n",
	    (unsigned long long)the->seed, the->events,
	    strsignal(WTERMSIG(status)));
}

bool
round_do(const char *place, bool (*live)(void))
{
	char	 round[64];
	int	 status = 0;
	pid_t	 pid;

	(void)snprintf(round, sizeof round, "%s/spool", place);
	if (mkdir(round, 0700) == -1 || chdir(round) == -1) {
		perror(round);
		exit(1);
	}
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		(void)alarm(ROUND_TIME);
		status = live() ? 0 : 1;
		(void)fflush(stdout);
		_exit(status);
	}
	if (waitpid(pid, &status, 0) == -1)
		exit(1);
	tell_death(status);
	if (chdir("/") == -1 ||
	    nftw(round, drop_file, OPEN_FTW, FTW_DEPTH | FTW_PHYS) == -1)
		perror(round);
	return status == 0;
}
