/* SPDX-License-Identifier: ISC */
/*
 * Questions that name servers answer as they like, in any order and at any
 * time: resolver/follow and resolver/cache, with the clock and resolver/dns in
 * our hands.
 */
#include <arpa/nameser.h>
#include <string.h>

#include "resolver/follow.h"
#include "tests/fuzz/fuzz.h"

enum { OPEN_MAX = 64, TYPES = 4, HOSTS = 8, REST_MAX = 512 };

struct open {
	struct packet_name name;
	unsigned	 type;
	void		(*answered)(void *, const struct dns_answer *);
	void		*arg;
};

static struct {
	struct cache	*cache;
	struct instant	 now;
	struct open	 open[OPEN_MAX];
	unsigned	 count;		/* questions that are open */
	unsigned	 asked, told;	/* of us */
	enum { NONE, SOME, ALL } proofs;	/* of the answers */
} all;

static const unsigned	 types[TYPES] = {
	ns_t_a, ns_t_aaaa, ns_t_mx, ns_t_ptr
};
static const char	*const hosts[HOSTS] = {
	"example.org", "mx1.example.org", "a.example", "b.example", "org",
	"EXAMPLE.org", "x", "c.example"
};

struct instant
loop_now(const struct loop *loop)
{
	(void)loop;
	return all.now;
}

/* One question has one answer: nobody asks it twice at a time. */
void
dns_ask(struct dns *dns, const struct packet_name *name, unsigned type,
    void (*answered)(void *, const struct dns_answer *), void *arg)
{
	unsigned	 i;

	(void)dns;
	fuzz_claim(all.count < OPEN_MAX, "as many questions as were put");
	for (i = 0; i < all.count; i++)
		fuzz_claim(all.open[i].type != type ||
		    !packet_name_equal(&all.open[i].name, name),
		    "what is asked is not asked again");
	all.open[all.count].name = *name;
	all.open[all.count].type = type;
	all.open[all.count].answered = answered;
	all.open[all.count++].arg = arg;
}

static void
on_followed(void *arg, const struct followed *x)
{
	(void)arg;
	all.told++;
	fuzz_claim(x->status != RECORD_ALIAS && x->status != RECORD_NULL_MX,
	    "an alias was followed");
	fuzz_claim(all.proofs != NONE || !x->secure, "proof is somebody's");
	fuzz_claim(all.proofs != ALL || x->secure ||
	    x->status == RECORD_LATER, "proofs are proof");
	if (x->status != RECORD_LATER)
		fuzz_claim(x->end->len > 0, "it is about a name");
}

static void
ask(unsigned choice)
{
	if (all.asked - all.told >= OPEN_MAX)
		return;
	all.asked++;
	follow_ask(all.cache, hosts[choice / TYPES % HOSTS],
	    types[choice % TYPES],
	    on_followed, NULL);
}

/* As resolver/dns does: what is no reply to this question is none at all. */
static void
answer(unsigned i, struct span reply, bool secure)
{
	bool			 is_secure = all.proofs == ALL ||
				    (all.proofs == SOME && secure);
	struct dns_answer	 a = { reply, is_secure };
	struct open		 o = all.open[i];

	if (!packet_is_reply(reply, &o.name, o.type))
		a = (struct dns_answer){ span_of(""), is_secure };
	all.open[i] = all.open[--all.count];
	o.answered(o.arg, &a);
}

/* The question stands in front of what comes from the input. */
static void
answer_framed(unsigned i, struct span rest, bool secure)
{
	struct packet_question	 q = { .type = all.open[i].type,
				    .name = &all.open[i].name };
	uint8_t			 packet[PACKET_QUESTION_MAX + REST_MAX];
	size_t			 len = packet_write(&q, packet);

	packet[2] |= 0x80;
	packet[7] = fuzz_choice(&rest) % 4;
	packet[9] = fuzz_choice(&rest) % 4;
	if (rest.len > REST_MAX)
		rest = span_head(rest, REST_MAX);
	memcpy(packet + len, rest.ptr, rest.len);
	answer(i, span_make(packet, len + rest.len), secure);
}

void
fuzz_one(struct span input)
{
	struct fuzz_cuts	 cuts = { 1 };
	struct span		 piece;
	unsigned		 choice;

	if (all.cache == NULL)		/* what it knows goes by in time */
		all.cache = cache_new(NULL, NULL);
	all.now = clock_after(all.now, (CACHE_LIFE_MAX + 1) * 1000);
	all.proofs = fuzz_choice(&input) % (ALL + 1);
	while (input.len > 0) {
		choice = fuzz_choice(&input);
		if (all.count == 0 || choice % 3 == 0)
			ask(choice / 3);
		else if (choice % 3 == 1)
			all.now = clock_after(all.now, choice * 10);
		else {
			piece = fuzz_piece(&cuts, &input);
			answer_framed(choice / 3 % all.count, piece,
			    choice % 2);
		}
	}
	while (all.count > 0)
		answer(0, span_of(""), true);
	fuzz_claim(all.told == all.asked, "every question has its answer");
	fuzz_claim(cache_octets(all.cache) <= CACHE_OCTETS_MAX,
	    "memory is bounded");
}
