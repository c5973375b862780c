/* SPDX-License-Identifier: ISC */
/* What no line shows by itself: two of a kind, what is missing, the system's
 * own name. */
#include <sys/socket.h>
#include <sys/types.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "master/config_table.h"
#include "master/distance.h"
#include "shared/alloc.h"
#include "shared/fd.h"

#define MAILNAME	"/etc/mailname"
#define ALIASES		"/etc/aliases"
#define SUBMIT		"submit"	/* the listener that is always there */

struct check {
	struct config		*config;
	const char		*file;
	struct config_notes	*notes;
};

#define ERROR(c, line, ...) \
	config_error((c)->notes, (c)->file, (line), __VA_ARGS__)
#define WARNING(c, line, ...) \
	config_warning((c)->notes, (c)->file, (line), __VA_ARGS__)

/* ---- hostname ----------------------------------------------------------- */

/* Debian's file with the name under which mail of this machine goes out. */
static bool
take_mailname(char into[HOST_TEXT_MAX + 1])
{
	char		 text[HOST_TEXT_MAX + 2];
	struct span	 line;
	ssize_t		 n;
	int		 fd;

	fd = open(MAILNAME, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd == -1)
		return false;
	n = fd_pread_all(fd, text, sizeof text, 0);
	fd_close(&fd);
	if (n <= 0)
		return false;
	span_cut(span_make(text, n), '\n', &line);
	return config_domain_name(span_trim(line), into);
}

static void
check_hostname(struct check *c)
{
	char	*into = c->config->hostname;
	char	 name[HOST_TEXT_MAX + 2];

	if (into[0] == '\0' && !take_mailname(into)) {
		memset(name, 0, sizeof name);
		if (gethostname(name, sizeof name - 1) == -1 ||
		    !config_domain_name(span_of(name), into)) {
			ERROR(c, 0, "expected a hostname: the system's own "
			    "name is not a domain");
			return;
		}
	}
	if (strchr(into, '.') == NULL)
		WARNING(c, 0, "hostname \"%s\" has no dot: others may refuse "
		    "it", into);
}

/* ---- listeners ---------------------------------------------------------- */

static bool
same_address(const struct config_address *a, const struct config_address *b)
{
	return a->family == b->family &&
	    memcmp(a->octets, b->octets, sizeof a->octets) == 0;
}

static bool
shares_address(const struct config_listen *a, const struct config_listen *b)
{
	unsigned	 i, j;

	if (a->port != b->port)
		return false;
	for (i = 0; i < a->addresses.n; i++)
		for (j = 0; j < b->addresses.n; j++)
			if (same_address(&a->addresses.item[i],
			    &b->addresses.item[j]))
				return true;
	return false;
}

static bool
repeats_itself(const struct config_addresses *a)
{
	unsigned	 i, j;

	for (i = 0; i < a->n; i++)
		for (j = 0; j < i; j++)
			if (same_address(&a->item[i], &a->item[j]))
				return true;
	return false;
}

static void
compare_listens(struct check *c, const struct config_listen *later,
    const struct config_listen *earlier)
{
	if (strcmp(later->name, earlier->name) == 0)
		ERROR(c, later->line, "expected another name: \"%s\" is in "
		    "line %u", later->name, earlier->line);
	if (shares_address(later, earlier))
		ERROR(c, later->line, "expected another address or port: "
		    "line %u listens there", earlier->line);
	if (later->socket[0] != '\0' &&
	    strcmp(later->socket, earlier->socket) == 0)
		ERROR(c, later->line, "expected another socket: line %u "
		    "listens there", earlier->line);
}

static bool
is_ours(const struct check *c, const char *socket)
{
	static const char *const names[] = { "submit", "control", "monitor" };
	char			 path[PATH_TEXT_MAX];
	size_t			 i;

	for (i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof path, "%s/%s", c->config->runtime,
		    names[i]);
		if (strcmp(path, socket) == 0)
			return true;
	}
	return false;
}

/* Without address and socket a block listens everywhere. */
static void
fill_addresses(struct config_listen *l)
{
	if (l->addresses.n > 0 || l->socket[0] != '\0')
		return;
	l->anywhere = true;
	l->addresses.n = 2;
	l->addresses.item[0].family = AF_INET;
	l->addresses.item[1].family = AF_INET6;
}

static bool
is_loopback(const struct config_address *a)
{
	return a->family == AF_INET ? a->octets[0] == 127 :
	    memcmp(a->octets, &in6addr_loopback, sizeof a->octets) == 0;
}

static void
check_relay(struct check *c, const struct config_listen *l)
{
	unsigned	 i;

	for (i = 0; l->relay && i < l->addresses.n; i++) {
		if (is_loopback(&l->addresses.item[i]))
			continue;
		WARNING(c, l->line, "whoever reaches \"%s\" may send "
		    "anywhere", l->name);
		return;
	}
}

/* Whoever calls at a socket has no address by which he could be listed. */
static void
check_trust(struct check *c, const struct config_listen *l)
{
	static const char *const words[TRUST_KIND_COUNT] = {
		"proxy", "xclient", "xforward"
	};
	unsigned		 kind;

	for (kind = 0; kind < TRUST_KIND_COUNT; kind++)
		if (l->trust[kind].n > 0 && l->socket[0] != '\0')
			ERROR(c, l->line, "expected %s without a socket in "
			    "this block", words[kind]);
}

/* RFC 2033 section 5: whoever calls there speaks SMTP. */
static void
check_lmtp(struct check *c, const struct config_listen *l)
{
	enum { SMTP_PORT = 25 };

	if (l->lmtp && l->addresses.n > 0 && l->port == SMTP_PORT)
		ERROR(c, l->line, "expected another port than %d for lmtp",
		    SMTP_PORT);
}

/* What a block does not say is as it is said for all. */
static void
fill_limits(struct config_listen *l, const struct config_limit *all)
{
	const struct config_keyword	*k;
	unsigned			 i;

	k = config_block(SECTION_LIMIT)->keywords;
	for (i = 0; k[i].word != NULL; i++)
		if (!(l->limited & UINT32_C(1) << i))
			memcpy((char *)&l->limit + k[i].field,
			    (const char *)all + k[i].field,
			    config_limit_size(&k[i]));
}

static void
check_listens(struct check *c)
{
	struct config_listen	*l = c->config->listens;
	unsigned		 i, j, sockets = 1;

	for (i = 0; i < c->config->nlistens; i++) {
		fill_addresses(&l[i]);
		fill_limits(&l[i], &c->config->limit);
		sockets += l[i].addresses.n + (l[i].socket[0] != '\0');
		if (repeats_itself(&l[i].addresses))
			ERROR(c, l[i].line, "expected each address once");
		if (strcmp(l[i].name, SUBMIT) == 0 ||
		    is_ours(c, l[i].socket))
			ERROR(c, l[i].line, "expected another name: the one "
			    "here is relais's own");
		for (j = 0; j < i; j++)
			compare_listens(c, &l[i], &l[j]);
		check_relay(c, &l[i]);
		check_trust(c, &l[i]);
		check_lmtp(c, &l[i]);
	}
	if (sockets > LISTENERS_MAX)
		ERROR(c, 0, "expected at most %d addresses and sockets",
		    LISTENERS_MAX - 1);
	if (c->config->nlistens == 0)
		WARNING(c, 0, "no listen block: no mail from other hosts");
}

/* ---- domains ------------------------------------------------------------- */

static void
check_domains(struct check *c)
{
	const struct config_domain	*d = c->config->domains;
	unsigned			 i, j;

	for (i = 0; i < c->config->ndomains; i++)
		for (j = 0; j < i; j++)
			if (strcmp(d[i].name, d[j].name) == 0)
				ERROR(c, d[i].line, "expected domain %s once, "
				    "and it is in line %u", d[i].name,
				    d[j].line);
}

/* ---- rules --------------------------------------------------------------- */

static void
check_listener_of(struct check *c, const struct config_rule *r,
    const char *name)
{
	const struct config	*config = c->config;
	struct nearest		 near;
	unsigned		 i;

	nearest_init(&near, span_of(name));
	nearest_try(&near, SUBMIT);
	for (i = 0; i < config->nlistens; i++) {
		if (span_is_word(span_of(name), config->listens[i].name))
			return;
		nearest_try(&near, config->listens[i].name);
	}
	if (strcmp(name, SUBMIT) != 0)
		ERROR(c, r->line, "expected a listener such as \"%s\", not "
		    "\"%s\"", near.word, name);
}

static void
check_rule(struct check *c, const struct config_rule *r)
{
	const struct config_pattern	*p;
	unsigned			 i;

	for (i = 0; i < r->n; i++) {
		p = &r->all->item[r->first + i];
		if (p->kind == CONDITION_LISTENER)
			check_listener_of(c, r, p->text);
		if (p->kind == CONDITION_NAME && !c->config->smtpd.names)
			ERROR(c, r->line, "expected no name in a rule: "
			    "client-names says that none is asked for");
	}
}

static void
check_rules(struct check *c)
{
	const struct config_rule	*r = c->config->rules;
	unsigned			 i, j, n = c->config->nrules;

	for (i = 0; i < n; i++) {
		check_rule(c, &r[i]);
		for (j = 0; j < i; j++)
			if (strcmp(r[i].name, r[j].name) == 0)
				ERROR(c, r[i].line, "expected another name: "
				    "\"%s\" is in line %u", r[i].name,
				    r[j].line);
		if (i + 1 < n && r[i].n == 0 &&
		    r[i].verdict != RULE_PRIORITY)
			WARNING(c, r[i + 1].line, "no recipient gets to this "
			    "rule: \"%s\" in line %u decides on all",
			    r[i].name, r[i].line);
	}
}

static void
check_advices(struct check *c)
{
	const struct config_advice	*a = c->config->advices;
	unsigned			 i, j;

	for (i = 0; i < c->config->nadvices; i++)
		for (j = 0; j < i; j++)
			if (strcmp(a[i].name, a[j].name) == 0)
				ERROR(c, a[i].line, "expected another name: "
				    "\"%s\" is in line %u", a[i].name,
				    a[j].line);
}

/* What servers on the internet must have, and what is easily forgotten. */
static void
warn_of_gaps(struct check *c)
{
	const struct config	*config = c->config;
	unsigned		 i = 0;

	if (config->nlistens > 0 && config->postmaster[0] == '\0')
		WARNING(c, 0, "no postmaster: mail for postmaster is refused "
		    "unless an alias or a user says who gets it");
	while (i < config->ndomains &&
	    strcmp(config->domains[i].name, config->hostname) != 0)
		i++;
	if (i > 0 && i == config->ndomains)
		WARNING(c, 0, "hostname \"%s\" is no domain here: mail for it "
		    "goes elsewhere", config->hostname);
}

/* Without a domain block the machine's own name is the local domain. */
static void
fill_domains(struct config *c)
{
	struct config_domain	*d;

	if (c->ndomains > 0 || c->hostname[0] == '\0')
		return;
	d = xcalloc(1, sizeof *d);
	config_defaults(SECTION_DOMAIN, d);
	memcpy(d->name, c->hostname, sizeof d->name);
	c->domains = d;
	c->ndomains = 1;
}

/* "/mail" of "/mail/%u/Maildir" and of "/mail/all". */
static struct span
place_of(const char *path)
{
	struct span	 s = span_of(path);
	size_t		 end = span_index(s, '%');

	if (end == s.len)
		while (end > 1 && path[end - 1] == '/')
			end--;
	while (end > 1 && path[end - 1] != '/')
		end--;
	return span_head(s, end > 1 ? end - 1 : end);
}

static bool
has_place(const struct config_places *p, struct span place)
{
	struct span	 rest = span_of(p->list), one;

	while (rest.len > 0) {
		rest = span_cut(rest, ':', &one);
		if (span_equal(one, place))
			return true;
	}
	return false;
}

static bool
add_place(struct config_places *p, struct span place)
{
	size_t	 len = strlen(p->list);

	if (has_place(p, place))
		return true;
	if (p->n == MAILBOX_PLACES_MAX ||
	    len + 1 + place.len >= sizeof p->list)
		return false;
	if (p->n++ > 0)
		p->list[len++] = ':';
	return span_copy(place, p->list + len, sizeof p->list - len);
}

/* Agents may reach these and their users' homes, so "/" is none of them. */
static void
collect_places(struct check *c)
{
	const struct config_domain	*d;
	struct span			 place;
	unsigned			 i;

	for (i = 0; i < c->config->ndomains; i++) {
		d = &c->config->domains[i];
		if (d->delivery.path[0] != '/')
			continue;
		place = place_of(d->delivery.path);
		if (span_is(place, "/"))
			ERROR(c, d->line, "expected mailboxes in a directory "
			    "of their own, not in /");
		else if (!add_place(&c->config->mailboxes, place))
			ERROR(c, d->line, "expected mailboxes in at most %d "
			    "directories besides homes", MAILBOX_PLACES_MAX);
	}
}

/* The file for domains that name none; the system's own may be absent. */
static void
fill_aliases(struct config *c)
{
	unsigned	 i;

	if (c->aliases[0] == '\0' && access(ALIASES, F_OK) == 0)
		memcpy(c->aliases, ALIASES, sizeof ALIASES);
	for (i = 0; i < c->ndomains; i++)
		if (c->domains[i].aliases[0] == '\0')
			memcpy(c->domains[i].aliases, c->aliases,
			    sizeof c->aliases);
}

/* Of four segments one is written, one leaves, and one is kept for what ends
 * messages. */
static void
check_journal(struct check *c)
{
	const struct config	*config = c->config;

	if (config->journal.limit > 0 &&
	    config->journal.limit < 4 * config->journal.segment)
		ERROR(c, config->journal.line, "expected limit to be 0, or at "
		    "least four times segment");
}

bool
config_check(struct config *config, const char *file,
    struct config_notes *notes)
{
	struct check	 c = { config, file, notes };

	check_hostname(&c);
	if (config->retry.first > config->retry.maximum)
		ERROR(&c, config->retry.line, "expected first to be at most "
		    "maximum");
	check_journal(&c);
	config_fill_tls(config);
	check_listens(&c);
	config_check_tls(config, file, notes);
	warn_of_gaps(&c);
	fill_domains(config);
	check_domains(&c);
	collect_places(&c);
	config_fill_hops(config);
	config_check_routes(config, file, notes);
	check_advices(&c);
	config_check_destinations(config, file, notes);
	config_fill_rewrites(config);
	check_rules(&c);
	fill_aliases(config);
	return notes->nerrors == 0;
}
