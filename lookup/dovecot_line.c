/* SPDX-License-Identifier: ISC */
#include <netinet/in.h>

#include <arpa/inet.h>
#include <string.h>

#include "lookup/dovecot_line.h"
#include "shared/alloc.h"
#include "shared/base64.h"

enum { MAJOR = 1, MINOR = 1, ESCAPE = 1 };

/* ---- what is said -------------------------------------------------------- */

/* The next word; what is left moves behind its tab. */
static struct span
take_word(struct span *rest)
{
	struct span	 word;

	*rest = span_cut(*rest, '\t', &word);
	return word;
}

static bool
take_number(struct span *rest, uint32_t *number)
{
	uint64_t	 n;

	if (!span_parse_u64(take_word(rest), UINT32_MAX, &n))
		return false;
	*number = n;
	return true;
}

/* A control character, in whatever dress, is in no name of ours. */
static bool
take_user(struct span text, char into[ACCOUNT_TEXT_MAX + 1])
{
	size_t	 i, n = 0;
	char	 c;

	for (i = 0; i < text.len; i++) {
		c = text.ptr[i];
		if (c == ESCAPE) {
			if (++i == text.len ||
			    strchr("01trn", text.ptr[i]) != NULL)
				return false;
			c = text.ptr[i];
		}
		if (n == ACCOUNT_TEXT_MAX)
			return false;
		into[n++] = c;
	}
	into[n] = '\0';
	return span_is_text(span_make(into, n));
}

/* What is behind the number of an answer; what we do not know is not for
 * us. */
static bool
take_rest(struct span rest, struct dovecot_line *l)
{
	struct span	 word;

	while (rest.len > 0) {
		word = take_word(&rest);
		if (span_starts(word, "user=")) {
			if (!take_user(span_skip(word, strlen("user=")),
			    l->user))
				return false;
		} else if (span_is(word, "temp") ||
		    span_is(word, "code=temp_fail"))
			l->temporary = true;
	}
	return true;
}

static bool
parse_version(struct span rest, struct dovecot_line *l)
{
	return take_number(&rest, &l->number) && l->number == MAJOR;
}

static bool
parse_mech(struct span rest, struct dovecot_line *l)
{
	l->text = take_word(&rest);
	return l->text.len > 0;
}

static bool
parse_done(struct span rest, struct dovecot_line *l)
{
	(void)l;
	return rest.len == 0;
}

static bool
parse_ok(struct span rest, struct dovecot_line *l)
{
	return take_number(&rest, &l->number) && take_rest(rest, l) &&
	    l->user[0] != '\0';
}

static bool
parse_cont(struct span rest, struct dovecot_line *l)
{
	if (!take_number(&rest, &l->number))
		return false;
	l->text = take_word(&rest);
	return true;
}

/* A name that we do not like is no reason not to hear that it failed. */
static bool
parse_fail(struct span rest, struct dovecot_line *l)
{
	if (!take_number(&rest, &l->number))
		return false;
	if (!take_rest(rest, l))
		l->user[0] = '\0';
	return true;
}

static const struct {
	const char		*word;
	enum dovecot_command	 command;
	bool			(*parse)(struct span, struct dovecot_line *);
} commands[] = {
	{ "VERSION",	DOVECOT_VERSION,	parse_version },
	{ "MECH",	DOVECOT_MECH,		parse_mech },
	{ "DONE",	DOVECOT_DONE,		parse_done },
	{ "OK",		DOVECOT_OK,		parse_ok },
	{ "CONT",	DOVECOT_CONT,		parse_cont },
	{ "FAIL",	DOVECOT_FAIL,		parse_fail },
};

bool
dovecot_parse(struct span line, struct dovecot_line *l)
{
	struct span	 word = take_word(&line);
	size_t		 i;

	*l = (struct dovecot_line){ .command = DOVECOT_OTHER,
	    .text = span_of("") };
	for (i = 0; i < COUNT(commands); i++)
		if (span_is(word, commands[i].word)) {
			l->command = commands[i].command;
			return commands[i].parse(line, l);
		}
	return word.len > 0;
}

/* ---- what we say --------------------------------------------------------- */

bool
dovecot_put_hello(struct buf *b, unsigned pid)
{
	return buf_printf(b, "VERSION\t%d\t%d\nCPID\t%u\n", MAJOR, MINOR,
	    pid);
}

static bool
put_address(struct buf *b, struct span address)
{
	static const uint8_t	 mapped[12] = { [10] = 0xff, [11] = 0xff };
	char			 text[INET6_ADDRSTRLEN];
	bool			 is_v4;

	if (address.len != sizeof(struct in6_addr))
		return true;
	is_v4 = memcmp(address.ptr, mapped, sizeof mapped) == 0;
	if (inet_ntop(is_v4 ? AF_INET : AF_INET6,
	    address.ptr + (is_v4 ? sizeof mapped : 0), text,
	    sizeof text) == NULL)
		return true;
	return buf_printf(b, "\trip=%s", text);
}

/* Nobody comes here but under TLS.  No master login follows; the response is
 * always the last. */
bool
dovecot_put_auth(struct buf *b, const struct dovecot_request *r)
{
	if (!buf_printf(b, "AUTH\t%u\t%.*s\tservice=smtp\tnologin\tsecured",
	    (unsigned)r->number, (int)r->mechanism.len, r->mechanism.ptr) ||
	    !put_address(b, r->address))
		return false;
	if (r->has_initial && (!buf_put(b, span_of("\tresp=")) ||
	    !base64_put(b, r->initial)))
		return false;
	return buf_put(b, span_of("\n"));
}

bool
dovecot_put_cont(struct buf *b, uint32_t number, struct span data)
{
	return buf_printf(b, "CONT\t%u\t", (unsigned)number) &&
	    base64_put(b, data) && buf_put(b, span_of("\n"));
}

bool
dovecot_put_cancel(struct buf *b, uint32_t number)
{
	return buf_printf(b, "CANCEL\t%u\n", (unsigned)number);
}
