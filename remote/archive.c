/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/log.h"
#include "remote/archive.h"
#include "remote/destination.h"

struct dialogue {
	LIST_ENTRY(dialogue) bucket;
	TAILQ_ENTRY(dialogue) entry;
	uint64_t	 number, message;
	int64_t		 begun, ended, succeeded;	/* wall; 0: not */
	struct reply	 verdict;
	char		 destination[DESTINATION_TEXT_MAX + 1];
	size_t		 head, len;
	unsigned	 dropped;
	char		*lines;
};

void
archive_init(struct archive *a, const struct loop *loop)
{
	size_t	 i;

	*a = (struct archive){ .loop = loop };
	for (i = 0; i < ARCHIVE_BUCKETS; i++)
		LIST_INIT(&a->buckets[i]);
	TAILQ_INIT(&a->dialogues);
	SLIST_INIT(&a->spare);
}

static void
forget(struct archive *a, struct dialogue *d)
{
	LIST_REMOVE(d, bucket);
	TAILQ_REMOVE(&a->dialogues, d, entry);
	a->count--;
	free(d->lines);
	free(d);
}

void
archive_clear(struct archive *a)
{
	struct dialogue		*d;
	struct recording	*r;

	while ((d = TAILQ_FIRST(&a->dialogues)) != NULL)
		forget(a, d);
	while ((r = SLIST_FIRST(&a->spare)) != NULL) {
		SLIST_REMOVE_HEAD(&a->spare, spare);
		recorder_clear(r);
		free(r);
	}
}

/* ---- what is kept -------------------------------------------------------- */

static struct archive_list *
bucket_of(struct archive *a, struct span destination)
{
	return &a->buckets[span_hash(destination) % ARCHIVE_BUCKETS];
}

static struct dialogue *
find(struct archive *a, struct span destination)
{
	struct dialogue	*d;

	if (a->count == 0)
		return NULL;
	LIST_FOREACH(d, bucket_of(a, destination), bucket)
		if (span_is(destination, d->destination))
			break;
	return d;
}

static struct dialogue *
dialogue_new(struct archive *a, struct span destination)
{
	struct dialogue	*d = xcalloc(1, sizeof *d);

	if (a->count == ARCHIVE_MAX)
		forget(a, TAILQ_FIRST(&a->dialogues));
	if (!span_copy(destination, d->destination, sizeof d->destination))
		fatal("archive: a destination is too long");
	LIST_INSERT_HEAD(bucket_of(a, destination), d, bucket);
	TAILQ_INSERT_TAIL(&a->dialogues, d, entry);
	a->count++;
	return d;
}

static void
keep(struct archive *a, const struct recording *r, struct span destination)
{
	struct dialogue	*d = find(a, destination);

	if (d == NULL)
		d = dialogue_new(a, destination);
	TAILQ_REMOVE(&a->dialogues, d, entry);
	TAILQ_INSERT_TAIL(&a->dialogues, d, entry);
	d->number = ++a->last;
	d->message = r->message;
	d->ended = clock_wall();
	d->begun = d->ended - 1000 * clock_ms_between(r->begun,
	    loop_now(a->loop));
	d->succeeded = 0;
	d->verdict = r->verdict;
	d->head = r->head;
	d->len = r->len;
	d->dropped = r->dropped;
	free(d->lines);
	d->lines = span_dup(span_make(r->lines, r->len));
}

struct recording *
archive_begin(struct archive *a, uint64_t message)
{
	struct recording	*r = SLIST_FIRST(&a->spare);

	if (r != NULL)
		SLIST_REMOVE_HEAD(&a->spare, spare);
	else
		r = xcalloc(1, sizeof *r);
	recorder_begin(r, a->loop, message);
	return r;
}

void
archive_end(struct archive *a, struct recording *r, struct span destination)
{
	struct dialogue	*d;

	if (r->failed) {
		recorder_end(r);
		keep(a, r, destination);
	} else if (r->settled && (d = find(a, destination)) != NULL)
		d->succeeded = clock_wall();
	SLIST_INSERT_HEAD(&a->spare, r, spare);
}

/* ---- what is shown ------------------------------------------------------- */

/* "host[ip]:port": is it this host, or this address? */
static bool
is_endpoint(struct span text, struct span name)
{
	struct span	 host, address;

	(void)span_cut(span_cut(text, '[', &host), ']', &address);
	return (host.len == name.len && strncasecmp(host.ptr, name.ptr,
	    name.len) == 0) || span_equal(address, name);
}

static bool
was_tried(const struct dialogue *d, struct span name)
{
	struct span		 lines = span_make(d->lines, d->len);
	struct record_line	 line;
	size_t			 at = 0;

	while (recorder_read(lines, &at, &line))
		if (line.mark == TRACE_CONNECT && is_endpoint(line.text, name))
			return true;
	return false;
}

/* The destination as queue says it, with or without its hop; its domain, host
 * or path; a host or an address that was tried. */
static bool
is_meant(const struct dialogue *d, struct span name)
{
	struct span		 text = span_of(d->destination), plain;
	struct destination	 to;

	(void)span_cut(text, ';', &plain);
	if (name.len == 0 || span_equal(text, name) || span_equal(plain, name))
		return true;
	if (destination_parse(text, &to) && span_is_word(name, to.name))
		return true;
	return was_tried(d, name);
}

static void
put_dialogue(const struct dialogue *d, struct peer *p, uint64_t token)
{
	struct msg	 m = { .type = MSG_TRACE_DIALOGUE };

	m.trace_dialogue = (struct msg_trace_dialogue){ .token = token,
	    .destination = span_of(d->destination), .message = d->message,
	    .begun = d->begun, .ended = d->ended, .succeeded = d->succeeded,
	    .reply = d->verdict };
	peer_put(p, &m);
}

static void
put_line(struct peer *p, uint64_t token, const struct record_line *line)
{
	char		 text[LOG_LINE_MAX];
	struct msg	 m = { .type = MSG_TRACE_LINE };

	m.trace_line.token = token;
	m.trace_line.ms = line->ms;
	m.trace_line.mark = line->mark;
	m.trace_line.text = span_make(text, log_escape(text, line->text));
	peer_put(p, &m);
}

static void
put_lines(const struct dialogue *d, struct peer *p, uint64_t token)
{
	struct span		 lines = span_make(d->lines, d->len);
	struct record_line	 line, gap = { .mark = TRACE_GAP };
	char			 text[32];
	size_t			 at = 0;

	(void)snprintf(text, sizeof text, "%u", d->dropped);
	gap.text = span_of(text);
	while (recorder_read(lines, &at, &line)) {
		put_line(p, token, &line);
		gap.ms = line.ms;
		if (at == d->head && d->dropped > 0)
			put_line(p, token, &gap);
	}
}

void
archive_trace(struct archive *a, struct peer *p, const struct msg_trace *m)
{
	struct msg	 end = { .type = MSG_TRACED };
	struct dialogue	*d;
	unsigned	 n = 0, most = m->name.len > 0 ? 1 : ARCHIVE_PAGE;

	end.traced.token = m->token;
	TAILQ_FOREACH(d, &a->dialogues, entry) {
		if (d->number <= m->after || !is_meant(d, m->name))
			continue;
		put_dialogue(d, p, m->token);
		if (m->name.len > 0)
			put_lines(d, p, m->token);
		end.traced.next = d->number;
		if (++n == most)
			break;
	}
	if (d == NULL)
		end.traced.next = 0;
	peer_put(p, &end);
}
