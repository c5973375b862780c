/* SPDX-License-Identifier: ISC */
/*
 * The grammar of RFC 5321 section 4.1.2, read once from left to right: no
 * octet is looked at but through the cursor, and the first that does not fit
 * decides the status.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <string.h>

#include "shared/addr.h"

enum { END = -1, LABEL_MAX = 63, LITERAL_MAX = 64, IP6_GROUPS = 8 };

struct cursor {
	struct span	 s;
	size_t		 at;
};

/* A local part without its quoting. */
struct local {
	char		 text[ADDR_LOCAL_MAX];
	size_t		 len;
	bool		 was_quoted;
};

static int
peek(const struct cursor *c)
{
	return c->at < c->s.len ? (unsigned char)c->s.ptr[c->at] : END;
}

static bool
eat(struct cursor *c, char wanted)
{
	if (peek(c) != wanted)
		return false;
	c->at++;
	return true;
}

/* What stands between `from` and the cursor. */
static struct span
since(const struct cursor *c, size_t from)
{
	return span_skip(span_head(c->s, c->at), from);
}

/* Why an octet cannot stand where it stands. */
static enum addr_status
complaint(int octet)
{
	if (octet >= 0x80)
		return ADDR_NOT_ASCII;
	if (octet != END && (octet < ' ' || octet == 0x7f))
		return ADDR_CONTROL;
	return ADDR_SYNTAX;
}

static bool
is_alnum(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z');
}

static bool
is_atext(int c)
{
	return is_alnum(c) || (c > ' ' && c < 0x7f &&
	    strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool
is_printable(int c)
{
	return c >= ' ' && c <= '~';
}

static bool
is_label_octet(int c)
{
	return is_alnum(c) || c == '-' || c == '_';
}

/* ---- domains ------------------------------------------------------------- */

static enum addr_status
parse_label(struct cursor *c)
{
	size_t	 from = c->at, len;

	while (is_label_octet(peek(c)))
		c->at++;
	len = c->at - from;
	if (len == 0)
		return complaint(peek(c));
	if (len > LABEL_MAX)
		return ADDR_TOO_LONG;
	if (c->s.ptr[from] == '-' || c->s.ptr[c->at - 1] == '-')
		return ADDR_SYNTAX;
	return ADDR_OK;
}

static enum addr_status
parse_name(struct cursor *c, struct span *name)
{
	enum addr_status	 status;
	size_t			 from = c->at;

	do
		status = parse_label(c);
	while (status == ADDR_OK && eat(c, '.'));
	*name = since(c, from);
	if (status == ADDR_OK && name->len > ADDR_DOMAIN_MAX)
		return ADDR_TOO_LONG;
	return status;
}

static enum addr_status
parse_literal(struct cursor *c, struct span *literal)
{
	size_t	 from = c->at;
	uint8_t	 address[16];
	int	 family;

	(void)eat(c, '[');
	while (is_alnum(peek(c)) || peek(c) == ':' || peek(c) == '.')
		c->at++;
	if (!eat(c, ']'))
		return complaint(peek(c));
	*literal = since(c, from);
	return domain_parse_literal(*literal, &family, address) ?
	    ADDR_OK : ADDR_SYNTAX;
}

static enum addr_status
parse_domain(struct cursor *c, struct span *domain)
{
	if (peek(c) == '[')
		return parse_literal(c, domain);
	return parse_name(c, domain);
}

bool
domain_is_valid(struct span s)
{
	struct cursor	 c = { s, 0 };
	struct span	 domain;

	return parse_domain(&c, &domain) == ADDR_OK && peek(&c) == END;
}

/*
 * "::" stands for two groups at least (RFC 5321 section 4.1.3), which is more
 * than inet_pton(3) asks.
 */
static bool
groups_are_valid(struct span s)
{
	struct span	 group;
	unsigned	 n = 0;

	while (s.len > 0) {
		s = span_cut(s, ':', &group);
		n += group.len > 0;
		n += span_index(group, '.') < group.len;
	}
	return n == IP6_GROUPS || n <= IP6_GROUPS - 2;
}

bool
domain_parse_literal(struct span s, int *family, uint8_t address[16])
{
	char	 text[LITERAL_MAX];

	if (s.len < 2 || s.ptr[0] != '[' || s.ptr[s.len - 1] != ']')
		return false;
	s = span_skip(span_head(s, s.len - 1), 1);
	*family = span_starts_word(s, "IPv6:") ? AF_INET6 : AF_INET;
	if (*family == AF_INET6) {
		s = span_skip(s, strlen("IPv6:"));
		if (!groups_are_valid(s))
			return false;
	}
	if (span_index(s, '\0') < s.len || !span_copy(s, text, sizeof(text)))
		return false;
	return inet_pton(*family, text, address) == 1;
}

/* ---- local parts --------------------------------------------------------- */

static bool
keep(struct local *l, char c)
{
	if (l->len == sizeof(l->text))
		return false;
	l->text[l->len++] = c;
	return true;
}

static enum addr_status
parse_dot_string(struct cursor *c, struct local *l)
{
	do {
		if (!is_atext(peek(c)))
			return complaint(peek(c));
		while (is_atext(peek(c)))
			if (!keep(l, c->s.ptr[c->at++]))
				return ADDR_TOO_LONG;
		if (peek(c) == '.' && !keep(l, '.'))
			return ADDR_TOO_LONG;
	} while (eat(c, '.'));
	return ADDR_OK;
}

static enum addr_status
parse_quoted(struct cursor *c, struct local *l)
{
	l->was_quoted = true;
	(void)eat(c, '"');
	while (!eat(c, '"')) {
		(void)eat(c, '\\');
		if (!is_printable(peek(c)))
			return complaint(peek(c));
		if (!keep(l, c->s.ptr[c->at++]))
			return ADDR_TOO_LONG;
	}
	return ADDR_OK;
}

/* The ceiling counts what was written, quotes and all. */
static enum addr_status
parse_local(struct cursor *c, struct local *l)
{
	enum addr_status	 status;
	size_t			 from = c->at;

	status = peek(c) == '"' ? parse_quoted(c, l) : parse_dot_string(c, l);
	if (status == ADDR_OK && c->at - from > ADDR_LOCAL_MAX)
		return ADDR_TOO_LONG;
	return status;
}

static bool
is_dot_string(const struct local *l)
{
	struct cursor	 c = { span_make(l->text, l->len), 0 };
	struct local	 copy = { .len = 0 };

	return parse_dot_string(&c, &copy) == ADDR_OK && peek(&c) == END;
}

/* ---- addresses ----------------------------------------------------------- */

static void
append(struct addr *a, char c)
{
	if (a->len < ADDR_TEXT_MAX)
		a->text[a->len++] = c;
}

static void
append_local(struct addr *a, const struct local *l)
{
	bool	 quoted = !is_dot_string(l);
	size_t	 i;

	if (quoted)
		append(a, '"');
	for (i = 0; i < l->len; i++) {
		if (l->text[i] == '"' || l->text[i] == '\\')
			append(a, '\\');
		append(a, l->text[i]);
	}
	if (quoted)
		append(a, '"');
	a->at = a->len;
}

static void
append_domain(struct addr *a, struct span domain)
{
	size_t	 i;

	append(a, '@');
	for (i = 0; i < domain.len; i++)
		append(a, domain.ptr[i]);
}

/* Whatever is held in a struct addr can stand in a path of MAIL and RCPT. */
static bool
fits_a_path(size_t len)
{
	return len + strlen("<>") <= ADDR_PATH_MAX;
}

/* A mailbox; the word "postmaster" alone as well, where `bare`. */
static enum addr_status
parse_mailbox(struct cursor *c, bool bare, struct addr *a)
{
	enum addr_status	 status;
	struct local		 l = { .len = 0 };
	struct span		 domain;

	status = parse_local(c, &l);
	if (status != ADDR_OK)
		return status;
	append_local(a, &l);
	if (eat(c, '@')) {
		status = parse_domain(c, &domain);
		if (status == ADDR_OK)
			append_domain(a, domain);
		return status;
	}
	if (bare && !l.was_quoted && (peek(c) == END || peek(c) == '>') &&
	    span_is_word(span_make(l.text, l.len), "postmaster"))
		return ADDR_OK;
	return complaint(peek(c));
}

/* "@one.example,@two.example:", or nothing. */
static enum addr_status
parse_route(struct cursor *c, struct span *route)
{
	enum addr_status	 status;
	struct span		 name;
	size_t			 from = c->at;

	*route = span_of("");
	if (peek(c) != '@')
		return ADDR_OK;
	do {
		if (!eat(c, '@'))
			return complaint(peek(c));
		status = parse_name(c, &name);
		if (status != ADDR_OK)
			return status;
	} while (eat(c, ','));
	*route = since(c, from);
	return eat(c, ':') ? ADDR_OK : complaint(peek(c));
}

static enum addr_status
parse_path(struct cursor *c, enum addr_rules rules, struct addr *a,
    struct span *route)
{
	enum addr_status	 status;
	bool			 bare;

	*route = span_of("");
	if (!eat(c, '<'))
		return complaint(peek(c));
	if (rules == ADDR_REVERSE && eat(c, '>'))
		return ADDR_OK;
	status = parse_route(c, route);
	if (status != ADDR_OK)
		return status;
	bare = rules == ADDR_FORWARD && route->len == 0;
	status = parse_mailbox(c, bare, a);
	if (status != ADDR_OK)
		return status;
	if (!eat(c, '>'))
		return complaint(peek(c));
	return c->at <= ADDR_PATH_MAX ? ADDR_OK : ADDR_TOO_LONG;
}

enum addr_status
addr_parse_path(struct span *s, enum addr_rules rules, struct addr *result,
    struct span *route)
{
	struct cursor		 c = { *s, 0 };
	struct addr		 a = { .len = 0 };
	struct span		 dropped;
	enum addr_status	 status;

	status = parse_path(&c, rules, &a, &dropped);
	if (status != ADDR_OK)
		return status;
	*s = span_skip(*s, c.at);
	*result = a;
	if (route != NULL)
		*route = dropped;
	return ADDR_OK;
}

enum addr_status
addr_parse(struct span s, struct addr *result)
{
	struct cursor		 c = { s, 0 };
	struct addr		 a = { .len = 0 };
	enum addr_status	 status = ADDR_OK;

	if (s.len > 0)
		status = parse_mailbox(&c, true, &a);
	if (status != ADDR_OK)
		return status;
	if (peek(&c) != END)
		return complaint(peek(&c));
	if (!fits_a_path(s.len))
		return ADDR_TOO_LONG;
	*result = a;
	return ADDR_OK;
}

enum addr_status
addr_from(struct span local, struct span domain, struct addr *result)
{
	struct cursor		 c = { domain, 0 };
	struct addr		 a = { .len = 0 };
	struct local		 l = { .len = 0 };
	enum addr_status	 status;
	size_t			 i;

	for (i = 0; i < local.len; i++) {
		if (!is_printable((unsigned char)local.ptr[i]))
			return complaint((unsigned char)local.ptr[i]);
		if (!keep(&l, local.ptr[i]))
			return ADDR_TOO_LONG;
	}
	append_local(&a, &l);
	status = parse_domain(&c, &domain);
	if (status != ADDR_OK)
		return status;
	if (peek(&c) != END)
		return complaint(peek(&c));
	append_domain(&a, domain);
	if (a.at > ADDR_LOCAL_MAX || !fits_a_path(a.len))
		return ADDR_TOO_LONG;
	*result = a;
	return ADDR_OK;
}

bool
addr_is_null(const struct addr *a)
{
	return a->len == 0;
}

struct span
addr_span(const struct addr *a)
{
	return span_make(a->text, a->len);
}

struct span
addr_domain(const struct addr *a)
{
	return span_skip(addr_span(a), a->at + (size_t)1);
}

size_t
addr_local(const struct addr *a, char into[ADDR_LOCAL_MAX + 1])
{
	struct cursor	 c = { span_head(addr_span(a), a->at), 0 };
	struct local	 l = { .len = 0 };

	if (c.s.len > 0)
		(void)parse_local(&c, &l);
	(void)span_copy(span_make(l.text, l.len), into, ADDR_LOCAL_MAX + 1);
	return l.len;
}

static bool
domains_are_equal(struct span a, struct span b)
{
	uint8_t	 one[16] = { 0 }, other[16] = { 0 };
	int	 family, other_family;

	if (domain_parse_literal(a, &family, one) &&
	    domain_parse_literal(b, &other_family, other))
		return family == other_family &&
		    memcmp(one, other, sizeof(one)) == 0;
	return a.len == b.len && span_starts_word(a, b.ptr);
}

/*
 * Without a domain there are but two, the null path and postmaster, the same
 * in any case (RFC 5321 section 4.5.1); their lengths tell them apart.
 */
bool
addr_equal(const struct addr *a, const struct addr *b)
{
	if (a->at == a->len || b->at == b->len)
		return a->at == b->at && a->len == b->len;
	return span_equal(span_head(addr_span(a), a->at),
	    span_head(addr_span(b), b->at)) &&
	    domains_are_equal(addr_domain(a), addr_domain(b));
}
