/* SPDX-License-Identifier: ISC */
/* What a name server says: resolver/packet and resolver/record. */
#include <sys/socket.h>

#include <arpa/nameser.h>
#include <string.h>

#include "resolver/record.h"
#include "shared/addr.h"
#include "tests/fuzz/fuzz.h"

static bool
is_host(const char *name)
{
	return strnlen(name, HOST_TEXT_MAX + 1) <= HOST_TEXT_MAX &&
	    domain_is_valid(span_of(name));
}

/* What is said of the end is said of a name on the wire. */
static void
end_of(const struct packet_name *end)
{
	struct packet_name	 again;
	char			 text[PACKET_NAME_MAX + 1];

	fuzz_claim(packet_take_name(span_make(end->octets, end->len), 0,
	    &again) == end->len && packet_name_equal(end, &again),
	    "the end is a name");
	if (packet_name_format(end, text))
		fuzz_claim(packet_name_parse(&again, span_of(text)) &&
		    packet_name_equal(end, &again), "its text says the same");
}

static void
record(struct span reply)
{
	struct record	 r;

	record_read(reply, &r);
	fuzz_claim(r.status != RECORD_NULL_MX, "that is for later");
	fuzz_claim(r.aliases <= CNAMES_MAX || r.status == RECORD_LATER,
	    "aliases are bounded");
	fuzz_claim(r.status != RECORD_ALIAS || r.aliases > 0,
	    "an alias leads there");
	fuzz_claim(r.status != RECORD_LATER || r.life == 0,
	    "what says nothing lives for no time");
	fuzz_claim(r.life <= INT32_MAX, "a life is no eternity");
	if (r.status != RECORD_LATER)
		end_of(&r.end);
}

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
		fuzz_claim(is_host(all.list[i].host), "an exchanger is a host");
		fuzz_claim(i == 0 || all.list[i - 1].preference <=
		    all.list[i].preference, "they stand in their order");
	}
}

static void
addresses(struct span reply, int family)
{
	struct addresses	 all;
	enum record_status	 status;
	unsigned		 i, k;

	status = record_read_addresses(reply, family, &all);
	fuzz_claim(all.count <= ADDRESSES_MAX, "addresses are bounded");
	fuzz_claim((all.count > 0) == (status == RECORD_OK),
	    "there are some, or another status");
	fuzz_claim(status != RECORD_NULL_MX, "they are no exchangers");
	for (i = 0; i < all.count; i++) {
		fuzz_claim(record_find_address(reply, family, all.list[i]) ==
		    RECORD_OK, "what is told is there");
		for (k = 0; k < i; k++)
			fuzz_claim(memcmp(all.list[i], all.list[k], 16) != 0,
			    "none is told twice");
	}
}

static void
names(struct span reply)
{
	struct host_names	 all;
	enum record_status	 status = record_read_names(reply, &all);
	unsigned		 i;

	fuzz_claim(all.count <= NAMES_OF_ADDRESS_MAX, "names are bounded");
	fuzz_claim(all.count == 0 || status == RECORD_OK,
	    "names are an answer");
	for (i = 0; i < all.count; i++)
		fuzz_claim(is_host(all.list[i]), "a name is a host's");
}

/* What we would ask for the same is answered by it, if by anything. */
static void
question(struct span reply)
{
	struct packet_reader	 r;
	struct packet_question	 q = { .edns = 1232, .name = &r.name };
	uint8_t			 into[PACKET_QUESTION_MAX];
	size_t			 len;

	if (!packet_open(&r, reply))
		return;
	q.type = r.type;
	len = packet_write(&q, into);
	fuzz_claim(len <= sizeof into, "a question has its room");
	into[2] |= 0x80;
	fuzz_claim(packet_is_reply(span_make(into, len), &r.name, r.type),
	    "a question is about its name");
	fuzz_claim(packet_is_reply(reply, &r.name, r.type),
	    "and so is the reply");
}

void
fuzz_one(struct span input)
{
	record(input);
	question(input);
	exchangers(input);
	addresses(input, AF_INET);
	addresses(input, AF_INET6);
	names(input);
}
