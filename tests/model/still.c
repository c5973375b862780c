/* SPDX-License-Identifier: ISC */
/* In place of shared/log, loop and program: nobody hears, time stands still. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "shared/limits.h"
#include "shared/log.h"
#include "shared/loop.h"
#include "shared/program.h"

/* What is told to nobody is formatted all the same, for the sanitizers. */
static void	 format(const char *, va_list)
		    __attribute__((__format__(__printf__, 1, 0)));

static void
format(const char *fmt, va_list ap)
{
	static char	 line[LOG_LINE_MAX];

	(void)vsnprintf(line, sizeof(line), fmt, ap);
}

void
log_info(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	format(fmt, ap);
	va_end(ap);
}

void
log_warning(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	format(fmt, ap);
	va_end(ap);
}

void
fatal(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

void
timer_init(struct timer *t, struct loop *l, void (*fire)(void *), void *arg)
{
	(void)l;
	*t = (struct timer){ .fire = fire, .arg = arg };
}

void
timer_in(struct timer *t, int64_t ms)
{
	(void)ms;
	t->slot = 1;
}

void
timer_set(struct timer *t, struct instant due)
{
	(void)due;
	t->slot = 1;
}

void
timer_unset(struct timer *t)
{
	t->slot = 0;
}

void
timer_clear(struct timer *t)
{
	t->slot = 0;
}

bool
timer_is_set(const struct timer *t)
{
	return t->slot != 0;
}

/* Nobody is slow where time stands still. */
struct instant
loop_now(const struct loop *l)
{
	(void)l;
	return (struct instant){ .ns = 1 };
}

void
process_exit(struct process *p, int status)
{
	(void)p;
	fatal("exit %d", status);
}
