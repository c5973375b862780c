/* SPDX-License-Identifier: ISC */
/*
 * A message that another machine had.  Its client says the envelope, hears the
 * id that it will have, and then recipients and content, so that at each moment
 * files tell what is here already.  It is held until the client releases it.
 */
#include <stdlib.h>
#include <string.h>

#include "control/control.h"
#include "shared/alloc.h"
#include "shared/id.h"
#include "shared/log.h"
#include "shared/ring.h"
#include "shared/xtext.h"

struct parcel {
	struct addr	 sender;
	uint64_t	 size, arrived, flags;
	char		 client[CLIENT_TEXT_MAX + 1];
	char		 identity[USER_TEXT_MAX + 1];
	char		 parameters[PARAMETERS_MAX + 1];
	uint32_t	 count;		/* recipients */
	bool		 opened;
	bool		 has_content;	/* its line has come */
	uint64_t	 got;
	bool		 waits;		/* for a slot */
};

enum {
	FLAGS = MESSAGE_8BIT | MESSAGE_LOCAL | MESSAGE_NOTICE | MESSAGE_UTF8
};

/* ---- the envelope -------------------------------------------------------- */

static bool
take_text(struct span value, char *into, size_t size)
{
	return xtext_decode_text(value, into, size);
}

static bool
take_address(struct span value, struct addr *a)
{
	char	 text[ADDR_TEXT_MAX + 1];

	return take_text(value, text, sizeof text) &&
	    addr_parse(span_of(text), a) == ADDR_OK;
}

/* False for a word that is none of these. */
static bool
take_word(struct parcel *p, struct span word)
{
	struct span	 name, value = span_cut(word, '=', &name);

	if (span_is(name, "sender"))
		return take_address(value, &p->sender);
	if (span_is(name, "size"))
		return span_parse_u64(value, UINT64_MAX, &p->size);
	if (span_is(name, "arrived"))
		return span_parse_u64(value, UINT64_MAX, &p->arrived);
	if (span_is(name, "flags"))
		return span_parse_u64(value, FLAGS, &p->flags) &&
		    (p->flags & ~(uint64_t)FLAGS) == 0;
	if (span_is(name, "client"))
		return take_text(value, p->client, sizeof p->client);
	if (span_is(name, "identity"))
		return take_text(value, p->identity, sizeof p->identity);
	return span_is(name, "parameters") &&
	    take_text(value, p->parameters, sizeof p->parameters);
}

/* Whoever has opened it and does not end it takes it back. */
static void
on_gone(struct session *s)
{
	struct msg	 m = { .type = MSG_ABORT };

	m.abort.token = s->token;
	if (s->token != 0 && s->parcel->opened)
		peer_put(s->peer, &m);
	free(s->parcel);
	s->parcel = NULL;
}

void
control_import(struct session *s, struct span words)
{
	struct parcel	*p = xcalloc(1, sizeof *p);
	struct span	 word;

	s->parcel = p;
	s->gone = on_gone;
	while ((word = span_word(&words)).len > 0)
		if (!take_word(p, word)) {
			session_err(s, ADMIN_ERR_USAGE,
			    "not the envelope of a message");
			return;
		}
	log_info("import ordered, uid=%u", s->uid);
	s->ask = (struct msg){ .type = MSG_OPEN };
	s->ask.open.sender = p->sender;
	s->ask.open.size = p->size;
	s->ask.open.arrived = p->arrived;
	s->ask.open.flags = (uint32_t)p->flags | MESSAGE_HELD;
	s->ask.open.client = span_of(p->client);
	s->ask.open.identity = span_of(p->identity);
	s->ask.open.parameters = span_of(p->parameters);
	session_ask(s, control_queue(), &s->ask.open.token);
}

/* ---- recipients and content ---------------------------------------------- */

static void
wrong(struct session *s)
{
	session_err(s, ADMIN_ERR_USAGE, "not a recipient, nor content");
}

/* "recipient ADDRESS PARAMETERS", in xtext. */
static bool
take_recipient(struct session *s, struct span words)
{
	struct msg	 m = { .type = MSG_RECIPIENT };
	char		 parameters[RCPT_PARAMETERS_MAX + 1];
	struct span	 address = span_word(&words);

	if (s->parcel->count == RECIPIENTS_MAX ||
	    !take_address(address, &m.recipient.recipient) ||
	    addr_is_null(&m.recipient.recipient) ||
	    !take_text(span_word(&words), parameters, sizeof parameters))
		return false;
	m.recipient.token = s->token;
	m.recipient.number = s->parcel->count++;
	m.recipient.parameters = span_of(parameters);
	peer_put(s->peer, &m);
	return true;
}

static void
end(struct session *s)
{
	struct msg	 m = { .type = MSG_END };

	m.end.token = s->token;
	m.end.size = s->parcel->size;
	m.end.recipients = s->parcel->count;
	stream_hold(s->stream, true);
	peer_put(s->peer, &m);
}

/* All that is here, a slot at a time; when none is free it waits. */
static void
take_content(struct session *s)
{
	struct parcel	*p = s->parcel;
	struct buf	*in = stream_in(s->stream);
	struct ring	*ring = peer_ring_out(s->peer);
	struct msg	 m = { .type = MSG_CONTENT };
	int		 slot;

	while (p->got < p->size && buf_len(in) > 0) {
		slot = ring_take(ring);
		if (slot == -1) {
			p->waits = true;
			stream_hold(s->stream, true);
			return;
		}
		m.content.token = s->token;
		m.content.slot = (uint32_t)slot;
		m.content.length = buf_len(in) < p->size - p->got ?
		    (uint32_t)buf_len(in) : (uint32_t)(p->size - p->got);
		memcpy(ring_slot(ring, (unsigned)slot), buf_span(in).ptr,
		    m.content.length);
		buf_drop(in, m.content.length);
		p->got += m.content.length;
		peer_put(s->peer, &m);
	}
	if (p->got == p->size)
		end(s);
}

static void
on_input(struct session *s)
{
	struct buf	*in = stream_in(s->stream);
	struct span	 all, line, words;

	timer_in(&s->timer, ADMIN_IDLE);
	while (!s->parcel->has_content) {
		all = buf_span(in);
		(void)span_cut(all, '\n', &line);
		if (line.len == all.len) {
			if (all.len == ADMIN_LINE_MAX)
				wrong(s);
			return;
		}
		words = line;
		if (span_is(line, "content") && s->parcel->count > 0)
			s->parcel->has_content = true;
		else if (!span_is(span_word(&words), "recipient") ||
		    !take_recipient(s, words)) {
			wrong(s);
			return;
		}
		buf_drop(in, line.len + 1);
	}
	take_content(s);
}

void
on_freed(struct peer *peer, struct msg *m)
{
	struct session	*s = NULL;

	if (!ring_give_back(peer_ring_out(peer), m->freed.slot)) {
		peer_accuse(peer, "frees a slot that it does not hold");
		return;
	}
	while ((s = control_next(s, MSG_OPEN)) != NULL)
		if (s->parcel != NULL && s->parcel->waits) {
			s->parcel->waits = false;
			stream_hold(s->stream, false);
		}
}

/* ---- answers ------------------------------------------------------------- */

void
on_opened(struct peer *peer, struct msg *m)
{
	struct session	*s = control_session(peer, m->opened.token, MSG_OPEN);
	char		 id[ID_SIZE];

	if (s == NULL)
		return;
	if (s->parcel->opened) {
		peer_accuse(peer, "opens an envelope twice");
		return;
	}
	s->parcel->opened = true;
	s->id = m->opened.message;
	id_format(id, s->id);
	if (!session_row(s, "opened\t%s", id))
		return;
	s->input = on_input;
	stream_hold(s->stream, false);
}

void
on_stored(struct peer *peer, struct msg *m)
{
	static const char *const	 words[STORED_OUTCOME_COUNT] = {
		[STORED_ABORTED] = "queue is ending; try again",
		[STORED_NO_SPACE] = "no space is left",
		[STORED_TOO_BIG] = "the message is too large",
		[STORED_FAILED] = "it could not be stored"
	};
	struct session	*s = control_session(peer, m->stored.token, MSG_OPEN);
	char		 id[ID_SIZE];

	if (s == NULL)
		return;
	if (m->stored.outcome == STORED_OK &&
	    (!s->parcel->has_content || s->parcel->got < s->parcel->size)) {
		peer_accuse(peer, "stores what it has not got");
		return;
	}
	s->token = 0;
	if (m->stored.outcome != STORED_OK) {
		session_err(s, m->stored.outcome == STORED_TOO_BIG ?
		    ADMIN_ERR_NONE : ADMIN_ERR_LATER,
		    words[m->stored.outcome]);
		return;
	}
	id_format(id, s->id);
	log_info("%s: imported, uid=%u", id, s->uid);
	session_ok(s, 1);
}
