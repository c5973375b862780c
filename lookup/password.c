/* SPDX-License-Identifier: ISC */
#include <crypt.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lookup/password.h"
#include "shared/alloc.h"
#include "shared/limits.h"
#include "shared/log.h"
#include "shared/saslprep.h"

/* One hash of one account: crypt(3)'s, or a key. */
struct entry {
	char			*name;
	size_t			 order;		/* of the file */
	char			*crypt;		/* or NULL */
	struct scram_key	 key;
};

/* Entries are sorted by name: those of an account stand together. */
struct passwords {
	const char	*path;		/* while it is read */
	unsigned	 line;
	struct entry	*entries;
	size_t		 n, room;
	size_t		*keys;		/* which are keys */
	size_t		 nkeys;
	size_t		 accounts;
	unsigned	 warnings;
	uint8_t		 secret[PASSWORDS_SECRET];
	bool		 has_secret;	/* of its own */
};

void
passwords_free(struct passwords *p)
{
	size_t	 i;

	if (p == NULL)
		return;
	for (i = 0; i < p->n; i++) {
		if (p->entries[i].crypt != NULL)
			explicit_bzero(p->entries[i].crypt,
			    strlen(p->entries[i].crypt));
		free(p->entries[i].crypt);
		free(p->entries[i].name);
	}
	if (p->n > 0)
		explicit_bzero(p->entries, p->n * sizeof *p->entries);
	free(p->entries);
	free(p->keys);
	explicit_bzero(p, sizeof *p);
	free(p);
}

size_t
passwords_accounts(const struct passwords *p)
{
	return p->accounts;
}

unsigned
passwords_warnings(const struct passwords *p)
{
	return p->warnings;
}

bool
passwords_has_scram(const struct passwords *p)
{
	return p->nkeys > 0;
}

void
passwords_set_secret(struct passwords *p,
    const uint8_t secret[PASSWORDS_SECRET])
{
	if (!p->has_secret)
		memcpy(p->secret, secret, sizeof p->secret);
}

/* ---- lines --------------------------------------------------------------- */

static void __attribute__((__format__(__printf__, 2, 3)))
warn(struct passwords *p, const char *fmt, ...)
{
	enum { WARNINGS_TOLD = 20 };
	char	 text[2 * ACCOUNT_TEXT_MAX];
	va_list	 ap;

	if (++p->warnings > WARNINGS_TOLD)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	log_warning("%s:%u: %s%s", p->path, p->line, text,
	    p->warnings == WARNINGS_TOLD ? "; more is not told" : "");
}

static struct entry *
add(struct passwords *p, const char *name)
{
	struct entry	*e;

	if (p->n == p->room) {
		/* The memory before holds secrets, and realloc(3) forgets. */
		p->room = p->room > 0 ? p->room * 2 : 16;
		e = xcalloc(p->room, sizeof *e);
		if (p->n > 0) {
			memcpy(e, p->entries, p->n * sizeof *e);
			explicit_bzero(p->entries, p->n * sizeof *e);
		}
		free(p->entries);
		p->entries = e;
	}
	e = &p->entries[p->n];
	*e = (struct entry){ .name = xstrdup(name), .order = p->n };
	p->n++;
	return e;
}

/* Of crypt(5), those that are meant for passwords now. */
static bool
is_crypt(struct span s)
{
	enum { SHORTEST = 50 };		/* less is a setting without a hash */
	static const char *const	 methods[] = {
		"$y$", "$gy$", "$7$", "$2a$", "$2b$", "$2y$", "$6$"
	};
	char	 text[CRYPT_OUTPUT_SIZE];
	size_t	 i = 0;
	bool	 good;

	while (i < COUNT(methods) && !span_starts(s, methods[i]))
		i++;
	if (i == COUNT(methods) || s.len < SHORTEST ||
	    !span_copy(s, text, sizeof text))
		return false;
	good = crypt_checksalt(text) == CRYPT_SALT_OK;
	explicit_bzero(text, sizeof text);
	return good;
}

/* Dovecot names what a hash is in front of it; crypt(3)'s tells it itself. */
static struct span
without_scheme(struct span s)
{
	static const char *const	 schemes[] = {
		"{CRYPT}", "{BLF-CRYPT}", "{SHA512-CRYPT}"
	};
	size_t	 i;

	for (i = 0; i < COUNT(schemes); i++)
		if (span_starts_word(s, schemes[i]))
			return span_skip(s, strlen(schemes[i]));
	return s;
}

static void
take_hash(struct passwords *p, const char *name, struct span text)
{
	static const char	 scheme[] = "{SCRAM-SHA-256}";
	struct scram_key	 key;

	if (span_starts_word(text, scheme)) {
		if (scram_key_parse(&key, span_skip(text, strlen(scheme))))
			add(p, name)->key = key;
		else
			warn(p, "expected iterations, salt, StoredKey and "
			    "ServerKey behind %s", scheme);
		explicit_bzero(&key, sizeof key);
		return;
	}
	text = without_scheme(text);
	if (is_crypt(text))
		add(p, name)->crypt = span_dup(text);
	else
		warn(p, "expected a hash of yescrypt, bcrypt or sha512, or "
		    "{SCRAM-SHA-256}, for \"%s\"", name);
}

/* ":secret:BASE64": what stays the same when the file does not. */
static void
take_secret(struct passwords *p, struct span text)
{
	struct span	 word;

	text = span_cut(text, ':', &word);
	if (!span_is(word, "secret") || text.len < PASSWORDS_SECRET) {
		warn(p, "expected a name");
		return;
	}
	scram_hash(text.ptr, text.len, p->secret);
	p->has_secret = true;
}

static void
take_line(struct passwords *p, struct span line)
{
	char		 name[USER_TEXT_MAX + 1];
	struct span	 word, rest, hash;
	unsigned	 n = 0;

	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line = span_head(line, line.len - 1);
	if (span_trim(line).len == 0 || line.ptr[0] == '#')
		return;
	if (line.len > PASSWORD_LINE_MAX) {
		warn(p, "expected at most %d octets", PASSWORD_LINE_MAX);
		return;
	}
	rest = span_cut(line, ':', &word);
	if (word.len == 0)
		take_secret(p, rest);
	else if (!span_is_text(word) || !saslprep(word, SASLPREP_KEPT, name,
	    sizeof name))
		warn(p, "expected a name of UTF-8, of at most %d octets",
		    USER_TEXT_MAX);
	else if (rest.len == 0)
		warn(p, "expected \":\" and a hash behind the name");
	else
		while (rest.len > 0) {
			rest = span_cut(rest, ':', &hash);
			if (++n > PASSWORD_HASHES_MAX)
				break;
			take_hash(p, name, hash);
		}
	if (n > PASSWORD_HASHES_MAX)
		warn(p, "expected at most %d hashes", PASSWORD_HASHES_MAX);
}

/* ---- the table ----------------------------------------------------------- */

static int
compare(const void *a, const void *b)
{
	const struct entry	*x = a, *y = b;
	int			 by_name = strcmp(x->name, y->name);

	if (by_name != 0)
		return by_name;
	return (x->order > y->order) - (x->order < y->order);
}

/* How many entries from `at` on are of the same account; no more of one than
 * a client may have us work on. */
static size_t
count_same(const struct passwords *p, size_t at)
{
	size_t	 n = 1;

	while (n < PASSWORD_HASHES_MAX && at + n < p->n &&
	    strcmp(p->entries[at].name, p->entries[at + n].name) == 0)
		n++;
	return n;
}

static void
sort(struct passwords *p)
{
	size_t	 i;

	if (p->n > 0)
		qsort(p->entries, p->n, sizeof *p->entries, compare);
	p->keys = xcalloc(p->n + 1, sizeof *p->keys);
	for (i = 0; i < p->n; i++) {
		if (i == 0 || strcmp(p->entries[i - 1].name,
		    p->entries[i].name) != 0)
			p->accounts++;
		if (p->entries[i].crypt == NULL)
			p->keys[p->nkeys++] = i;
	}
}

struct passwords *
passwords_parse(struct span text, const char *path)
{
	struct passwords	*p = xcalloc(1, sizeof *p);
	struct span		 line;

	p->path = path;
	while (text.len > 0) {
		text = span_cut(text, '\n', &line);
		p->line++;
		take_line(p, line);
	}
	sort(p);
	p->path = NULL;
	return p;
}

struct passwords *
passwords_read(int fd, const char *path)
{
	struct passwords	*p = NULL;
	struct buf		 text;
	ssize_t			 n;

	buf_init(&text, PASSWORD_FILE_MAX);
	do
		n = buf_read(&text, fd, RING_SLOT);
	while (n > 0 || (n == -1 && errno == EINTR));
	if (n == 0)
		p = passwords_parse(buf_span(&text), path);
	span_wipe(buf_span(&text));
	buf_clear(&text);
	return p;
}

/* ---- questions ----------------------------------------------------------- */

/* The first entry of this name; n when there is none. */
static size_t
find(const struct passwords *p, const char *name)
{
	size_t	 low = 0, high = p->n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (strcmp(p->entries[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < p->n && strcmp(p->entries[low].name, name) == 0)
		return low;
	return p->n;
}

/* What nobody without the secret foresees of a name. */
static void
mark(const struct passwords *p, const char *use, const char *name,
    uint8_t into[SCRAM_HASH])
{
	char	 text[ACCOUNT_TEXT_MAX + 16];
	int	 n = snprintf(text, sizeof text, "%s:%s", use, name);

	scram_hmac(p->secret, sizeof p->secret, span_make(text, n), into);
}

/* One of `n`. */
static size_t
choose(const struct passwords *p, const char *use, const char *name, size_t n)
{
	uint8_t		 by[SCRAM_HASH];
	uint32_t	 number;

	mark(p, use, name, by);
	memcpy(&number, by, sizeof number);
	return number % n;
}

static bool
matches_crypt(const char *hash, const char *password)
{
	struct crypt_data	*data = xcalloc(1, sizeof *data);
	const char		*is = crypt_r(password, hash, data);
	size_t			 len = strlen(hash);
	bool			 good;

	good = is != NULL && strlen(is) == len &&
	    CRYPTO_memcmp(is, hash, len) == 0;
	explicit_bzero(data, sizeof *data);
	free(data);
	return good;
}

/* A key is looked at when there is nothing else, both being made of the same
 * password. */
static bool
matches_any(const struct entry *e, size_t n, const char *password)
{
	bool	 good = false, has_crypt = false;
	size_t	 i;

	for (i = 0; i < n; i++)
		if (e[i].crypt != NULL) {
			has_crypt = true;
			good |= matches_crypt(e[i].crypt, password);
		}
	for (i = 0; !has_crypt && i < n; i++)
		good |= scram_key_opens(&e[i].key, span_of(password));
	return good;
}

bool
passwords_check(const struct passwords *p, const char *name,
    const char *password)
{
	size_t	 at = find(p, name);
	bool	 there = at < p->n, good;

	if (p->n == 0)
		return false;
	if (!there)
		at = find(p, p->entries[choose(p, "check", name, p->n)].name);
	good = matches_any(&p->entries[at], count_same(p, at), password);
	return good && there;
}

/* The key of the first of these entries that is one. */
static bool
first_key(const struct passwords *p, size_t at, struct scram_key *k)
{
	size_t	 i, n = at < p->n ? count_same(p, at) : 0;

	for (i = at; i < at + n; i++)
		if (p->entries[i].crypt == NULL) {
			*k = p->entries[i].key;
			return true;
		}
	return false;
}

void
passwords_key(const struct passwords *p, const char *name,
    struct scram_key *k)
{
	uint8_t	 salt[2 * SCRAM_HASH];

	if (first_key(p, find(p, name), k))
		return;
	*k = (struct scram_key){ .iterations = SCRAM_ITERATIONS,
	    .salt_len = SCRAM_SALT_NEW };
	if (p->nkeys > 0)
		*k = p->entries[p->keys[choose(p, "key", name,
		    p->nkeys)]].key;
	mark(p, "salt", name, salt);
	mark(p, "more salt", name, salt + SCRAM_HASH);
	memcpy(k->salt, salt, k->salt_len);
	mark(p, "stored", name, k->stored);
	mark(p, "server", name, k->server);
}
