/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <ares.h>
#include <arpa/nameser.h>
#include <bsd/stdlib.h>
#include <netdb.h>
#include <string.h>

#include "shared/addr.h"
#include "resolver/record.h"

static enum record_status
read_code(struct span reply)
{
	if (reply.len < NS_HFIXEDSZ || reply.len > NS_MAXMSG)
		return RECORD_LATER;
	switch (reply.ptr[3] & 15) {
	case ns_r_noerror:
		return RECORD_OK;
	case ns_r_nxdomain:
		return RECORD_NO_NAME;
	default:
		return RECORD_LATER;
	}
}

static enum record_status
read_failure(int status)
{
	return status == ARES_ENODATA ? RECORD_NONE : RECORD_LATER;
}

static bool
is_host(const char *name)
{
	return name[0] != '[' && strlen(name) <= HOST_TEXT_MAX &&
	    domain_is_valid(span_of(name));
}

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

static void
add(struct exchangers *all, const struct ares_mx_reply *mx)
{
	struct exchanger	 new = { .preference = mx->priority,
				    .lot = arc4random() };

	if (!is_host(mx->host))
		return;
	(void)span_copy(span_of(mx->host), new.host, sizeof new.host);
	insert(all, &new);
}

enum record_status
record_read_mx(struct span reply, struct exchangers *all)
{
	enum record_status	 status = read_code(reply);
	struct ares_mx_reply	*list = NULL, *mx;
	bool			 null;
	int			 result;

	all->count = 0;
	if (status != RECORD_OK)
		return status;
	result = ares_parse_mx_reply((const unsigned char *)reply.ptr,
	    reply.len, &list);
	if (result != ARES_SUCCESS)
		return read_failure(result);
	if (list == NULL)
		return RECORD_NONE;
	null = list->next == NULL && list->host[0] == '\0';
	for (mx = list; mx != NULL; mx = mx->next)
		add(all, mx);
	ares_free_data(list);
	return null ? RECORD_NULL_MX : RECORD_OK;
}

static int
read_v4(struct span reply, struct addresses *all)
{
	struct ares_addrttl	 found[ADDRESSES_MAX];
	int			 i, result, n = ADDRESSES_MAX;

	result = ares_parse_a_reply((const unsigned char *)reply.ptr,
	    reply.len, NULL, found, &n);
	if (result != ARES_SUCCESS)
		return result;
	for (i = 0; i < n && i < ADDRESSES_MAX; i++)
		memcpy(all->list[all->count++], &found[i].ipaddr, 4);
	return ARES_SUCCESS;
}

static int
read_v6(struct span reply, struct addresses *all)
{
	struct ares_addr6ttl	 found[ADDRESSES_MAX];
	int			 i, result, n = ADDRESSES_MAX;

	result = ares_parse_aaaa_reply((const unsigned char *)reply.ptr,
	    reply.len, NULL, found, &n);
	if (result != ARES_SUCCESS)
		return result;
	for (i = 0; i < n && i < ADDRESSES_MAX; i++)
		memcpy(all->list[all->count++], &found[i].ip6addr, 16);
	return ARES_SUCCESS;
}

enum record_status
record_read_addresses(struct span reply, int family, struct addresses *all)
{
	enum record_status	 status = read_code(reply);
	int			 result;

	all->count = 0;
	if (status != RECORD_OK)
		return status;
	result = family == AF_INET ? read_v4(reply, all) :
	    read_v6(reply, all);
	if (result != ARES_SUCCESS)
		return read_failure(result);
	return all->count > 0 ? RECORD_OK : RECORD_NONE;
}

/* ---- names of addresses -------------------------------------------------- */

/* More than a host has: the rest is not looked at. */
enum { FIND_MAX = 256 };

static int
find_v4(struct span reply, const uint8_t *address)
{
	struct ares_addrttl	 found[FIND_MAX];
	int			 i, result, n = FIND_MAX;

	result = ares_parse_a_reply((const unsigned char *)reply.ptr,
	    reply.len, NULL, found, &n);
	for (i = 0; result == ARES_SUCCESS && i < n; i++)
		if (memcmp(&found[i].ipaddr, address, 4) == 0)
			return ARES_SUCCESS;
	return result == ARES_SUCCESS ? ARES_ENODATA : result;
}

static int
find_v6(struct span reply, const uint8_t *address)
{
	struct ares_addr6ttl	 found[FIND_MAX];
	int			 i, result, n = FIND_MAX;

	result = ares_parse_aaaa_reply((const unsigned char *)reply.ptr,
	    reply.len, NULL, found, &n);
	for (i = 0; result == ARES_SUCCESS && i < n; i++)
		if (memcmp(&found[i].ip6addr, address, 16) == 0)
			return ARES_SUCCESS;
	return result == ARES_SUCCESS ? ARES_ENODATA : result;
}

enum record_status
record_find_address(struct span reply, int family, const uint8_t *address)
{
	enum record_status	 status = read_code(reply);
	int			 result;

	if (status != RECORD_OK)
		return status;
	result = family == AF_INET ? find_v4(reply, address) :
	    find_v6(reply, address);
	return result == ARES_SUCCESS ? RECORD_OK : read_failure(result);
}

/* A name whose last label is a number would be read as an address. */
static bool
is_name(const char *name)
{
	const char	*last = strrchr(name, '.');

	last = last != NULL ? last + 1 : name;
	return is_host(name) && last[strspn(last, "0123456789")] != '\0';
}

enum record_status
record_read_names(struct span reply, struct host_names *all)
{
	enum record_status	 status = read_code(reply);
	struct hostent		*found = NULL;
	char			**name;
	int			 result;

	all->count = 0;
	if (status != RECORD_OK)
		return status;
	result = ares_parse_ptr_reply((const unsigned char *)reply.ptr,
	    reply.len, NULL, 0, AF_INET, &found);
	if (result == ARES_EBADRESP)	/* odd octets: said for good */
		return RECORD_NONE;
	if (result != ARES_SUCCESS)
		return read_failure(result);
	for (name = found->h_aliases; *name != NULL; name++)
		if (all->count < NAMES_OF_ADDRESS_MAX && is_name(*name))
			(void)span_copy(span_of(*name),
			    all->list[all->count++], HOST_TEXT_MAX + 1);
	ares_free_hostent(found);
	return RECORD_OK;
}

/* ---- how long ------------------------------------------------------------ */

static uint32_t
number_at(struct span s, size_t at, unsigned octets)
{
	uint32_t	 n = 0;

	while (octets-- > 0)
		n = n << 8 | (uint8_t)s.ptr[at++];
	return n;
}

/* Behind a name, be it compressed or not; past the end when it is broken. */
static size_t
skip_name(struct span s, size_t at)
{
	unsigned	 len;

	while (at < s.len) {
		len = (uint8_t)s.ptr[at];
		if (len >= 0xc0)
			return at + 2;
		at += 1 + len;
		if (len == 0)
			return at;
	}
	return s.len + 1;
}

/* A negative answer's SOA has a minimum at its end. */
static uint32_t
life_at(struct span s, size_t at, size_t len)
{
	uint32_t	 life = number_at(s, at + 4, 4), most = life;

	if (number_at(s, at, 2) == ns_t_soa && len >= 4)
		most = number_at(s, at + NS_RRFIXEDSZ + len - 4, 4);
	return most < life ? most : life;
}

uint32_t
record_life(struct span s)
{
	unsigned	 records, i;
	uint32_t	 life = UINT32_MAX, one;
	size_t		 at = NS_HFIXEDSZ, len;

	if (s.len < NS_HFIXEDSZ || number_at(s, 4, 2) != 1)
		return 0;
	records = number_at(s, 6, 2);
	if (records == 0)
		records = number_at(s, 8, 2);
	at = skip_name(s, at) + NS_QFIXEDSZ;
	for (i = 0; i < records; i++) {
		at = skip_name(s, at);
		if (at + NS_RRFIXEDSZ > s.len)
			return 0;
		len = number_at(s, at + 8, 2);
		if (at + NS_RRFIXEDSZ + len > s.len)
			return 0;
		one = life_at(s, at, len);
		life = one < life ? one : life;
		at += NS_RRFIXEDSZ + len;
	}
	return records > 0 ? life : 0;
}
