/* SPDX-License-Identifier: ISC */
/*
 * The table: names and values are texts in one pool, known by their offset,
 * so that a file of many short lines costs little more than itself.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lookup/alias.h"
#include "shared/alloc.h"
#include "shared/log.h"

enum { WARNINGS_SHOWN = 100, READ_SIZE = 1 << 20, MESSAGE_SIZE = 512 };

struct entry {
	uint32_t	 name;
	uint32_t	 first, count;	/* of values */
	uint32_t	 line;
};

struct value {
	uint32_t	 text;
	uint8_t		 kind, final;
};

struct alias_table {
	char		*path;
	struct buf	 pool;
	struct entry	*entries;
	size_t		 nentries, entries_cap;
	struct value	*values;
	size_t		 nvalues, values_cap;
	unsigned	 warnings;
};

struct alias_table *
alias_new(const char *path)
{
	struct alias_table	*t = xcalloc(1, sizeof *t);

	t->path = xstrdup(path);
	buf_init(&t->pool, 2 * (size_t)ALIAS_FILE_MAX);
	return t;
}

void
alias_free(struct alias_table *t)
{
	if (t == NULL)
		return;
	buf_clear(&t->pool);
	free(t->entries);
	free(t->values);
	free(t->path);
	free(t);
}

size_t
alias_count(const struct alias_table *t)
{
	return t->nentries;
}

unsigned
alias_warnings(const struct alias_table *t)
{
	return t->warnings;
}

void
alias_warn(struct alias_table *t, unsigned line, const char *fmt, ...)
{
	char	 message[MESSAGE_SIZE];
	va_list	 ap;

	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof message, fmt, ap);
	va_end(ap);
	t->warnings++;
	if (t->warnings < WARNINGS_SHOWN)
		log_warning("%s:%u: %s", t->path, line, message);
	else if (t->warnings == WARNINGS_SHOWN)
		log_warning("%s:%u: %s; what else is wrong is not shown",
		    t->path, line, message);
}

/* ---- filling ------------------------------------------------------------- */

static const char *
text_at(const struct alias_table *t, uint32_t offset)
{
	return t->pool.data + t->pool.head + offset;
}

/* The pool holds twice the largest file; a text is never longer than what it
 * was read from, with its separator. */
static uint32_t
keep(struct alias_table *t, const char *text)
{
	size_t	 at = buf_len(&t->pool);

	if (!buf_put(&t->pool, span_make(text, strlen(text) + 1)))
		fatal("%s: more text than the file holds", t->path);
	return at;
}

static void *
grow(void *array, size_t count, size_t *cap, size_t size)
{
	if (count < *cap)
		return array;
	*cap = *cap > 0 ? *cap * 2 : 64;
	return xreallocarray(array, *cap, size);
}

void
alias_begin(struct alias_table *t, const char *name, unsigned line)
{
	struct entry	*e;

	t->entries = grow(t->entries, t->nentries, &t->entries_cap, sizeof *e);
	e = &t->entries[t->nentries++];
	e->name = keep(t, name);
	e->first = t->nvalues;
	e->count = 0;
	e->line = line;
}

void
alias_add(struct alias_table *t, const struct alias_value *value)
{
	struct value	*v;

	t->values = grow(t->values, t->nvalues, &t->values_cap, sizeof *v);
	v = &t->values[t->nvalues++];
	v->text = keep(t, value->text);
	v->kind = value->kind;
	v->final = value->final;
	t->entries[t->nentries - 1].count++;
}

static int
compare(const void *a, const void *b, void *table)
{
	const struct entry	*x = a, *y = b;
	int			 order;

	order = strcmp(text_at(table, x->name), text_at(table, y->name));
	if (order != 0)
		return order;
	return x->line < y->line ? -1 : x->line > y->line;
}

void
alias_seal(struct alias_table *t)
{
	size_t	 i, kept = 0;

	if (t->nentries == 0)
		return;
	qsort_r(t->entries, t->nentries, sizeof *t->entries, compare, t);
	for (i = 0; i < t->nentries; i++) {
		if (kept > 0 && strcmp(text_at(t, t->entries[i].name),
		    text_at(t, t->entries[kept - 1].name)) == 0) {
			alias_warn(t, t->entries[i].line,
			    "%s is there already, in line %u",
			    text_at(t, t->entries[i].name),
			    t->entries[kept - 1].line);
			continue;
		}
		t->entries[kept++] = t->entries[i];
	}
	t->nentries = kept;
}

/* ---- asking -------------------------------------------------------------- */

bool
alias_find(const struct alias_table *t, const char *name, struct alias *found)
{
	size_t	 low = 0, high = t->nentries, middle;
	int	 order;

	while (low < high) {
		middle = low + (high - low) / 2;
		order = strcmp(name, text_at(t, t->entries[middle].name));
		if (order == 0) {
			found->table = t;
			found->first = t->entries[middle].first;
			found->count = t->entries[middle].count;
			return true;
		}
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

struct alias_value
alias_value(const struct alias *a, size_t i)
{
	const struct value	*v = &a->table->values[a->first + i];

	return (struct alias_value){ v->kind, v->final,
	    text_at(a->table, v->text) };
}

bool
alias_reply(struct span s, struct reply *reply)
{
	struct span	 word = span_word(&s);
	uint64_t	 code;

	if (word.len != 3 || !span_parse_u64(word, 599, &code) || code < 400)
		return false;
	*reply = reply_make(code, code < 500 ? "4.0.0" : "5.0.0", "%s", "");
	reply_set_text(reply,
	    span_trim(reply_parse_enhanced(span_trim(s), reply)));
	if (reply->text[0] == '\0')
		reply_set_text(reply, span_of("not accepted here"));
	return reply->class == code / 100;
}

/* ---- reading ------------------------------------------------------------- */

struct alias_table *
alias_read(int fd, const char *path, const struct alias_syntax *syntax)
{
	struct alias_table	*t = NULL;
	struct buf		 text;
	ssize_t			 n;

	buf_init(&text, ALIAS_FILE_MAX);
	do
		n = buf_read(&text, fd, READ_SIZE);
	while (n > 0 || (n == -1 && errno == EINTR));
	if (n == 0)
		t = alias_parse(text.data + text.head, buf_len(&text), path,
		    syntax);
	buf_clear(&text);
	return t;
}
