/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "queue/row.h"
#include "shared/ipc.h"

/* Of the state on disk: what only some recipients have follows. */
enum { MORE_FOLLOWS = 0x80, TRIED_FOLLOWS = 0x40 };

/* An address is kept as text; that it parses is a rule of the table. */
static struct span
take_address(struct unpack *u)
{
	struct span	 s = unpack_text(u, ADDR_TEXT_MAX);
	struct addr	 parsed;

	if (addr_parse(s, &parsed) != ADDR_OK)
		u->failed = true;
	return s;
}

void
message_row_encode(const struct message_row *r, struct pack *p)
{
	pack_u64(p, r->arrived);
	pack_u64(p, r->size);
	pack_u32(p, origin_flags(&r->origin, r->flags));
	pack_u32(p, r->next);
	pack_u32(p, r->left);
	pack_u32(p, r->fresh);
	pack_u32(p, r->failed);
	pack_text(p, addr_span(&r->sender));
	origin_pack(&r->origin, p);
}

bool
message_row_decode(struct span s, struct message_row *r)
{
	struct unpack	 u;
	struct span	 sender;

	unpack_init(&u, s);
	r->arrived = unpack_u64(&u);
	r->size = unpack_u64(&u);
	r->flags = unpack_u32(&u);
	r->next = unpack_u32(&u);
	r->left = unpack_u32(&u);
	r->fresh = unpack_u32(&u);
	r->failed = unpack_u32(&u);
	sender = unpack_text(&u, ADDR_TEXT_MAX);
	origin_unpack(&r->origin, &u, &r->flags);
	return unpack_ended(&u) && addr_parse(sender, &r->sender) == ADDR_OK;
}

bool
message_flags_rest(uint32_t flags)
{
	return (flags & (MESSAGE_HELD | MESSAGE_QUARANTINED)) != 0;
}

bool
message_row_rests(const struct message_row *r)
{
	return message_flags_rest(r->flags);
}

static void
put_reply(const struct reply *r, struct pack *p)
{
	pack_u16(p, r->code);
	pack_u16(p, r->class);
	pack_u16(p, r->subject);
	pack_u16(p, r->detail);
	pack_text(p, span_of(r->text));
}

static void
take_reply(struct unpack *u, struct reply *r)
{
	struct span	 text;

	r->code = unpack_u16(u);
	r->class = unpack_u16(u);
	r->subject = unpack_u16(u);
	r->detail = unpack_u16(u);
	text = unpack_text(u, REPLY_TEXT_MAX);
	reply_set_text(r, text);
	if (r->code > 999 || r->class > 9 || r->subject > 999 ||
	    r->detail > 999)
		u->failed = true;
}

static bool
has_more(const struct recipient_row *r)
{
	return r->action != ACTION_FAILED || r->marks != 0 || r->losses != 0 ||
	    r->parameters.len > 0;
}

static void
put_more(const struct recipient_row *r, struct pack *p)
{
	pack_u8(p, r->action);
	pack_u32(p, r->marks);
	pack_u32(p, r->losses);
	pack_text(p, r->parameters);
}

static void
take_more(struct unpack *u, struct recipient_row *r)
{
	bool	 follows = (r->state & MORE_FOLLOWS) != 0;
	bool	 tried = (r->state & TRIED_FOLLOWS) != 0;

	r->state &= (uint8_t)~(MORE_FOLLOWS | TRIED_FOLLOWS);
	r->action = follows ? unpack_u8(u) : ACTION_FAILED;
	r->marks = follows ? unpack_u32(u) : 0;
	r->losses = follows ? unpack_u32(u) : 0;
	r->parameters = follows ? unpack_line(u, RCPT_PARAMETERS_MAX) :
	    span_of("");
	r->tried = tried ? unpack_u64(u) : 0;
	if (r->action >= ACTION_COUNT || (tried && r->tried == 0))
		u->failed = true;
}

void
recipient_row_encode(const struct recipient_row *r, struct pack *p)
{
	bool	 more = has_more(r);

	pack_u8(p, (uint8_t)(r->state | (more ? MORE_FOLLOWS : 0) |
	    (r->tried != 0 ? TRIED_FOLLOWS : 0)));
	pack_u8(p, r->expired);
	pack_u32(p, r->generation);
	pack_u32(p, r->attempts);
	pack_u64(p, r->due);
	pack_u64(p, r->position);
	pack_text(p, r->address);
	pack_text(p, r->original);
	pack_text(p, r->destination);
	put_reply(&r->reply, p);
	pack_text(p, r->relay);
	if (more)
		put_more(r, p);
	if (r->tried != 0)
		pack_u64(p, r->tried);
}

bool
recipient_row_decode(struct span s, struct recipient_row *r)
{
	struct unpack	 u;

	unpack_init(&u, s);
	r->state = unpack_u8(&u);
	r->expired = unpack_u8(&u);
	r->generation = unpack_u32(&u);
	r->attempts = unpack_u32(&u);
	r->due = unpack_u64(&u);
	r->position = unpack_u64(&u);
	r->address = take_address(&u);
	r->original = take_address(&u);
	r->destination = unpack_line(&u, DESTINATION_TEXT_MAX);
	take_reply(&u, &r->reply);
	r->relay = unpack_line(&u, RELAY_TEXT_MAX);
	take_more(&u, r);
	return unpack_ended(&u) && r->state >= ROW_NEW &&
	    r->state <= ROW_FAILED && r->expired <= 1 && r->address.len > 0;
}

/* ---- destinations -------------------------------------------------------- */

/* Lane 0 alone is all that stood there before there were lanes. */
static unsigned
other_lanes(const struct destination_row *r)
{
	unsigned	 lane, mask = 0;

	for (lane = 1; lane < LANES; lane++)
		if (r->dues[lane] != 0)
			mask |= 1u << lane;
	return mask;
}

void
event_row_encode(const struct event_row *r, struct pack *p)
{
	pack_u64(p, r->time);
	pack_u8(p, r->kind);
	pack_u32(p, r->number);
	pack_u32(p, r->uid);
	put_reply(&r->reply, p);
	pack_text(p, r->relay);
}

bool
event_row_decode(struct span s, struct event_row *r)
{
	struct unpack	 u;

	unpack_init(&u, s);
	r->time = unpack_u64(&u);
	r->kind = unpack_u8(&u);
	r->number = unpack_u32(&u);
	r->uid = unpack_u32(&u);
	take_reply(&u, &r->reply);
	r->relay = unpack_line(&u, RELAY_TEXT_MAX);
	return unpack_ended(&u) && r->kind < EVENT_COUNT;
}

void
destination_row_encode(const struct destination_row *r, struct pack *p)
{
	unsigned	 lane, mask = other_lanes(r);

	pack_u64(p, r->dues[0]);
	pack_u64(p, r->closed);
	pack_u32(p, r->failures);
	if (mask != 0)
		pack_u16(p, (uint16_t)mask);
	for (lane = 1; lane < LANES; lane++)
		if (mask & 1u << lane)
			pack_u64(p, r->dues[lane]);
}

uint64_t
destination_row_due(const struct destination_row *r)
{
	uint64_t	 due = 0;
	unsigned	 lane;

	for (lane = 0; lane < LANES; lane++)
		if (r->dues[lane] != 0 && (due == 0 || r->dues[lane] < due))
			due = r->dues[lane];
	return due;
}

bool
destination_row_decode(struct span s, struct destination_row *r)
{
	struct unpack	 u;
	unsigned	 lane, mask = 0;

	*r = (struct destination_row){ .due = 0 };
	unpack_init(&u, s);
	r->dues[0] = unpack_u64(&u);
	r->closed = unpack_u64(&u);
	r->failures = unpack_u32(&u);
	if (u.rest.len > 0 && (mask = unpack_u16(&u)) == 0)
		u.failed = true;
	for (lane = 1; lane < LANES; lane++)
		if (mask & 1u << lane)
			r->dues[lane] = unpack_u64(&u);
	r->due = destination_row_due(r);
	return unpack_ended(&u) && other_lanes(r) == mask;
}

/* What failed in the time of an older queue has no due time: its message is in
 * `incoming`. */
bool
row_waits(const struct recipient_row *r, struct span *name)
{
	*name = r->state == ROW_FAILED ? span_of(NOTICE_NAME) :
	    r->destination;
	return r->state == ROW_WAITING ||
	    (r->state == ROW_FAILED && r->due != 0);
}

/* ---- keys ---------------------------------------------------------------- */

/* No destination's text has it, and it stands before all that one has. */
enum { LANE_MARK = 0x1e, LANE_FIRST = 'a' };

void
name_key_encode(struct span name, struct pack *p)
{
	pack_octets(p, name);
	pack_u8(p, 0);
}

static void
put_name(struct span name, unsigned lane, struct pack *p)
{
	pack_octets(p, name);
	if (lane > 0) {
		pack_u8(p, LANE_MARK);
		pack_u8(p, (uint8_t)(LANE_FIRST + lane));
	}
	pack_u8(p, 0);
}

static unsigned
take_lane(struct span *name, struct unpack *u)
{
	size_t		 at = span_index(*name, LANE_MARK);
	unsigned	 lane;

	if (at == name->len)
		return 0;
	lane = at + 2 == name->len ?
	    (unsigned char)name->ptr[at + 1] - (unsigned)LANE_FIRST : LANES;
	*name = span_head(*name, at);
	if (lane == 0 || lane >= LANES)
		u->failed = true;
	return lane;
}

static struct span
take_name(struct unpack *u, unsigned *lane)
{
	size_t		 len = span_index(u->rest, '\0');
	struct span	 name = unpack_octets(u, len);

	(void)unpack_u8(u);
	*lane = take_lane(&name, u);
	if (name.len > DESTINATION_TEXT_MAX || !span_is_text(name))
		u->failed = true;
	return name;
}

void
wait_key_encode(const struct wait_key *k, struct pack *p)
{
	put_name(k->name, k->lane, p);
	pack_u64(p, k->due);
	pack_u64(p, k->id);
	pack_u32(p, k->number);
}

bool
wait_key_decode(struct span s, struct wait_key *k)
{
	struct unpack	 u;

	unpack_init(&u, s);
	k->name = take_name(&u, &k->lane);
	k->due = unpack_u64(&u);
	k->id = unpack_u64(&u);
	k->number = unpack_u32(&u);
	return unpack_ended(&u);
}

void
due_key_encode(const struct due_key *k, struct pack *p)
{
	pack_u64(p, k->due);
	put_name(k->name, k->lane, p);
}

bool
due_key_decode(struct span s, struct due_key *k)
{
	struct unpack	 u;

	unpack_init(&u, s);
	k->due = unpack_u64(&u);
	k->name = take_name(&u, &k->lane);
	return unpack_ended(&u);
}
