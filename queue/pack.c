/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "queue/pack.h"

void
pack_init(struct pack *p, void *data, size_t max)
{
	*p = (struct pack){ .data = data, .max = max };
}

void
pack_octets(struct pack *p, struct span s)
{
	if (p->failed || s.len > p->max - p->len) {
		p->failed = true;
		return;
	}
	if (s.len > 0)		/* an empty one may point nowhere */
		memcpy(p->data + p->len, s.ptr, s.len);
	p->len += s.len;
}

static void
put_number(struct pack *p, uint64_t n, size_t octets)
{
	char	 raw[8];
	size_t	 i;

	for (i = 0; i < octets; i++)
		raw[i] = (char)(n >> 8 * (octets - 1 - i));
	pack_octets(p, span_make(raw, octets));
}

void
pack_u8(struct pack *p, uint8_t n)
{
	put_number(p, n, 1);
}

void
pack_u16(struct pack *p, uint16_t n)
{
	put_number(p, n, 2);
}

void
pack_u32(struct pack *p, uint32_t n)
{
	put_number(p, n, 4);
}

void
pack_u64(struct pack *p, uint64_t n)
{
	put_number(p, n, 8);
}

void
pack_text(struct pack *p, struct span s)
{
	if (s.len > UINT16_MAX) {
		p->failed = true;
		return;
	}
	pack_u16(p, (uint16_t)s.len);
	pack_octets(p, s);
}

struct span
pack_span(const struct pack *p)
{
	return span_make(p->data, p->len);
}

void
unpack_init(struct unpack *u, struct span s)
{
	*u = (struct unpack){ .rest = s };
}

struct span
unpack_octets(struct unpack *u, size_t n)
{
	struct span	 s;

	if (u->failed || n > u->rest.len) {
		u->failed = true;
		return span_of("");
	}
	s = span_head(u->rest, n);
	u->rest = span_skip(u->rest, n);
	return s;
}

static uint64_t
take_number(struct unpack *u, size_t octets)
{
	struct span	 s = unpack_octets(u, octets);
	uint64_t	 n = 0;
	size_t		 i;

	for (i = 0; i < s.len; i++)
		n = n << 8 | (unsigned char)s.ptr[i];
	return n;
}

uint8_t
unpack_u8(struct unpack *u)
{
	return (uint8_t)take_number(u, 1);
}

uint16_t
unpack_u16(struct unpack *u)
{
	return (uint16_t)take_number(u, 2);
}

uint32_t
unpack_u32(struct unpack *u)
{
	return (uint32_t)take_number(u, 4);
}

uint64_t
unpack_u64(struct unpack *u)
{
	return take_number(u, 8);
}

struct span
unpack_text(struct unpack *u, size_t max)
{
	size_t	 len = unpack_u16(u);

	if (len > max)
		u->failed = true;
	return unpack_octets(u, len);
}

struct span
unpack_line(struct unpack *u, size_t max)
{
	struct span	 s = unpack_text(u, max);

	if (!span_is_text(s))
		u->failed = true;
	return s;
}

bool
unpack_ended(const struct unpack *u)
{
	return !u->failed && u->rest.len == 0;
}
