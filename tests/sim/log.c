/* SPDX-License-Identifier: ISC */
/* In place of shared/log.c: what the queue tells the admin, the model hears. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "shared/id.h"
#include "shared/log.h"
#include "tests/sim/model.h"

enum { LINE_SIZE = 4096 };

static void
on_verdict(uint64_t id, const char *line)
{
	char	 address[72];

	if (strstr(line, "status=bounced") == NULL &&
	    strstr(line, "status=expired") == NULL)
		return;
	if (sscanf(line, "%*[^:]: to=<%71[^>]>", address) == 1)
		heard_dead(id, address);
}

static void
on_line(const char *line)
{
	static const char	 mark[] = " notification: ";
	const char		*p;
	uint64_t		 id;

	if (strlen(line) > ID_LEN &&
	    id_parse(span_make(line, ID_LEN), &id) && line[ID_LEN] == ':')
		on_verdict(id, line);
	if (strstr(line, "not stored: File exists") != NULL)
		sim()->back = true;	/* an id was given twice */
	p = strstr(line, mark);
	if (p != NULL && id_parse(span_of(p + sizeof mark - 1), &id))
		heard_notice(id);
}

static void __attribute__((__format__(__printf__, 1, 0)))
take(const char *fmt, va_list ap)
{
	char	 line[LINE_SIZE];

	(void)vsnprintf(line, sizeof line, fmt, ap);
	note("log: %s", line);
	on_line(line);
}

void
log_info(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	take(fmt, ap);
	va_end(ap);
}

void
log_warning(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	take(fmt, ap);
	va_end(ap);
}

void
log_error(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	take(fmt, ap);
	va_end(ap);
}

/* What is to end it when the index is lost to it; nothing else may. */
void
fatal(const char *fmt, ...)
{
	char	 line[LINE_SIZE];
	va_list	 ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	if (strstr(line, "its state is unknown") == NULL)
		broken("fatal: %s", line);
	note("fatal: %s", line);
	longjmp(sim()->top, CRASHED);
}
