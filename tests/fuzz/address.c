/* SPDX-License-Identifier: ISC */
/* Paths, mailboxes, domains and literals: shared/addr. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include <stdio.h>
#include <string.h>

#include "shared/addr.h"
#include "tests/fuzz/fuzz.h"

static bool
is_same(const struct addr *a, const struct addr *b)
{
	return span_equal(addr_span(a), addr_span(b)) && a->at == b->at;
}

/* What every struct addr is, whoever made it. */
static void
check(const struct addr *a)
{
	char		 local[ADDR_LOCAL_MAX + 1];
	struct addr	 again;
	size_t		 len, i;

	fuzz_claim(a->len + strlen("<>") <= ADDR_PATH_MAX, "it fits a path");
	fuzz_claim(a->text[a->len] == '\0', "there is a NUL behind it");
	for (i = 0; i < a->len; i++)
		fuzz_claim(a->text[i] >= ' ' && a->text[i] <= '~',
		    "it is printable ASCII");
	fuzz_claim(addr_parse(addr_span(a), &again) == ADDR_OK &&
	    is_same(a, &again), "printed, it is parsed to the same");
	fuzz_claim(addr_equal(a, &again), "it equals itself");
	len = addr_local(a, local);
	fuzz_claim(len <= ADDR_LOCAL_MAX && local[len] == '\0',
	    "a local part has its ceiling");
	if (addr_domain(a).len == 0)
		return;
	fuzz_claim(domain_is_valid(addr_domain(a)), "its domain is one");
	fuzz_claim(addr_from(span_make(local, len), addr_domain(a), &again) ==
	    ADDR_OK && is_same(a, &again), "its parts make it again");
}

/* Printed between brackets, by the same rules. */
static void
check_again(const struct addr *a, enum addr_rules rules)
{
	char		 text[ADDR_PATH_MAX + 2];
	struct span	 s, route;
	struct addr	 again;

	(void)snprintf(text, sizeof text, "<%s>", a->text);
	s = span_of(text);
	fuzz_claim(addr_parse_path(&s, rules, &again, &route) == ADDR_OK &&
	    s.len == 0 && route.len == 0 && is_same(a, &again),
	    "a path, printed, is parsed to the same, without a route");
}

static void
parse_path(struct span input, enum addr_rules rules)
{
	struct addr	 a, untouched;
	struct span	 s = input, path, route = span_of("?");

	memset(&a, 0x55, sizeof a);
	untouched = a;
	if (addr_parse_path(&s, rules, &a, &route) != ADDR_OK) {
		fuzz_claim(s.ptr == input.ptr && s.len == input.len &&
		    memcmp(&a, &untouched, sizeof a) == 0 &&
		    span_is(route, "?"), "a bad path changes nothing");
		return;
	}
	path = span_head(input, input.len - s.len);
	fuzz_claim(path.len >= 2 && path.len <= ADDR_PATH_MAX,
	    "what is taken is as long as a path");
	fuzz_claim(path.ptr[0] == '<' && path.ptr[path.len - 1] == '>',
	    "what is taken has its brackets");
	fuzz_claim(rules == ADDR_REVERSE || !addr_is_null(&a),
	    "a null path is no recipient");
	fuzz_claim(route.len == 0 || route.ptr[0] == '@',
	    "a route begins with \"@\"");
	check(&a);
	check_again(&a, rules);
}

/* As the system prints the address, it is the same address. */
static void
parse_literal(struct span s)
{
	uint8_t	 address[16] = { 0 }, again[16] = { 0 };
	char	 ip[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN + 8];
	int	 family, other;

	if (!domain_parse_literal(s, &family, address))
		return;
	fuzz_claim(family == AF_INET || family == AF_INET6, "a family");
	fuzz_claim(domain_is_valid(s), "a literal is a domain");
	(void)inet_ntop(family, address, ip, sizeof ip);
	(void)snprintf(text, sizeof text, "[%s%s]",
	    family == AF_INET6 ? "IPv6:" : "", ip);
	fuzz_claim(domain_parse_literal(span_of(text), &other, again) &&
	    other == family && memcmp(address, again, sizeof again) == 0,
	    "a literal, printed, is parsed to the same");
}

void
fuzz_one(struct span input)
{
	struct addr	 a;
	struct span	 domain, local;

	parse_path(input, ADDR_REVERSE);
	parse_path(input, ADDR_FORWARD);
	parse_literal(input);
	if (addr_parse(input, &a) == ADDR_OK)
		check(&a);
	domain = span_cut(input, '@', &local);
	if (addr_from(local, domain, &a) == ADDR_OK)
		check(&a);
}
