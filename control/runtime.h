/* SPDX-License-Identifier: ISC */
#ifndef CONTROL_RUNTIME_H
#define CONTROL_RUNTIME_H

/* Where the suite's sockets are: RELAIS_RUNTIME of the environment, or as it
 * was configured. */
const char	*runtime_directory(void);

/* Connects to a Unix socket there, blocking, with so many seconds for each
 * read or write; -1 with errno. */
int		 runtime_connect(const char *directory, const char *name,
		    int patience);

#endif
