/* SPDX-License-Identifier: ISC */
#ifndef TESTS_WALLS_ATTACK_H
#define TESTS_WALLS_ATTACK_H

#include <stddef.h>

/*
 * What an intruder would try.  An attack is one call, or as few as can be: what
 * it wants beforehand (a socket, a directory, a neighbour) the test hands it,
 * so that the call itself meets the wall and not the one before it.  A result
 * of -1 with errno says that it was refused.
 */
struct attack {
	const char	*name;		/* NULL ends a list */
	long		(*run)(void);
};

const struct attack	*attacks_on_files(void);
const struct attack	*attacks_on_network(void);
const struct attack	*attacks_on_processes(void);
const struct attack	*attacks_on_memory(void);
const struct attack	*attacks_without_end(void);
const struct attack	*attacks_on_kernel(void);
const struct attack	*attacks_on_identity(void);

/* Descriptors that the test puts there: `run` has the same numbers. */
enum {
	FD_OUTSIDE = 20,	/* a directory that anybody may write */
	FD_FILE,		/* a file in it, open for writing */
	FD_LISTENER,		/* TCP */
	FD_SHUT,		/* TCP, listened and was shut down; three */
	FD_BIND = FD_SHUT + 3,	/* TCP, fresh, one for each attack */
	FD_BIND_PORT,
	FD_LISTEN,
	FD_CONNECT,
	FD_DATAGRAM,		/* UDP, not connected */
	FD_VICTIM,		/* a pidfd of the victim */
	FD_PROGRAM,		/* a memfd that holds a shell */
	FD_MAX
};

/* A harmless process of the same uid as the program. */
int	 victim(void);

/* A number that the test put into the environment; 0 when it did not. */
unsigned long	 number_of(const char *name);

/* Where the test listens: 127.0.0.1.  The size of the address. */
struct sockaddr_in;
size_t	 where_the_test_listens(struct sockaddr_in *);

/* The descriptor of a ring that ring_create made: the reader's, or without
 * walls the writer's. */
int	 ring_descriptor(void);

/*
 * For calls that would change the machine, made with arguments that are of no
 * use: past the check of rights any error will do.
 */
long	 had_the_right(long result);

#endif
