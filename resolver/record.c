/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <ares.h>
#include <arpa/nameser.h>
#include <bsd/stdlib.h>
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
