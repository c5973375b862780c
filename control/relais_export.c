/* SPDX-License-Identifier: ISC */
/*
 * Messages to files, one by one: a message is held, written, and only when its
 * file is whole and has its name on disk it leaves the queue.  Whoever is
 * interrupted begins again: files in the directory tell how far it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/relais_parcel.h"
#include "control/relais_queue.h"
#include "shared/crc.h"
#include "shared/log.h"
#include "shared/xtext.h"

struct export {
	const struct relais *relais;
	int		 directory;
	uint64_t	 messages;
	int		 status;	/* the first that is not RELAIS_DONE */
};

/* One file that is being written. */
struct writing {
	FILE		*file;
	uint32_t	 crc;
	uint64_t	 size, got;
	unsigned	 recipients;
	bool		 held;
};

/* ---- a file -------------------------------------------------------------- */

static void
put(struct writing *w, struct span s)
{
	w->crc = crc32c(w->crc, s);
	(void)fwrite(s.ptr, 1, s.len, w->file);
}

static void
put_line(struct writing *w, const char *name, const char *text)
{
	put(w, span_of(name));
	put(w, span_of(" "));
	put(w, span_of(text));
	put(w, span_of("\n"));
}

static void
put_number(struct writing *w, const char *name, uint64_t n)
{
	char	 text[32];

	(void)snprintf(text, sizeof text, "%llu", (unsigned long long)n);
	put_line(w, name, text);
}

/* The fields of a row are far shorter than a line of control's. */
static void
encode(const struct row *row, unsigned field, char into[ADMIN_LINE_MAX / 2])
{
	(void)xtext_encode(row->fields[field], into, ADMIN_LINE_MAX / 2);
}

static void
put_message(struct writing *w, const struct row *row)
{
	static const struct {
		const char	*name;
		unsigned	 field;
	} words[] = {
		{ "sender", M_SENDER }, { " client", M_CLIENT },
		{ " identity", M_IDENTITY }, { " parameters", M_PARAMETERS }
	};
	char	 text[ADMIN_LINE_MAX / 2];
	size_t	 i;

	put_line(w, "relais-parcel", "1");
	(void)span_copy(row->fields[M_ID], text, sizeof text);
	put_line(w, "id", text);
	put_number(w, "arrived", row_number(row, M_ARRIVED));
	put_number(w, "flags", row_number(row, M_FLAGS));
	put_number(w, "held", w->held);
	put(w, span_of("envelope "));
	for (i = 0; i < sizeof words / sizeof words[0]; i++) {
		encode(row, words[i].field, text);
		put(w, span_of(words[i].name));
		put(w, span_of("="));
		put(w, span_of(text));
	}
	put(w, span_of("\n"));
	w->size = row_number(row, M_SIZE);
}

static void
put_recipient(struct writing *w, const struct row *row)
{
	char	 text[ADMIN_LINE_MAX / 2];

	encode(row, R_ADDRESS, text);
	put(w, span_of("recipient "));
	put(w, span_of(text));
	encode(row, R_PARAMETERS, text);
	put(w, span_of(" "));
	put(w, span_of(text));
	put(w, span_of("\n"));
	w->recipients++;
}

static void
on_envelope_row(void *arg, const struct row *short_row)
{
	struct row	 row = row_padded(short_row);

	if (span_is(row.kind, "message"))
		put_message(arg, &row);
	else if (span_is(row.kind, "recipient"))
		put_recipient(arg, &row);
}

static bool
on_octets(void *arg, struct span s)
{
	struct writing	*w = arg;

	put(w, s);
	w->got += s.len;
	return true;
}

static int
fill(const struct relais *r, const char *id, struct writing *w)
{
	char		 text[64], sum[PARCEL_SUM_SIZE];
	struct request	 q = { .socket = "monitor", .text = text, .arg = w,
			    .exact = true, .on_row = on_envelope_row,
			    .on_octets = on_octets };
	int		 status;

	(void)snprintf(text, sizeof text, "queue show %s\n", id);
	status = relais_request(r, &q, NULL);
	if (status != RELAIS_DONE)
		return status;
	put_number(w, "content", w->size);
	q.socket = "control";
	(void)snprintf(text, sizeof text, "queue content %s\n", id);
	status = relais_request(r, &q, NULL);
	if (status != RELAIS_DONE)
		return status;
	parcel_sum(sum, w->crc);
	fputs(sum, w->file);
	if (w->got == w->size && w->recipients > 0)
		return RELAIS_DONE;
	log_error("%s: it is not whole in the queue", id);
	return RELAIS_LATER;
}

/* RELAIS_DONE: whole, and under its name, on disk. */
static int
write_file(struct export *x, const char *id, bool held)
{
	char		 part[PARCEL_NAME_SIZE];
	struct writing	 w = { .held = held };
	int		 fd, status;

	(void)snprintf(part, sizeof part, "%s.part", id);
	fd = openat(x->directory, part, O_WRONLY | O_TRUNC | O_CLOEXEC);
	w.file = fd == -1 ? NULL : fdopen(fd, "w");
	if (w.file == NULL) {
		log_error("%s: %m", part);
		return RELAIS_LATER;
	}
	status = fill(x->relais, id, &w);
	if (fflush(w.file) == EOF || ferror(w.file) || fsync(fd) == -1) {
		log_error("%s: %m", part);
		status = RELAIS_LATER;
	}
	fclose(w.file);
	if (status == RELAIS_DONE &&
	    parcel_rename(x->directory, part, id) == -1) {
		log_error("%s: %m", id);
		return RELAIS_LATER;
	}
	return status;
}

/* ---- a message ----------------------------------------------------------- */

/* It was written by an earlier run, and is as it was then. */
static bool
is_written(struct export *x, const char *id, const struct whereabouts *w)
{
	struct parcel	 p;
	FILE		*f;
	bool		 same;

	if (!w->held || faccessat(x->directory, id, F_OK, 0) == -1)
		return false;
	f = parcel_open(x->directory, id, &p);
	if (f == NULL)
		return false;
	same = p.arrived == w->arrived && strcmp(p.id, id) == 0;
	parcel_clear(&p);
	fclose(f);
	return same;
}

/* The name with ".part" says that whoever finds it held need not ask why. */
static int
mark(struct export *x, const char *id, bool *fresh)
{
	char	 part[PARCEL_NAME_SIZE];
	int	 fd;

	(void)snprintf(part, sizeof part, "%s.part", id);
	fd = openat(x->directory, part, O_WRONLY | O_CREAT | O_EXCL |
	    O_CLOEXEC, 0600);
	*fresh = fd != -1;
	if (fd == -1 && errno != EEXIST) {
		log_error("%s: %m", part);
		return RELAIS_LATER;
	}
	if (fd != -1)
		close(fd);
	return RELAIS_DONE;
}

/* What must first be told to a sender is left to this machine. */
static int
leave(struct export *x, const char *id, bool held, const char *why)
{
	char	 part[PARCEL_NAME_SIZE];

	log_error("%s: %s", id, why);
	if (!held)
		(void)parcel_order(x->relais, "release", id);
	(void)snprintf(part, sizeof part, "%s.part", id);
	(void)parcel_remove(x->directory, part);
	return RELAIS_NONE;
}

static int
export_found(struct export *x, const char *id, struct whereabouts *w)
{
	bool	 fresh, held = w->held;
	int	 status = mark(x, id, &fresh);

	if (status != RELAIS_DONE)
		return status;
	held = held && fresh;
	status = parcel_order(x->relais, "hold", id);
	if (status == RELAIS_DONE)
		status = parcel_find(x->relais, id, w);
	if (status != RELAIS_DONE)
		return status == RELAIS_NONE ? leave(x, id, held,
		    "it is being delivered now") : status;
	if (w->failed)
		return leave(x, id, held, "its sender is to be told first");
	return write_file(x, id, held);
}

static int
export_one(struct export *x, const char *id)
{
	struct whereabouts	 w;
	char			 part[PARCEL_NAME_SIZE];
	int			 status = parcel_find(x->relais, id, &w);

	if (status != RELAIS_DONE)
		return status;
	if (!w.found) {
		(void)snprintf(part, sizeof part, "%s.part", id);
		return parcel_remove(x->directory, part) == -1 ?
		    RELAIS_LATER : RELAIS_DONE;
	}
	if (!is_written(x, id, &w))
		status = export_found(x, id, &w);
	if (status == RELAIS_DONE)
		status = parcel_order(x->relais, "delete", id);
	if (status == RELAIS_DONE)
		x->messages++;
	return status;
}

/* ---- all of them --------------------------------------------------------- */

static void
note(struct export *x, int status)
{
	if (x->status == RELAIS_DONE)
		x->status = status;
}

static bool
is_over(const struct export *x)
{
	return x->status == RELAIS_NOT_RUNNING || x->status == RELAIS_LATER;
}

/* What an earlier run began is ended first. */
static int
resume(void *arg, const char *name)
{
	char		 id[ID_SIZE];
	const char	*rest;

	if (!parcel_cut(name, id, &rest) ||
	    (rest[0] != '\0' && strcmp(rest, ".part") != 0))
		return RELAIS_DONE;
	return export_one(arg, id);
}

static void
on_listed(void *arg, const struct row *row)
{
	struct export	*x = arg;
	char		 id[ID_SIZE];

	if (span_is(row->kind, "message") && row->count > 0 && !is_over(x) &&
	    span_copy(row->fields[M_ID], id, sizeof id))
		note(x, export_one(x, id));
}

int
relais_export(const struct relais *r, const char *arg)
{
	struct export	 x = { .relais = r };
	struct request	 q = { .socket = "monitor", .on_row = on_listed,
			    .arg = &x };
	int		 status;

	(void)arg;
	x.directory = parcels_open(r->words[0]);
	if (x.directory == -1)
		return RELAIS_USAGE;
	x.status = parcels_walk(x.directory, resume, &x);
	if (!is_over(&x)) {
		status = relais_order(r, &q, "queue list", r->words + 1);
		note(&x, status);
	}
	close(x.directory);
	printf("%llu message%s exported\n", (unsigned long long)x.messages,
	    x.messages == 1 ? "" : "s");
	return x.status;
}
