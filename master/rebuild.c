/* SPDX-License-Identifier: ISC */
#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "master/rebuild.h"
#include "shared/clock.h"
#include "shared/fd.h"
#include "shared/log.h"

enum { NAME_SIZE = 48 };

/* Its owner is not root: nothing of it is followed or opened. */
static int
open_queue(const char *spool)
{
	int	 top = open(spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;

	fd = top == -1 ? -1 : openat(top, "queue",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		log_error("%s/queue: %s", spool, strerror(errno));
	fd_close(&top);
	return fd;
}

static int
put_aside(int dir, const char *spool)
{
	char	 name[NAME_SIZE];

	(void)snprintf(name, sizeof name, "index-%" PRId64, clock_wall());
	if (renameat(dir, "index", dir, name) == -1 || fsync(dir) == -1) {
		log_error("%s/queue/index: %s", spool, strerror(errno));
		return EX_CANTCREAT;
	}
	printf("%s/queue/index is now %s; relais start makes a new one\n",
	    spool, name);
	return EX_OK;
}

/* queue holds the lock while it lives. */
int
rebuild(const char *spool)
{
	int	 dir = open_queue(spool), status = EX_TEMPFAIL;

	if (dir == -1)
		return EX_NOINPUT;
	if (flock(dir, LOCK_EX | LOCK_NB) == 0)
		status = put_aside(dir, spool);
	else if (errno == EWOULDBLOCK)
		log_error("%s: relais is running: stop it first", spool);
	else
		log_error("%s/queue: %s", spool, strerror(errno));
	fd_close(&dir);
	return status;
}
