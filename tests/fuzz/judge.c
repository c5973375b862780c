/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "shared/alloc.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/judge.h"

enum { TEXT_MAX = 1 << 20 };

void
judge_init(struct judge *j, bool lmtp, bool must_tls)
{
	memset(j, 0, sizeof *j);
	j->lmtp = lmtp;
	j->must_tls = must_tls;
	j->last_chunk = JUDGE_REPLIES_MAX;	/* not yet */
	buf_init(&j->text, TEXT_MAX);
}

void
judge_clear(struct judge *j)
{
	buf_clear(&j->text);
}

void
judge_secured(struct judge *j)
{
	j->secured = true;
}

void
judge_begins(struct judge *j)
{
	j->rcpt_count = 0;
	j->ended = false;
	buf_drop(&j->text, buf_len(&j->text));
}

/* ---- what is heard ------------------------------------------------------- */

static unsigned
code_of(const struct judge *j)
{
	return (unsigned)((j->reply[0] - '0') * 100 + (j->reply[1] - '0') * 10 +
	    (j->reply[2] - '0'));
}

/* A line that is no reply ends the connection, so its code means nothing. */
static void
hear_line(struct judge *j)
{
	if ((j->reply_len < 4 || j->reply[3] != '-') &&
	    j->heard < JUDGE_REPLIES_MAX)
		j->codes[j->heard++] = j->reply_len < 3 ? 0 : code_of(j);
	j->reply_len = 0;
}

void
judge_hears(struct judge *j, struct span s)
{
	static const char	 word[] = "CHUNKING";
	size_t			 i;
	char			 c;

	for (i = 0; i < s.len; i++) {
		c = s.ptr[i];
		if (c == '\n')
			hear_line(j);
		else if (j->reply_len < sizeof j->reply)
			j->reply[j->reply_len++] = c;
		if ((c & ~0x20) == word[j->chunking_len])
			j->chunking_len++;
		else
			j->chunking_len = (c & ~0x20) == word[0];
		if (word[j->chunking_len] != '\0')
			continue;
		j->chunking = true;
		j->chunking_len = 0;
	}
}

/* ---- what leaves --------------------------------------------------------- */

static bool
is_taken(const struct judge *j, unsigned number)
{
	return number < j->heard && j->codes[number] / 100 == 2;
}

unsigned
judge_accepted(const struct judge *j)
{
	unsigned	 i, n = 0;

	for (i = 0; i < j->rcpt_count; i++)
		n += is_taken(j, j->rcpts[i]);
	return is_taken(j, j->mail) ? n : 0;
}

static void
see_mail(struct judge *j)
{
	fuzz_claim(j->secured || !j->must_tls,
	    "no mail leaves in plain text where TLS is required");
	j->mail = j->sent;	/* the greeting has number 0 */
}

static void
see_rcpt(struct judge *j)
{
	fuzz_claim(j->rcpt_count < JUDGE_RCPTS_MAX, "recipients are counted");
	j->rcpts[j->rcpt_count++] = j->sent;
}

/* All of a message has left. */
static void
end_text(struct judge *j)
{
	struct span	 s = buf_span(&j->text);
	size_t		 i;

	for (i = 0; i < s.len; i++)
		if (s.ptr[i] == '\r' && i + 1 < s.len && s.ptr[i + 1] == '\n')
			i++;
		else
			fuzz_claim(s.ptr[i] != '\r' && s.ptr[i] != '\n',
			    "no message with a bare CR or LF has an end");
	j->ended = true;
}

static void
see_chunk(struct judge *j, struct span size)
{
	struct span	 rest = span_cut(size, ' ', &size);
	uint64_t	 n;

	fuzz_claim(span_parse_u64(size, TEXT_MAX, &n) && (rest.len == 0 ||
	    span_is(rest, "LAST")), "a chunk has a size");
	fuzz_claim(j->chunking, "no chunk leaves that nobody asked for");
	j->knows_chunks = j->knows_chunks || is_taken(j, j->last_chunk);
	fuzz_claim(judge_accepted(j) > 0 || j->knows_chunks,
	    "no content leaves before anybody is accepted");
	fuzz_claim(!j->ended, "behind the last chunk there is none");
	j->chunk = n;
	j->last = rest.len > 0;
	j->mode = JUDGE_CHUNK;
	if (j->last)
		j->last_chunk = j->sent;
	if (j->last && n == 0)
		end_text(j);
}

static void
check_line(struct span line)
{
	size_t	 i;

	for (i = 0; i < line.len; i++)
		fuzz_claim(line.ptr[i] >= ' ' && line.ptr[i] <= '~',
		    "a command is printable");
}

static void
see_command(struct judge *j, struct span line)
{
	static const char	*const others[] = {
		"EHLO ", "HELO ", "LHLO ", "STARTTLS", "RSET", "QUIT"
	};
	size_t			 i;

	check_line(line);
	j->sent++;
	if (span_starts(line, "MAIL FROM:<"))
		see_mail(j);
	else if (span_starts(line, "RCPT TO:<"))
		see_rcpt(j);
	else if (span_starts(line, "BDAT "))
		see_chunk(j, span_skip(line, 5));
	else if (span_is(line, "DATA"))
		j->mode = JUDGE_ASKED;
	else {
		for (i = 0; i < COUNT(others); i++)
			if (span_starts(line, others[i]))
				return;
		fuzz_claim(false, "nothing but commands leaves");
	}
}

/* A line of the text, with its CRLF. */
static void
see_text(struct judge *j, struct span line)
{
	if (span_is(line, ".\r\n")) {
		end_text(j);
		j->sent++;
		j->mode = JUDGE_COMMAND;
		return;
	}
	fuzz_claim(judge_accepted(j) > 0,
	    "no content leaves before anybody is accepted");
	if (span_starts(line, "."))
		line = span_skip(line, 1);
	fuzz_claim(buf_put(&j->text, line), "it is not endless");
}

static void
see_line(struct judge *j)
{
	struct span	 line = span_make(j->line, j->line_len);

	fuzz_claim(line.len >= 2 && line.ptr[line.len - 2] == '\r',
	    "no bare LF leaves");
	if (j->mode == JUDGE_TEXT)
		see_text(j, line);
	else
		see_command(j, span_head(line, line.len - 2));
}

/* Behind DATA: text, if its reply says so, which must be there. */
static void
settle_data(struct judge *j)
{
	fuzz_claim(j->heard > j->sent,
	    "nothing leaves behind DATA before its reply");
	j->mode = j->codes[j->sent] / 100 == 3 ? JUDGE_TEXT : JUDGE_COMMAND;
}

static void
see_octet(struct judge *j, char c)
{
	if (j->mode == JUDGE_CHUNK && j->chunk == 0)
		j->mode = JUDGE_COMMAND;
	if (j->mode == JUDGE_ASKED)
		settle_data(j);
	if (j->mode == JUDGE_CHUNK) {
		fuzz_claim(buf_put(&j->text, span_make(&c, 1)),
		    "it is not endless");
		if (--j->chunk == 0 && j->last)
			end_text(j);
		return;
	}
	fuzz_claim(j->line_len == 0 || j->line[j->line_len - 1] != '\r' ||
	    c == '\n', "no bare CR leaves");
	fuzz_claim(j->line_len < sizeof j->line, "a line is short");
	j->line[j->line_len++] = c;
	if (c != '\n')
		return;
	see_line(j);
	j->line_len = 0;
}

void
judge_sees(struct judge *j, struct span s)
{
	size_t	 i;

	for (i = 0; i < s.len; i++)
		see_octet(j, s.ptr[i]);
}

/* ---- what came of it ----------------------------------------------------- */

void
judge_success(struct judge *j, struct span content)
{
	struct span	 text = buf_span(&j->text);
	bool		 is_cut = content.len > 0 &&
			    content.ptr[content.len - 1] != '\n';

	fuzz_claim(j->ended, "nothing is taken before all of it has left");
	fuzz_claim(j->heard > 0 && j->codes[j->heard - 1] / 100 == 2,
	    "nothing is taken without a 2xx");
	fuzz_claim(judge_accepted(j) > 0, "nothing is taken for nobody");
	fuzz_claim(j->lmtp || j->heard == j->sent + 1,
	    "the 2xx is that of its end");
	fuzz_claim(span_equal(span_head(text, content.len), content) &&
	    (is_cut ? span_is(span_skip(text, content.len), "\r\n") :
	    text.len == content.len), "it is the content that was to leave");
}
