/* SPDX-License-Identifier: ISC */
#include "shared/delivered.h"

static char
lower(char octet)
{
	return octet >= 'A' && octet <= 'Z' ? octet | 0x20 : octet;
}

/* The field has ended. */
static void
conclude(struct delivered *d)
{
	struct span	 text = span_trim(span_make(d->value, d->len));
	struct addr	 a;

	if (!d->inside)
		return;
	d->inside = false;
	if (d->len == DELIVERED_SIZE || d->fields++ == DELIVERED_MAX)
		return;
	if (addr_parse(text, &a) == ADDR_OK && !addr_is_null(&a))
		d->found(d->arg, &a);
}

static void
begin_line(struct delivered *d, char octet)
{
	if (octet == ' ' || octet == '\t') {
		d->at = d->inside ? DELIVERED_VALUE : DELIVERED_OTHER;
		return;
	}
	conclude(d);
	d->at = octet == '\r' || octet == '\n' ||
	    d->fields == DELIVERED_MAX ? DELIVERED_OVER : DELIVERED_NAME;
	d->matched = 0;
}

static void
match(struct delivered *d, char octet)
{
	static const char	 name[] = "delivered-to:";

	if (lower(octet) != name[d->matched]) {
		d->at = DELIVERED_OTHER;
		return;
	}
	if (name[++d->matched] != '\0')
		return;
	d->at = DELIVERED_VALUE;
	d->inside = true;
	d->len = 0;
}

static void
keep(struct delivered *d, char octet)
{
	if (octet != '\r' && d->len < DELIVERED_SIZE)
		d->value[d->len++] = octet;
}

void
delivered_feed(struct delivered *d, struct span s)
{
	size_t	 i;

	for (i = 0; i < s.len && d->at != DELIVERED_OVER; i++) {
		if (d->at == DELIVERED_LINE)
			begin_line(d, s.ptr[i]);
		if (s.ptr[i] == '\n' && d->at != DELIVERED_OVER)
			d->at = DELIVERED_LINE;
		else if (d->at == DELIVERED_NAME)
			match(d, s.ptr[i]);
		else if (d->at == DELIVERED_VALUE)
			keep(d, s.ptr[i]);
		else if (d->at == DELIVERED_OTHER)
			i += span_index(span_skip(s, i), '\n') - 1;
	}
}

void
delivered_end(struct delivered *d)
{
	if (d->at != DELIVERED_OVER)
		conclude(d);
	d->at = DELIVERED_OVER;
}
