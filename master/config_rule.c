/* SPDX-License-Identifier: ISC */
/* Values of rules of policy. */
#include <ctype.h>
#include <string.h>

#include "master/config_value.h"
#include "shared/alloc.h"
#include "shared/pattern.h"
#include "shared/unit.h"

/* ---- patterns ------------------------------------------------------------ */

static bool
take_client(struct span s, struct config_pattern *p)
{
	return value_parse_network(s, &p->network);
}

static bool
take_name(struct span s, struct config_pattern *p)
{
	return config_pattern(s, p->text);
}

/* Clients call themselves all sorts of names; see smtpd. */
static bool
take_helo(struct span s, struct config_pattern *p)
{
	struct span	 name = span_starts(s, "*.") ? span_skip(s, 2) : s;
	size_t		 i;

	if (span_is(s, "*"))
		return pattern_lower(s, p->text);
	for (i = 0; i < name.len; i++)
		if (!isalnum((unsigned char)name.ptr[i]) &&
		    memchr("-._[]:", name.ptr[i], 6) == NULL)
			return false;
	return name.len > 0 && s.len <= HOST_TEXT_MAX &&
	    pattern_lower(s, p->text);
}

static bool
is_domain(struct span s)
{
	char	 text[HOST_TEXT_MAX + 1];

	return config_pattern(s, text) ||
	    (span_starts(s, "[") && domain_is_valid(s));
}

static bool
take_address(struct span s, struct config_pattern *p)
{
	return is_domain(pattern_domain(s)) && pattern_parse_address(s,
	    p->text);
}

static bool
take_sender(struct span s, struct config_pattern *p)
{
	return span_is(s, "<>") ? pattern_lower(s, p->text) :
	    take_address(s, p);
}

static bool
take_tls(struct span s, struct config_pattern *p)
{
	return (span_is(s, "yes") || span_is(s, "no")) &&
	    pattern_lower(s, p->text);
}

static bool
take_identity(struct span s, struct config_pattern *p)
{
	struct span	 uid = span_skip(s, 4);
	uint64_t	 n;
	size_t		 i;

	for (i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] > '~')
			return false;
	if (span_starts_word(s, "uid:") && !span_is(uid, "*") &&
	    !span_parse_u64(uid, UINT32_MAX, &n))
		return false;
	return s.len > 0 && pattern_lower(s, p->text);
}

static bool
take_listener(struct span s, struct config_pattern *p)
{
	char	 name[HOST_TEXT_MAX + 1];

	return config_listen_name(s, name) && pattern_lower(s, p->text);
}

/* SHA-256 of a certificate, as openssl(1) shows it or without colons. */
static bool
take_certificate(struct span s, struct config_pattern *p)
{
	enum { DIGITS = 64 };
	size_t	 i, n = 0;

	for (i = 0; i < s.len; i++) {
		if (s.ptr[i] == ':' && n % 2 == 0 && n > 0 && n < DIGITS &&
		    s.ptr[i - 1] != ':')
			continue;
		if (n == DIGITS || !isxdigit((unsigned char)s.ptr[i]))
			return false;
		p->text[n++] = tolower((unsigned char)s.ptr[i]);
	}
	return n == DIGITS && isxdigit((unsigned char)s.ptr[s.len - 1]);
}

static bool
take_tagged(struct span s, struct config_pattern *p)
{
	char	 tag[RULE_NAME_MAX + 1];

	return (span_is(s, "*") || config_rule_name(s, tag)) &&
	    s.len <= TAG_MAX && pattern_lower(s, p->text);
}

static const struct {
	bool		 (*take)(struct span, struct config_pattern *);
	const char	*what;
} kinds[CONFIG_CONDITIONS] = {
	[CONDITION_CLIENT] = { take_client,
	    "a network such as 192.0.2.0/24 or ::1" },
	[CONDITION_NAME] = { take_name, "a domain name, *.DOMAIN or *" },
	[CONDITION_HELO] = { take_helo, "a name, *.DOMAIN or *" },
	[CONDITION_SENDER] = { take_sender,
	    "DOMAIN, *.DOMAIN, LOCAL@DOMAIN, <> or *" },
	[CONDITION_RECIPIENT] = { take_address,
	    "DOMAIN, *.DOMAIN, LOCAL@DOMAIN or *" },
	[CONDITION_TLS] = { take_tls, "\"yes\" or \"no\"" },
	[CONDITION_IDENTITY] = { take_identity,
	    "a user such as joe, *@DOMAIN, uid:1000, uid:* or *" },
	[CONDITION_LISTENER] = { take_listener, "the name of a listen block" },
	[CONDITION_CERTIFICATE] = { take_certificate,
	    "the SHA-256 fingerprint of a certificate, 64 hexadecimal digits" },
	[CONDITION_TAG] = { take_tagged, "a tag of rules, or *" },
};

/* Room doubles whenever it is a power of two that is full. */
static void
add(struct config_patterns *all, const struct config_pattern *p)
{
	if ((all->n & (all->n - 1)) == 0)
		all->item = xreallocarray(all->item,
		    all->n > 0 ? 2 * all->n : 1, sizeof *all->item);
	all->item[all->n++] = *p;
}

static bool
take_patterns(struct value *v, unsigned kind,
    struct config_patterns *all, unsigned most)
{
	struct config_pattern	 p;
	struct span		 s;
	unsigned		 i;

	if (v->n == 0)
		return value_expected(v, "%s", kinds[kind].what);
	for (i = 0; i < v->n; i++) {
		memset(&p, 0, sizeof p);
		p.kind = kind;
		p.except = span_starts(v->words[i], "!");
		s = span_skip(v->words[i], p.except);
		if (all->n == most)
			return value_expected(v, "at most %u values", most);
		if (!kinds[kind].take(s, &p))
			return value_expected_at(v, i, kinds[kind].what);
		add(all, &p);
	}
	return true;
}

bool
value_take_identities(struct value *v)
{
	return take_patterns(v, CONDITION_IDENTITY, v->field, IDENTITIES_MAX);
}

bool
value_take_condition(struct value *v)
{
	struct config_patterns	**all = v->field;

	return take_patterns(v, v->k->lowest, *all, v->k->highest);
}

/* ---- verdicts ------------------------------------------------------------ */

/* "550" and a blank, or nothing more, off the head of `*s`. */
static bool
cut_code(struct span *s, uint64_t *code)
{
	struct span	 word, rest = *s;

	word = span_word(&rest);
	if (word.len != 3 || !span_parse_u64(word, 999, code))
		return false;
	*s = span_trim(rest);
	return true;
}

/* "550 5.7.1 text", "550 text" or "text"; what is missing is `standard`'s. */
static bool
parse_reply(struct span s, const struct reply *standard, struct reply *r)
{
	struct span	 rest;
	uint64_t	 code;

	*r = *standard;
	if (cut_code(&s, &code))
		r->code = code;
	rest = reply_parse_enhanced(s, r);
	if (rest.len > 0)
		reply_set_text(r, rest);
	return r->code / 100 == standard->code / 100 &&
	    (r->code % 100) / 10 <= 5 && r->code % 100 != 21 &&
	    r->class == standard->class && value_is_printable(s) &&
	    s.len < REPLY_LINE_MAX / 2;
}

/* All words from this one on, as they stand. */
static struct span
words_from(const struct value *v, unsigned first)
{
	const struct span	*last = &v->words[v->n - 1];

	if (v->n <= first)
		return span_of("");
	return span_make(v->words[first].ptr,
	    last->ptr + last->len - v->words[first].ptr);
}

bool
value_take_refusal(struct value *v)
{
	struct reply	 standard = reply_make(550, "5.7.1",
			    "Mail for this address is refused here");

	if (parse_reply(words_from(v, 0), &standard, v->field))
		return true;
	return value_expected(v, "a reply such as \"550 5.7.1 Go away\"");
}

static bool
take_refusal(struct value *v, struct config_rule *r)
{
	struct reply	 standard = reply_make(550, "5.7.1",
			    "Refused by the policy of this server");

	r->verdict = RULE_REFUSE;
	if (parse_reply(words_from(v, 1), &standard, &r->reply))
		return true;
	return value_expected(v, "\"refuse\" and perhaps a reply such as "
	    "\"550 5.7.1 Go away\"");
}

static bool
take_deferral(struct value *v, struct config_rule *r)
{
	struct reply	 standard = reply_make(450, "4.7.1", "Deferred by "
			    "the policy of this server, try again later");

	r->verdict = RULE_DEFER;
	if (parse_reply(words_from(v, 1), &standard, &r->reply))
		return true;
	return value_expected(v, "\"defer\" and perhaps a reply such as "
	    "\"450 4.7.1 Come back later\"");
}

static bool
take_tag(struct value *v, struct config_rule *r)
{
	char	 tag[RULE_NAME_MAX + 1];

	r->verdict = RULE_TAG;
	if (v->n == 2 && v->words[1].len <= TAG_MAX &&
	    config_rule_name(v->words[1], tag))
		return span_copy(v->words[1], r->tag, sizeof r->tag);
	return value_expected(v, "\"tag\" and a word of at most %d letters "
	    "and digits", TAG_MAX);
}

static bool
take_priority(struct value *v, struct config_rule *r)
{
	r->verdict = RULE_PRIORITY;
	r->reply = reply_make(250, NULL, "Ok");
	if (v->n == 2 && value_parse_priority(v->words[1], &r->priority))
		return true;
	return value_expected(v, "\"priority\" and a number from -%d to %d",
	    PRIORITY_MAX, PRIORITY_MAX);
}

bool
value_take_then(struct value *v)
{
	struct config_rule	*r = v->field;
	struct span		 word = v->n > 0 ? v->words[0] : span_of("");

	if (span_is(word, "refuse"))
		return take_refusal(v, r);
	if (span_is(word, "defer"))
		return take_deferral(v, r);
	if (span_is(word, "tag"))
		return take_tag(v, r);
	if (span_is(word, "priority"))
		return take_priority(v, r);
	if (!span_is(word, "accept") || v->n != 1)
		return value_expected(v, "\"accept\", \"refuse\", "
		    "\"defer\", \"tag WORD\" or \"priority N\"");
	r->verdict = RULE_ACCEPT;
	r->reply = reply_make(250, NULL, "Ok");
	return true;
}

bool
value_parse_priority(struct span s, unsigned *priority)
{
	int	 n;

	if (!unit_parse_priority(s, &n))
		return false;
	*priority = (unsigned)(PRIORITY_MAX + n);
	return true;
}

bool
value_take_priority(struct value *v)
{
	unsigned	 priority;

	if (v->n != 1 || !value_parse_priority(v->words[0], &priority))
		return value_expected(v, "a number from -%d to %d",
		    PRIORITY_MAX, PRIORITY_MAX);
	*(uint64_t *)v->field = priority + 1;
	return true;
}
