/* SPDX-License-Identifier: ISC */
/*
 * What is read of a message's header: how to be an answer to it, and its
 * language.  What is not exactly as RFC 5322 has it is not there.
 */
#include <string.h>

#include "queue/notice_own.h"
#include "shared/header.h"

enum {
	MSG_ID_MAX	= 250,
	REFERENCES_MAX	= 20		/* the last of them are kept */
};

struct span
notice_only_field(struct span header, const char *name)
{
	struct span	 found = span_of("");
	struct field	 f;
	size_t		 n = 0;

	while (header_take(&header, &f))
		if (span_is_word(f.name, name)) {
			found = f.body;
			n++;
		}
	return n == 1 ? found : span_of("");
}

/* ---- threads ------------------------------------------------------------- */

static bool
is_atext(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~.", c) != NULL);
}

/* A no-fold-literal: "[192.0.2.1]". */
static bool
is_literal(struct span s)
{
	size_t	 i;

	if (s.len < 2 || s.ptr[0] != '[' || s.ptr[s.len - 1] != ']')
		return false;
	for (i = 1; i < s.len - 1; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] > '~' ||
		    strchr("[]\\", s.ptr[i]) != NULL)
			return false;
	return true;
}

static bool
is_dot_atom(struct span s)
{
	size_t	 i;

	for (i = 0; i < s.len; i++)
		if (!is_atext(s.ptr[i]))
			return false;
	return s.len > 0;
}

/* "<left@right>" off the head of `*s`, and white space behind it (section
 * 3.6.4, without what is obsolete). */
static bool
take_id(struct span *s, struct span *id)
{
	struct span	 left, right;
	size_t		 end = span_index(*s, '>');

	if (s->len == 0 || s->ptr[0] != '<' || end == s->len ||
	    end > MSG_ID_MAX)
		return false;
	*id = span_head(*s, end + 1);
	right = span_cut(span_skip(span_head(*id, end), 1), '@', &left);
	*s = span_skip(*s, end + 1);
	while (s->len > 0 && strchr(" \t\r\n", s->ptr[0]) != NULL &&
	    s->ptr[0] != '\0')
		*s = span_skip(*s, 1);
	return is_dot_atom(left) && (is_dot_atom(right) || is_literal(right));
}

/* How many there are; 0 when anything else is. */
static size_t
count_ids(struct span s)
{
	struct span	 id;
	size_t		 n = 0;

	for (; s.len > 0; n++)
		if (!take_id(&s, &id))
			return 0;
	return n;
}

static struct span
ids_of(struct span header, const char *name)
{
	struct span	 body = notice_only_field(header, name);

	while (body.len > 0 && strchr(" \t\r\n", body.ptr[0]) != NULL &&
	    body.ptr[0] != '\0')
		body = span_skip(body, 1);
	return body;
}

struct span
notice_message_id(struct span header)
{
	struct span	 body = ids_of(header, "Message-ID"), id;

	if (count_ids(body) != 1)
		return span_of("");
	(void)take_id(&body, &id);
	return id;
}

void
notice_thread(struct notice_writer *w, struct span header)
{
	struct span	 parent = notice_message_id(header), id;
	struct span	 old = ids_of(header, "References");
	size_t		 n;

	if (parent.len == 0)
		return;
	notice_line(w, "In-Reply-To: %.*s", (int)parent.len, parent.ptr);
	notice_octets(w, span_of("References:"));
	if (old.len == 0) {
		old = ids_of(header, "In-Reply-To");
		if (count_ids(old) > 1)
			old = span_of("");
	}
	for (n = count_ids(old); n > 0 && take_id(&old, &id); n--)
		if (n <= REFERENCES_MAX) {
			notice_octets(w, span_of(" "));
			notice_octets(w, id);
			notice_octets(w, span_of("\r\n"));
		}
	notice_octets(w, span_of(" "));
	notice_octets(w, parent);
	notice_octets(w, span_of("\r\n"));
}

/* ---- language ------------------------------------------------------------ */

/* RFC 3282: tags parted by commas.  The first that we speak; a tag may go on
 * behind a "-". */
enum notice_language
notice_language_of(struct span header, enum notice_language otherwise)
{
	struct span	 tags = notice_only_field(header, "Content-Language");
	struct span	 tag;

	while (tags.len > 0) {
		tags = span_cut(tags, ',', &tag);
		while (tag.len > 0 && strchr(" \t\r\n", tag.ptr[0]) != NULL &&
		    tag.ptr[0] != '\0')
			tag = span_skip(tag, 1);
		tag = span_head(tag, span_index(tag, '-'));
		tag = span_trim(span_head(tag, span_index(tag, '\r')));
		if (span_is_word(tag, "en"))
			return NOTICE_ENGLISH;
		if (span_is_word(tag, "fr"))
			return NOTICE_FRENCH;
	}
	return otherwise;
}
