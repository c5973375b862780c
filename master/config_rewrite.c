/* SPDX-License-Identifier: ISC */
/*
 * What addresses become on their way out: lines of the configuration, then
 * those of a table, then the domains that are masqueraded.
 */
#include <sys/stat.h>
#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "master/config_value.h"
#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/pattern.h"

enum {
	ENVELOPE	= REWRITE_SENDER | REWRITE_RECIPIENT,
	EVERYWHERE	= ENVELOPE | REWRITE_HEADER,
	MASQUERADED	= REWRITE_SENDER | REWRITE_HEADER
};

/* ---- rows ---------------------------------------------------------------- */

static bool
add(struct config_rewrites *all, const char *from, const char *to,
    unsigned where)
{
	if (all->n == REWRITES_MAX)
		return false;
	if (all->n == all->cap) {
		all->cap = all->cap > 0 ? 2 * all->cap : 16;
		all->item = xreallocarray(all->item, all->cap,
		    sizeof *all->item);
	}
	all->item[all->n++] = (struct config_rewrite){ xstrdup(from),
	    xstrdup(to), where };
	return true;
}

/* An address, "@example.org" or "@*.example.org", in lower case. */
static bool
parse_from(struct span s, char into[ADDR_TEXT_MAX + 1])
{
	struct span	 domain = pattern_domain(s);
	char		 name[HOST_TEXT_MAX + 1];

	if (span_starts(s, "@") && domain.len + 1 == s.len)
		return !span_is(domain, "*") && config_pattern(domain, name) &&
		    pattern_lower(s, into);
	return domain.len < s.len && config_route_pattern(s, into);
}

/* An address, or "@example.org". */
static bool
parse_to(struct span s, char into[ADDR_TEXT_MAX + 1])
{
	char		 name[HOST_TEXT_MAX + 1];
	struct addr	 a;

	if (span_starts(s, "@"))
		return config_domain_name(span_skip(s, 1), name) &&
		    snprintf(into, ADDR_TEXT_MAX + 1, "@%s", name) > 0;
	return addr_parse(s, &a) == ADDR_OK && addr_domain(&a).len > 0 &&
	    span_copy(addr_span(&a), into, ADDR_TEXT_MAX + 1);
}

/* ---- lines --------------------------------------------------------------- */

static bool
parse_where(struct span s, unsigned *where)
{
	if (span_is(s, "envelope"))
		*where = ENVELOPE;
	else if (span_is(s, "header"))
		*where = REWRITE_HEADER;
	else
		*where = EVERYWHERE;
	return *where != EVERYWHERE || span_is(s, "both");
}

bool
value_take_rewrite(struct value *v)
{
	char		 from[ADDR_TEXT_MAX + 1], to[ADDR_TEXT_MAX + 1];
	unsigned	 where = EVERYWHERE;

	if (v->n < 2 || v->n > 3 || !parse_from(v->words[0], from) ||
	    !parse_to(v->words[1], to) ||
	    (v->n == 3 && !parse_where(v->words[2], &where)))
		return value_expected(v, "LOCAL@DOMAIN, @DOMAIN or @*.DOMAIN, "
		    "then LOCAL@DOMAIN or @DOMAIN, and perhaps \"envelope\", "
		    "\"header\" or \"both\"");
	if (!add(v->field, from, to, where))
		return value_expected(v, "at most %d rewrites", REWRITES_MAX);
	return true;
}

static bool
take_words(struct value *v, bool (*take)(struct span, char *),
    const char *what)
{
	struct config_words	*list = v->field;
	unsigned		 i;

	if (v->n == 0)
		return value_expected(v, "%s", what);
	for (i = 0; i < v->n; i++) {
		if (list->n == MASQUERADES_MAX)
			return value_expected(v, "at most %d of them",
			    MASQUERADES_MAX);
		if (!take(v->words[i], list->item[list->n]))
			return value_expected_at(v, i, what);
		list->n++;
	}
	return true;
}

bool
value_take_masquerade(struct value *v)
{
	return take_words(v, config_domain_name, "domains");
}

static bool
take_local(struct span s, char *into)
{
	char	 whole[ADDR_TEXT_MAX + 3], lower[ADDR_TEXT_MAX + 1];

	if (s.len == 0 || s.len > ADDR_LOCAL_MAX || span_is(s, "*"))
		return false;
	snprintf(whole, sizeof whole, "%.*s@a", (int)s.len, s.ptr);
	return pattern_parse_address(span_of(whole), lower) &&
	    span_copy(span_head(span_of(lower), strlen(lower) - 2), into,
	    HOST_TEXT_MAX + 1);
}

bool
value_take_unmasked(struct value *v)
{
	return take_words(v, take_local, "local parts of addresses");
}

/* Of each domain first those that stay as they are. */
void
config_fill_rewrites(struct config *c)
{
	char		 from[2 * HOST_TEXT_MAX + 4], to[HOST_TEXT_MAX + 2];
	unsigned	 i, j;

	for (i = 0; i < c->masquerade.n; i++) {
		for (j = 0; j < c->unmasked.n; j++) {
			snprintf(from, sizeof from, "%s@*.%s",
			    c->unmasked.item[j], c->masquerade.item[i]);
			(void)add(&c->rewrites, from, "", MASQUERADED);
		}
		snprintf(from, sizeof from, "@*.%s", c->masquerade.item[i]);
		snprintf(to, sizeof to, "@%s", c->masquerade.item[i]);
		(void)add(&c->rewrites, from, to, MASQUERADED);
	}
}

/* ---- the table ----------------------------------------------------------- */

/* What was expected of a line, or NULL. */
static const char *
take_line(struct config_rewrites *all, struct span line)
{
	char		 from[ADDR_TEXT_MAX + 1], to[ADDR_TEXT_MAX + 1];
	struct span	 first, second;

	line = span_head(line, span_index(line, '#'));
	first = span_word(&line);
	second = span_word(&line);
	if (first.len == 0)
		return NULL;
	if (!parse_from(first, from))
		return "LOCAL@DOMAIN, @DOMAIN or @*.DOMAIN at the beginning";
	if (!parse_to(second, to))
		return "LOCAL@DOMAIN or @DOMAIN behind the address";
	if (span_word(&line).len > 0)
		return "two addresses";
	return add(all, from, to, EVERYWHERE) ? NULL : "fewer rewrites";
}

bool
config_parse_rewrites(struct config *c, const char *file, struct span text,
    struct config_notes *notes)
{
	struct span	 line;
	const char	*expected;
	unsigned	 number = 0, before = notes->nerrors;

	while (text.len > 0 && notes->nerrors < CONFIG_ERRORS_MAX) {
		text = span_cut(text, '\n', &line);
		number++;
		expected = take_line(&c->rewrites, line);
		if (expected != NULL)
			config_error(notes, file, number, "expected %s",
			    expected);
	}
	return notes->nerrors == before;
}

void
config_read_rewrites(struct config *c, const char *file,
    struct config_notes *notes)
{
	const char	*path = c->rewrite_table;
	struct stat	 st;
	char		*text;
	ssize_t		 n = -1;
	int		 fd;

	if (path[0] == '\0')
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd == -1 || fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_size > CONFIG_FILE_MAX) {
		config_error(notes, file, 0, "%s: expected a file of at most "
		    "%d octets that can be read", path, CONFIG_FILE_MAX);
		fd_close(&fd);
		return;
	}
	text = xcalloc(1, st.st_size + 1);
	n = fd_pread_all(fd, text, st.st_size, 0);
	if (n == -1)
		config_error(notes, path, 0, "%s", strerror(errno));
	else
		config_parse_rewrites(c, path, span_make(text, n), notes);
	fd_close(&fd);
	free(text);
}
