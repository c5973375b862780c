/* SPDX-License-Identifier: ISC */
#ifndef LOOKUP_ALIAS_H
#define LOOKUP_ALIAS_H

#include "shared/reply.h"
#include "shared/span.h"

/*
 * A file in the manner of /etc/aliases, as a table sorted by name, which no
 * choice of names can make slow.  aliases(5) has the syntax.
 *
 * What cannot be used is logged as "file:line: message" and left out; the rest
 * stands.  An entry of which nothing is left is still there, empty, so that
 * its mail waits for a repair instead of going to a user of the same name.
 */
struct alias_table;

enum alias_kind {
	ALIAS_NAME,		/* a local part in the domain of the alias */
	ALIAS_ADDRESS,		/* an address with a domain */
	ALIAS_ERROR		/* a reply, for alias_reply */
};

struct alias_value {
	enum alias_kind	 kind;
	bool		 final;		/* "\user": it is not expanded */
	const char	*text;		/* lives as long as the table */
};

/* One entry; borrows from its table. */
struct alias {
	const struct alias_table *table;
	size_t		 first, count;
};

/*
 * What a file has in front of the colon, and between the commas.  Each answers
 * NULL, or says what is wrong.  A token is without quotes, when all of it stood
 * in them, and may be written into: it has ALIAS_TOKEN_SIZE octets.
 */
enum { ALIAS_TOKEN_SIZE = 2048 };

struct alias_syntax {
	const char	*(*objection)(const char *name, bool quoted);
	const char	*(*read)(char *token, bool quoted,
			    struct alias_value *);
};

/* `text` is written into while it is read.  `path` is for the log.  Without a
 * syntax it is that of aliases(5). */
struct alias_table	*alias_parse(char *text, size_t len, const char *path,
			    const struct alias_syntax *);

/* Reads all of `fd` first: NULL with errno when that fails, ENOBUFS when there
 * is more than ALIAS_FILE_MAX. */
struct alias_table	*alias_read(int fd, const char *path,
			    const struct alias_syntax *);
void			 alias_free(struct alias_table *);

size_t		 alias_count(const struct alias_table *);
unsigned	 alias_warnings(const struct alias_table *);

/* `name` in lower case; false when there is no such entry. */
bool		 alias_find(const struct alias_table *, const char *name,
		    struct alias *);

/* The value at `i`, which is below alias->count. */
struct alias_value	 alias_value(const struct alias *, size_t i);

/* "550 5.1.1 text": 4xx and 5xx only, the enhanced code may be absent. */
bool		 alias_reply(struct span, struct reply *);

/* How the parser fills a table: an entry, then its values; seal sorts, and
 * drops entries whose name has come before. */
struct alias_table	*alias_new(const char *path);
void	 alias_begin(struct alias_table *, const char *name, unsigned line);
void	 alias_add(struct alias_table *, const struct alias_value *);
void	 alias_seal(struct alias_table *);
void	 alias_warn(struct alias_table *, unsigned line, const char *fmt, ...)
	    __attribute__((__format__(__printf__, 3, 4)));

#endif
