/* SPDX-License-Identifier: ISC */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "control/relais.h"
#include "control/runtime.h"
#include "shared/alloc.h"
#include "shared/log.h"

/* How many arguments; with MANY the verb runs once for each, with ANY and SOME
 * once for all. */
enum arguments { NONE, MAYBE, ONE, MANY, ANY, SOME };

enum {
	CHANGES	= FILTER_OPTIONS | OPTION_BIT(OPTION_DRY_RUN),
	SHOWS	= OPTION_BIT(OPTION_HISTORY) | OPTION_BIT(OPTION_HEADERS) |
		  OPTION_BIT(OPTION_CONTENT)
};

static const struct verb {
	const char	*group, *name;	/* group NULL: one word */
	enum arguments	 args;
	uint32_t	 options;	/* that it takes */
	int		(*run)(const struct relais *, const char *arg);
} verbs[] = {
	{ NULL,	"start",	NONE,	0,	relais_start },
	{ NULL,	"stop",		NONE,	0,	relais_stop },
	{ NULL,	"restart",	ONE,	0,	relais_restart },
	{ NULL,	"reload",	NONE,	0,	relais_reload },
	{ NULL,	"status",	NONE,	0,	relais_status },
	{ NULL,	"check",	NONE,	0,	relais_check },
	{ NULL,	"trace",	MAYBE,	0,	relais_trace },
	{ "queue", "list",	ANY,	FILTER_OPTIONS, relais_list },
	{ "queue", "count",	ANY,	FILTER_OPTIONS, relais_count },
	{ "queue", "show",	MANY,	SHOWS,	relais_show },
	{ "queue", "destinations", MAYBE, 0,	relais_destinations },
	{ "queue", "hold",	ANY,	CHANGES, relais_hold },
	{ "queue", "release",	ANY,	CHANGES, relais_release },
	{ "queue", "retry",	ANY,	CHANGES, relais_retry },
	{ "queue", "delete",	ANY,	CHANGES, relais_delete },
	{ "queue", "bounce",	ANY,	CHANGES | OPTION_BIT(OPTION_TEXT),
	    relais_bounce },
	{ "queue", "expire",	ANY,	CHANGES, relais_expire },
	{ "queue", "redirect",	SOME,	CHANGES, relais_redirect },
	{ "queue", "recipient",	SOME,	CHANGES, relais_readdress },
	{ "queue", "export",	SOME,	FILTER_OPTIONS, relais_export },
	{ "queue", "import",	ONE,	0,	relais_import },
	{ "queue", "rebuild",	NONE,	0,	relais_rebuild },
};

static int
usage(void)
{
	fputs("usage: relais [-f file] [-r directory] [-p directory] [--json]\n"
	    "              start | stop | restart process|all | reload |\n"
	    "              status | check | trace [destination] |\n"
	    "              queue list [filter] | queue count [filter] |\n"
	    "              queue show [--history] id ... |\n"
	    "              queue show --headers|--content id |\n"
	    "              queue hold|release|retry|delete|expire\n"
	    "                  [--dry-run] filter |\n"
	    "              queue bounce [--text text] [--dry-run] filter |\n"
	    "              queue redirect [--dry-run] via|anew filter |\n"
	    "              queue recipient [--dry-run] address filter |\n"
	    "              queue export directory filter |\n"
	    "              queue import directory |\n"
	    "              queue destinations [pattern] | queue rebuild\n"
	    "       relais passwd [option ...] name\n"
	    "filter: [--sender pattern] [--recipient pattern] "
	    "[--destination pattern]\n"
	    "        [--identity name] [--reason text] [--older time] "
	    "[--newer time]\n"
	    "        [--larger size] [--smaller size] [--state state[,...]]\n"
	    "        [id ... | ALL]\n",
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

enum { LONG_OPTIONS = 256 };	/* behind all letters */

static const struct option longs[] = {
	{ "json",	no_argument,		NULL, 'j' },
#define OPTION(name, argument, option) \
	{ name, argument, NULL, LONG_OPTIONS + (option) },
	OPTION("sender", required_argument, OPTION_SENDER)
	OPTION("recipient", required_argument, OPTION_RECIPIENT)
	OPTION("destination", required_argument, OPTION_DESTINATION)
	OPTION("identity", required_argument, OPTION_IDENTITY)
	OPTION("reason", required_argument, OPTION_REASON)
	OPTION("older", required_argument, OPTION_OLDER)
	OPTION("newer", required_argument, OPTION_NEWER)
	OPTION("larger", required_argument, OPTION_LARGER)
	OPTION("smaller", required_argument, OPTION_SMALLER)
	OPTION("state", required_argument, OPTION_STATE)
	OPTION("dry-run", no_argument, OPTION_DRY_RUN)
	OPTION("text", required_argument, OPTION_TEXT)
	OPTION("history", no_argument, OPTION_HISTORY)
	OPTION("headers", no_argument, OPTION_HEADERS)
	OPTION("content", no_argument, OPTION_CONTENT)
#undef OPTION
	{ NULL,		0,			NULL, 0 }
};

/* Each once: of two, one would be forgotten, and more be meant. */
static bool
say(struct relais *r, int option)
{
	option -= LONG_OPTIONS;
	if (option < 0 || (r->said & OPTION_BIT(option)) != 0)
		return false;
	r->said |= OPTION_BIT(option);
	r->values[option] = optarg;
	return true;
}

static bool
read_options(struct relais *r, int argc, char **argv)
{
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
			if (!say(r, c))
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
	case SOME:
		return args > 0;
	case ANY:
		return true;
	default:
		return args == (v->args == ONE);
	}
}

/* What goes wrong first is told by the exit status; the rest is done. */
static int
run(const struct relais *r, const struct verb *v, int argc, char **argv)
{
	int	 i, status, result = RELAIS_DONE;

	if (argc == 0 || v->args == ANY || v->args == SOME)
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
	if (v == NULL || !are_enough(v, argc - taken) ||
	    (r.said & ~v->options) != 0)
		return usage();
	r.words = argv + taken;
	return close_output(run(&r, v, argc - taken, argv + taken));
}
