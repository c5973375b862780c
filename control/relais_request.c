/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control/relais.h"
#include "control/runtime.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "shared/utf8.h"

enum { ROW_SIZE = 8192, ANSWER_TIME = 75, WIDE_FIRST = 0xa0 };

static int
no_socket(const struct relais *r, const char *name)
{
	if (errno == ENOENT || errno == ECONNREFUSED) {
		log_error("relais is not running (%s/%s: %m)", r->runtime,
		    name);
		return RELAIS_NOT_RUNNING;
	}
	log_error("%s/%s: %m", r->runtime, name);
	return errno == EAGAIN ? RELAIS_LATER : RELAIS_NONE;
}

static void
split(struct span line, struct row *row)
{
	row->count = 0;
	line = span_cut(line, '\t', &row->kind);
	while (line.len > 0 && row->count < ROW_FIELDS)
		line = span_cut(line, '\t', &row->fields[row->count++]);
}

/* Octets of a character beyond ASCII that is no control; else 0. */
static size_t
wide_character(struct span s)
{
	size_t	 n = utf8_length(s);

	return n > 1 && utf8_number(s, n) >= WIDE_FIRST ? n : 0;
}

/* What could move a terminal's cursor goes no further than this; programs get
 * all of UTF-8. */
static void
make_printable(char *line, size_t len, bool json)
{
	size_t	 i, wide;

	for (i = 0; i < len; i += wide > 0 ? wide : 1) {
		wide = json ? wide_character(span_make(line + i, len - i)) : 0;
		if (wide == 0 && (line[i] < ' ' || line[i] > '~') &&
		    line[i] != '\t' && line[i] != '\n')
			line[i] = '?';
	}
}

static struct span
field(const struct row *row, unsigned n)
{
	return n < row->count ? row->fields[n] : span_of("");
}

/* Fields that are empty at the end of a row are not seen by split. */
struct row
row_padded(const struct row *row)
{
	struct row	 full = *row;

	while (full.count < ROW_FIELDS)
		full.fields[full.count++] = span_of("");
	return full;
}

/* "err STATUS TEXT": the status is the exit status. */
static int
refused(const struct request *q, const struct row *row)
{
	struct span	 text = field(row, 1);
	uint64_t	 status = row_number(row, 0);

	log_error("%s: %.*s", q->socket, (int)text.len, text.ptr);
	if (status == 0 || status > RELAIS_CONFIG)
		return RELAIS_LATER;
	return status;
}

/* Those behind a row "content"; false: they broke off, or are enough. */
static bool
read_octets(FILE *in, const struct request *q, uint64_t left, int *status)
{
	char	 octets[ROW_SIZE];
	size_t	 n;

	for (; left > 0; left -= n) {
		n = left < sizeof octets ? left : sizeof octets;
		n = fread(octets, 1, n, in);
		if (n == 0)
			return false;
		if (q->on_octets != NULL &&
		    !q->on_octets(q->arg, span_make(octets, n))) {
			*status = RELAIS_DONE;
			return false;
		}
	}
	return true;
}

/* False when no more rows come; the exit status is then there. */
static bool
take_row(FILE *in, struct request *q, const struct row *row, int *status)
{
	if (span_is(row->kind, "err")) {
		*status = refused(q, row);
		return false;
	}
	if (span_is(row->kind, "ok")) {
		*status = RELAIS_DONE;
		return false;
	}
	if (span_is(row->kind, "wait"))
		return true;
	q->rows++;
	if (span_is(row->kind, "content"))
		return read_octets(in, q, row_number(row, 0), status);
	if (q->on_row != NULL)
		q->on_row(q->arg, row);
	return true;
}

static int
read_rows(FILE *in, struct request *q, bool json, uint64_t *count)
{
	char		 line[ROW_SIZE];
	struct row	 row;
	size_t		 len;
	int		 status = -1;

	while (fgets(line, sizeof(line), in) != NULL) {
		len = strlen(line);
		if (len == 0 || line[len - 1] != '\n')
			break;
		if (!q->exact)
			make_printable(line, len, json);
		split(span_make(line, len - 1), &row);
		if (take_row(in, q, &row, &status))
			continue;
		if (status == RELAIS_DONE && count != NULL)
			*count = row_number(&row, 0);
		if (status != -1)
			return status;
		break;
	}
	log_error("%s: the answer broke off", q->socket);
	return RELAIS_LATER;
}

int
relais_request(const struct relais *r, struct request *q, uint64_t *count)
{
	int	 fd = runtime_connect(r->runtime, q->socket, ANSWER_TIME);
	int	 status = RELAIS_LATER;
	FILE	*in = NULL;

	if (fd == -1)
		return no_socket(r, q->socket);
	/* An end that is already over there shows in the answer. */
	(void)send(fd, q->text, strlen(q->text), MSG_NOSIGNAL);
	in = fdopen(fd, "r");
	if (in == NULL) {
		log_error("%s: %m", q->socket);
		fd_close(&fd);
		return status;
	}
	q->rows = 0;
	q->fd = fd;
	status = read_rows(in, q, r->json, count);
	fclose(in);
	return status;
}

uint64_t
row_number(const struct row *row, unsigned n)
{
	uint64_t	 value = 0;

	(void)span_parse_u64(field(row, n), UINT64_MAX, &value);
	return value;
}

int64_t
row_time(const struct row *row, unsigned n)
{
	return row_number(row, n) / 1000000;
}

void
format_reply(const struct row *row, unsigned n, char into[REASON_SIZE])
{
	struct span	 enhanced = field(row, n + 1), text = field(row, n + 2);
	uint64_t	 code = row_number(row, n);
	bool		 plain = span_is(enhanced, "0.0.0");

	into[0] = '\0';
	if (code == 0)
		return;
	(void)snprintf(into, REASON_SIZE, "%llu %.*s%s%.*s",
	    (unsigned long long)code, plain ? 0 : (int)enhanced.len,
	    enhanced.ptr, plain ? "" : " ", (int)text.len, text.ptr);
}

void
format_time(char into[TIME_SIZE], int64_t seconds)
{
	time_t		 t = seconds;
	struct tm	 tm;

	if (seconds == 0 || localtime_r(&t, &tm) == NULL ||
	    strftime(into, TIME_SIZE, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		memcpy(into, "-", sizeof("-"));
}

/* The row is printable by now. */
static void
json_string(struct span s)
{
	size_t	 i;

	putchar('"');
	for (i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"' || s.ptr[i] == '\\')
			putchar('\\');
		putchar(s.ptr[i]);
	}
	putchar('"');
}

void
json_text(bool first, const char *key, struct span value)
{
	printf("%s\"%s\":", first ? "" : ",", key);
	json_string(value);
}

void
json_number(bool first, const char *key, uint64_t value)
{
	printf("%s\"%s\":%llu", first ? "" : ",", key,
	    (unsigned long long)value);
}
