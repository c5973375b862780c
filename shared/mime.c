/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "shared/base64.h"
#include "shared/mime.h"
#include "shared/utf8.h"

enum {
	WORD_ROOM	= 60,	/* of an encoded word's 75, for the text */
	UTF8_MAX	= 4,
	QUOTED_COLUMNS	= 75,	/* less the "=" at the end */
	WORD_OCTETS	= 1024	/* of one encoded word; many are too long */
};

static const char	 digits[] = "0123456789ABCDEF";

/* ---- encoded words ------------------------------------------------------- */

static bool
put_hex(char c, struct buf *out)
{
	unsigned char	 n = (unsigned char)c;
	char		 hex[3] = { '=', digits[n >> 4], digits[n & 15] };

	return buf_put(out, span_make(hex, sizeof hex));
}

/* Section 5 (3): so it may stand everywhere. */
static bool
is_literal(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-';
}

/* One character, and how much room it takes. */
static bool
put_character(struct span s, struct buf *out, size_t *room)
{
	bool	 good = true;
	size_t	 i;

	if (s.ptr[0] == ' ' || is_literal(s.ptr[0])) {
		*room -= 1;
		return buf_put(out, s.ptr[0] == ' ' ? span_of("_") : s);
	}
	for (i = 0; i < s.len; i++)
		good = good && put_hex(s.ptr[i], out);
	*room -= 3 * s.len;
	return good;
}

/* A word holds whole characters only (section 5). */
bool
mime_put_words(struct span s, struct buf *out)
{
	bool	 good = buf_put(out, span_of("=?utf-8?Q?"));
	size_t	 room = WORD_ROOM, n;

	for (; good && s.len > 0 && (n = utf8_length(s)) > 0;
	    s = span_skip(s, n)) {
		if (room < 3 * UTF8_MAX) {
			good = buf_put(out, span_of("?=\r\n =?utf-8?Q?"));
			room = WORD_ROOM;
		}
		good = good && put_character(span_head(s, n), out, &room);
	}
	return good && buf_put(out, span_of("?="));
}

enum charset { CHARSET_NONE, CHARSET_UTF8, CHARSET_LATIN1 };

struct word {
	enum charset	 charset;
	bool		 base64;
	struct span	 text;
};

static enum charset
charset_of(struct span name)
{
	name = span_head(name, span_index(name, '*'));	/* RFC 2231 */
	if (span_is_word(name, "utf-8") || span_is_word(name, "us-ascii"))
		return CHARSET_UTF8;
	return span_is_word(name, "iso-8859-1") ? CHARSET_LATIN1 :
	    CHARSET_NONE;
}

/* "=?charset?Q?text?=" off the head of `*s`. */
static bool
take_word(struct span *s, struct word *w)
{
	struct span	 rest, charset, encoding;

	if (!span_starts(*s, "=?"))
		return false;
	rest = span_cut(span_skip(*s, 2), '?', &charset);
	rest = span_cut(rest, '?', &encoding);
	w->text = span_head(rest, span_index(rest, '?'));
	rest = span_skip(rest, w->text.len);
	w->charset = charset_of(charset);
	w->base64 = span_is_word(encoding, "B");
	if (!span_starts(rest, "?=") || encoding.len != 1 ||
	    span_index(w->text, ' ') < w->text.len ||
	    (!w->base64 && !span_is_word(encoding, "Q")))
		return false;
	*s = span_skip(rest, 2);
	return true;
}

static int
hex_value(char c)
{
	const char	*p = c == '\0' ? NULL : strchr(digits, c);

	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return p == NULL ? -1 : (int)(p - digits);
}

static bool
read_q(struct span s, char *into, size_t *len)
{
	int	 high, low;

	for (*len = 0; s.len > 0; s = span_skip(s, 1)) {
		if (s.ptr[0] != '=') {
			into[(*len)++] = s.ptr[0] == '_' ? ' ' : s.ptr[0];
			continue;
		}
		high = s.len < 3 ? -1 : hex_value(s.ptr[1]);
		low = s.len < 3 ? -1 : hex_value(s.ptr[2]);
		if (high == -1 || low == -1)
			return false;
		into[(*len)++] = (char)(high << 4 | low);
		s = span_skip(s, 2);
	}
	return true;
}

/* What ISO 8859-1 calls a character, UTF-8 does with two octets. */
static bool
put_text(enum charset charset, struct span s, struct buf *out)
{
	bool	 good = true;
	char	 two[2];
	size_t	 i;

	if (charset == CHARSET_UTF8)
		return buf_put(out, s);
	for (i = 0; good && i < s.len; i++) {
		two[0] = (char)(0xc0 | (unsigned char)s.ptr[i] >> 6);
		two[1] = (char)(0x80 | ((unsigned char)s.ptr[i] & 0x3f));
		good = buf_put(out, (s.ptr[i] & 0x80) ? span_make(two, 2) :
		    span_make(s.ptr + i, 1));
	}
	return good;
}

static bool
read_word(const struct word *w, struct buf *out)
{
	char	 text[WORD_OCTETS];
	size_t	 len;

	if (w->charset == CHARSET_NONE || w->text.len > sizeof text)
		return false;
	if (w->base64 ? !base64_take(w->text, text, sizeof text, &len) :
	    !read_q(w->text, text, &len))
		return false;
	return put_text(w->charset, span_make(text, len), out);
}

/* Blanks between two encoded words are none (RFC 2047 section 6.2); folding
 * is a blank. */
static bool
read_all(struct span s, struct buf *out)
{
	bool		 good = true, was_word = false;
	struct word	 w;
	size_t		 blanks;

	while (good && s.len > 0) {
		for (blanks = 0; blanks < s.len &&
		    strchr(" \t\r\n", s.ptr[blanks]) != NULL &&
		    s.ptr[blanks] != '\0'; blanks++)
			;
		s = span_skip(s, blanks);
		if (s.len == 0)
			break;
		if (take_word(&s, &w)) {
			if (blanks > 0 && !was_word && buf_len(out) > 0)
				good = buf_put(out, span_of(" "));
			good = good && read_word(&w, out);
			was_word = true;
			continue;
		}
		if (blanks > 0 && buf_len(out) > 0)
			good = buf_put(out, span_of(" "));
		good = good && buf_put(out, span_head(s, 1));
		s = span_skip(s, 1);
		was_word = false;
	}
	return good;
}

/* As many whole characters as there is room for. */
static struct span
cut(struct span s, size_t room)
{
	size_t	 n = 0;

	while (n < s.len && n + utf8_length(span_skip(s, n)) <= room)
		n += utf8_length(span_skip(s, n));
	return span_head(s, n);
}

bool
mime_read_words(struct span s, char *into, size_t size)
{
	struct span	 all;
	struct buf	 out;
	bool		 good;

	buf_init(&out, 2 * s.len);
	good = read_all(s, &out);
	all = buf_span(&out);
	good = good && span_is_text(all) && utf8_is_valid(all) &&
	    span_copy(cut(all, size - 1), into, size);
	buf_clear(&out);
	return good;
}

/* ---- quoted-printable ---------------------------------------------------- */

/* Blanks at the end of a line are none on the other side. */
static bool
is_quoted_plain(struct span rest)
{
	char	 c = rest.ptr[0];

	if (c == ' ' || c == '\t')
		return rest.len > 1;
	return c > ' ' && c <= '~' && c != '=';
}

static bool
put_quoted_line(struct span line, struct buf *out)
{
	size_t	 column = 0, width;
	bool	 good = true;

	for (; good && line.len > 0; line = span_skip(line, 1)) {
		width = is_quoted_plain(line) ? 1 : 3;
		if (column + width > QUOTED_COLUMNS) {
			good = buf_put(out, span_of("=\r\n"));
			column = 0;
		}
		column += width;
		good = good && (width == 1 ? buf_put(out, span_head(line, 1)) :
		    put_hex(line.ptr[0], out));
	}
	return good && buf_put(out, span_of("\r\n"));
}

bool
mime_put_quoted(struct span s, struct buf *out)
{
	bool		 good = true;
	struct span	 line;

	while (good && s.len > 0) {
		s = span_cut(s, '\n', &line);
		if (line.len > 0 && line.ptr[line.len - 1] == '\r')
			line.len--;
		good = put_quoted_line(line, out);
	}
	return good;
}
