/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "control/runtime.h"
#include "control/server.h"
#include "shared/addr.h"
#include "shared/fd.h"

enum { COMMAND_SIZE = 1024 };

/* What the other side said is shown without what moves a cursor. */
static void
show(const struct server *s, const char *mark, struct span line)
{
	size_t	 i;

	if (!s->verbose)
		return;
	fputs(mark, stderr);
	for (i = 0; i < line.len; i++)
		fputc(line.ptr[i] >= ' ' && line.ptr[i] <= '~' ?
		    line.ptr[i] : '?', stderr);
	fputc('\n', stderr);
}

static void
broken(struct server *s, const char *why)
{
	s->reply = reply_make(421, "4.4.2", "%s", why);
}

/* False when the connection is over; reply then says so. */
static bool
read_line(struct server *s, struct span *line)
{
	ssize_t	 n;

	while (!buf_take_line(&s->in, line)) {
		n = buf_read(&s->in, s->fd, SERVER_LINE_MAX);
		if (n == -1 && errno == EINTR)
			continue;
		if (n > 0)
			continue;
		broken(s, n == 0 ? "the connection was closed" :
		    errno == EAGAIN ? "no reply in time" : strerror(errno));
		return false;
	}
	show(s, "<<< ", *line);
	return true;
}

static void
note_extension(struct server *s, struct span text)
{
	struct span	 word = span_word(&text);

	s->has_8bit = s->has_8bit || span_is_word(word, "8BITMIME");
	s->has_dsn = s->has_dsn || span_is_word(word, "DSN");
	s->has_size = s->has_size || span_is_word(word, "SIZE");
}

/* One line of a reply; false when it is none. */
static bool
take_reply_line(struct server *s, struct span line, bool *last)
{
	uint64_t	 code;

	if (line.len < 3 ||
	    !span_parse_u64(span_head(line, 3), 599, &code) || code < 200)
		return false;
	if (line.len > 3 && line.ptr[3] != ' ' && line.ptr[3] != '-')
		return false;
	*last = line.len == 3 || line.ptr[3] == ' ';
	s->reply.code = code;
	return true;
}

/* Of several lines the first is kept, as the one that says most. */
static unsigned
read_reply(struct server *s)
{
	struct span	 line, text;
	bool		 last = false;
	unsigned	 lines;

	s->reply = (struct reply){ .code = 0 };
	for (lines = 0; !last; lines++) {
		if (!read_line(s, &line))
			return s->reply.code;
		if (lines == REPLY_LINES_MAX ||
		    !take_reply_line(s, line, &last)) {
			broken(s, "what came is not a reply of SMTP");
			return s->reply.code;
		}
		text = span_skip(line, 4);
		note_extension(s, text);
		if (lines == 0)
			reply_set_text(&s->reply,
			    reply_parse_enhanced(text, &s->reply));
	}
	return s->reply.code;
}

static unsigned
flush(struct server *s)
{
	/* Who closed may have said why: that is read. */
	(void)fflush(s->out);
	return read_reply(s);
}

unsigned
server_command(struct server *s, const char *fmt, ...)
{
	char	 line[COMMAND_SIZE];
	va_list	 ap;
	int	 n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(line)) {
		s->reply = reply_make(500, "5.5.2", "the command is too long");
		return s->reply.code;
	}
	show(s, ">>> ", span_of(line));
	fprintf(s->out, "%s\r\n", line);
	return flush(s);
}

/* The host's own name is of no use here: the server knows our uid. */
unsigned
server_hello(struct server *s)
{
	s->has_8bit = s->has_dsn = s->has_size = false;
	return server_command(s, "EHLO localhost");
}

static void
note_host(struct server *s)
{
	char		 text[sizeof(s->reply.text)];
	struct span	 rest, host;

	memcpy(text, s->reply.text, sizeof(text));
	rest = span_of(text);
	host = span_word(&rest);
	if (!domain_is_valid(host) ||
	    !span_copy(host, s->host, sizeof(s->host)))
		memcpy(s->host, "localhost", sizeof("localhost"));
}

int
server_open(struct server *s, const char *runtime, bool verbose)
{
	*s = (struct server){ .verbose = verbose };
	s->fd = runtime_connect(runtime, "submit", SERVER_PATIENCE);
	if (s->fd == -1)
		return -1;
	s->out = fdopen(s->fd, "w");
	if (s->out == NULL) {
		fd_close(&s->fd);
		return -1;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	buf_init(&s->in, 2 * SERVER_LINE_MAX);
	read_reply(s);
	note_host(s);
	return 0;
}

void
server_close(struct server *s)
{
	if (s->out == NULL)
		return;
	if (s->reply.code != 421)
		server_command(s, "QUIT");
	fclose(s->out);
	s->out = NULL;
	s->fd = -1;
	buf_clear(&s->in);
}

void
server_content(struct server *s, struct span piece, bool *at_start)
{
	size_t	 n;

	while (piece.len > 0) {
		n = span_index(piece, '\n');
		n = n < piece.len ? n + 1 : n;
		if (*at_start && piece.ptr[0] == '.')
			putc('.', s->out);
		fwrite(piece.ptr, 1, n, s->out);
		*at_start = piece.ptr[n - 1] == '\n';
		piece = span_skip(piece, n);
	}
}

unsigned
server_content_end(struct server *s)
{
	fputs(".\r\n", s->out);
	return flush(s);
}

void
server_reply_words(const struct server *s, char into[REPLY_WORDS_SIZE])
{
	const struct reply	*r = &s->reply;
	char			 enhanced[ENHANCED_SIZE];

	reply_enhanced(r, enhanced);
	(void)snprintf(into, REPLY_WORDS_SIZE, "%u %s%s%s", r->code,
	    r->class != 0 ? enhanced : "", r->class != 0 ? " " : "", r->text);
}
