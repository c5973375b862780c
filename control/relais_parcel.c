/* SPDX-License-Identifier: ISC */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/relais_parcel.h"
#include "control/relais_queue.h"
#include "shared/alloc.h"
#include "shared/crc.h"
#include "shared/fd.h"
#include "shared/log.h"

enum { COPY_SIZE = 65536 };

/* ---- directories --------------------------------------------------------- */

int
parcels_open(const char *path)
{
	int	 fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		log_error("%s: %m", path);
	return fd;
}

bool
parcel_cut(const char *name, char id[ID_SIZE], const char **rest)
{
	uint64_t	 number;

	if (strlen(name) < ID_LEN ||
	    !id_parse(span_make(name, ID_LEN), &number) || number == 0)
		return false;
	id_format(id, number);
	*rest = name + ID_LEN;
	return memcmp(id, name, ID_LEN) == 0;
}

/* Names are gathered first: they change on the way. */
int
parcels_walk(int directory, int (*each)(void *arg, const char *name), void *arg)
{
	struct dirent	**names;
	int		 i, n, status, result = RELAIS_DONE;

	n = scandirat(directory, ".", &names, NULL, alphasort);
	if (n == -1) {
		log_error("directory: %m");
		return RELAIS_LATER;
	}
	for (i = 0; i < n; i++) {
		status = result == RELAIS_NOT_RUNNING || result ==
		    RELAIS_LATER ? result : each(arg, names[i]->d_name);
		result = result == RELAIS_DONE ? status : result;
		free(names[i]);
	}
	free(names);
	return result;
}

int
parcel_rename(int directory, const char *from, const char *to)
{
	if (renameat(directory, from, directory, to) == -1)
		return -1;
	return fsync(directory);
}

int
parcel_remove(int directory, const char *name)
{
	if (unlinkat(directory, name, 0) == -1 && errno != ENOENT)
		return -1;
	return fsync(directory);
}

/* ---- files --------------------------------------------------------------- */

/* Everything but the last line, which is the checksum of that. */
static bool
is_whole(FILE *f)
{
	char		 octets[COPY_SIZE], last[PARCEL_SUM_SIZE];
	char		 wanted[PARCEL_SUM_SIZE];
	uint32_t	 crc = 0;
	long		 left;
	size_t		 n;

	if (fseek(f, 0, SEEK_END) == -1)
		return false;
	left = ftell(f) - (PARCEL_SUM_SIZE - 1);
	rewind(f);
	for (; left > 0; left -= (long)n) {
		n = left < COPY_SIZE ? (size_t)left : COPY_SIZE;
		n = fread(octets, 1, n, f);
		if (n == 0)
			return false;
		crc = crc32c(crc, span_make(octets, n));
	}
	parcel_sum(wanted, crc);
	return left == 0 &&
	    fread(last, 1, sizeof last - 1, f) == sizeof last - 1 &&
	    memcmp(last, wanted, sizeof last - 1) == 0;
}

void
parcel_sum(char into[PARCEL_SUM_SIZE], uint32_t crc)
{
	(void)snprintf(into, PARCEL_SUM_SIZE, "checksum %08x\n", crc);
}

static char *
joined(char *before, struct span line)
{
	size_t	 n = before == NULL ? 0 : strlen(before);

	before = xreallocarray(before, n + line.len + 2, 1);
	(void)snprintf(before + n, line.len + 2, "%.*s\n", (int)line.len,
	    line.ptr);
	return before;
}

/* One line of the head; false when it is none. */
static bool
take_line(struct parcel *p, struct span line)
{
	struct span	 name, value = span_cut(line, ' ', &name);
	uint64_t	 n = 0;

	if (span_is(name, "recipient")) {
		p->recipients = joined(p->recipients, line);
		return true;
	}
	if (span_is(name, "id"))
		return span_copy(value, p->id, sizeof p->id);
	if (span_is(name, "envelope")) {
		p->head = span_dup(value);
		return true;
	}
	if (!span_parse_u64(value, UINT64_MAX, &n))
		return false;
	if (span_is(name, "arrived"))
		p->arrived = n;
	else if (span_is(name, "flags"))
		p->flags = n;
	else if (span_is(name, "held"))
		p->held = n != 0;
	else if (span_is(name, "content"))
		p->size = n;
	else
		return span_is(name, "relais-parcel") && n == 1;
	return true;
}

static bool
read_head(FILE *f, struct parcel *p)
{
	char	*line = NULL;
	size_t	 room = 0;
	ssize_t	 n;
	bool	 good = true, over = false;

	rewind(f);
	while (good && !over && (n = getline(&line, &room, f)) > 0) {
		over = span_starts(span_make(line, (size_t)n), "content ");
		good = take_line(p, span_make(line, (size_t)n - 1));
	}
	free(line);
	p->content = ftell(f);
	return good && over && p->head != NULL && p->recipients != NULL;
}

FILE *
parcel_open(int directory, const char *name, struct parcel *p)
{
	int	 fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	FILE	*f = fd == -1 ? NULL : fdopen(fd, "r");

	memset(p, 0, sizeof *p);
	if (f != NULL && is_whole(f) && read_head(f, p))
		return f;
	log_error("%s: this is not a whole message", name);
	parcel_clear(p);
	if (f != NULL)
		fclose(f);
	return NULL;
}

void
parcel_clear(struct parcel *p)
{
	free(p->head);
	free(p->recipients);
	p->head = p->recipients = NULL;
}

/* ---- the queue ----------------------------------------------------------- */

static void
on_row(void *arg, const struct row *short_row)
{
	struct whereabouts	*w = arg;
	struct row		 row = row_padded(short_row);

	if (span_is(row.kind, "message")) {
		w->found = true;
		w->arrived = row_number(&row, M_ARRIVED);
		w->held = span_is(row.fields[M_STATE], "held") ||
		    span_is(row.fields[M_STATE], "quarantined");
	} else if (span_is(row.kind, "recipient"))
		w->failed |= span_is(row.fields[R_STATE], "failed");
}

int
parcel_find(const struct relais *r, const char *id, struct whereabouts *w)
{
	char		 text[64];
	struct request	 q = { .socket = "monitor", .text = text,
			    .on_row = on_row, .arg = w };

	memset(w, 0, sizeof *w);
	(void)snprintf(text, sizeof text, "queue list id=%s\n", id);
	return relais_request(r, &q, NULL);
}

static void
on_ordered(void *arg, const struct row *short_row)
{
	struct row	 row = row_padded(short_row);

	if (span_is(row.kind, "ordered"))
		*(bool *)arg = !span_is(row.fields[1], "busy");
}

int
parcel_order(const struct relais *r, const char *order, const char *id)
{
	char		 text[64];
	bool		 done = false;
	struct request	 q = { .socket = "control", .text = text,
			    .on_row = on_ordered, .arg = &done };
	int		 status;

	(void)snprintf(text, sizeof text, "queue %s id=%s\n", order, id);
	status = relais_request(r, &q, NULL);
	return status == RELAIS_DONE && !done ? RELAIS_NONE : status;
}
