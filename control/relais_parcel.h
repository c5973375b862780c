/* SPDX-License-Identifier: ISC */
#ifndef CONTROL_RELAIS_PARCEL_H
#define CONTROL_RELAIS_PARCEL_H

#include <stdio.h>

#include "control/relais.h"
#include "shared/id.h"

/*
 * A message in a file, on its way from one machine to another: lines of what is
 * known of it, its content, and a checksum of both.  Its name tells how far it
 * is (relais(8)):
 *
 *	ID.part		export writes it; it is in the queue, held
 *	ID		it is whole, and may be in the queue, held
 *	ID.NEW		import is at it; it may be in the queue as NEW
 *	NEW.stored	it is in the queue, perhaps released
 */
enum { PARCEL_NAME_SIZE = 2 * ID_LEN + 16, PARCEL_SUM_SIZE = 19 };

struct parcel {
	char		 id[ID_SIZE];
	uint64_t	 arrived, flags, size;
	bool		 held;		/* by an admin, before */
	char		*head;		/* the words of an envelope, in xtext */
	char		*recipients;	/* lines, as control takes them */
	long		 content;	/* where it begins in the file */
};

/* What the directory is: -1 and a message when it is none.  The names there
 * that export or import make are given, in any order, to `each`, whose result
 * of the first that is not RELAIS_DONE is the result. */
int	 parcels_open(const char *path);
int	 parcels_walk(int directory, int (*each)(void *arg, const char *name),
	    void *arg);

/* Reads all of a file, and checks it; NULL and a message when it is not whole.
 * parcel_clear is wanted afterwards. */
FILE	*parcel_open(int directory, const char *name, struct parcel *);
void	 parcel_clear(struct parcel *);

/* 0 when it is on disk; -1 with errno. */
int	 parcel_rename(int directory, const char *from, const char *to);
int	 parcel_remove(int directory, const char *name);

/* The id at the head of a name, and what stands behind it. */
bool	 parcel_cut(const char *name, char id[ID_SIZE], const char **rest);

/* The last line of a file, of the sum of all before it. */
void	 parcel_sum(char into[PARCEL_SUM_SIZE], uint32_t crc);

/* What the queue has under an id. */
struct whereabouts {
	bool		 found;
	bool		 held;
	bool		 failed;	/* a sender is still to be told of it */
	uint64_t	 arrived;
};

int	 parcel_find(const struct relais *, const char *id,
	    struct whereabouts *);

/* An order about one message; RELAIS_NONE also when it is busy. */
int	 parcel_order(const struct relais *, const char *order,
	    const char *id);

#endif
