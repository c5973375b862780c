/* SPDX-License-Identifier: ISC */
#ifndef CONTROL_RELAIS_H
#define CONTROL_RELAIS_H

#include "shared/limits.h"
#include "shared/span.h"

/* The command relais(8): what its files share. */
enum relais_exit {
	RELAIS_DONE		= 0,
	RELAIS_NONE		= 1,	/* nothing matched, or refused */
	RELAIS_USAGE		= 2,
	RELAIS_NOT_RUNNING	= 3,
	RELAIS_LATER		= 75,
	RELAIS_CONFIG		= 78	/* the configuration has errors */
};

/* What has a name behind "--"; those before OPTION_FILTERS are conditions. */
enum relais_option {
	OPTION_SENDER, OPTION_RECIPIENT, OPTION_DESTINATION, OPTION_IDENTITY,
	OPTION_REASON, OPTION_OLDER, OPTION_NEWER, OPTION_LARGER,
	OPTION_SMALLER, OPTION_STATE, OPTION_FILTERS,
	OPTION_DRY_RUN = OPTION_FILTERS, OPTION_TEXT, OPTION_HISTORY,
	OPTION_HEADERS, OPTION_CONTENT,
	OPTION_COUNT
};

#define OPTION_BIT(option)	(UINT32_C(1) << (option))
#define FILTER_OPTIONS		(OPTION_BIT(OPTION_FILTERS) - 1)

struct relais {
	const char	*config;	/* -f, or NULL */
	const char	*programs;	/* -p, or NULL */
	const char	*runtime;
	bool		 json;
	uint32_t	 said;		/* bits of options */
	const char	*values[OPTION_COUNT];
	char *const	*words;		/* behind the verb; NULL ends them */
};

/* What the verbs do; `arg` is NULL where none is taken, or all of `words`
 * are. */
int	 relais_start(const struct relais *, const char *arg);
int	 relais_stop(const struct relais *, const char *arg);
int	 relais_check(const struct relais *, const char *arg);
int	 relais_rebuild(const struct relais *, const char *arg);
int	 relais_status(const struct relais *, const char *arg);
int	 relais_list(const struct relais *, const char *arg);
int	 relais_destinations(const struct relais *, const char *arg);
int	 relais_show(const struct relais *, const char *arg);
int	 relais_retry(const struct relais *, const char *arg);
int	 relais_delete(const struct relais *, const char *arg);
int	 relais_count(const struct relais *, const char *arg);
int	 relais_hold(const struct relais *, const char *arg);
int	 relais_release(const struct relais *, const char *arg);
int	 relais_bounce(const struct relais *, const char *arg);
int	 relais_expire(const struct relais *, const char *arg);
int	 relais_redirect(const struct relais *, const char *arg);
int	 relais_readdress(const struct relais *, const char *arg);
int	 relais_export(const struct relais *, const char *arg);
int	 relais_import(const struct relais *, const char *arg);
int	 relais_trace(const struct relais *, const char *arg);
int	 relais_restart(const struct relais *, const char *arg);
int	 relais_reload(const struct relais *, const char *arg);

/* This one has options of its own, behind it. */
int	 relais_passwd(int argc, char **argv);

/*
 * One request to monitor or control (README.md has the protocol): `on_row`
 * for each row, then the exit status, what is wrong having been said.
 * A row is printable ASCII, or UTF-8 with --json, whatever the other side sent.
 * `*count` (may be NULL) is the number in the end line.
 */
enum { ROW_FIELDS = 16 };

struct row {
	struct span	 kind;			/* the first field */
	struct span	 fields[ROW_FIELDS];	/* those behind it */
	unsigned	 count;
};

struct request {
	const char	*socket;	/* its name in the runtime directory */
	const char	*text;
	void		(*on_row)(void *arg, const struct row *);
	void		*arg;
	/* octets that a row "content" announces; false: enough */
	bool		(*on_octets)(void *arg, struct span);
	bool		 exact;		/* rows are as they came */
	int		 fd;		/* where more can be said, meanwhile */
	uint64_t	 rows;		/* that came for the last */
	uint64_t	 count;		/* of all end lines, by relais_ask */
};

int	 relais_request(const struct relais *, struct request *,
	    uint64_t *count);

/*
 * The request `verb` once for each id in `ids`, or once when there is none, for
 * the messages that the options mean: what is said with `--` and ids must both
 * hold.  What went wrong first is the status.  An id of which no row came is
 * told, and RELAIS_NONE.
 */
int	 relais_ask(const struct relais *, struct request *, const char *verb,
	    char *const *ids);

/* The same; without any condition or id it wants the word ALL. */
int	 relais_order(const struct relais *, struct request *, const char *verb,
	    char *const *ids);
bool	 relais_means_all(char *const *ids);

/* The same row, with empty fields behind it. */
struct row	 row_padded(const struct row *);

/* A field as a number, 0 when it is none; as seconds of a time in
 * microseconds. */
uint64_t	 row_number(const struct row *, unsigned field);
int64_t		 row_time(const struct row *, unsigned field);

/* "451 4.3.0 text" of the three fields from `field` on, or nothing. */
enum { REASON_SIZE = REPLY_TEXT_MAX + 64 };
void	 format_reply(const struct row *, unsigned field,
	    char into[REASON_SIZE]);

/* A time of the clock on the wall, "2026-11-23 02:06:47"; "-" for 0. */
enum { TIME_SIZE = 24 };
void	 format_time(char into[TIME_SIZE], int64_t seconds);

/* A member of a JSON object, to standard output, with a comma in front unless
 * it is the first. */
void	 json_text(bool first, const char *key, struct span);
void	 json_number(bool first, const char *key, uint64_t);

#endif
