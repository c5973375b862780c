/* SPDX-License-Identifier: ISC */
/* Orders to the suite while it runs. */
#include <stdio.h>
#include <string.h>

#include "control/relais.h"
#include "shared/alloc.h"
#include "shared/log.h"

/* Whom others ask comes first, who carries out the orders last. */
static const char *const roles[] = {
	"logger", "keys", "users", "passwords", "dovecot", "lookup",
	"resolver", "connector", "queue", "remote", "local", "monitor",
	"smtpd", "control"
};

enum { REQUEST_SIZE = 64 };

/* Some are there only when the configuration wants them: nothing is said of
 * those unless they are asked for by name. */
static int
restart_one(const struct relais *r, const char *name, bool by_name)
{
	char		 text[REQUEST_SIZE];
	uint64_t	 count = 0;
	struct request	 q = { .socket = "control", .text = text };
	int		 status;

	(void)snprintf(text, sizeof(text), "restart %s\n", name);
	status = relais_request(r, &q, &count);
	if (status == RELAIS_DONE && (count > 0 || by_name))
		printf("%s: %llu process%s began anew\n", name,
		    (unsigned long long)count, count == 1 ? "" : "es");
	return status;
}

static int
restart_all(const struct relais *r)
{
	int	 status = RELAIS_DONE;
	size_t	 i;

	for (i = 0; i < COUNT(roles) && status == RELAIS_DONE; i++)
		status = restart_one(r, roles[i], false);
	return status;
}

static bool
is_name(const char *arg)
{
	return strspn(arg, "abcdefghijklmnopqrstuvwxyz") == strlen(arg) &&
	    strlen(arg) < REQUEST_SIZE / 2;
}

int
relais_restart(const struct relais *r, const char *arg)
{
	if (strcmp(arg, "all") == 0)
		return restart_all(r);
	if (is_name(arg))
		return restart_one(r, arg, true);
	log_error("this is not the name of a process, such as smtpd, "
	    "without a number");
	return RELAIS_USAGE;
}

static void
on_line(void *arg, const struct row *row)
{
	(void)arg;
	if (span_is(row->kind, "line") && row->count > 0)
		fprintf(stderr, "%.*s\n", (int)row->fields[0].len,
		    row->fields[0].ptr);
}

int
relais_reload(const struct relais *r, const char *arg)
{
	struct request	 q = { .socket = "control", .text = "reload\n",
			    .on_row = on_line };
	uint64_t	 count = 0;
	int		 status;

	(void)arg;
	status = relais_request(r, &q, &count);
	if (status == RELAIS_DONE)
		printf("reloaded, %llu process%s began anew\n",
		    (unsigned long long)count, count == 1 ? "" : "es");
	return status;
}
