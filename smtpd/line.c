/* SPDX-License-Identifier: ISC */
#include "smtpd/auth.h"
#include "smtpd/command.h"
#include "smtpd/line.h"
#include "smtpd/server.h"

enum { SKIP_MAX = 1 << 20 };	/* of one line that is too long */

/* RFC 4954 section 4 for whatever may hold a response. */
static bool
is_of_login(const struct session *s, struct span line)
{
	return s->state == STATE_LOGIN || auth_is_command(s, line);
}

static size_t
longest(const struct session *s, struct span line)
{
	return is_of_login(s, line) ? LOGIN_LINE_MAX : COMMAND_LINE_MAX;
}

static void
too_long(struct session *s, struct span head)
{
	if (s->state == STATE_LOGIN)
		auth_too_long(s);
	else
		command_too_long(s, head);
	s->skips_login = false;
}

/*
 * The last octet stays: it may be the CR of the line's end.  Who goes on like
 * that is not looking for one.
 */
static void
skip(struct session *s, struct buf *in)
{
	size_t	 n = buf_len(in) - 1;

	if (s->skipped == 0)
		s->skips_login = is_of_login(s, buf_span(in));
	buf_drop(in, n);
	s->skipped += n;
	if (s->skipped <= SKIP_MAX)
		return;
	too_long(s, span_of(""));
	s->errors = s->server->errors_max;
}

/* It may be long, but not for ever. */
static void
look_at_rest(struct session *s, struct buf *in)
{
	struct span	 head = buf_span(in);
	bool		 over = head.len > longest(s, head);

	if (over && s->skipped == 0 && command_has_content(head))
		command_too_long(s, head);
	else if (over || (s->skipped > 0 && head.len > 0))
		skip(s, in);
}

static void
take_whole(struct session *s, struct span line)
{
	bool	 of_login = is_of_login(s, line);

	if (s->skipped > 0 || line.len + 2 > longest(s, line))
		too_long(s, line);
	else if (s->state == STATE_LOGIN)
		auth_take(s, line);
	else
		command_take(s, line);
	if (of_login)
		span_wipe(line);
	s->skipped = 0;
}

bool
line_take(struct session *s, struct buf *in)
{
	struct span	 line;

	if (!buf_take_line(in, &line)) {
		look_at_rest(s, in);
		return false;
	}
	take_whole(s, line);
	return true;
}
