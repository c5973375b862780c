/* SPDX-License-Identifier: ISC */
/* Values of routes, and of advice. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "master/config_value.h"
#include "shared/alloc.h"

/* A destination, like "unix:/run/smtp"; ";" ends its path, and blanks would
 * part it where it is shown. */
bool
value_parse_socket(struct span path, const char *kind,
    char into[DESTINATION_TEXT_MAX + 1])
{
	if (!span_starts(path, "/") || path.len > SOCKET_PATH_MAX ||
	    !value_is_printable(path) || memchr(path.ptr, ' ', path.len) ||
	    memchr(path.ptr, ';', path.len))
		return false;
	snprintf(into, DESTINATION_TEXT_MAX + 1, "%s:%.*s", kind,
	    (int)path.len, path.ptr);
	return true;
}

bool
value_take_socket(struct value *v)
{
	if (v->n == 1 && value_parse_socket(v->words[0], "unix", v->field))
		return true;
	return value_expected(v, "the path of a socket, of at most %d octets",
	    SOCKET_PATH_MAX);
}

/* The file is looked at when all of the configuration is read. */
bool
value_take_login(struct value *v)
{
	struct config_login	*l = v->field;
	struct value		 path = *v;

	if (v->n != 2 || v->words[0].len == 0 ||
	    !span_copy(v->words[0], l->user, sizeof l->user))
		return value_expected(v, "a user, and the path of a file with "
		    "the password");
	path.words++;
	path.n--;
	path.field = l->path;
	return value_take_path(&path);
}

static bool
is_mechanism(struct span s)
{
	static const char *const	 known[] = {
		"plain", "login", "scram-sha-256", "xoauth2"
	};
	size_t				 i;

	for (i = 0; i < COUNT(known); i++)
		if (span_is(s, known[i]))
			return true;
	return false;
}

/* In the order in which they are preferred; parted by blanks. */
bool
value_take_mechanisms(struct value *v)
{
	char		*into = v->field;
	unsigned	 i, j;
	size_t		 n = 0;

	if (v->n == 0)
		return value_expected(v, "mechanisms");
	for (i = 0; i < v->n; i++) {
		for (j = 0; j < i && !span_equal(v->words[i], v->words[j]);)
			j++;
		if (j < i || !is_mechanism(v->words[i]))
			return value_expected_at(v, i, "each once of plain, "
			    "login, scram-sha-256, xoauth2");
		n += snprintf(into + n, REASON_TEXT_MAX + 1 - n, "%s%.*s",
		    i > 0 ? " " : "", (int)v->words[i].len, v->words[i].ptr);
	}
	return true;
}

/* "421", "4xx" or "5xx", as CONF_ADVICE has them. */
bool
value_take_code(struct value *v)
{
	unsigned	*code = v->field;
	struct span	 s = v->n == 1 ? v->words[0] : span_of("");
	uint64_t	 n;

	if (span_is(s, "4xx") || span_is(s, "5xx")) {
		*code = s.ptr[0] == '4' ? 0 : 5;
		return true;
	}
	if (s.len != 3 || !span_parse_u64(s, 599, &n) || n < 400)
		return value_expected(v, "a code such as 421, 4xx or 5xx");
	*code = n;
	return true;
}

bool
value_take_text(struct value *v)
{
	if (v->n == 1 && v->words[0].len > 0 &&
	    value_is_printable(v->words[0]) &&
	    span_copy(v->words[0], v->field, v->k->highest + 1))
		return true;
	return value_expected(v, "a part of a reply in quotes, of at most %d "
	    "octets", REASON_TEXT_MAX);
}
