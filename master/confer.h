/* SPDX-License-Identifier: ISC */
#ifndef MASTER_CONFER_H
#define MASTER_CONFER_H

#include "shared/buf.h"
#include "shared/ipc.h"

/* The values of the configuration that concern `c`, and START.  False when one
 * of them cannot be had, which was told. */
struct child;
struct suite;

bool	 confer(struct child *c);

/*
 * What a child of this role would hear now, as octets: two that differ mean
 * that it has to begin anew.  Files and sockets count by what they are on
 * disk and in the system.  False as above.
 */
bool	 confer_picture(struct suite *, enum role, struct buf *into);

/* To those who run, what they hear of without beginning anew; roles that do
 * begin anew, as bits, hear it then. */
void	 confer_again(struct suite *, unsigned anew);

/* A file that a program reads by itself, by what it is now. */
void	 picture_file(struct buf *, const char *path);

#endif
