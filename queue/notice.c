/* SPDX-License-Identifier: ISC */
#include <bsd/stdlib.h>
#include <stdarg.h>
#include <stdio.h>

#include "queue/notice.h"
#include "shared/clock.h"
#include "shared/id.h"

enum {
	LINE_MAX_OCTETS	= 900,		/* RFC 5322 section 2.1.1: 998 */
	BOUNDARY_SIZE	= 40,
	REPLY_SIZE	= REPLY_TEXT_MAX + 64,
	LIFE_SIZE	= 40
};

struct writer {
	struct buf	*out;
	char		 boundary[BOUNDARY_SIZE];
	bool		 is_8bit;
	bool		 done;		/* nothing was refused */
};

static void __attribute__((__format__(__printf__, 2, 3)))
say(struct writer *w, const char *fmt, ...)
{
	char	 line[1024];
	va_list	 ap;
	int	 n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof line ||
	    !buf_put(w->out, span_make(line, (size_t)n)) ||
	    !buf_put(w->out, span_of("\r\n")))
		w->done = false;
}

static bool
has_8bit(struct span s)
{
	size_t	 i;

	for (i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] >= 0x80)
			return true;
	return false;
}

uint32_t
notice_flags(const struct notice *n)
{
	return has_8bit(n->messages[0].header) ? MESSAGE_8BIT : 0;
}

static void
make_boundary(char into[BOUNDARY_SIZE])
{
	uint64_t	 random[2];

	arc4random_buf(random, sizeof random);
	(void)snprintf(into, BOUNDARY_SIZE, "=_%016llx%016llx",
	    (unsigned long long)random[0], (unsigned long long)random[1]);
}

/* ---- values -------------------------------------------------------------- */

/* "5 days", in the largest unit that tells it exactly. */
static void
format_life(char into[LIFE_SIZE], uint32_t seconds)
{
	static const struct {
		uint32_t	 seconds;
		const char	*name;
	} units[] = {
		{ 86400, "day" }, { 3600, "hour" }, { 60, "minute" },
		{ 1, "second" }
	};
	size_t	 i = 0;

	while (seconds % units[i].seconds != 0)
		i++;
	seconds /= units[i].seconds;
	(void)snprintf(into, LIFE_SIZE, "%u %s%s", seconds, units[i].name,
	    seconds == 1 ? "" : "s");
}

/* Of an answer that was for now, the final status says only that it is final
 * now. */
static void
format_status(char into[ENHANCED_SIZE], const struct notice_recipient *f)
{
	struct reply	 r = f->reply;

	if (f->expired) {
		r.class = 5;
		r.subject = 4;
		r.detail = 7;
	} else if (r.class != 5) {
		r.class = 5;
		r.subject = r.detail = 0;
	}
	reply_enhanced(&r, into);
}

/* The answer in one line: "550 5.1.1 text". */
static void
format_reply(char into[REPLY_SIZE], const struct reply *r)
{
	char	 enhanced[ENHANCED_SIZE], *p;

	reply_enhanced(r, enhanced);
	(void)snprintf(into, REPLY_SIZE, "%u %s%s%s", r->code,
	    r->class ? enhanced : "", r->class ? " " : "", r->text);
	for (p = into; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = ' ';
}

/* The host in "host[address]:port", an address in its brackets; empty when
 * there is none. */
static struct span
remote_host(struct span relay)
{
	size_t		 open = span_index(relay, '[');
	size_t		 end = span_index(relay, ']');
	struct span	 host = span_head(relay, open), literal;

	if (open == relay.len || end == relay.len || end < open)
		return span_of("");
	literal = span_head(span_skip(relay, open), end - open + 1);
	if (host.len == 0 || span_is(host, "unknown") ||
	    span_equal(host, span_head(span_skip(literal, 1), host.len)))
		return literal;
	return domain_is_valid(host) ? host : literal;
}

/* ---- the parts ----------------------------------------------------------- */

static void
write_header(struct writer *w, const struct notice *n)
{
	char	 date[DATE_SIZE], id[ID_SIZE];

	date_format(date, (int64_t)n->now);
	id_format(id, n->id);
	say(w, "From: MAILER-DAEMON@%s (Mail Delivery System)", n->hostname);
	say(w, "To: <%s>", n->to->text);
	say(w, "Subject: Undelivered Mail Returned to Sender");
	say(w, "Date: %s", date);
	say(w, "Message-ID: <%s@%s>", id, n->hostname);
	say(w, "Auto-Submitted: auto-replied");
	say(w, "MIME-Version: 1.0");
	say(w, "Content-Type: multipart/report; "
	    "report-type=delivery-status;");
	say(w, "\tboundary=\"%s\"", w->boundary);
	if (w->is_8bit)
		say(w, "Content-Transfer-Encoding: 8bit");
	say(w, "%s", "");
	say(w, "This is a MIME-encapsulated message.");
}

static void
write_words(struct writer *w, const struct notice *n,
    const struct notice_recipient *f)
{
	char		 life[LIFE_SIZE], reply[REPLY_SIZE];
	struct span	 host = remote_host(f->relay);

	format_life(life, n->life);
	format_reply(reply, &f->reply);
	say(w, "%s", "");
	say(w, "<%.*s>", (int)f->address.len, f->address.ptr);
	if (f->original.len > 0)
		say(w, "    (written to <%.*s>)", (int)f->original.len,
		    f->original.ptr);
	if (f->expired)
		say(w, "    Not delivered within %s.", life);
	if (f->reply.code == 0)
		return;
	if (host.len > 0)
		say(w, "    %s %.*s:", f->expired ? "At last, mail server" :
		    "Mail server", (int)host.len, host.ptr);
	else
		say(w, "    The %s was:", f->expired ? "last answer" :
		    "answer");
	say(w, "    %s", reply);
}

static void
write_text(struct writer *w, const struct notice *n)
{
	char	 date[DATE_SIZE], id[ID_SIZE];
	size_t	 i;

	date_format(date, (int64_t)n->messages[0].arrived);
	id_format(id, n->messages[0].id);
	say(w, "%s", "");
	say(w, "--%s", w->boundary);
	say(w, "Content-Type: text/plain; charset=us-ascii");
	say(w, "%s", "");
	say(w, "This is the mail system at %s.", n->hostname);
	say(w, "%s", "");
	say(w, "Your message of %s", date);
	say(w, "could not be delivered to %s below. It will not be",
	    n->count == 1 ? "the recipient" : "the recipients");
	say(w, "tried again. The header of your message is attached.");
	for (i = 0; i < n->count; i++)
		write_words(w, n, &n->recipients[i]);
	say(w, "%s", "");
	say(w, "If you need help, send this to <postmaster@%s>;", n->hostname);
	say(w, "the number of your message here is %s.", id);
}

static void
write_failure(struct writer *w, const struct notice_recipient *f)
{
	char		 status[ENHANCED_SIZE], reply[REPLY_SIZE];
	struct span	 host = remote_host(f->relay);

	format_status(status, f);
	format_reply(reply, &f->reply);
	say(w, "%s", "");
	if (f->original.len > 0)
		say(w, "Original-Recipient: rfc822; %.*s",
		    (int)f->original.len, f->original.ptr);
	say(w, "Final-Recipient: rfc822; %.*s", (int)f->address.len,
	    f->address.ptr);
	say(w, "Action: failed");
	say(w, "Status: %s", status);
	if (host.len > 0)
		say(w, "Remote-MTA: dns; %.*s", (int)host.len, host.ptr);
	if (f->reply.code != 0)
		say(w, "Diagnostic-Code: smtp; %s", reply);
}

static void
write_status(struct writer *w, const struct notice *n)
{
	char	 date[DATE_SIZE];
	size_t	 i;

	date_format(date, (int64_t)n->messages[0].arrived);
	say(w, "%s", "");
	say(w, "--%s", w->boundary);
	say(w, "Content-Type: message/delivery-status");
	say(w, "%s", "");
	say(w, "Reporting-MTA: dns; %s", n->hostname);
	say(w, "Arrival-Date: %s", date);
	for (i = 0; i < n->count; i++)
		write_failure(w, &n->recipients[i]);
}

/* Line by line, because what came may have longer ones than we may send. */
static void
write_original(struct writer *w, const struct notice *n)
{
	struct span	 rest = n->messages[0].header, line;

	if (rest.len == 0)
		return;
	say(w, "%s", "");
	say(w, "--%s", w->boundary);
	say(w, "Content-Type: text/rfc822-headers");
	if (w->is_8bit)
		say(w, "Content-Transfer-Encoding: 8bit");
	say(w, "%s", "");
	while (rest.len > 0) {
		rest = span_cut(rest, '\n', &line);
		if (line.len > 0 && line.ptr[line.len - 1] == '\r')
			line.len--;
		line = span_head(line, LINE_MAX_OCTETS);
		if (!buf_put(w->out, line) ||
		    !buf_put(w->out, span_of("\r\n")))
			w->done = false;
	}
}

bool
notice_write(const struct notice *n, struct buf *out)
{
	struct writer	 w = { .out = out, .done = true };

	w.is_8bit = (notice_flags(n) & MESSAGE_8BIT) != 0;
	make_boundary(w.boundary);
	write_header(&w, n);
	write_text(&w, n);
	write_status(&w, n);
	write_original(&w, n);
	say(&w, "%s", "");
	say(&w, "--%s--", w.boundary);
	return w.done;
}
