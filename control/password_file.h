/* SPDX-License-Identifier: ISC */
#ifndef CONTROL_PASSWORD_FILE_H
#define CONTROL_PASSWORD_FILE_H

#include "shared/buf.h"
#include "shared/limits.h"

/*
 * The file of passwords of relais.conf(5), as relais(8) changes it: the line of
 * one account, and of all others no octet.
 */

/* A name as the file has it; false when no account can be called so. */
bool	 password_name(struct span text, char into[USER_TEXT_MAX + 1]);

/* What is kept of a password, which SASLprep has prepared: by crypt(3), by
 * SCRAM, or both. */
enum password_method {
	PASSWORD_NO_CRYPT, PASSWORD_YESCRYPT, PASSWORD_BCRYPT,
	PASSWORD_SHA512, PASSWORD_METHOD_COUNT
};

struct password_kinds {
	enum password_method	 crypt;
	bool			 scram;
};

/* Appends "name:hash[:hash]" and LF; false: crypt(3) cannot. */
bool	 password_line(struct buf *, const char *name, const char *password,
	    struct password_kinds);

/*
 * Appends the text with this line in the place of all that it has for the
 * name, or at its end; an empty line: without these.  How many it had.
 */
unsigned password_edit(struct buf *, struct span text, const char *name,
	    struct span line);

/*
 * Does so with a file, which is another one then, with owner and mode of the
 * one before: whoever reads it sees either.  Nobody else who comes by here
 * changes it meanwhile.  0, or -1 with errno; `had` as above.
 */
int	 password_file_edit(const char *path, const char *name,
	    struct span line, unsigned *had);

#endif
