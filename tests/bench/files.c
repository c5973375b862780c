/* SPDX-License-Identifier: ISC */
/*
 * The yardstick below: each message is a file of its own, with an fsync of its
 * own and one of its directory.
 *
 * usage: files DIRECTORY PRODUCERS LENGTH SECONDS MOST
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "tests/bench/load.h"

enum { DIRECTORIES = 256, NAME_SIZE = 32 };

struct files {
	int		 dirs[DIRECTORIES];
	size_t		 length;
	const char	*content;
};

static void
store(void *arg, unsigned producer, unsigned long number)
{
	struct files	*f = arg;
	int		 dir = f->dirs[number % DIRECTORIES], fd;
	char		 name[NAME_SIZE];

	(void)producer;
	snprintf(name, sizeof name, "%lu", number);
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1 || fd_write_all(fd, f->content, f->length) == -1 ||
	    fsync(fd) == -1 || fsync(dir) == -1)
		fatal("%s: %s", name, strerror(errno));
	fd_close(&fd);
}

static void
make_directories(struct files *f)
{
	char	 name[NAME_SIZE];
	int	 i;

	for (i = 0; i < DIRECTORIES; i++) {
		snprintf(name, sizeof name, "%02x", i);
		if (mkdir(name, 0700) == -1)
			fatal("%s: %s", name, strerror(errno));
		f->dirs[i] = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (f->dirs[i] == -1)
			fatal("%s: %s", name, strerror(errno));
	}
	sync();
}

int
main(int argc, char **argv)
{
	struct files	 f;
	struct load	 load;
	char		*content;

	if (argc != 6 || !load_parse(&load, argv + 2))
		fatal("usage: files DIRECTORY PRODUCERS LENGTH SECONDS MOST");
	if (chdir(argv[1]) == -1)
		fatal("%s: %s", argv[1], strerror(errno));
	content = xcalloc(load.length, 1);
	memset(content, 'x', load.length);
	f.length = load.length;
	f.content = content;
	make_directories(&f);
	load_run(&load, store, &f);
	return 0;
}
