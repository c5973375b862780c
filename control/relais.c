/* SPDX-License-Identifier: ISC */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "control/relais.h"
#include "control/runtime.h"
#include "shared/alloc.h"
#include "shared/log.h"

/* How many arguments; with MANY the verb runs once for each. */
enum arguments { NONE, MAYBE, ONE, MANY };

static const struct verb {
	const char	*group, *name;	/* group NULL: one word */
	enum arguments	 args;
	int		(*run)(const struct relais *, const char *arg);
} verbs[] = {
	{ NULL,		"start",	NONE,	relais_start },
	{ NULL,		"stop",		NONE,	relais_stop },
	{ NULL,		"restart",	ONE,	relais_restart },
	{ NULL,		"reload",	NONE,	relais_reload },
	{ NULL,		"status",	NONE,	relais_status },
	{ NULL,		"check",	NONE,	relais_check },
	{ NULL,		"trace",	MAYBE,	relais_trace },
	{ "queue",	"list",		NONE,	relais_list },
	{ "queue",	"show",		ONE,	relais_show },
	{ "queue",	"destinations",	MAYBE,	relais_destinations },
	{ "queue",	"retry",	ONE,	relais_retry },
	{ "queue",	"delete",	MANY,	relais_delete },
	{ "queue",	"rebuild",	NONE,	relais_rebuild },
};

static int
usage(void)
{
	fputs("usage: relais [-f file] [-r directory] [-p directory] [--json]\n"
	    "              start | stop | restart process|all | reload |\n"
	    "              status | check | trace [destination] |\n"
	    "              queue list | queue show id | queue retry id|ALL |\n"
	    "              queue delete id ... | queue rebuild |\n"
	    "              queue destinations [pattern]\n"
	    "       relais passwd [option ...] name\n",
	    stderr);
	return RELAIS_USAGE;
}

/* The verb that the words name, and how many words it took. */
static const struct verb *
find_verb(int argc, char **argv, int *taken)
{
	const struct verb	*v;
	size_t			 i;

	for (i = 0; i < COUNT(verbs); i++) {
		v = &verbs[i];
		*taken = v->group == NULL ? 1 : 2;
		if (argc < *taken)
			continue;
		if (v->group != NULL && strcmp(argv[0], v->group) != 0)
			continue;
		if (strcmp(argv[*taken - 1], v->name) == 0)
			return v;
	}
	return NULL;
}

static bool
read_options(struct relais *r, int argc, char **argv)
{
	static const struct option	 longs[] = {
		{ "json",	no_argument,	NULL,	'j' },
		{ NULL,		0,		NULL,	0 }
	};
	int	 c;

	while ((c = getopt_long(argc, argv, "f:jp:r:", longs, NULL)) != -1)
		switch (c) {
		case 'f':
			r->config = optarg;
			break;
		case 'j':
			r->json = true;
			break;
		case 'p':
			r->programs = optarg;
			break;
		case 'r':
			r->runtime = optarg;
			break;
		default:
			return false;
		}
	return true;
}

/* A full disk or a closed pipe must not pass for a whole listing. */
static int
close_output(int status)
{
	if (fflush(stdout) == EOF || ferror(stdout)) {
		log_error("standard output: %m");
		return RELAIS_LATER;
	}
	return status;
}

static bool
are_enough(const struct verb *v, int args)
{
	switch (v->args) {
	case MAYBE:
		return args <= 1;
	case MANY:
		return args > 0;
	default:
		return args == (v->args == ONE);
	}
}

/* What goes wrong first is told by the exit status; the rest is done. */
static int
run(const struct relais *r, const struct verb *v, int argc, char **argv)
{
	int	 i, status, result = RELAIS_DONE;

	if (argc == 0)
		return v->run(r, NULL);
	for (i = 0; i < argc; i++) {
		status = v->run(r, argv[i]);
		if (result == RELAIS_DONE)
			result = status;
	}
	return result;
}

int
main(int argc, char **argv)
{
	struct relais		 r = { .runtime = runtime_directory() };
	const struct verb	*v;
	int			 taken;

	log_name("relais");
	if (argc > 1 && strcmp(argv[1], "passwd") == 0)
		return close_output(relais_passwd(argc - 1, argv + 1));
	if (!read_options(&r, argc, argv))
		return usage();
	argc -= optind;
	argv += optind;
	v = find_verb(argc, argv, &taken);
	if (v == NULL || !are_enough(v, argc - taken))
		return usage();
	return close_output(run(&r, v, argc - taken, argv + taken));
}
