/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <arpa/nameser.h>
#include <bsd/stdlib.h>
#include <string.h>

#include "shared/addr.h"
#include "resolver/record.h"

/* ---- where an answer leads ----------------------------------------------- */

/* Is there one name behind the first `skip` octets of the data, and nothing
 * else? */
static bool
take_name(struct span s, const struct packet_record *x, size_t skip,
    struct packet_name *name)
{
	return x->len > skip && packet_take_name(span_head(s, x->data + x->len),
	    x->data + skip, name) == x->data + x->len;
}

static bool
is_whole(struct span s, const struct packet_record *x)
{
	struct packet_name	 name;

	switch (x->type) {
	case ns_t_a:
		return x->len == 4;
	case ns_t_aaaa:
		return x->len == 16;
	case ns_t_mx:
		return take_name(s, x, 2, &name);
	case ns_t_ptr:
		return take_name(s, x, 0, &name);
	default:
		return true;
	}
}

static void
shorten(struct record *r, uint32_t life)
{
	if (life < r->life)
		r->life = life;
}

enum link { LINK_DATA, LINK_ALIAS, LINK_END, LINK_BROKEN };

/* What the answer has of the name to which it led so far. */
static enum link
follow(struct packet_reader from, struct record *r)
{
	struct packet_record	 x;
	struct packet_name	 next;
	enum packet_step	 step;
	enum link		 link = LINK_END;
	uint32_t		 life = UINT32_MAX;

	while ((step = packet_next_answer(&from, &x)) == PACKET_RECORD) {
		if (x.class != ns_c_in ||
		    !packet_name_equal(&x.owner, &r->end))
			continue;
		if (x.type == from.type) {
			if (!is_whole(from.packet, &x))
				return LINK_BROKEN;
			if (link != LINK_DATA || x.life < life)
				life = x.life;
			link = LINK_DATA;
		} else if (x.type == ns_t_cname && link == LINK_END) {
			if (!take_name(from.packet, &x, 0, &next))
				return LINK_BROKEN;
			life = x.life;
			link = LINK_ALIAS;
		}
	}
	shorten(r, life);
	if (link == LINK_ALIAS)
		r->end = next;
	return step == PACKET_BROKEN ? LINK_BROKEN : link;
}

/* A negative answer's SOA says for how long; one without, but with name
 * servers, knows nothing and sends us on, which nobody does for us. */
static enum record_status
read_nothing(struct packet_reader *at, struct record *r)
{
	struct packet_record	 x;
	enum packet_step	 step;
	bool			 soa = false, others = false;

	while (packet_next_answer(at, &x) == PACKET_RECORD)
		;
	while ((step = packet_next_authority(at, &x)) == PACKET_RECORD) {
		if (x.class != ns_c_in ||
		    !packet_name_is_below(&r->end, &x.owner))
			continue;
		others = others || x.type == ns_t_ns;
		if (x.type != ns_t_soa || x.len < 22)
			continue;
		soa = true;
		shorten(r, x.life);
		shorten(r, packet_number(at->packet, x.data + x.len - 4, 4));
	}
	if (step == PACKET_BROKEN)
		return RECORD_LATER;
	if (!soa && r->aliases > 0 && packet_code(at->packet) == ns_r_noerror)
		return RECORD_ALIAS;
	if (!soa)
		r->life = 0;
	if (packet_code(at->packet) == ns_r_nxdomain)
		return RECORD_NO_NAME;
	return others && !soa ? RECORD_LATER : RECORD_NONE;
}

static enum record_status
read_status(struct span reply, struct record *r)
{
	struct packet_reader	 at;
	enum link		 link;

	if (!packet_open(&at, reply))
		return RECORD_LATER;
	if (packet_code(reply) != ns_r_noerror &&
	    packet_code(reply) != ns_r_nxdomain)
		return RECORD_LATER;
	r->end = at.name;
	while ((link = follow(at, r)) == LINK_ALIAS)
		if (++r->aliases > CNAMES_MAX)
			return RECORD_LATER;
	if (link == LINK_END)
		return read_nothing(&at, r);
	if (link == LINK_BROKEN || packet_code(reply) == ns_r_nxdomain)
		return RECORD_LATER;
	return RECORD_OK;
}

void
record_read(struct span reply, struct record *r)
{
	memset(r, 0, sizeof *r);
	r->life = UINT32_MAX;
	r->status = read_status(reply, r);
	if (r->status == RECORD_LATER)
		r->life = 0;
}

/* ---- the records there --------------------------------------------------- */

struct matches {
	struct packet_reader at;
	struct record	 where;
};

/* Of this type, and no other question's. */
static enum record_status
open_matches(struct matches *m, struct span reply, unsigned type)
{
	record_read(reply, &m->where);
	if (m->where.status == RECORD_OK &&
	    (!packet_open(&m->at, reply) || m->at.type != type))
		return RECORD_LATER;
	return m->where.status;
}

static bool
next_match(struct matches *m, struct packet_record *x)
{
	while (packet_next_answer(&m->at, x) == PACKET_RECORD)
		if (x->class == ns_c_in && x->type == m->at.type &&
		    packet_name_equal(&x->owner, &m->where.end))
			return true;
	return false;
}

/* ---- exchangers ---------------------------------------------------------- */

static bool
comes_before(const struct exchanger *a, const struct exchanger *b)
{
	if (a->preference != b->preference)
		return a->preference < b->preference;
	return a->lot < b->lot;
}

/* Into its place; what is behind the last place falls off. */
static void
insert(struct exchangers *all, const struct exchanger *new)
{
	unsigned	 i = all->count;

	if (i == MX_MAX && !comes_before(new, &all->list[--i]))
		return;
	for (; i > 0 && comes_before(new, &all->list[i - 1]); i--)
		all->list[i] = all->list[i - 1];
	all->list[i] = *new;
	if (all->count < MX_MAX)
		all->count++;
}

static bool
take_host(struct span s, const struct packet_record *x, size_t skip,
    char into[HOST_TEXT_MAX + 1])
{
	struct packet_name	 name;
	char			 text[PACKET_NAME_MAX + 1];

	return take_name(s, x, skip, &name) &&
	    packet_name_format(&name, text) && text[0] != '[' &&
	    domain_is_valid(span_of(text)) &&
	    span_copy(span_of(text), into, HOST_TEXT_MAX + 1);
}

static bool
is_root(struct span s, const struct packet_record *x)
{
	struct packet_name	 name;

	return take_name(s, x, 2, &name) && name.len == 1;
}

enum record_status
record_read_mx(struct span reply, struct exchangers *all)
{
	struct matches		 m;
	struct packet_record	 x;
	struct exchanger	 new;
	enum record_status	 status = open_matches(&m, reply, ns_t_mx);
	unsigned		 roots = 0, count = 0;

	all->count = 0;
	while (status == RECORD_OK && next_match(&m, &x)) {
		count++;
		roots += is_root(reply, &x);
		new.preference = packet_number(reply, x.data, 2);
		new.lot = arc4random();
		if (take_host(reply, &x, 2, new.host))
			insert(all, &new);
	}
	return count == 1 && roots == 1 ? RECORD_NULL_MX : status;
}

/* ---- addresses ----------------------------------------------------------- */

static unsigned
type_of(int family)
{
	return family == AF_INET ? ns_t_a : ns_t_aaaa;
}

static bool
has(const struct addresses *all, const void *address, size_t len)
{
	unsigned	 i;

	for (i = 0; i < all->count; i++)
		if (memcmp(all->list[i], address, len) == 0)
			return true;
	return false;
}

/* The n-th has any of the places so far, each as likely. */
static void
draw_place(struct addresses *all, const void *address, size_t len, unsigned n)
{
	unsigned	 place = arc4random_uniform(n);

	if (all->count < ADDRESSES_MAX) {
		memmove(all->list[all->count++], all->list[place], 16);
		memcpy(all->list[place], address, len);
	} else if (place < ADDRESSES_MAX)
		memcpy(all->list[place], address, len);
}

enum record_status
record_read_addresses(struct span reply, int family, struct addresses *all)
{
	struct matches		 m;
	struct packet_record	 x;
	enum record_status	 status;
	unsigned		 n = 0;

	memset(all, 0, sizeof *all);
	status = open_matches(&m, reply, type_of(family));
	while (status == RECORD_OK && next_match(&m, &x))
		if (!has(all, reply.ptr + x.data, x.len))
			draw_place(all, reply.ptr + x.data, x.len, ++n);
	return status;
}

enum record_status
record_find_address(struct span reply, int family, const uint8_t *address)
{
	struct matches		 m;
	struct packet_record	 x;
	enum record_status	 status;

	status = open_matches(&m, reply, type_of(family));
	while (status == RECORD_OK && next_match(&m, &x))
		if (memcmp(reply.ptr + x.data, address, x.len) == 0)
			return RECORD_OK;
	return status == RECORD_OK ? RECORD_NONE : status;
}

/* ---- names of addresses -------------------------------------------------- */

/* A name whose last label is a number would be read as an address. */
static bool
is_name(const char *name)
{
	const char	*last = strrchr(name, '.');

	last = last != NULL ? last + 1 : name;
	return last[strspn(last, "0123456789")] != '\0';
}

enum record_status
record_read_names(struct span reply, struct host_names *all)
{
	struct matches		 m;
	struct packet_record	 x;
	enum record_status	 status = open_matches(&m, reply, ns_t_ptr);

	all->count = 0;
	while (status == RECORD_OK && all->count < NAMES_OF_ADDRESS_MAX &&
	    next_match(&m, &x))
		if (take_host(reply, &x, 0, all->list[all->count]) &&
		    is_name(all->list[all->count]))
			all->count++;
	return status;
}
