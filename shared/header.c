/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "shared/header.h"

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

enum header_begin
header_begin(struct span s, struct span *name)
{
	bool	 over = false;
	size_t	 i;
	char	 c;

	for (i = 0; i < s.len; i++) {
		c = s.ptr[i];
		if (c == ':') {
			*name = span_trim(span_head(s, i));
			return i > 0 ? HEADER_FIELD : HEADER_NO_FIELD;
		}
		if (is_blank(c) && i > 0)
			over = true;
		else if (over || c <= ' ' || c > '~')
			return HEADER_NO_FIELD;
	}
	return HEADER_UNCLEAR;
}

bool
header_is_field(struct span line)
{
	struct span	 name;

	return header_begin(line, &name) == HEADER_FIELD;
}

/* Octets of the first line, with its end. */
static size_t
line_length(struct span text)
{
	size_t	 n = span_index(text, '\n');

	return n < text.len ? n + 1 : n;
}

bool
header_take(struct span *text, struct field *f)
{
	struct span	 rest;
	size_t		 n;

	if (text->len == 0)
		return false;
	n = line_length(*text);
	while (n < text->len && is_blank(text->ptr[n]))
		n += line_length(span_skip(*text, n));
	f->all = span_head(*text, n);
	rest = span_cut(f->all, ':', &f->name);
	f->name = span_trim(f->name);
	f->body = rest;
	*text = span_skip(*text, n);
	return true;
}

bool
header_has(struct span text, const char *name)
{
	struct field	 f;

	while (header_take(&text, &f))
		if (span_is_word(f.name, name))
			return true;
	return false;
}

/* ---- address lists ------------------------------------------------------ */

enum token_kind { TOKEN_WORD, TOKEN_SIGN, TOKEN_END, TOKEN_BAD };

struct token {
	enum token_kind	 kind;
	struct span	 text;		/* quotes and brackets included */
};

/* Octets up to and with the `close` that ends a quoted string or a domain
 * literal at the head; 0 when it never ends. */
static size_t
quoted_length(struct span s, char close)
{
	size_t	 i;

	for (i = 1; i < s.len; i++)
		if (s.ptr[i] == '\\')
			i++;
		else if (s.ptr[i] == close)
			return i + 1;
	return 0;
}

/* The same for a comment, which may hold others. */
static size_t
comment_length(struct span s)
{
	size_t	 depth = 0, i;

	for (i = 0; i < s.len; i++)
		if (s.ptr[i] == '\\')
			i++;
		else if (s.ptr[i] == '(')
			depth++;
		else if (s.ptr[i] == ')' && --depth == 0)
			return i + 1;
	return 0;
}

/* Drops white space and comments off the head; false in an open comment. */
static bool
skip_blanks(struct span *s)
{
	size_t	 n;

	while (s->len > 0) {
		if (strchr(" \t\r\n", s->ptr[0]) != NULL && s->ptr[0] != '\0')
			n = 1;
		else if (s->ptr[0] == '(')
			n = comment_length(*s);
		else
			return true;
		if (n == 0)
			return false;
		*s = span_skip(*s, n);
	}
	return true;
}

static size_t
word_length(struct span s)
{
	static const char	 ends[] = " \t\r\n()<>[]:;@\\,.\"";
	size_t			 i;

	if (s.ptr[0] == '"')
		return quoted_length(s, '"');
	if (s.ptr[0] == '[')
		return quoted_length(s, ']');
	for (i = 0; i < s.len; i++)
		if (memchr(ends, s.ptr[i], sizeof(ends) - 1) != NULL)
			break;
	return i;
}

static struct token
next_token(struct span *s)
{
	struct token	 t = { TOKEN_END, span_of("") };
	size_t		 n;

	if (!skip_blanks(s)) {
		t.kind = TOKEN_BAD;
		return t;
	}
	if (s->len == 0)
		return t;
	if (memchr("<>:;@,.", s->ptr[0], 7) != NULL) {
		t.kind = TOKEN_SIGN;
		n = 1;
	} else {
		n = word_length(*s);
		t.kind = n > 0 ? TOKEN_WORD : TOKEN_BAD;
	}
	t.text = span_head(*s, n);
	*s = span_skip(*s, n);
	return t;
}

/* One element of a list while it is read. */
struct element {
	struct mailboxes *m;
	bool		 some;		/* it is not empty */
	bool		 after_word;
	bool		 phrase;	/* words side by side: a name */
	bool		 open, closed;	/* "<" came, ">" came */
	bool		 routed;	/* a source route came */
	bool		 too_long;
};

static void
clear_text(struct element *e)
{
	e->m->len = 0;
	e->m->where.len = 0;
	e->m->has_domain = false;
	e->m->text[0] = '\0';
	e->phrase = e->after_word = e->too_long = false;
}

/* Adds a token, less the line ends of its folding. */
static void
add_text(struct element *e, struct span s)
{
	size_t	 i;

	for (i = 0; i < s.len; i++) {
		if (s.ptr[i] == '\r' || s.ptr[i] == '\n')
			continue;
		if (e->m->len == sizeof(e->m->text) - 1) {
			e->too_long = true;
			return;
		}
		e->m->text[e->m->len++] = s.ptr[i];
	}
	e->m->text[e->m->len] = '\0';
}

static bool
on_word(struct element *e, struct span s)
{
	if (e->closed)
		return false;
	if (e->after_word)
		e->phrase = true;
	add_text(e, s);
	e->after_word = true;
	return true;
}

static bool
on_part(struct element *e, char sign)
{
	if (e->closed)
		return false;
	e->after_word = false;
	e->m->has_domain = e->m->has_domain || sign == '@';
	add_text(e, span_make(&sign, 1));
	return true;
}

static bool
on_angle(struct element *e, char sign)
{
	bool	 *flag = sign == '<' ? &e->open : &e->closed;

	if (*flag || (sign == '>' && (!e->open || e->phrase)))
		return false;
	*flag = true;
	if (sign == '<') {
		e->m->ambiguous |= e->m->has_domain;
		clear_text(e);
	}
	return true;
}

/* The end of a source route "<@a,@b:", or of a group's name. */
static bool
on_colon(struct element *e)
{
	bool	 is_route = e->open && !e->closed && e->m->text[0] == '@';

	if (!is_route && (e->open || e->m->in_group || !e->some))
		return false;
	if (!is_route) {
		e->m->in_group = true;
		e->m->ambiguous |= e->m->has_domain;
		e->some = false;
	}
	e->routed = is_route;
	clear_text(e);
	return true;
}

static bool
on_sign(struct element *e, char sign)
{
	bool	 had_some = e->some;

	if (sign == ':')
		return on_colon(e);
	e->some = true;
	if (sign == '<' || sign == '>')
		return on_angle(e, sign);
	/* The comma inside a source route. */
	if (sign == ',')
		return had_some && on_part(e, sign);
	return on_part(e, sign);
}

/* Does this token end the element that was read so far? */
static bool
ends_element(const struct element *e, const struct token *t)
{
	if (t->kind == TOKEN_END)
		return true;
	if (t->kind != TOKEN_SIGN)
		return false;
	if (t->text.ptr[0] == ';')
		return true;
	return t->text.ptr[0] == ',' && (!e->open || e->closed);
}

/* A token is part of the address: as far as it, the address reaches. */
static void
extend(struct mailboxes *m, struct span token)
{
	if (m->where.len == 0)
		m->where.ptr = token.ptr;
	m->where.len = token.ptr + token.len - m->where.ptr;
}

static bool
take_token(struct element *e, const struct token *t)
{
	size_t	 before = e->m->len;
	bool	 good;

	if (t->kind == TOKEN_SIGN)
		good = on_sign(e, t->text.ptr[0]);
	else {
		good = on_word(e, t->text);
		e->some = true;
	}
	if (e->m->len > before)
		extend(e->m, t->text);
	return good;
}

/* Reads up to the end of one element, which `*end` then is. */
static bool
read_element(struct element *e, struct token *end)
{
	for (;;) {
		*end = next_token(&e->m->rest);
		if (end->kind == TOKEN_BAD)
			return false;
		if (ends_element(e, end))
			break;
		if (!take_token(e, end))
			return false;
	}
	if (e->open != e->closed || e->phrase || e->too_long)
		return false;
	/* A route wants an address behind it, and "@" a local part. */
	if (e->m->len == 0)
		return !e->routed;
	return e->m->text[0] != '@';
}

void
mailboxes_init(struct mailboxes *m, struct span list)
{
	*m = (struct mailboxes){ .rest = list, .where = span_of("") };
}

/*
 * Empty elements are skipped (obs-addr-list).  The end of a list inside a
 * group counts as the end of the group too: old mail programs forget the
 * semicolon of "undisclosed-recipients:;".
 */
enum mailbox_status
mailboxes_next(struct mailboxes *m)
{
	struct element	 e;
	struct token	 end;

	do {
		e = (struct element){ .m = m };
		m->ambiguous = false;
		clear_text(&e);
		if (!read_element(&e, &end))
			return MAILBOX_BAD;
		if (end.kind == TOKEN_SIGN && end.text.ptr[0] == ';') {
			if (!m->in_group)
				return MAILBOX_BAD;
			m->in_group = false;
		}
		if (e.some)
			return MAILBOX_FOUND;
	} while (end.kind != TOKEN_END);
	return MAILBOX_END;
}
