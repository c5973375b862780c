/* SPDX-License-Identifier: ISC */
/*
 * Lines to values.  A line is words; its first word names a row of the table
 * in config.c.  Reading goes on behind an error, so that one run tells all of
 * them; a block with a wrong head is passed over.
 */
#include <sys/stat.h>
#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "master/config_table.h"
#include "master/distance.h"
#include "shared/alloc.h"
#include "shared/fd.h"

/* The words of one line, without quotes; they live in `text`, which a line and
 * a blank behind it cannot pass. */
struct words {
	char		 text[CONFIG_LINE_MAX];
	size_t		 used;
	struct span	 word[CONFIG_WORDS_MAX];
	unsigned	 n;
	bool		 opens, closes;		/* { or } was its end */
};

struct reader {
	struct config		*config;
	const char		*file;
	struct config_notes	*notes;
	unsigned		 line;

	enum config_section	 section;	/* where the next line is */
	unsigned		 head;		/* line of the open block */
	unsigned		 outer_head;	/* of the listen around it */
	unsigned		 passing;	/* blocks passed over */
	unsigned		 heads[SECTION_COUNT];	/* last of its kind */
	unsigned		 said[SECTION_COUNT][CONFIG_KEYWORDS_MAX];
	struct words		 words, names;

	/* the open block's, before it joins the configuration */
	struct config_listen	 listen;
	struct config_domain	 domain;
	struct config_route	 route;
	struct config_rule	 rule;
	struct config_tls	 tls;
};

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

#define COMPLAIN(r, ...) \
	config_error((r)->notes, (r)->file, (r)->line, __VA_ARGS__)

/* Where a block stands: one stands in another. */
static enum config_section
outside_of(enum config_section section)
{
	return section == SECTION_LISTEN_LIMIT ? SECTION_LISTEN : SECTION_TOP;
}

/* SECTION_TOP: no block is called so, here or at all. */
static enum config_section
find_block(struct span word, enum config_section here)
{
	enum config_section	 i, found = SECTION_TOP;

	for (i = SECTION_TOP + 1; i < SECTION_COUNT; i++)
		if (span_is(word, config_block(i)->word) &&
		    (found == SECTION_TOP || outside_of(i) == here))
			found = i;
	return found;
}

static void
unknown_word(struct reader *r, struct span word)
{
	const struct config_keyword	*k = config_block(r->section)->keywords;
	struct nearest			 near;
	char				 shown[CONFIG_SHOWN_SIZE];
	enum config_section		 i;

	nearest_init(&near, word);
	for (; k->word != NULL; k++)
		nearest_try(&near, k->word);
	for (i = SECTION_TOP + 1; i < SECTION_COUNT; i++)
		if (outside_of(i) == r->section)
			nearest_try(&near, config_block(i)->word);
	config_show(shown, word);
	COMPLAIN(r, "expected a keyword such as \"%s\", not \"%s\"", near.word,
	    shown);
}

static void *
base_of(struct reader *r)
{
	switch (r->section) {
	case SECTION_LISTEN:
		return &r->listen;
	case SECTION_DOMAIN:
		return &r->domain;
	case SECTION_ROUTE:
		return &r->route;
	case SECTION_LIMIT:
		return &r->config->limit;
	case SECTION_LISTEN_LIMIT:
		return &r->listen.limit;
	case SECTION_RULE:
		return &r->rule;
	case SECTION_TLS:
		return &r->tls;
	default:
		return r->config;
	}
}

/* A list may be said in several lines; all else once. */
static bool
is_list(const struct config_keyword *k)
{
	return k->type == CONFIG_NETWORKS || k->type == CONFIG_SERVERS ||
	    k->type == CONFIG_ADDRESSES || k->type == CONFIG_IDENTITIES ||
	    k->type == CONFIG_CONDITION;
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
	block = find_block(w->word[0], r->section);
	if (k->word == NULL && block != SECTION_TOP &&
	    outside_of(block) == r->section) {
		COMPLAIN(r, "expected { at the end of this line");
		return;
	}
	if (k->word == NULL) {
		unknown_word(r, w->word[0]);
		return;
	}
	said = &r->said[r->section][k - all];
	if (*said != 0 && !is_list(k)) {
		COMPLAIN(r, "expected %s once, and it is in line %u", k->word,
		    *said);
		return;
	}
	*said = r->line;
	if (!config_value(k, w->word + 1, w->n - 1, base_of(r), why))
		COMPLAIN(r, "%s: %s", k->word, why);
}

/* ---- blocks ------------------------------------------------------------- */

static bool
names_fit(struct reader *r, const struct config_block *b)
{
	unsigned	 names = r->words.n - 1;

	if (b->names == NULL && names > 0)
		COMPLAIN(r, "expected { behind %s", b->word);
	else if (b->names != NULL && ((names == 0 && !b->bare) ||
	    (names > 1 && !b->many)))
		COMPLAIN(r, "expected %s between %s and {", b->names, b->word);
	else
		return true;
	return false;
}

/* The head of a block; false when the block is to be passed over. */
static bool
open_block(struct reader *r)
{
	enum config_section		 section;
	const struct config_block	*b;

	section = find_block(r->words.word[0], r->section);
	b = config_block(section);
	if (r->section != outside_of(section)) {
		COMPLAIN(r, "expected } before another block; the open one "
		    "began in line %u", r->head);
		return false;
	}
	if (section == SECTION_TOP) {
		unknown_word(r, r->words.word[0]);
		return false;
	}
	if (!names_fit(r, b))
		return false;
	if (b->names == NULL && r->heads[section] != 0) {
		COMPLAIN(r, "expected %s once, and it is in line %u", b->word,
		    r->heads[section]);
		return false;
	}
	memset(r->said[section], 0, sizeof r->said[section]);
	r->outer_head = r->head;
	r->heads[section] = r->head = r->line;
	r->heads[SECTION_LISTEN_LIMIT] = section == SECTION_LISTEN_LIMIT ?
	    r->line : 0;
	r->section = section;
	return true;
}

/* The words of the head outlive its line. */
static void
keep_names(struct reader *r)
{
	unsigned	 i;

	r->names = r->words;
	for (i = 0; i < r->names.n; i++)
		r->names.word[i].ptr = r->names.text +
		    (r->words.word[i].ptr - r->words.text);
}

static void
begin_block(struct reader *r)
{
	if (!open_block(r)) {
		r->passing = 1;
		return;
	}
	if (r->section == SECTION_LISTEN_LIMIT)
		return;		/* a part of the block that is open */
	keep_names(r);
	memset(&r->listen, 0, sizeof r->listen);
	memset(&r->domain, 0, sizeof r->domain);
	memset(&r->route, 0, sizeof r->route);
	memset(&r->rule, 0, sizeof r->rule);
	memset(&r->tls, 0, sizeof r->tls);
	r->listen.line = r->domain.line = r->route.line = r->head;
	r->rule.line = r->tls.line = r->head;
	r->rule.all = &r->config->conditions;
	r->rule.first = r->rule.all->n;
	if (r->section == SECTION_RETRY)
		r->config->retry.line = r->head;
	if (r->section == SECTION_JOURNAL)
		r->config->journal.line = r->head;
	if (base_of(r) != r->config && r->section != SECTION_LIMIT)
		config_defaults(r->section, base_of(r));
}

static void
bad_name(struct reader *r, struct span name, const char *wanted)
{
	char	 shown[CONFIG_SHOWN_SIZE];

	config_show(shown, name);
	config_error(r->notes, r->file, r->head, "expected %s, not \"%s\"",
	    wanted, shown);
}

static void
add_listen(struct reader *r)
{
	struct config	*c = r->config;

	if (!config_listen_name(r->names.word[1], r->listen.name))
		bad_name(r, r->names.word[1], "a name of letters and digits");
	else if (c->nlistens == LISTENERS_MAX)
		COMPLAIN(r, "expected at most %d listen blocks", LISTENERS_MAX);
	else {
		c->listens = xreallocarray(c->listens, c->nlistens + 1,
		    sizeof *c->listens);
		c->listens[c->nlistens++] = r->listen;
	}
}

static void
add_domain(struct reader *r, struct span name)
{
	struct config	*c = r->config;

	if (!config_domain_name(name, r->domain.name))
		bad_name(r, name, "a domain name");
	else if (c->ndomains == DOMAINS_MAX)
		COMPLAIN(r, "expected at most %d domains", DOMAINS_MAX);
	else {
		c->domains = xreallocarray(c->domains, c->ndomains + 1,
		    sizeof *c->domains);
		c->domains[c->ndomains++] = r->domain;
	}
}

static void
add_route(struct reader *r, struct span pattern)
{
	struct config	*c = r->config;

	if (!config_pattern(pattern, r->route.pattern))
		bad_name(r, pattern, "a domain name, *.DOMAIN or *");
	else if (c->nroutes == ROUTES_MAX)
		COMPLAIN(r, "expected at most %d routes", ROUTES_MAX);
	else {
		c->routes = xreallocarray(c->routes, c->nroutes + 1,
		    sizeof *c->routes);
		c->routes[c->nroutes++] = r->route;
	}
}

/* The listen block goes on, and knows what was said for it alone. */
static void
end_listen_limit(struct reader *r)
{
	unsigned	 i;

	for (i = 0; i < CONFIG_KEYWORDS_MAX; i++)
		if (r->said[SECTION_LISTEN_LIMIT][i] != 0)
			r->listen.limited |= UINT32_C(1) << i;
	r->section = SECTION_LISTEN;
	r->head = r->outer_head;
}

static void
add_rule(struct reader *r)
{
	struct config	*c = r->config;

	r->rule.n = c->conditions.n - r->rule.first;
	if (!config_rule_name(r->names.word[1], r->rule.name))
		bad_name(r, r->names.word[1], "a name of letters and digits");
	else if (c->nrules == POLICY_RULES_MAX)
		COMPLAIN(r, "expected at most %d rules", POLICY_RULES_MAX);
	else {
		c->rules = xreallocarray(c->rules, c->nrules + 1,
		    sizeof *c->rules);
		c->rules[c->nrules++] = r->rule;
	}
}

static void
add_tls(struct reader *r)
{
	struct config	*c = r->config;

	if (r->names.n > 1 &&
	    !config_rule_name(r->names.word[1], r->tls.name))
		bad_name(r, r->names.word[1], "a name of letters and digits");
	else if (c->ntls == CERTIFICATES_MAX)
		COMPLAIN(r, "expected at most %d tls blocks",
		    CERTIFICATES_MAX);
	else {
		c->tls = xreallocarray(c->tls, c->ntls + 1, sizeof *c->tls);
		c->tls[c->ntls++] = r->tls;
	}
}

static void
must_say(struct reader *r, unsigned keyword)
{
	if (r->said[r->section][keyword] == 0)
		config_error(r->notes, r->file, r->head,
		    "expected %s in this block",
		    config_block(r->section)->keywords[keyword].word);
}

/* The first keyword of these blocks is what they are made for. */
static void
must_say_first(struct reader *r)
{
	if (r->section == SECTION_ROUTE || r->section == SECTION_RULE ||
	    r->section == SECTION_TLS)
		must_say(r, 0);
	if (r->section == SECTION_TLS)
		must_say(r, 1);
}

static void
end_block(struct reader *r)
{
	unsigned	 i;

	must_say_first(r);
	if (r->section == SECTION_LISTEN_LIMIT) {
		end_listen_limit(r);
		return;
	}
	if (r->section == SECTION_LISTEN)
		add_listen(r);
	if (r->section == SECTION_RULE)
		add_rule(r);
	if (r->section == SECTION_TLS)
		add_tls(r);
	for (i = 1; i < r->names.n; i++) {
		if (r->section == SECTION_DOMAIN)
			add_domain(r, r->names.word[i]);
		if (r->section == SECTION_ROUTE)
			add_route(r, r->names.word[i]);
	}
	r->section = SECTION_TOP;
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
		begin_block(r);
	else if (r->words.closes && r->section == SECTION_TOP)
		COMPLAIN(r, "expected no }: no block is open");
	else if (r->words.closes)
		end_block(r);
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
	return config_check(c, file, notes);
}
