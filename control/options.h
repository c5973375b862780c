/* SPDX-License-Identifier: ISC */
#ifndef CONTROL_OPTIONS_H
#define CONTROL_OPTIONS_H

#include "shared/dsn.h"

/* What the command line of sendmail(8) asks for. */
enum sendmail_mode {
	MODE_DELIVER,
	MODE_VERIFY,		/* -bv */
	MODE_SMTP,		/* -bs */
	MODE_MAILQ,		/* -bp, mailq */
	MODE_NEWALIASES,	/* -bi, -I, newaliases */
	MODE_RETRY,		/* -q, -qI */
	MODE_NOTHING,		/* -q15m: the queue runs by itself */
	MODE_START,		/* -bd, -bl */
	MODE_FOREGROUND,	/* -bD */
	MODE_TEST		/* -bt */
};

struct options {
	enum sendmail_mode mode;
	bool		 from_header;	/* -t */
	bool		 dot_ends;	/* not -i, not -oi */
	bool		 verbose;	/* -v */
	bool		 gateway;	/* -G */
	bool		 is_8bit;	/* -B8BITMIME */
	bool		 json;		/* mailq -j */
	const char	*sender;	/* -f, -r; NULL: the caller */
	const char	*name;		/* -F */
	const char	*retry;		/* an id, or "ALL" */
	unsigned	 notify;	/* -N; 0: not said */
	enum dsn_ret	 ret;		/* -R */
	char		 envid[ENVID_MAX + 1];	/* -V, in xtext, or empty */
	int		 first;		/* argv's first recipient */
};

/* False when an option is unknown, or its value. */
bool	 options_read(struct options *, int argc, char **argv);

#endif
