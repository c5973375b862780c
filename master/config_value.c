/* SPDX-License-Identifier: ISC */
/*
 * Words to values: one converter a type.  Each says what it would have liked
 * when it does not like what it got.
 */
#include <sys/stat.h>
#include <sys/types.h>

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "master/config_value.h"
#include "shared/alloc.h"
#include "shared/pattern.h"
#include "shared/unit.h"
#include "shared/via.h"

enum { BOUND_SIZE = 32 };

bool
value_expected(struct value *v, const char *fmt, ...)
{
	char			 shown[CONFIG_SHOWN_SIZE];
	char			 what[CONFIG_WHY_SIZE];
	const struct span	*last;
	va_list			 ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	if (v->n == 0)
		snprintf(v->why, CONFIG_WHY_SIZE, "expected %.300s", what);
	else {
		last = &v->words[v->n - 1];
		config_show(shown, span_make(v->words[0].ptr,
		    last->ptr + last->len - v->words[0].ptr));
		snprintf(v->why, CONFIG_WHY_SIZE,
		    "expected %.300s, not \"%s\"", what, shown);
	}
	return false;
}

bool
value_expected_at(struct value *v, unsigned word, const char *what)
{
	struct value	 one = *v;

	one.words = &v->words[word];
	one.n = 1;
	return value_expected(&one, "%s", what);
}

/* ---- numbers ------------------------------------------------------------ */

static bool
take_number(struct value *v)
{
	uint64_t	 n;

	if (v->n != 1 || !span_parse_u64(v->words[0], v->k->highest, &n) ||
	    n < v->k->lowest)
		return value_expected(v, "a number from %" PRIu64 " to %"
		    PRIu64, v->k->lowest, v->k->highest);
	*(uint64_t *)v->field = n;
	return true;
}

static const char *
bound(char into[BOUND_SIZE], uint64_t n, const struct unit *u)
{
	const struct unit	*last = u;

	for (; u->letter != 0; last = u++)
		if (n != 0 && n % u->factor == 0)
			break;
	if (u->letter == 0 && n != 0)
		snprintf(into, BOUND_SIZE, "%" PRIu64, n);
	else {
		u = n == 0 ? last : u;
		snprintf(into, BOUND_SIZE, "%" PRIu64 "%c", n / u->factor,
		    u->letter);
	}
	return into;
}

static bool
take_size(struct value *v)
{
	char		 low[BOUND_SIZE], high[BOUND_SIZE];
	uint64_t	 n;

	if (v->n == 1 && (unit_parse(v->words[0], unit_sizes(), &n) ||
	    span_parse_u64(v->words[0], v->k->highest, &n)) &&
	    n >= v->k->lowest && n <= v->k->highest) {
		*(uint64_t *)v->field = n;
		return true;
	}
	return value_expected(v, "a size from %s to %s, such as %s",
	    bound(low, v->k->lowest, unit_sizes()),
	    bound(high, v->k->highest, unit_sizes()), v->k->standard);
}

static bool
take_time(struct value *v)
{
	char		 low[BOUND_SIZE], high[BOUND_SIZE];
	uint64_t	 n;

	if (v->n == 1 && unit_parse(v->words[0], unit_times(), &n) &&
	    n >= v->k->lowest && n <= v->k->highest) {
		*(uint64_t *)v->field = n;
		return true;
	}
	return value_expected(v, "a time from %s to %s, such as %s",
	    bound(low, v->k->lowest, unit_times()),
	    bound(high, v->k->highest, unit_times()),
	    v->k->standard != NULL ? v->k->standard : low);
}

static bool
take_yesno(struct value *v)
{
	if (v->n != 1 ||
	    (!span_is(v->words[0], "yes") && !span_is(v->words[0], "no")))
		return value_expected(v, "\"yes\" or \"no\"");
	*(bool *)v->field = span_is(v->words[0], "yes");
	return true;
}

/* A keyword without values. */
static bool
take_flag(struct value *v)
{
	if (v->n > 0)
		return value_expected(v, "nothing behind it");
	*(bool *)v->field = true;
	return true;
}

static bool
take_time_or_no(struct value *v)
{
	if (v->n != 1 || !span_is(v->words[0], "no"))
		return take_time(v);
	*(uint64_t *)v->field = 0;
	return true;
}

static const struct {
	const char	*words[5];
	const char	*what;
} choices[CHOICE_COUNT] = {
	[CHOICE_YESNO]	= { { "no", "yes" }, "\"yes\" or \"no\"" },
	[CHOICE_TLS]	= { { "no", "starttls", "required", "immediate" },
	    "\"no\", \"starttls\", \"required\" or \"immediate\"" },
	[CHOICE_AUTH]	= { { "no", "yes", "required" },
	    "\"no\", \"yes\" or \"required\"" },
	[CHOICE_VERSION] = { { "1.2", "1.3" }, "\"1.2\" or \"1.3\"" },
	[CHOICE_REMOTE_TLS] = { { "may", "no", "required", "verified" },
	    "\"may\", \"no\", \"required\" or \"verified\"" },
	[CHOICE_LANGUAGE] = { { "english", "french" },
	    "\"english\" or \"french\"" },
};

static bool
take_choice(struct value *v)
{
	const char *const	*words = choices[v->k->lowest].words;
	unsigned		 i;

	for (i = 0; v->n == 1 && words[i] != NULL; i++)
		if (span_is(v->words[0], words[i])) {
			*(unsigned *)v->field = i + 1;
			return true;
		}
	return value_expected(v, "%s", choices[v->k->lowest].what);
}

static bool
take_protocol(struct value *v)
{
	bool	*lmtp = v->field;

	if (v->n != 1)
		return value_expected(v, "\"smtp\" or \"lmtp\"");
	*lmtp = span_is(v->words[0], "lmtp");
	if (!*lmtp && !span_is(v->words[0], "smtp"))
		return value_expected(v, "\"smtp\" or \"lmtp\"");
	return true;
}

/* ---- names and paths ---------------------------------------------------- */

bool
config_domain_name(struct span s, char into[HOST_TEXT_MAX + 1])
{
	return via_parse_name(s, into);
}

bool
config_pattern(struct span s, char into[HOST_TEXT_MAX + 1])
{
	char	 name[HOST_TEXT_MAX + 1];

	if (span_is(s, "*"))
		return span_copy(s, into, HOST_TEXT_MAX + 1);
	if (!span_starts(s, "*."))
		return config_domain_name(s, into);
	if (s.len > HOST_TEXT_MAX || !config_domain_name(span_skip(s, 2), name))
		return false;
	snprintf(into, HOST_TEXT_MAX + 1, "*.%.*s", HOST_TEXT_MAX - 2, name);
	return true;
}

/* An address, or a pattern of its domain. */
bool
config_route_pattern(struct span s, char into[ADDR_TEXT_MAX + 1])
{
	struct span	 domain = pattern_domain(s);
	char		 name[HOST_TEXT_MAX + 1];

	if (domain.len == s.len)
		return config_pattern(s, into);
	return config_domain_name(domain, name) &&
	    !span_starts(s, "*@") && pattern_parse_address(s, into);
}

bool
config_rule_name(struct span s, char into[RULE_NAME_MAX + 1])
{
	size_t	 i;

	for (i = 0; i < s.len; i++)
		if (!isalnum((unsigned char)s.ptr[i]) &&
		    memchr("-_.", s.ptr[i], 3) == NULL)
			return false;
	return s.len > 0 && span_copy(s, into, RULE_NAME_MAX + 1);
}

bool
config_listen_name(struct span s, char into[HOST_TEXT_MAX + 1])
{
	return config_rule_name(s, into);
}

bool
value_is_printable(struct span s)
{
	size_t	 i;

	for (i = 0; i < s.len; i++)
		if (s.ptr[i] < ' ' || s.ptr[i] > '~')
			return false;
	return true;
}

static bool
take_host(struct value *v)
{
	if (v->n == 1 && config_domain_name(v->words[0], v->field))
		return true;
	return value_expected(v, "a domain name");
}

bool
value_take_path(struct value *v)
{
	struct span	 s;

	if (v->n != 1 || v->words[0].len == 0 || v->words[0].ptr[0] != '/')
		return value_expected(v, "an absolute path");
	s = v->words[0];
	while (s.len > 1 && s.ptr[s.len - 1] == '/')
		s.len--;
	if (s.len > v->k->highest)
		return value_expected(v, "a path of at most %" PRIu64 " octets",
		    v->k->highest);
	return span_copy(s, v->field, v->k->highest + 1);
}

/* A file that a child will be given: what is not there is told now. */
static bool
take_file(struct value *v)
{
	struct stat	 st;

	if (!value_take_path(v))
		return false;
	if (stat(v->field, &st) == -1)
		return value_expected(v, "a file that is there (%s)",
		    strerror(errno));
	if (!S_ISREG(st.st_mode))
		return value_expected(v, "a regular file");
	if (st.st_size > ALIAS_FILE_MAX)
		return value_expected(v, "a file of at most %d octets",
		    ALIAS_FILE_MAX);
	return true;
}

static bool
take_mailbox(struct value *v)
{
	struct addr	 a;

	if (v->n == 1 && addr_parse(v->words[0], &a) == ADDR_OK &&
	    addr_domain(&a).len > 0)
		return span_copy(addr_span(&a), v->field, ADDR_TEXT_MAX + 1);
	return value_expected(v, "an address such as postmaster@example.org");
}

static bool
take_mailbox_or_no(struct value *v)
{
	if (v->n != 1 || !span_is(v->words[0], "no"))
		return take_mailbox(v);
	return span_copy(span_of(""), v->field, ADDR_TEXT_MAX + 1);
}

static bool
take_log(struct value *v)
{
	struct config_log	*log = v->field;
	struct value		 file = *v;

	if (v->n == 2 && span_is(v->words[0], "file")) {
		file.words++;
		file.n--;
		file.field = log->path;
		if (!value_take_path(&file))
			return false;
		log->kind = LOG_TO_FILE;
	} else if (v->n == 1 && span_is(v->words[0], "syslog"))
		log->kind = LOG_TO_SYSLOG;
	else if (v->n == 1 && span_is(v->words[0], "stderr"))
		log->kind = LOG_TO_STDERR;
	else
		return value_expected(v, "\"syslog\", \"stderr\" or "
		    "\"file PATH\"");
	log->said = true;
	return true;
}

/*
 * "~/Maildir" or "/mail/%u": nothing climbs, %u is all that is replaced, and a
 * colon parts directories in the list that agents get.
 */
static bool
is_mailbox_path(struct span s)
{
	struct span	 rest = s, part;
	size_t		 i;

	if (!span_starts(s, "~/") && !span_starts(s, "/"))
		return false;
	for (i = 0; i < s.len; i++)
		if (s.ptr[i] == ':' || (s.ptr[i] == '%' &&
		    (i + 1 == s.len || s.ptr[i + 1] != 'u')))
			return false;
	while (rest.len > 0) {
		rest = span_cut(rest, '/', &part);
		if (span_is(part, ".."))
			return false;
	}
	return true;
}

static bool
take_delivery(struct value *v)
{
	struct config_delivery	*d = v->field;

	if (v->n == 0 || !span_is(v->words[0], "maildir"))
		return value_expected(v, "\"maildir PATH\"");
	if (v->n != 2 || !is_mailbox_path(v->words[1]))
		return value_expected(v, "\"maildir\" and a path such as "
		    "~/Maildir or /var/mail/%%u");
	if (!span_copy(v->words[1], d->path, sizeof d->path))
		return value_expected(v, "a path of at most %d octets",
		    PATH_TEXT_MAX);
	d->kind = DELIVERY_MAILDIR;
	return true;
}

static bool
take_passwords(struct value *v)
{
	struct config_passwords	*p = v->field;
	struct value		 path = *v;
	bool			 is_file;

	if (v->n != 2 || !(span_is(v->words[0], "file") ||
	    span_is(v->words[0], "dovecot")))
		return value_expected(v, "\"file PATH\" or "
		    "\"dovecot SOCKET\"");
	is_file = span_is(v->words[0], "file");
	if (!is_file && v->words[1].len > SOCKET_PATH_MAX)
		return value_expected(v, "a socket's path of at most %d "
		    "octets", SOCKET_PATH_MAX);
	path.words++;
	path.n--;
	path.field = p->path;
	if (!value_take_path(&path))
		return false;
	p->kind = is_file ? JUDGE_PASSWORDS : JUDGE_DOVECOT;
	return true;
}

/* ---- all of them -------------------------------------------------------- */

static bool	 (*const takers[])(struct value *) = {
	[CONFIG_NUMBER]		= take_number,
	[CONFIG_SIZE]		= take_size,
	[CONFIG_TIME]		= take_time,
	[CONFIG_YESNO]		= take_yesno,
	[CONFIG_HOST]		= take_host,
	[CONFIG_PATH]		= value_take_path,
	[CONFIG_FILE]		= take_file,
	[CONFIG_MAILBOX]	= take_mailbox,
	[CONFIG_MAILBOX_OR_NO]	= take_mailbox_or_no,
	[CONFIG_LOG]		= take_log,
	[CONFIG_PROTOCOL]	= take_protocol,
	[CONFIG_NETWORKS]	= value_take_networks,
	[CONFIG_SERVERS]	= value_take_servers,
	[CONFIG_ADDRESSES]	= value_take_addresses,
	[CONFIG_DELIVERY]	= take_delivery,
	[CONFIG_VIA]		= value_take_via,
	[CONFIG_IDENTITIES]	= value_take_identities,
	[CONFIG_CONDITION]	= value_take_condition,
	[CONFIG_THEN]		= value_take_then,
	[CONFIG_CHOICE]		= take_choice,
	[CONFIG_TIME_OR_NO]	= take_time_or_no,
	[CONFIG_PASSWORDS]	= take_passwords,
	[CONFIG_FLAG]		= take_flag,
	[CONFIG_LMTP]		= value_take_lmtp,
	[CONFIG_SOCKET]		= value_take_socket,
	[CONFIG_REFUSAL]	= value_take_refusal,
	[CONFIG_SOURCES]	= value_take_sources,
	[CONFIG_FALLBACK]	= value_take_fallback,
	[CONFIG_LOGIN]		= value_take_login,
	[CONFIG_MECHANISMS]	= value_take_mechanisms,
	[CONFIG_REWRITE]	= value_take_rewrite,
	[CONFIG_MASQUERADE]	= value_take_masquerade,
	[CONFIG_UNMASKED]	= value_take_unmasked,
	[CONFIG_CODE]		= value_take_code,
	[CONFIG_TEXT]		= value_take_text,
	[CONFIG_PRIORITY]	= value_take_priority,
};

bool
config_value(const struct config_keyword *k, const struct span *words,
    unsigned n, void *base, char why[CONFIG_WHY_SIZE])
{
	struct value	 v = { k, words, n, (char *)base + k->field, why };

	return takers[k->type](&v);
}
