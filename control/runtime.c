/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/runtime.h"
#include "shared/fd.h"

const char *
runtime_directory(void)
{
	const char	*named = getenv("RELAIS_RUNTIME");

	return named != NULL && named[0] != '\0' ? named : RUNSTATEDIR;
}

static int
set_patience(int fd, int seconds)
{
	struct timeval	 t = { .tv_sec = seconds };

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)) == -1)
		return -1;
	return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
}

int
runtime_connect(const char *directory, const char *name, int patience)
{
	struct sockaddr_un	 to = { .sun_family = AF_UNIX };
	int			 fd, n;

	n = snprintf(to.sun_path, sizeof(to.sun_path), "%s/%s", directory,
	    name);
	if (n < 0 || (size_t)n >= sizeof(to.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if (set_patience(fd, patience) == -1 ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) == -1)
		fd_close(&fd);
	return fd;
}
