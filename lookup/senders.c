/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lookup/name.h"
#include "lookup/senders.h"
#include "shared/alloc.h"
#include "shared/log.h"
#include "shared/pattern.h"

/* ---- the file ------------------------------------------------------------ */

static const char *
objection_to_identity(const char *token, bool quoted)
{
	size_t	 len = strlen(token);

	if (len == 0 || len > USER_TEXT_MAX)
		return "an identity was expected before \":\"";
	if (!quoted && strchr(token, ' ') != NULL)
		return "an identity with white space stands in quotes";
	return NULL;
}

static bool
is_domain(struct span s)
{
	if (span_starts(s, "*."))
		s = span_skip(s, 2);
	return domain_is_valid(s);
}

/* "@DOMAIN" is anybody in it. */
static const char *
read_pattern(char *token, bool quoted, struct alias_value *v)
{
	static const char	 wanted[] = "LOCAL@DOMAIN, @DOMAIN, "
				    "*@*.DOMAIN or * was expected";
	char			 whole[ADDR_TEXT_MAX + 1];
	struct span		 s = span_of(token);

	(void)quoted;
	v->kind = ALIAS_ADDRESS;
	v->text = token;
	if (strcmp(token, "*") == 0)
		return NULL;
	if (strchr(token, '@') == NULL || s.len >= ADDR_TEXT_MAX ||
	    !is_domain(pattern_domain(s)))
		return wanted;
	whole[0] = '*';
	memcpy(whole + 1, token, s.len + 1);
	if (!pattern_parse_address(span_of(token[0] == '@' ? whole : token),
	    token))
		return wanted;
	return NULL;
}

static const struct alias_syntax	 syntax = {
	objection_to_identity, read_pattern
};

void
senders_clear(struct senders *s)
{
	alias_free(s->table);
	*s = (struct senders){ 0 };
}

void
senders_set(struct senders *s, struct span path, int fd)
{
	char	*name;

	senders_clear(s);
	if (fd == -1)
		return;
	name = span_dup(path);
	s->table = alias_read(fd, name, &syntax);
	s->broken = s->table == NULL;
	if (s->broken)
		log_error("%s: %s", name, errno == ENOBUFS ?
		    "too large for a file of senders" : strerror(errno));
	else
		log_info("%s: %zu identities, %u warnings", name,
		    alias_count(s->table), alias_warnings(s->table));
	free(name);
}

/* ---- who may ------------------------------------------------------------- */

/* "jones" or "jones+lists" is jones's, in lower case both. */
static bool
is_own_local(const char *local, const char *name, bool extends)
{
	size_t	 n = strlen(name);

	if (n == 0 || strncmp(local, name, n) != 0)
		return false;
	return local[n] == '\0' || (extends && local[n] == '+');
}

/* As itself: by the local part of one that is an address, or by all of it. */
static bool
is_own(const struct rules *rules, const char *identity, const struct addr *a)
{
	char		 local[ADDR_LOCAL_MAX + 1], lower[ADDR_LOCAL_MAX + 1];
	char		 name[ADDR_LOCAL_MAX + 1];
	struct addr	 own;
	bool		 here;

	here = rules_find_domain(rules, addr_domain(a)) != NULL;
	name_lower(span_make(local, addr_local(a, local)), lower);
	if (strchr(identity, '@') == NULL)
		return here && is_own_local(lower, identity, true);
	if (addr_parse(span_of(identity), &own) != ADDR_OK ||
	    !pattern_has_name(identity + own.at + 1, addr_domain(a)))
		return false;
	(void)addr_local(&own, name);
	return is_own_local(lower, name, here);
}

static bool
is_listed(const struct senders *s, const char *identity, const struct addr *a)
{
	struct alias	 entry;
	size_t		 i;

	if (s->table == NULL || !alias_find(s->table, identity, &entry))
		return false;
	for (i = 0; i < entry.count; i++)
		if (pattern_has_address(alias_value(&entry, i).text, a))
			return true;
	return false;
}

struct reply
senders_verdict(const struct senders *s, const struct rules *rules,
    const struct msg_may_send *m)
{
	char	 identity[USER_TEXT_MAX + 1];

	name_lower(span_head(m->identity, USER_TEXT_MAX), identity);
	if (!addr_is_null(&m->address) &&
	    (is_own(rules, identity, &m->address) ||
	    is_listed(s, identity, &m->address)))
		return reply_make(250, "2.1.0", "Ok");
	if (s->broken)
		return reply_make(451, "4.3.5", "Who may send as <%s> cannot "
		    "be found out now, try again later", m->address.text);
	if (m->header)
		return reply_make(550, "5.7.1", "From <%s>: %s may not send as "
		    "this address, use one of your own", m->address.text,
		    identity);
	return reply_make(553, "5.7.1", "<%s>: %s may not send as this "
	    "address, use one of your own", m->address.text, identity);
}
