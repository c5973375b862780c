/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shared/alloc.h"
#include "shared/span.h"

/*
 * Case is folded for A-Z alone: what a word of a protocol is does not hang on
 * a locale.
 */
static unsigned char
fold(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct span
span_make(const void *ptr, size_t len)
{
	return (struct span){ ptr != NULL ? ptr : "", len };
}

struct span
span_of(const char *s)
{
	return span_make(s, strlen(s));
}

bool
span_equal(struct span a, struct span b)
{
	return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

bool
span_is(struct span s, const char *word)
{
	return span_equal(s, span_of(word));
}

bool
span_is_word(struct span s, const char *word)
{
	return s.len == strlen(word) && span_starts_word(s, word);
}

bool
span_is_text(struct span s)
{
	size_t	 i;

	for (i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] < ' ' || s.ptr[i] == 0x7f)
			return false;
	return true;
}

bool
span_starts(struct span s, const char *word)
{
	return span_is(span_head(s, strlen(word)), word);
}

bool
span_starts_word(struct span s, const char *word)
{
	size_t	 i;

	for (i = 0; word[i] != '\0'; i++)
		if (i == s.len || fold(s.ptr[i]) != fold(word[i]))
			return false;
	return true;
}

struct span
span_head(struct span s, size_t n)
{
	return span_make(s.ptr, n < s.len ? n : s.len);
}

struct span
span_skip(struct span s, size_t n)
{
	if (n > s.len)
		n = s.len;
	return span_make(s.ptr + n, s.len - n);
}

size_t
span_index(struct span s, char c)
{
	const char	*found = memchr(s.ptr, c, s.len);

	return found != NULL ? (size_t)(found - s.ptr) : s.len;
}

struct span
span_cut(struct span s, char sep, struct span *head)
{
	size_t	 at = span_index(s, sep);

	*head = span_head(s, at);
	return span_skip(span_skip(s, at), 1);
}

struct span
span_trim(struct span s)
{
	while (s.len > 0 && is_blank(s.ptr[0]))
		s = span_skip(s, 1);
	while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

struct span
span_word(struct span *s)
{
	struct span	 word;
	size_t		 n = 0;

	*s = span_trim(*s);
	while (n < s->len && !is_blank(s->ptr[n]))
		n++;
	word = span_head(*s, n);
	*s = span_skip(*s, n);
	return word;
}

uint32_t
span_hash(struct span s)
{
	uint32_t	 hash = 2166136261u;
	size_t		 i;

	for (i = 0; i < s.len; i++)
		hash = (hash ^ (unsigned char)s.ptr[i]) * 16777619u;
	return hash;
}

uint64_t
span_mix(uint64_t hash, struct span s, bool lower)
{
	size_t	 i;
	char	 c;

	for (i = 0; i < s.len; i++) {
		c = s.ptr[i];
		if (lower && c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		hash = (hash ^ (unsigned char)c) * UINT64_C(0x100000001b3);
	}
	return hash;
}

bool
span_parse_u64(struct span s, uint64_t max, uint64_t *result)
{
	uint64_t	 n = 0;
	size_t		 i;

	for (i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, s.ptr[i] - '0', &n) || n > max)
			return false;
	}
	if (s.len > 0)
		*result = n;
	return s.len > 0;
}

void
span_wipe(struct span s)
{
	if (s.len > 0)
		explicit_bzero((void *)(uintptr_t)s.ptr, s.len);
}

char *
span_dup(struct span s)
{
	char	*copy = xcalloc(s.len + 1, 1);

	memcpy(copy, s.ptr, s.len);
	return copy;
}

bool
span_copy(struct span s, char *into, size_t size)
{
	if (s.len >= size)
		return false;
	memcpy(into, s.ptr, s.len);
	into[s.len] = '\0';
	return true;
}
