/* SPDX-License-Identifier: ISC */
/*
 * What is returned of a message: its header, or all of it.  A header that not
 * every relay would take is quoted-printable (RFC 6522 section 4), or UTF-8
 * where that may be sent; content is returned as it came, or not (RFC 2046
 * section 5.2.1 forbids to encode it).
 */
#include <string.h>

#include "queue/notice_own.h"
#include "shared/mime.h"
#include "shared/utf8.h"

enum {
	LINE_MAX_OCTETS	= 998,		/* RFC 5322 section 2.1.1 */
	CONTENT_MAX	= NOTICE_MAX / 2
};

/* Lines that end with CRLF, are short enough, and hold no NUL. */
static bool
has_good_lines(struct span s)
{
	struct span	 line;

	if (memchr(s.ptr, '\0', s.len) != NULL)
		return false;
	while (s.len > 0) {
		if (span_index(s, '\n') == s.len)
			return false;
		s = span_cut(s, '\n', &line);
		if (line.len == 0 || line.len > LINE_MAX_OCTETS + 1 ||
		    span_index(line, '\r') != line.len - 1)
			return false;
	}
	return true;
}

static bool
has_failed(const struct notice *n)
{
	size_t	 i;

	for (i = 0; i < n->count; i++)
		if (n->recipients[i].action == ACTION_FAILED)
			return true;
	return false;
}

enum notice_return
notice_returned(const struct notice *n)
{
	if (n->kind == NOTICE_PLAIN && n->content.len > 0 &&
	    n->content.len <= n->content_max && n->content.len <= CONTENT_MAX &&
	    has_failed(n) && has_good_lines(n->content))
		return RETURN_CONTENT;
	return n->messages[0].header.len > 0 ? RETURN_HEADER : RETURN_NOTHING;
}

static void
put_content(struct notice_writer *w, struct span content)
{
	notice_part(w, w->utf8 ? "message/global" : "message/rfc822");
	if (!utf8_is_ascii(content))
		notice_line(w, "Content-Transfer-Encoding: 8bit");
	notice_line(w, "%s", "");
	notice_octets(w, content);
}

/* Nothing that a terminal would obey. */
static bool
is_plain(struct span s)
{
	size_t	 i;

	for (i = 0; i < s.len; i++)
		if ((s.ptr[i] < ' ' || s.ptr[i] > '~') &&
		    (s.ptr[i] == '\0' || strchr("\t\r\n", s.ptr[i]) == NULL))
			return false;
	return true;
}

static void
put_header(struct notice_writer *w, struct span header)
{
	bool	 good = has_good_lines(header);
	bool	 charset = !utf8_is_ascii(header) && utf8_is_valid(header);

	notice_part(w, charset && good && w->utf8 ? "message/global-headers" :
	    charset ? "text/rfc822-headers; charset=utf-8" :
	    "text/rfc822-headers");
	if (good && (is_plain(header) || (charset && w->utf8))) {
		if (charset)
			notice_line(w, "Content-Transfer-Encoding: 8bit");
		notice_line(w, "%s", "");
		notice_octets(w, header);
		return;
	}
	notice_line(w, "Content-Transfer-Encoding: quoted-printable");
	notice_line(w, "%s", "");
	if (!mime_put_quoted(header, w->out))
		w->done = false;
}

void
notice_original(struct notice_writer *w)
{
	if (w->returned == RETURN_CONTENT)
		put_content(w, w->notice->content);
	else if (w->returned == RETURN_HEADER)
		put_header(w, w->notice->messages[0].header);
}
