/* SPDX-License-Identifier: ISC */
/* What a proxy says in front of a connection: smtpd/proxy. */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <stdio.h>
#include <string.h>

#include "shared/limits.h"
#include "smtpd/proxy.h"
#include "tests/fuzz/fuzz.h"

/* What one look at an input comes to. */
struct look {
	enum proxy_status	 status;
	size_t			 taken;
	struct proxy_client	 client;
};

static void
look(struct span input, struct look *l)
{
	struct span	 rest = input;

	memset(l, 0, sizeof *l);
	l->status = proxy_parse(&rest, &l->client);
	l->taken = input.len - rest.len;
	fuzz_claim(rest.ptr == input.ptr + l->taken, "it takes from the head");
	if (l->status == PROXY_MORE || l->status == PROXY_BAD)
		fuzz_claim(l->taken == 0, "what is not good is not taken");
	else
		fuzz_claim(l->taken > 0 && l->taken <= PROXY_HEADER_MAX,
		    "what is good has its ceiling");
}

static bool
is_same(const struct look *a, const struct look *b)
{
	if (a->status != b->status || a->taken != b->taken)
		return false;
	return a->status != PROXY_CLIENT ||
	    (a->client.family == b->client.family &&
	    a->client.port == b->client.port &&
	    memcmp(a->client.address, b->client.address, 16) == 0);
}

/* Said in a line of version 1 it is the same client. */
static void
say_again(const struct look *l)
{
	const struct proxy_client *c = &l->client;
	char			 ip[INET6_ADDRSTRLEN], line[160];
	struct look		 again;

	fuzz_claim(c->family == AF_INET || c->family == AF_INET6,
	    "a client has an address");
	(void)inet_ntop(c->family, c->address, ip, sizeof ip);
	(void)snprintf(line, sizeof line, "PROXY TCP%d %s %s %u 25\r\n",
	    c->family == AF_INET ? 4 : 6, ip, ip, c->port);
	look(span_of(line), &again);
	fuzz_claim(again.taken == strlen(line), "a line is taken, whole");
	again.taken = l->taken;
	fuzz_claim(is_same(l, &again), "and says the same client");
}

/* As it comes, octet by octet: nothing is decided twice. */
void
fuzz_one(struct span input)
{
	struct look	 whole, part;
	size_t		 n;

	look(input, &whole);
	part = whole;
	if (whole.status == PROXY_CLIENT)
		say_again(&whole);
	for (n = 0; n < input.len && n <= PROXY_HEADER_MAX; n++) {
		look(span_head(input, n), &part);
		if (part.status != PROXY_MORE)
			break;
	}
	fuzz_claim(part.status == PROXY_MORE || is_same(&part, &whole),
	    "more octets change no decision");
	fuzz_claim(whole.status != PROXY_MORE || n == input.len,
	    "who waits has waited all along");
	fuzz_claim(whole.status != PROXY_MORE ||
	    input.len < PROXY_HEADER_MAX, "nobody waits for ever");
}
