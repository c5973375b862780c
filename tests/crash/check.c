/* SPDX-License-Identifier: ISC */
/*
 * Checks one spool that is really there.
 *
 * usage: check MARKS DIR
 *
 * MARKS: a file with all marks up to now.  1 is returned when it is bad, 70
 * when queue refuses to begin.
 */
#include <sys/stat.h>

#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "shared/alloc.h"
#include "shared/fd.h"
#include "tests/crash/checker.h"

int
main(int argc, char **argv)
{
	struct promises	 promises = { NULL, 0 };
	struct stat	 st;
	char		*marks;
	bool		 good;
	int		 fd;

	if (argc != 3)
		errx(2, "usage: check MARKS DIR");
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1)
		err(2, "%s", argv[1]);
	marks = xcalloc(1, (size_t)st.st_size + 1);
	if (fd_pread_all(fd, marks, (size_t)st.st_size, 0) != st.st_size)
		err(2, "%s", argv[1]);
	fd_close(&fd);
	promises_take(&promises, marks, (size_t)st.st_size);
	good = check_state(argv[2], &promises);
	promises_clear(&promises);
	free(marks);
	return !good;
}
