/* SPDX-License-Identifier: ISC */
/*
 * Two passes.  The first turns comments into blanks, in place, so that they
 * may stand amid an entry and the count of lines still holds.  The second cuts
 * the text into entries, at lines that do not begin with white space, and each
 * entry into its name and its values.
 */
#include <string.h>

#include "lookup/alias.h"
#include "lookup/name.h"
#include "shared/addr.h"

struct scan {
	struct alias_table *table;
	const struct alias_syntax *syntax;
	struct span	 left;		/* of the entry */
	unsigned	 line;		/* where `left` begins */
};

static bool
is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static void
blank_comments(char *text, size_t len)
{
	size_t	 i = 0, end, first;

	while (i < len) {
		end = i + span_index(span_make(text + i, len - i), '\n');
		if (end > i && text[end - 1] == '\r')
			text[end - 1] = ' ';
		for (first = i; first < end && is_white(text[first]); first++)
			;
		if (first < end && text[first] == '#')
			memset(text + i, ' ', end - i);
		i = end + 1;
	}
}

/* Moves `n` octets on. */
static void
advance(struct scan *s, size_t n)
{
	size_t	 i;

	for (i = 0; i < n; i++)
		if (s->left.ptr[i] == '\n')
			s->line++;
	s->left = span_skip(s->left, n);
}

static void
skip_white(struct scan *s)
{
	size_t	 n = 0;

	while (n < s->left.len && is_white(s->left.ptr[n]))
		n++;
	advance(s, n);
}

/*
 * Up to the first `end` outside of quotes: its index, or what is left.  A
 * quote ends on its line at the latest, `*closed` telling whether it did.
 */
static size_t
find_end(struct span s, char end, bool *closed)
{
	bool	 quoted = false;
	size_t	 i;

	for (i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"')
			quoted = !quoted;
		else if (quoted && s.ptr[i] == '\n')
			break;
		else if (quoted && s.ptr[i] == '\\' && i + 1 < s.len)
			i++;
		else if (!quoted && s.ptr[i] == end)
			break;
	}
	*closed = !quoted;
	return i;
}

/*
 * Takes what stands before `end` with the white space at its edges off, line
 * ends inside it being blanks; NULL, or what is wrong.
 */
static const char *
take_token(struct scan *s, char end, char token[ALIAS_TOKEN_SIZE])
{
	bool		 closed;
	struct span	 word;
	size_t		 i, n = find_end(s->left, end, &closed);

	word = span_head(s->left, n);
	advance(s, n < s->left.len ? n + 1 : n);
	while (word.len > 0 && is_white(word.ptr[word.len - 1]))
		word.len--;
	if (!closed)
		return "a quote is not closed";
	if (word.len >= ALIAS_TOKEN_SIZE)
		return "too long";
	for (i = 0; i < word.len; i++) {
		token[i] = is_white(word.ptr[i]) ? ' ' : word.ptr[i];
		if ((unsigned char)token[i] < ' ' || token[i] == 0x7f)
			return "a control character";
	}
	token[word.len] = '\0';
	return NULL;
}

/* When all of `token` stands in one pair of quotes they go, and the
 * backslashes inside. */
static bool
unquote(char *token)
{
	size_t	 i, n = 0, len = strlen(token);

	if (len < 2 || token[0] != '"')
		return false;
	for (i = 1; i < len && token[i] != '"'; i++)
		if (token[i] == '\\')
			i++;
	if (i != len - 1)
		return false;
	for (i = 1; i < len - 1; i++) {
		if (token[i] == '\\')
			i++;
		token[n++] = token[i];
	}
	token[n] = '\0';
	return true;
}

static bool
is_local_part(const char *name)
{
	struct addr	 a;

	return name[0] != '\0' && strchr(name, '@') == NULL &&
	    addr_from(span_of(name), span_of("a.example"), &a) == ADDR_OK;
}

/* ---- values -------------------------------------------------------------- */

static const char *
unsupported(const char *token)
{
	if (token[0] == '|')
		return "commands are not supported yet";
	if (token[0] == '/')
		return "files are not supported yet";
	if (span_starts_word(span_of(token), ":include:"))
		return ":include: is not supported yet";
	return NULL;
}

static const char *
read_error(const char *text, struct alias_value *v)
{
	struct reply	 reply;

	if (!alias_reply(span_of(text), &reply))
		return "a reply like 550 5.1.1 text was expected";
	v->kind = ALIAS_ERROR;
	v->text = text;
	return NULL;
}

/* Either fills `*v`, whose text is in `token`, or says what is wrong. */
static const char *
read_value(char *token, bool quoted, struct alias_value *v)
{
	struct addr	 a;

	*v = (struct alias_value){ ALIAS_NAME, false, token };
	if (unsupported(token) != NULL)
		return unsupported(token);
	if (span_starts_word(span_of(token), "error:"))
		return read_error(token + strlen("error:"), v);
	if (token[0] == '\\') {
		v->final = true;
		v->text = ++token;
	}
	if (is_local_part(token) && (quoted || strpbrk(token, " \"") == NULL))
		return NULL;
	if (addr_parse(span_of(token), &a) == ADDR_OK &&
	    addr_domain(&a).len > 0) {
		v->kind = ALIAS_ADDRESS;
		memcpy(token, a.text, a.len + 1);
		return NULL;
	}
	if (strchr(token, ' ') != NULL)
		return "an address was expected (is a comma missing?)";
	return "an address was expected";
}

/* An error takes all that is left: commas belong to its text. */
static char
value_end(const struct scan *s)
{
	return span_starts_word(s->left, "error:") ? '\0' : ',';
}

static void
take_values(struct scan *s)
{
	struct alias_value	 value;
	char			 token[ALIAS_TOKEN_SIZE];
	const char		*wrong;
	unsigned		 line, found = 0;
	bool			 quoted;

	for (skip_white(s); s->left.len > 0; skip_white(s)) {
		line = s->line;
		wrong = take_token(s, value_end(s), token);
		if (wrong == NULL && token[0] == '\0')
			continue;	/* a comma too many */
		found++;
		value = (struct alias_value){ .text = token };
		if (wrong == NULL) {
			quoted = unquote(token);
			wrong = s->syntax->read(token, quoted, &value);
		}
		if (wrong == NULL)
			alias_add(s->table, &value);
		else
			alias_warn(s->table, line, "%s", wrong);
	}
	if (found == 0)
		alias_warn(s->table, s->line, "an entry without a value");
}

/* ---- entries ------------------------------------------------------------- */

static const char *
objection_to_name(const char *token, bool quoted)
{
	if (!is_local_part(token))
		return "a name without domain was expected before \":\"";
	if (!quoted && strpbrk(token, " \"") != NULL)
		return "a name with white space stands in quotes";
	return NULL;
}

static void
take_entry(struct scan *s)
{
	char		 token[ALIAS_TOKEN_SIZE], name[ALIAS_TOKEN_SIZE];
	unsigned	 line = s->line;
	bool		 closed, quoted;
	const char	*wrong = NULL;

	if (find_end(s->left, ':', &closed) == s->left.len)
		wrong = "\"name: value\" was expected";
	else
		wrong = take_token(s, ':', token);
	if (wrong == NULL) {
		quoted = unquote(token);
		wrong = s->syntax->objection(token, quoted);
	}
	if (wrong != NULL) {
		alias_warn(s->table, line, "%s", wrong);
		return;
	}
	name_lower(span_of(token), name);
	alias_begin(s->table, name, line);
	take_values(s);
}

/* How long the entry is with which `text` begins. */
static size_t
entry_length(struct span text)
{
	size_t	 end = 0;

	do
		end += span_index(span_skip(text, end), '\n') + 1;
	while (end < text.len && is_white(text.ptr[end]));
	return end < text.len ? end : text.len;
}

static const struct alias_syntax	 aliases = {
	objection_to_name, read_value
};

struct alias_table *
alias_parse(char *text, size_t len, const char *path,
    const struct alias_syntax *syntax)
{
	struct alias_table	*t = alias_new(path);
	struct scan		 file = { t, syntax, span_make(text, len), 1 };
	struct scan		 entry;

	if (syntax == NULL)
		file.syntax = &aliases;
	blank_comments(text, len);
	while (file.left.len > 0) {
		entry = file;
		entry.left = span_head(file.left, entry_length(file.left));
		advance(&file, entry.left.len);
		skip_white(&entry);
		if (entry.left.len == 0)
			continue;
		if (entry.left.ptr > text && entry.left.ptr[-1] != '\n')
			alias_warn(t, entry.line, "this continues nothing");
		else
			take_entry(&entry);
	}
	alias_seal(t);
	return t;
}
