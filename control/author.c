/* SPDX-License-Identifier: ISC */
#include <sys/types.h>

#include <ctype.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/author.h"
#include "shared/addr.h"

#define MAILNAME	"/etc/mailname"

/* The uid's own name first: the environment may say anything. */
static void
find_login(struct author *a, const struct passwd *pw)
{
	const char	*named = pw != NULL ? pw->pw_name : getenv("LOGNAME");

	if (named == NULL || named[0] == '\0')
		named = getenv("USER");
	if (named == NULL || named[0] == '\0' ||
	    !span_copy(span_of(named), a->login, sizeof(a->login)))
		(void)snprintf(a->login, sizeof(a->login), "uid%u",
		    (unsigned)getuid());
}

/* The first part of a passwd comment, where "&" is the login name with a
 * capital. */
static void
name_from_comment(struct author *a, const char *comment)
{
	size_t	 len = 0, login = strlen(a->login);

	for (; *comment != '\0' && *comment != ','; comment++) {
		if (len + login + 1 >= sizeof(a->name))
			break;
		if (*comment != '&') {
			a->name[len++] = *comment;
			continue;
		}
		memcpy(a->name + len, a->login, login);
		a->name[len] = toupper((unsigned char)a->name[len]);
		len += login;
	}
	a->name[len] = '\0';
}

static void
find_name(struct author *a, const struct passwd *pw, const char *full_name)
{
	if (full_name == NULL)
		full_name = getenv("NAME");
	if (full_name != NULL)
		(void)snprintf(a->name, sizeof(a->name), "%s", full_name);
	else if (pw != NULL && pw->pw_gecos != NULL)
		name_from_comment(a, pw->pw_gecos);
}

static void
find_origin(struct author *a)
{
	FILE		*file = fopen(MAILNAME, "re");
	char		 line[HOST_TEXT_MAX + 2];
	struct span	 name;

	if (file == NULL)
		return;
	if (fgets(line, sizeof(line), file) != NULL) {
		(void)span_cut(span_of(line), '\n', &name);
		name = span_trim(name);
		if (domain_is_valid(name))
			(void)span_copy(name, a->origin, sizeof(a->origin));
	}
	fclose(file);
}

void
author_find(struct author *a, const char *full_name)
{
	const struct passwd	*pw = getpwuid(getuid());

	*a = (struct author){ .login = "" };
	find_login(a, pw);
	find_name(a, pw, full_name);
	find_origin(a);
}
