/* SPDX-License-Identifier: ISC */
/*
 * Content comes into a room of our own until the header is over; from there it
 * goes on as soon as it is known what it is.  Behind the header the room is
 * emptied once more, and then content has the sink for itself.
 */
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "shared/clock.h"
#include "shared/id.h"
#include "shared/log.h"
#include "smtpd/completion.h"

enum stage {
	IN_HEADER,
	OVER,			/* it is looked at */
	ADDING,			/* what is missing goes out */
	RESUMING,		/* and what came behind the header */
	THROUGH
};

struct completion {
	enum stage	 stage;
	struct heading	 heading;
	struct buf	 adds;
	bool		 has_body;
	bool		 refused;
	struct reply	 why;
	size_t		 head, tail;		/* of what is in the room */
	char		 room[COMPLETION_ROOM];
};

struct completion *
completion_new(void)
{
	struct completion	*c = xcalloc(1, sizeof(*c));

	heading_init(&c->heading);
	buf_init(&c->adds, COMPLETION_ADDS_MAX);
	return c;
}

void
completion_free(struct completion *c)
{
	if (c == NULL)
		return;
	heading_clear(&c->heading);
	buf_clear(&c->adds);
	free(c);
}

bool
completion_is_over(const struct completion *c)
{
	return c->stage == OVER;
}

const struct heading *
completion_heading(const struct completion *c)
{
	return &c->heading;
}

bool
completion_is_pending(const struct completion *c)
{
	return c->stage == OVER || c->stage == ADDING || c->tail > c->head;
}

/* ---- from the room to the sink ------------------------------------------- */

static struct span
waiting(const struct completion *c)
{
	return span_make(c->room + c->head, c->tail - c->head);
}

/* False when the sink is full. */
static bool
pass_header(struct completion *c, struct content_sink *sink)
{
	enum heading_part	 part;
	struct span		 s;
	size_t			 n;

	while ((s = waiting(c)).len > 0) {
		part = heading_look(&c->heading, s, &n);
		if (part == HEADING_UNCLEAR)
			break;
		if (part == HEADING_OVER) {
			c->has_body = true;
			c->stage = OVER;
			break;
		}
		if (part == HEADING_PASSES)
			n = content_sink_put(sink, span_head(s, n));
		if (n == 0)
			return false;
		heading_take(&c->heading, span_head(s, n));
		c->head += n;
	}
	return true;
}

static void
pass_adds(struct completion *c, struct content_sink *sink)
{
	size_t	 n = 1;

	while (buf_len(&c->adds) > 0 && n > 0) {
		n = content_sink_put(sink, buf_span(&c->adds));
		buf_drop(&c->adds, n);
	}
	if (buf_len(&c->adds) == 0)
		c->stage = RESUMING;
}

static void
pass_rest(struct completion *c, struct content_sink *sink)
{
	size_t	 n = 1;

	while (c->tail > c->head && n > 0) {
		n = content_sink_put(sink, waiting(c));
		c->head += n;
	}
	if (c->tail == c->head)
		c->stage = THROUGH;
}

/* False when it does not go on: the sink is full, or the header is over. */
static bool
drain(struct completion *c, struct content_sink *sink, bool at_end)
{
	if (c->stage == IN_HEADER) {
		if (!pass_header(c, sink))
			return false;
		if (c->stage == IN_HEADER && at_end)
			c->stage = OVER;
		return c->stage == IN_HEADER;
	}
	if (c->stage == ADDING)
		pass_adds(c, sink);
	if (c->stage == RESUMING)
		pass_rest(c, sink);
	return c->stage == THROUGH;
}

/* ---- into the room ------------------------------------------------------- */

static bool
no_more(struct content_sink *sink)
{
	(void)sink;
	return false;
}

static enum content_status
feed(struct content *content, struct span *in, struct content_sink *sink)
{
	return in == NULL ? content_end(content, sink) :
	    content_feed(content, in, sink);
}

static enum content_status
fill(struct completion *c, struct content *content, struct span *in)
{
	struct content_sink	 room = { .more = no_more };
	enum content_status	 status;

	memmove(c->room, c->room + c->head, c->tail - c->head);
	c->tail -= c->head;
	c->head = 0;
	room.at = c->room + c->tail;
	room.room = sizeof(c->room) - c->tail;
	status = feed(content, in, &room);
	c->tail = sizeof(c->room) - room.room;
	return status;
}

enum content_status
completion_feed(struct completion *c, struct content *content,
    struct span *in, struct content_sink *sink)
{
	enum content_status	 status;

	do {
		if (c->stage == THROUGH || content->verdict != CONTENT_GOOD)
			return feed(content, in, sink);
		status = fill(c, content, in);
		if (content->verdict == CONTENT_GOOD &&
		    !drain(c, sink, status == CONTENT_END))
			return CONTENT_FULL;
	} while (status == CONTENT_FULL);
	return status;
}

/* ---- the end of the header ----------------------------------------------- */

static bool
lacks(const struct completion *c, enum heading_field field)
{
	return c->heading.count[field] == 0;
}

void
completion_add(struct completion *c, const struct completion_source *from)
{
	char	 date[DATE_SIZE], id[ID_SIZE];
	bool	 fits = true;

	date_format(date, from->wall);
	id_format(id, from->message);
	if (lacks(c, HEADING_FROM) && !addr_is_null(from->sender))
		fits = buf_printf(&c->adds, "From: <%s>\r\n",
		    from->sender->text);
	if (lacks(c, HEADING_DATE))
		fits = fits && buf_printf(&c->adds, "Date: %s\r\n", date);
	if (lacks(c, HEADING_MESSAGE_ID))
		fits = fits && buf_printf(&c->adds, "Message-ID: <%s@%s>\r\n",
		    id, from->host);
	if (c->has_body && !c->heading.parted)
		fits = fits && buf_put(&c->adds, span_of("\r\n"));
	if (!fits)
		fatal("the fields that are missing are too long");
	c->stage = ADDING;
}

void
completion_refuse(struct completion *c, const struct reply *why)
{
	c->refused = true;
	c->why = *why;
	c->stage = THROUGH;
}

const struct reply *
completion_refusal(const struct completion *c)
{
	return c != NULL && c->refused ? &c->why : NULL;
}
