/* SPDX-License-Identifier: ISC */
/* Lines of the file of passwords, made and changed. */
#include <bsd/readpassphrase.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control/password_file.h"
#include "control/relais.h"
#include "shared/alloc.h"
#include "shared/limits.h"
#include "shared/log.h"
#include "shared/saslprep.h"

#define DEFAULT_FILE	SYSCONFDIR "/passwords"

enum { PASSWORD_SIZE = 256, BCRYPT_LONGEST = 72 };

struct wish {
	const char		*path;
	bool			 deletes;
	bool			 chose;		/* a kind was said */
	struct password_kinds	 kinds;
};

static int
usage(void)
{
	fputs("usage: relais passwd [-d] [-f file] "
	    "[--crypt yescrypt|bcrypt|sha512] [--scram]\n"
	    "              name\n", stderr);
	return RELAIS_USAGE;
}

static bool
take_method(struct wish *w, const char *word)
{
	static const char *const	 words[PASSWORD_METHOD_COUNT] = {
		"", "yescrypt", "bcrypt", "sha512"
	};
	unsigned			 i;

	for (i = 1; i < COUNT(words); i++)
		if (strcmp(word, words[i]) == 0) {
			w->kinds.crypt = i;
			w->chose = true;
			return true;
		}
	return false;
}

static bool
read_wish(struct wish *w, int argc, char **argv)
{
	static const struct option	 longs[] = {
		{ "crypt",	required_argument,	NULL,	'c' },
		{ "scram",	no_argument,		NULL,	's' },
		{ NULL,		0,			NULL,	0 }
	};
	int				 c;

	while ((c = getopt_long(argc, argv, "df:", longs, NULL)) != -1)
		if (c == 'd')
			w->deletes = true;
		else if (c == 'f')
			w->path = optarg;
		else if (c == 's')
			w->chose = w->kinds.scram = true;
		else if (c != 'c' || !take_method(w, optarg))
			return false;
	if (!w->chose)
		w->kinds = (struct password_kinds){ PASSWORD_YESCRYPT, true };
	return optind == argc - 1 && !(w->deletes && w->chose);
}

/* ---- the password -------------------------------------------------------- */

static bool
ask(char into[PASSWORD_SIZE])
{
	char	 again[PASSWORD_SIZE];
	bool	 same;

	if (readpassphrase("Password: ", into, PASSWORD_SIZE,
	    RPP_REQUIRE_TTY) == NULL || readpassphrase("Once more: ", again,
	    sizeof again, RPP_REQUIRE_TTY) == NULL) {
		log_error("terminal: %m");
		return false;
	}
	same = strcmp(into, again) == 0;
	explicit_bzero(again, sizeof again);
	if (!same)
		log_error("these were two passwords");
	return same;
}

/* The first line, by read(2), so that no library keeps it. */
static bool
take_line(char into[PASSWORD_SIZE])
{
	size_t	 n = 0;
	ssize_t	 got;

	while (n < PASSWORD_SIZE) {
		got = read(STDIN_FILENO, into + n, 1);
		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0 || into[n] == '\n')
			break;
		n++;
	}
	if (n == PASSWORD_SIZE) {
		log_error("a password has at most %d octets",
		    PASSWORD_SIZE - 1);
		return false;
	}
	into[n] = '\0';
	return true;
}

static bool
get_password(const struct wish *w, char into[PASSWORD_SIZE])
{
	char	 said[PASSWORD_SIZE];
	bool	 good = isatty(STDIN_FILENO) ? ask(said) : take_line(said);

	if (good && !saslprep(span_of(said), SASLPREP_KEPT, into,
	    PASSWORD_SIZE)) {
		log_error("a password is UTF-8 without control characters, "
		    "and not empty");
		good = false;
	}
	explicit_bzero(said, sizeof said);
	if (good && w->kinds.crypt == PASSWORD_BCRYPT &&
	    strlen(into) > BCRYPT_LONGEST) {
		log_error("bcrypt looks at %d octets and no more",
		    BCRYPT_LONGEST);
		good = false;
	}
	return good;
}

/* ---- the file ------------------------------------------------------------ */

static int
change(const struct wish *w, const char *name, struct span line)
{
	unsigned	 had;

	if (password_file_edit(w->path, name, line, &had) == -1) {
		log_error("%s: %m", w->path);
		return RELAIS_NONE;
	}
	if (w->deletes && had == 0) {
		log_error("%s: there is no %s", w->path, name);
		return RELAIS_NONE;
	}
	printf("%s: %s is %s; \"relais reload\" puts it in force\n", w->path,
	    name, w->deletes ? "gone" : had > 0 ? "changed" : "new");
	return RELAIS_DONE;
}

static int
set_password(const struct wish *w, const char *name)
{
	char		 password[PASSWORD_SIZE];
	struct buf	 line;
	int		 status = RELAIS_NONE;

	if (!get_password(w, password))
		return RELAIS_NONE;
	buf_init(&line, PASSWORD_LINE_MAX);
	if (password_line(&line, name, password, w->kinds))
		status = change(w, name, buf_span(&line));
	else
		log_error("crypt: %m");
	explicit_bzero(password, sizeof password);
	span_wipe(buf_span(&line));
	buf_clear(&line);
	return status;
}

int
relais_passwd(int argc, char **argv)
{
	struct wish	 w = { .path = DEFAULT_FILE };
	char		 name[USER_TEXT_MAX + 1];

	if (!read_wish(&w, argc, argv))
		return usage();
	if (!password_name(span_of(argv[optind]), name)) {
		log_error("expected a name of UTF-8, of at most %d octets, "
		    "without a colon and not after #", USER_TEXT_MAX);
		return RELAIS_USAGE;
	}
	if (w.deletes)
		return change(&w, name, span_of(""));
	return set_password(&w, name);
}
