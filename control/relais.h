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

struct relais {
	const char	*config;	/* -f, or NULL */
	const char	*programs;	/* -p, or NULL */
	const char	*runtime;
	bool		 json;
};

/* What the verbs do; `arg` is NULL where none is taken. */
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
int	 relais_trace(const struct relais *, const char *arg);
int	 relais_restart(const struct relais *, const char *arg);
int	 relais_reload(const struct relais *, const char *arg);

/* This one has options of its own, behind it. */
int	 relais_passwd(int argc, char **argv);

/*
 * One request to monitor or control (README.md has the protocol): `on_row`
 * for each row, then the exit status, what is wrong having been said.
 * A row is printable ASCII, whatever the other side sent.
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
};

int	 relais_request(const struct relais *, const struct request *,
	    uint64_t *count);

/* The same, with empty fields behind it. */
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
