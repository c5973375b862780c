/* SPDX-License-Identifier: ISC */
/*
 * Lines to values.  A line is words; its first word names a row of the table
 * in config.c, or a block, of which config_block.c knows.  Reading goes on
 * behind an error, so that one run tells all of them; a block with a wrong head
 * is passed over.
 */
#include <sys/stat.h>
#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "master/config_read.h"
#include "master/distance.h"
#include "shared/alloc.h"
#include "shared/fd.h"

/* ---- words -------------------------------------------------------------- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void
add(struct words *w, char c)
{
	w->text[w->used++] = c;
	w->word[w->n].len++;
}

/* A quoted word from behind its first quote; false without the second. */
static bool
take_quoted(struct words *w, struct span *s)
{
	char	 c;

	while (s->len > 0) {
		c = s->ptr[0];
		*s = span_skip(*s, 1);
		if (c == '"')
			return s->len == 0 || is_blank(s->ptr[0]) ||
			    s->ptr[0] == '#';
		if (c == '\\' && s->len > 0) {
			c = s->ptr[0];
			*s = span_skip(*s, 1);
		}
		add(w, c);
	}
	return false;
}

static void
take_bare(struct words *w, struct span *s)
{
	while (s->len > 0 && !is_blank(s->ptr[0])) {
		add(w, s->ptr[0]);
		*s = span_skip(*s, 1);
	}
}

/* The next word; what is wrong with it, or NULL. */
static const char *
take_word(struct words *w, struct span *s)
{
	bool	 bare = s->ptr[0] != '"';

	if (w->opens || w->closes)
		return "expected the end of the line behind { or }";
	if (w->n == CONFIG_WORDS_MAX)
		return "expected fewer words";
	w->word[w->n] = span_make(w->text + w->used, 0);
	if (bare)
		take_bare(w, s);
	else {
		*s = span_skip(*s, 1);
		if (!take_quoted(w, s))
			return "expected a quote at the end of the word";
	}
	if (bare && span_is(w->word[w->n], "{"))
		w->opens = true;
	else if (bare && span_is(w->word[w->n], "}"))
		w->closes = true;
	else
		w->n++;
	w->text[w->used++] = ' ';	/* so that words can be shown as one */
	return NULL;
}

static const char *
split(struct words *w, struct span s)
{
	const char	*why;
	size_t		 i;

	w->n = 0;
	w->used = 0;
	w->opens = w->closes = false;
	if (s.len >= CONFIG_LINE_MAX)
		return "expected a shorter line";
	for (i = 0; i < s.len; i++)
		if (!is_blank(s.ptr[i]) && ((unsigned char)s.ptr[i] < ' ' ||
		    s.ptr[i] == 0x7f))
			return "expected text, not control characters";
	for (;;) {
		while (s.len > 0 && is_blank(s.ptr[0]))
			s = span_skip(s, 1);
		if (s.len == 0 || s.ptr[0] == '#')
			break;
		if ((why = take_word(w, &s)) != NULL)
			return why;
	}
	if (w->closes && w->n > 0)
		return "expected } on a line of its own";
	if (w->opens && w->n == 0)
		return "expected the name of a block in front of {";
	return NULL;
}

/* ---- keywords ----------------------------------------------------------- */

void
reader_unknown_word(struct reader *r, struct span word)
{
	const struct config_keyword	*k = config_block(r->section)->keywords;
	struct nearest			 near;
	char				 shown[CONFIG_SHOWN_SIZE];
	enum config_section		 i;

	nearest_init(&near, word);
	for (; k->word != NULL; k++)
		nearest_try(&near, k->word);
	for (i = SECTION_TOP + 1; i < SECTION_COUNT; i++)
		if (reader_outside_of(i) == r->section)
			nearest_try(&near, config_block(i)->word);
	config_show(shown, word);
	COMPLAIN(r, "expected a keyword such as \"%s\", not \"%s\"", near.word,
	    shown);
}

/* A list may be said in several lines; all else once. */
static bool
is_list(const struct config_keyword *k)
{
	return k->type == CONFIG_NETWORKS || k->type == CONFIG_SERVERS ||
	    k->type == CONFIG_ADDRESSES || k->type == CONFIG_IDENTITIES ||
	    k->type == CONFIG_CONDITION || k->type == CONFIG_REWRITE ||
	    k->type == CONFIG_MASQUERADE || k->type == CONFIG_UNMASKED ||
	    k->type == CONFIG_SOURCES;
}

static void
read_keyword(struct reader *r)
{
	const struct config_keyword	*all, *k;
	struct words			*w = &r->words;
	char				 why[CONFIG_WHY_SIZE];
	enum config_section		 block;
	unsigned			*said;

	all = config_block(r->section)->keywords;
	for (k = all; k->word != NULL; k++)
		if (span_is(w->word[0], k->word))
			break;
	block = reader_find_block(w->word[0], r->section);
	if (k->word == NULL && block != SECTION_TOP &&
	    reader_outside_of(block) == r->section) {
		COMPLAIN(r, "expected { at the end of this line");
		return;
	}
	if (k->word == NULL) {
		reader_unknown_word(r, w->word[0]);
		return;
	}
	said = &r->said[r->section][k - all];
	if (*said != 0 && !is_list(k)) {
		COMPLAIN(r, "expected %s once, and it is in line %u", k->word,
		    *said);
		return;
	}
	*said = r->line;
	if (!config_value(k, w->word + 1, w->n - 1, reader_base(r), why))
		COMPLAIN(r, "%s: %s", k->word, why);
}

/* ---- the file ----------------------------------------------------------- */

static void
pass_over(struct reader *r)
{
	if (r->words.opens)
		r->passing++;
	if (r->words.closes)
		r->passing--;
}

static void
read_line(struct reader *r, struct span line)
{
	const char	*why = split(&r->words, line);

	if (why != NULL && r->passing == 0)
		COMPLAIN(r, "%s", why);
	else if (r->passing > 0)
		pass_over(r);
	else if (r->words.opens)
		reader_begin_block(r);
	else if (r->words.closes && r->section == SECTION_TOP)
		COMPLAIN(r, "expected no }: no block is open");
	else if (r->words.closes)
		reader_end_block(r);
	else if (r->words.n > 0)
		read_keyword(r);
}

bool
config_parse(struct config *c, const char *file, struct span text,
    struct config_notes *notes)
{
	struct reader	*r = xcalloc(1, sizeof *r);
	struct span	 line;

	r->config = c;
	r->file = file;
	r->notes = notes;
	while (text.len > 0 && notes->nerrors < CONFIG_ERRORS_MAX) {
		text = span_cut(text, '\n', &line);
		r->line++;
		read_line(r, line);
	}
	if (r->section != SECTION_TOP)
		config_error(notes, file, r->head,
		    "expected } at the end of the block \"%s\"",
		    config_block(r->section)->word);
	free(r);
	return notes->nerrors == 0;
}

static int
open_file(const char *file, struct stat *st, struct config_notes *notes)
{
	int	 fd;

	fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd == -1 || fstat(fd, st) == -1) {
		config_error(notes, file, 0, "%s", strerror(errno));
		fd_close(&fd);
	} else if (!S_ISREG(st->st_mode)) {
		config_error(notes, file, 0, "expected a regular file");
		fd_close(&fd);
	} else if (st->st_size > CONFIG_FILE_MAX) {
		config_error(notes, file, 0, "expected at most %d octets",
		    CONFIG_FILE_MAX);
		fd_close(&fd);
	}
	return fd;
}

bool
config_load(struct config *c, const char *file, struct config_notes *notes)
{
	struct stat	 st;
	char		*text;
	ssize_t		 n;
	int		 fd;

	fd = open_file(file, &st, notes);
	if (fd == -1)
		return false;
	text = xcalloc(1, st.st_size + 1);
	n = fd_pread_all(fd, text, st.st_size, 0);
	if (n == -1)
		config_error(notes, file, 0, "%s", strerror(errno));
	else
		config_parse(c, file, span_make(text, n), notes);
	fd_close(&fd);
	free(text);
	config_read_certificates(c, file, notes);
	config_read_secrets(c, file, notes);
	config_read_rewrites(c, file, notes);
	(void)config_check(c, file, notes);
	config_read_anchors(c, file, notes);
	return notes->nerrors == 0;
}
