/* SPDX-License-Identifier: ISC */
/*
 * Files of another machine to messages.  Each is held until its file's name
 * says that it is here; what is found half-way by whoever begins again is in
 * the queue by the id in its name, or it is not there at all.
 */
#include <sys/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/relais_parcel.h"
#include "shared/alloc.h"
#include "shared/fd.h"
#include "shared/ipc.h"
#include "shared/log.h"

enum { PIECE = 65536 };

struct import {
	const struct relais *relais;
	int		 directory;
	uint64_t	 messages;

	/* of the file at hand */
	struct request	*request;
	struct parcel	 parcel;
	FILE		*file;
	char		 name[PARCEL_NAME_SIZE];
	char		 new[ID_SIZE];
};

/* ---- one file to queue --------------------------------------------------- */

static bool
send_text(int fd, const char *text)
{
	return fd_write_all(fd, text, strlen(text)) == 0;
}

static bool
send_content(struct import *m, int fd)
{
	char		 octets[PIECE];
	uint64_t	 left = m->parcel.size;
	size_t		 n;

	if (fseek(m->file, m->parcel.content, SEEK_SET) == -1)
		return false;
	for (; left > 0; left -= n) {
		n = left < PIECE ? (size_t)left : PIECE;
		n = fread(octets, 1, n, m->file);
		if (n == 0 || fd_write_all(fd, octets, n) == -1)
			return false;
	}
	return true;
}

/* Before a word of it goes to queue the name says which message it will be. */
static void
on_row(void *arg, const struct row *row)
{
	struct import	*m = arg;
	char		 name[PARCEL_NAME_SIZE];

	if (!span_is(row->kind, "opened") || row->count < 1 ||
	    !span_copy(row->fields[0], m->new, sizeof m->new))
		return;
	(void)snprintf(name, sizeof name, "%s.%s", m->parcel.id, m->new);
	if (parcel_rename(m->directory, m->name, name) == -1) {
		log_error("%s: %m", m->name);
		(void)shutdown(m->request->fd, SHUT_WR);
		return;
	}
	memcpy(m->name, name, sizeof m->name);
	(void)(send_text(m->request->fd, m->parcel.recipients) &&
	    send_text(m->request->fd, "content\n") &&
	    send_content(m, m->request->fd));
}

static int
store(struct import *m)
{
	struct request	 q = { .socket = "control", .on_row = on_row,
			    .arg = m };
	const struct parcel *p = &m->parcel;
	int		 status = RELAIS_LATER;
	char		*text;

	if (asprintf(&text, "queue import size=%llu arrived=%llu flags=%llu "
	    "%s\n", (unsigned long long)p->size,
	    (unsigned long long)p->arrived, (unsigned long long)(p->flags &
	    (MESSAGE_8BIT | MESSAGE_LOCAL | MESSAGE_NOTICE | MESSAGE_UTF8)),
	    p->head) == -1)
		fatal("no memory");
	m->request = &q;
	q.text = text;
	status = relais_request(m->relais, &q, NULL);
	free(text);
	return status;
}

/* ---- once it is there ---------------------------------------------------- */

/* A message that is told of by NEW.stored: its file is not wanted any more. */
static int
finish(struct import *m, bool held)
{
	struct whereabouts	 w;
	int			 status = RELAIS_DONE;

	if (!held)
		status = parcel_find(m->relais, m->new, &w);
	if (status == RELAIS_DONE && !held && w.found)
		status = parcel_order(m->relais, "release", m->new);
	if (status != RELAIS_DONE)
		return status;
	if (parcel_remove(m->directory, m->name) == -1) {
		log_error("%s: %m", m->name);
		return RELAIS_LATER;
	}
	m->messages++;
	return RELAIS_DONE;
}

static int
settle(struct import *m)
{
	char	 name[PARCEL_NAME_SIZE];

	(void)snprintf(name, sizeof name, "%s.stored", m->new);
	if (parcel_rename(m->directory, m->name, name) == -1) {
		log_error("%s: %m", m->name);
		return RELAIS_LATER;
	}
	memcpy(m->name, name, sizeof m->name);
	return finish(m, m->parcel.held);
}

/*
 * An earlier run may have died while queue stored what it had sent.  What it
 * stored then stands in the journal before what is stored now: if it is there,
 * it is there by now, held, and goes.
 */
static int
forget(struct import *m, const char *before)
{
	struct whereabouts	 w;
	int			 status = parcel_find(m->relais, before, &w);

	if (status == RELAIS_DONE && w.found)
		status = parcel_order(m->relais, "delete", before);
	return status;
}

static int
import_file(struct import *m, const char *before)
{
	int	 status;

	m->file = parcel_open(m->directory, m->name, &m->parcel);
	if (m->file == NULL)
		return RELAIS_NONE;
	status = store(m);
	if (status == RELAIS_DONE && before != NULL)
		status = forget(m, before);
	if (status == RELAIS_DONE)
		status = settle(m);
	fclose(m->file);
	parcel_clear(&m->parcel);
	return status;
}

/* It was being imported as NEW. */
static int
go_on(struct import *m, const char *before)
{
	struct whereabouts	 w;
	FILE			*f;
	int			 status = parcel_find(m->relais, before, &w);

	if (status != RELAIS_DONE)
		return status;
	if (!w.found)
		return import_file(m, before);
	f = parcel_open(m->directory, m->name, &m->parcel);
	if (f == NULL)
		return RELAIS_NONE;
	fclose(f);
	memcpy(m->new, before, sizeof m->new);
	status = settle(m);
	parcel_clear(&m->parcel);
	return status;
}

/* NEW.stored: whether it was held before, its file still says. */
static int
end(struct import *m)
{
	FILE	*f = parcel_open(m->directory, m->name, &m->parcel);
	int	 status;

	if (f == NULL)
		return RELAIS_NONE;
	fclose(f);
	status = finish(m, m->parcel.held);
	parcel_clear(&m->parcel);
	return status;
}

static int
take_name(void *arg, const char *name)
{
	struct import	*m = arg;
	char		 id[ID_SIZE], new[ID_SIZE];
	const char	*rest;

	if (!parcel_cut(name, id, &rest))
		return RELAIS_DONE;
	(void)snprintf(m->name, sizeof m->name, "%s", name);
	memcpy(m->new, id, sizeof m->new);
	if (rest[0] == '\0')
		return import_file(m, NULL);
	if (strcmp(rest, ".stored") == 0)
		return end(m);
	if (rest[0] == '.' && parcel_cut(rest + 1, new, &rest) &&
	    rest[0] == '\0')
		return go_on(m, new);
	return RELAIS_DONE;
}

int
relais_import(const struct relais *r, const char *arg)
{
	struct import	 m = { .relais = r };
	int		 status;

	m.directory = parcels_open(arg);
	if (m.directory == -1)
		return RELAIS_USAGE;
	status = parcels_walk(m.directory, take_name, &m);
	close(m.directory);
	printf("%llu message%s imported\n", (unsigned long long)m.messages,
	    m.messages == 1 ? "" : "s");
	return status;
}
