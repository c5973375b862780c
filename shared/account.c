/* SPDX-License-Identifier: ISC */
#include <sys/types.h>

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/account.h"
#include "shared/log.h"

enum { ENTRY_SIZE = 16384 };

static bool
is_first(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_';
}

bool
account_is_name(struct span s)
{
	size_t	 i;

	if (s.len == 0 || s.len > USER_TEXT_MAX || !is_first(s.ptr[0]))
		return false;
	for (i = 1; i < s.len; i++)
		if (!is_first(s.ptr[i]) && s.ptr[i] != '.' &&
		    s.ptr[i] != '+' && s.ptr[i] != '-')
			return false;
	return true;
}

/* The entry of `name`, or NULL; errno is 0 when there simply is none. */
static struct passwd *
read_entry(FILE *f, const char *name, struct passwd *space, char *text)
{
	struct passwd	*entry;

	while ((errno = fgetpwent_r(f, space, text, ENTRY_SIZE, &entry)) == 0)
		if (strcmp(entry->pw_name, name) == 0)
			return entry;
	if (errno == ENOENT)
		errno = 0;	/* the end of the file */
	return NULL;
}

static struct passwd *
find_in_file(const char *file, const char *name, struct passwd *space,
    char *text)
{
	struct passwd	*entry;
	FILE		*f = fopen(file, "re");
	int		 saved;

	if (f == NULL)
		return NULL;
	entry = read_entry(f, name, space, text);
	saved = errno;
	(void)fclose(f);
	errno = saved;
	return entry;
}

/* A service that is named in nsswitch.conf and not installed says ENOENT. */
static struct passwd *
find_in_nss(const char *name, struct passwd *space, char *text)
{
	struct passwd	*entry;

	errno = getpwnam_r(name, space, text, ENTRY_SIZE, &entry);
	if (errno == ENOENT || errno == ESRCH)
		errno = 0;
	return errno == 0 ? entry : NULL;
}

enum user_outcome
account_find(const char *file, const char *name, struct account *a)
{
	char		 text[ENTRY_SIZE];
	struct passwd	 space, *entry;

	if (!account_is_name(span_of(name)))
		return USER_UNKNOWN;
	entry = file != NULL ? find_in_file(file, name, &space, text) :
	    find_in_nss(name, &space, text);
	if (entry == NULL && errno == 0)
		return USER_UNKNOWN;
	if (entry == NULL) {
		log_error("%s: looking for %s: %s",
		    file != NULL ? file : "NSS", name, strerror(errno));
		return USER_LATER;
	}
	if (!account_is_name(span_of(entry->pw_name)) ||
	    !span_copy(span_of(entry->pw_name), a->name, sizeof a->name) ||
	    !span_copy(span_of(entry->pw_dir), a->home, sizeof a->home))
		return USER_UNKNOWN;
	a->uid = entry->pw_uid;
	a->gid = entry->pw_gid;
	a->from_file = file != NULL;
	return USER_FOUND;
}

/* The overflow ids of the kernel, "nobody", and -1 in 16 and 32 bits: files of
 * these are anybody's. */
static bool
is_nobody(uid_t uid)
{
	return uid == 65534 || uid == 65535 || uid == (uid_t)-1 ||
	    uid == (uid_t)-2;
}

bool
account_is_allowed(const struct account *a, uid_t minimum, bool unprivileged)
{
	if (a->uid == 0)
		return false;
	if (a->uid >= minimum && !is_nobody(a->uid))
		return true;
	return unprivileged && (a->from_file || a->uid == geteuid());
}
