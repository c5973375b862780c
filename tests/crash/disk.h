/* SPDX-License-Identifier: ISC */
#ifndef TESTS_CRASH_DISK_H
#define TESTS_CRASH_DISK_H

#include <stdbool.h>

#include "tests/crash/log.h"

/*
 * What is on disk for sure at a point of a log, and what may be there as well:
 * POSIX promises the data of a file that was synced, and the names in a
 * directory that was synced, and nothing else.
 */
struct entry {
	uint32_t	 dir;
	uint32_t	 file;
	const char	*name;
};

struct names {
	struct entry	*list;
	size_t		 count, room;
};

/* A name that is not synced; `half` of a rename: only the old name goes. */
struct renaming {
	size_t		 record;
	bool		 half;
};

struct disk_file {
	char		*data;		/* for sure */
	size_t		 size, room;
	uint32_t	 version;	/* changes with it */
	size_t		*pending;	/* records: data, sizes */
	size_t		 count;
};

struct disk {
	const struct log *log;
	struct disk_file	*files;
	struct names	 names;		/* for sure */
	struct renaming	*renamings;	/* all others, in order */
	size_t		 count, room;
	size_t		 at;		/* the next record */
};

void	 disk_init(struct disk *, const struct log *);
void	 disk_clear(struct disk *);

/* Takes the next record; false at the end. */
bool	 disk_step(struct disk *);

/* Is it a directory? */
bool	 disk_is_dir(const struct disk *, uint32_t file);

/* Does to names what a record did. */
void	 names_apply(struct names *, const struct record *, bool half);
void	 names_copy(struct names *into, const struct names *);

#endif
