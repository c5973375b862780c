/* SPDX-License-Identifier: ISC */
#include <arpa/nameser.h>
#include <string.h>

#include "resolver/packet.h"

enum {
	LABEL_MAX = 63, POINTER = 0xc0,
	IS_REPLY = 0x80, OPCODE = 0x78, IS_CUT = 2, RECURSION = 1,
	SECURE = 0x20, CODE = 15
};

uint32_t
packet_number(struct span s, size_t at, unsigned octets)
{
	uint32_t	 n = 0;

	while (octets-- > 0)
		n = n << 8 | (uint8_t)s.ptr[at++];
	return n;
}

/* ---- names --------------------------------------------------------------- */

/* Room for the root is left. */
static bool
put_label(struct packet_name *n, struct span label)
{
	if (n->len + 1 + label.len + 1 > PACKET_NAME_MAX)
		return false;
	n->octets[n->len++] = label.len;
	memcpy(n->octets + n->len, label.ptr, label.len);
	n->len += label.len;
	return true;
}

bool
packet_name_parse(struct packet_name *n, struct span text)
{
	struct span	 label;

	n->len = 0;
	while (text.len > 0) {
		text = span_cut(text, '.', &label);
		if (label.len == 0 || label.len > LABEL_MAX ||
		    !put_label(n, label))
			return false;
	}
	n->octets[n->len++] = 0;
	return true;
}

bool
packet_name_format(const struct packet_name *n,
    char into[PACKET_NAME_MAX + 1])
{
	unsigned	 at = 0, end, out = 0;

	while (at < n->len && n->octets[at] > 0) {
		if (out > 0)
			into[out++] = '.';
		end = at + 1 + n->octets[at];
		for (at++; at < end; at++) {
			if (n->octets[at] <= ' ' || n->octets[at] > '~' ||
			    n->octets[at] == '.')
				return false;
			into[out++] = (char)n->octets[at];
		}
	}
	into[out] = '\0';
	return true;
}

/* A length is no letter: it is at most 63. */
static uint8_t
fold(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

void
packet_name_fold(struct packet_name *n)
{
	unsigned	 i;

	for (i = 0; i < n->len; i++)
		n->octets[i] = fold(n->octets[i]);
}

static bool
ends_with(const struct packet_name *n, unsigned at,
    const struct packet_name *end)
{
	unsigned	 i;

	if ((unsigned)n->len - at != end->len)
		return false;
	for (i = 0; i < end->len; i++)
		if (fold(n->octets[at + i]) != fold(end->octets[i]))
			return false;
	return true;
}

bool
packet_name_equal(const struct packet_name *a, const struct packet_name *b)
{
	return ends_with(a, 0, b);
}

bool
packet_name_is_below(const struct packet_name *n,
    const struct packet_name *zone)
{
	unsigned	 at;

	for (at = 0; at < n->len; at += 1 + n->octets[at])
		if (ends_with(n, at, zone))
			return true;
	return false;
}

/* Every pointer leads further to the front than the one before. */
size_t
packet_take_name(struct span s, size_t at, struct packet_name *n)
{
	size_t		 behind = 0, front = at, to;
	unsigned	 len;

	n->len = 0;
	while (at < s.len) {
		len = (uint8_t)s.ptr[at];
		if (len == 0) {
			n->octets[n->len++] = 0;
			return behind > 0 ? behind : at + 1;
		}
		if (len >= POINTER) {
			if (s.len - at < 2)
				return 0;
			to = packet_number(s, at, 2) & 0x3fff;
			if (to < NS_HFIXEDSZ || to >= front)
				return 0;
			behind = behind > 0 ? behind : at + 2;
			at = front = to;
			continue;
		}
		if (len > LABEL_MAX || s.len - at - 1 < len ||
		    !put_label(n, span_make(s.ptr + at + 1, len)))
			return 0;
		at += 1 + len;
	}
	return 0;
}

/* ---- questions ----------------------------------------------------------- */

static uint8_t *
put16(uint8_t *at, unsigned n)
{
	at[0] = n >> 8 & 255;
	at[1] = n & 255;
	return at + 2;
}

size_t
packet_write(const struct packet_question *q,
    uint8_t into[PACKET_QUESTION_MAX])
{
	uint8_t	*at = into;

	at = put16(at, q->id);
	at = put16(at, RECURSION << 8 | SECURE);
	at = put16(at, 1);
	at = put16(at, 0);
	at = put16(at, 0);
	at = put16(at, q->edns > 0);
	memcpy(at, q->name->octets, q->name->len);
	at = put16(at + q->name->len, q->type);
	at = put16(at, ns_c_in);
	if (q->edns > 0) {
		*at++ = 0;		/* OPT belongs to the root */
		at = put16(at, ns_t_opt);
		at = put16(at, q->edns);
		memset(at, 0, 6);	/* code, version, flags, no data */
		at += 6;
	}
	return (size_t)(at - into);
}

/* ---- replies ------------------------------------------------------------- */

unsigned
packet_code(struct span s)
{
	return (uint8_t)s.ptr[3] & CODE;
}

bool
packet_is_cut(struct span s)
{
	return ((uint8_t)s.ptr[2] & IS_CUT) != 0;
}

bool
packet_is_secure(struct span s)
{
	return ((uint8_t)s.ptr[3] & SECURE) != 0;
}

bool
packet_open(struct packet_reader *r, struct span s)
{
	r->packet = s;
	if (s.len < NS_HFIXEDSZ || s.len > NS_MAXMSG ||
	    ((uint8_t)s.ptr[2] & (IS_REPLY | OPCODE)) != IS_REPLY ||
	    packet_number(s, 4, 2) != 1)
		return false;
	r->at = packet_take_name(s, NS_HFIXEDSZ, &r->name);
	if (r->at == 0 || s.len - r->at < NS_QFIXEDSZ ||
	    packet_number(s, r->at + 2, 2) != ns_c_in)
		return false;
	r->type = packet_number(s, r->at, 2);
	r->at += NS_QFIXEDSZ;
	r->answers = packet_number(s, 6, 2);
	r->authorities = packet_number(s, 8, 2);
	return true;
}

bool
packet_is_reply(struct span s, const struct packet_name *name, unsigned type)
{
	struct packet_reader	 r;

	return packet_open(&r, s) && r.type == type &&
	    packet_name_equal(&r.name, name);
}

static enum packet_step
next(struct packet_reader *r, unsigned *left, struct packet_record *x)
{
	struct span	 s = r->packet;
	size_t		 at;

	if (*left == 0)
		return PACKET_END;
	at = packet_take_name(s, r->at, &x->owner);
	if (at == 0 || s.len - at < NS_RRFIXEDSZ)
		return PACKET_BROKEN;
	x->type = packet_number(s, at, 2);
	x->class = packet_number(s, at + 2, 2);
	x->life = packet_number(s, at + 4, 4);
	x->len = packet_number(s, at + 8, 2);
	x->data = at + NS_RRFIXEDSZ;
	if (x->len > s.len - x->data)
		return PACKET_BROKEN;
	if (x->life > INT32_MAX)	/* RFC 2181 section 8 */
		x->life = 0;
	r->at = x->data + x->len;
	--*left;
	return PACKET_RECORD;
}

enum packet_step
packet_next_answer(struct packet_reader *r, struct packet_record *x)
{
	return next(r, &r->answers, x);
}

enum packet_step
packet_next_authority(struct packet_reader *r, struct packet_record *x)
{
	return r->answers > 0 ? PACKET_BROKEN : next(r, &r->authorities, x);
}

bool
packet_is_whole(struct span s)
{
	struct packet_reader	 r;
	struct packet_record	 x;
	enum packet_step	 step = PACKET_BROKEN;

	if (!packet_open(&r, s))
		return false;
	while ((step = packet_next_answer(&r, &x)) == PACKET_RECORD)
		;
	while (step == PACKET_END && r.authorities > 0)
		if (packet_next_authority(&r, &x) == PACKET_BROKEN)
			step = PACKET_BROKEN;
	return step == PACKET_END;
}
