/* SPDX-License-Identifier: ISC */
#ifndef TESTS_CRASH_LOG_H
#define TESTS_CRASH_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a program did to the disk, in order: records of a head and, behind it,
 * two runs of octets, `a` and `b`.  record.c (system calls) and blockfs.c (one
 * disk image) write it, states.c and cuts.py read it; all on one machine, so
 * it is in that machine's byte order.
 *
 * A call is logged behind its end, when it has succeeded, but for LOG_BEGIN:
 * a sync covers what was logged before it began.
 */
enum log_op {
	LOG_ROOT = 1,		/* the first: all is below directory `file` */
	LOG_CREATE,		/* a file `other`: name `a` in `file` */
	LOG_MKDIR,		/* the same, a directory */
	LOG_UNLINK,		/* name `a` in `file`; a directory's, too */
	LOG_RENAME,		/* name `a` in `file` to `b` in `other`, of the
				   file `length` */
	LOG_WRITE,		/* `a` to `file` at `offset` */
	LOG_SIZE,		/* of `file`: `offset` */
	LOG_BEGIN,		/* of sync `number` of `file` */
	LOG_SYNC,		/* its end; with number 0, of `length` octets
				   at `offset` alone, whenever written */
	LOG_MARK		/* `a`: what the program promised */
};

struct log_head {
	uint32_t	 op;
	uint32_t	 number;
	uint64_t	 file, other;	/* inodes */
	uint64_t	 offset, length;
	uint32_t	 a, b;		/* octets of them */
};

/* A log that has been read.  Inodes became numbers from 0, in the order they
 * were made; 0 is the directory that all is below. */
struct record {
	struct log_head	 head;
	const char	*a, *b;
};

struct log {
	struct record	*records;
	size_t		 count;
	uint32_t	 files;		/* numbers given */
	bool		*directories;	/* by number */
	char		*data;
};

/* What is not below the root is left out.  Ends the program when the log cannot
 * be read. */
void	 log_read(struct log *, const char *path);

#endif
