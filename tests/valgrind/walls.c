/* SPDX-License-Identifier: ISC */
/*
 * What gives way to valgrind in programs that are for its test alone, by the
 * linker; all other walls stand.
 */
#include <sys/resource.h>

#include <lmdb.h>

#include "shared/priv.h"

void	 __wrap_priv_seccomp(const struct priv *);
int	 __real_setrlimit(__rlimit_resource_t, const struct rlimit *);
int	 __wrap_setrlimit(__rlimit_resource_t, const struct rlimit *);
int	 __real_mdb_env_set_mapsize(MDB_env *, size_t)
	    __attribute__((__weak__));	/* is in queue alone */
int	 __wrap_mdb_env_set_mapsize(MDB_env *, size_t);

enum { MAP_MAX = 256 << 20 };

/* valgrind makes calls of its own in the process that it watches, and the
 * list would kill it for them. */
void
__wrap_priv_seccomp(const struct priv *p)
{
	(void)p;
}

/* Its own descriptors are above ours, so the hard limit must stay. */
int
__wrap_setrlimit(__rlimit_resource_t resource, const struct rlimit *l)
{
	struct rlimit	 mine = *l;
	struct rlimit	 now;

	if (resource == RLIMIT_NOFILE && getrlimit(resource, &now) == 0)
		mine.rlim_max = now.rlim_max;
	return __real_setrlimit(resource, &mine);
}

/* It leaves no room for a map of many GiB, and says EINVAL. */
int
__wrap_mdb_env_set_mapsize(MDB_env *env, size_t size)
{
	return __real_mdb_env_set_mapsize(env, size < MAP_MAX ? size : MAP_MAX);
}
