/* SPDX-License-Identifier: ISC */
/* What a name server says: resolver/record. */
#include <sys/socket.h>

#include <string.h>

#include "resolver/record.h"
#include "shared/addr.h"
#include "tests/fuzz/fuzz.h"

static void
exchangers(struct span reply)
{
	struct exchangers	 all;
	enum record_status	 status = record_read_mx(reply, &all);
	unsigned		 i;

	fuzz_claim(all.count <= MX_MAX, "exchangers are bounded");
	fuzz_claim(all.count == 0 || status == RECORD_OK,
	    "who has none says none");
	for (i = 0; i < all.count; i++) {
		fuzz_claim(strnlen(all.list[i].host, HOST_TEXT_MAX + 1) <=
		    HOST_TEXT_MAX && domain_is_valid(
		    span_of(all.list[i].host)), "an exchanger is a host");
		fuzz_claim(i == 0 || all.list[i - 1].preference <=
		    all.list[i].preference, "they stand in their order");
	}
}

static void
addresses(struct span reply, int family)
{
	struct addresses	 all;
	enum record_status	 status;

	status = record_read_addresses(reply, family, &all);
	fuzz_claim(all.count <= ADDRESSES_MAX, "addresses are bounded");
	fuzz_claim((all.count > 0) == (status == RECORD_OK),
	    "there are some, or another status");
	fuzz_claim(status != RECORD_NULL_MX, "they are no exchangers");
}

void
fuzz_one(struct span input)
{
	exchangers(input);
	addresses(input, AF_INET);
	addresses(input, AF_INET6);
}
