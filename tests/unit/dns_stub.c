/* SPDX-License-Identifier: ISC */
#include <arpa/nameser.h>
#include <check.h>

#include "tests/unit/dns_stub.h"

/* Without ck_assert, which writes each time: many are put. */
static void
put(struct buf *b, struct span s)
{
	if (!buf_put(b, s))
		ck_abort();
}

void
dns_put16(struct buf *b, unsigned n)
{
	char	 octets[2] = { (char)(n >> 8), (char)n };

	put(b, span_make(octets, 2));
}

void
dns_put_name(struct buf *b, const char *name)
{
	struct span	 rest = span_of(name), label;
	char		 len;

	while (rest.len > 0) {
		rest = span_cut(rest, '.', &label);
		len = label.len;
		put(b, span_make(&len, 1));
		put(b, label);
	}
	put(b, span_make("", 1));
}

void
dns_begin_of(struct buf *b, const char *name, unsigned rcode, unsigned type,
    unsigned answers)
{
	buf_init(b, DNS_STUB_MAX);
	dns_put16(b, 0x1234);
	dns_put16(b, 0x8180 | rcode);
	dns_put16(b, 1);
	dns_put16(b, answers);
	dns_put16(b, 0);
	dns_put16(b, 0);
	dns_put_name(b, name);
	dns_put16(b, type);
	dns_put16(b, ns_c_in);
}

void
dns_begin(struct buf *b, unsigned rcode, unsigned type, unsigned answers)
{
	dns_begin_of(b, "example.org", rcode, type, answers);
}

static void
put_rest(struct buf *b, unsigned type, struct span data)
{
	dns_put16(b, type);
	dns_put16(b, ns_c_in);
	dns_put16(b, 0);
	dns_put16(b, DNS_STUB_LIFE);
	dns_put16(b, data.len);
	put(b, data);
}

void
dns_put_record(struct buf *b, unsigned type, struct span data)
{
	dns_put16(b, 0xc00c);
	put_rest(b, type, data);
}

void
dns_put_other(struct buf *b, const char *owner, unsigned type,
    struct span data)
{
	dns_put_name(b, owner);
	put_rest(b, type, data);
}

void
dns_put_mx(struct buf *b, unsigned preference, const char *host)
{
	struct buf	 data;

	buf_init(&data, 1024);
	dns_put16(&data, preference);
	dns_put_name(&data, host);
	dns_put_record(b, ns_t_mx, buf_span(&data));
	buf_clear(&data);
}

static void
put_pointer(struct buf *b, const char *owner, unsigned type, const char *to)
{
	struct buf	 data;

	buf_init(&data, 1024);
	dns_put_name(&data, to);
	dns_put_other(b, owner, type, buf_span(&data));
	buf_clear(&data);
}

void
dns_put_ptr(struct buf *b, const char *name)
{
	struct buf	 data;

	buf_init(&data, 1024);
	dns_put_name(&data, name);
	dns_put_record(b, ns_t_ptr, buf_span(&data));
	buf_clear(&data);
}

void
dns_put_cname(struct buf *b, const char *owner, const char *to)
{
	put_pointer(b, owner, ns_t_cname, to);
}

void
dns_put_soa(struct buf *b, const char *zone, unsigned minimum)
{
	struct buf	 data;
	unsigned	 i;

	buf_init(&data, 1024);
	dns_put_name(&data, "ns");
	dns_put_name(&data, "root");
	for (i = 0; i < 8; i++)
		dns_put16(&data, 1);
	dns_put16(&data, 0);
	dns_put16(&data, minimum);
	dns_put_other(b, zone, ns_t_soa, buf_span(&data));
	buf_clear(&data);
}

void
dns_set_authorities(struct buf *b, unsigned n)
{
	b->data[b->head + 9] = (char)n;
}

void
dns_set_life(struct buf *b, size_t record, unsigned life)
{
	b->data[b->head + record + 8] = (char)(life >> 8);
	b->data[b->head + record + 9] = (char)life;
}
