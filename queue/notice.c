/* SPDX-License-Identifier: ISC */
#include <bsd/stdlib.h>
#include <stdio.h>
#include <string.h>

#include "queue/notice_own.h"
#include "queue/notice_phrases.h"
#include "shared/clock.h"
#include "shared/id.h"
#include "shared/mime.h"
#include "shared/utf8.h"

enum { SUBJECT_MAX = 200 };

/* ---- what kind of notice it will be -------------------------------------- */

static bool
has_utf8_address(const struct notice *n)
{
	const struct notice_recipient	*r;
	size_t				 i;

	if (!utf8_is_ascii(addr_span(n->to)))
		return true;
	for (i = 0; i < n->count; i++) {
		r = &n->recipients[i];
		if (!utf8_is_ascii(r->address) || !utf8_is_ascii(r->original))
			return true;
	}
	return false;
}

/* Only what is UTF-8 all through may go as that (RFC 6533 section 5). */
static bool
wants_utf8(const struct notice *n)
{
	struct span	 header = n->messages[0].header;

	if (!n->utf8)
		return false;
	return has_utf8_address(n) ||
	    (!utf8_is_ascii(header) && utf8_is_valid(header));
}

uint32_t
notice_flags(const struct notice *n)
{
	if (wants_utf8(n))
		return MESSAGE_8BIT | MESSAGE_UTF8;
	return notice_returned(n) == RETURN_CONTENT &&
	    !utf8_is_ascii(n->content) ? MESSAGE_8BIT : 0;
}

/* What is said first of all recipients together: the worst. */
static enum notice_action
first_action(const struct notice *n)
{
	enum notice_action	 first = ACTION_COUNT - 1;
	size_t			 i;

	for (i = 0; i < n->count; i++)
		if (n->recipients[i].action < first)
			first = n->recipients[i].action;
	return first;
}

/* ---- its header ---------------------------------------------------------- */

static void
make_boundary(char into[BOUNDARY_SIZE])
{
	uint64_t	 random[2];

	arc4random_buf(random, sizeof random);
	(void)snprintf(into, BOUNDARY_SIZE, "=_%016llx%016llx",
	    (unsigned long long)random[0], (unsigned long long)random[1]);
}

static void
put_subject(struct notice_writer *w)
{
	const struct phrases	*p = phrases_of(w->language);
	const struct notice	*n = w->notice;
	const char		*subject = p->subjects[first_action(n)];
	char			 text[SUBJECT_MAX];

	if (n->kind == NOTICE_DOUBLE)
		subject = p->subject_double;
	if (n->kind == NOTICE_DIGEST)
		(void)snprintf(text, sizeof text, "%s (%zu messages)", subject,
		    n->message_count);
	else
		(void)snprintf(text, sizeof text, "%s", subject);
	if (utf8_is_ascii(span_of(text))) {
		notice_line(w, "Subject: %s", text);
		return;
	}
	notice_octets(w, span_of("Subject: "));
	if (!mime_put_words(span_of(text), w->out))
		w->done = false;
	notice_octets(w, span_of("\r\n"));
}

static void
put_to(struct notice_writer *w)
{
	const struct addr	*to = w->notice->to;

	if (utf8_is_ascii(addr_span(to)) || w->utf8)
		notice_line(w, "To: <%s>", to->text);
	else
		notice_line(w, "To: undisclosed-recipients:;");
}

static void
put_header(struct notice_writer *w)
{
	const struct notice	*n = w->notice;
	char			 date[DATE_SIZE], id[ID_SIZE];

	date_format(date, (int64_t)n->now);
	id_format(id, n->id);
	notice_line(w, "From: MAILER-DAEMON@%s (Mail Delivery System)",
	    n->hostname);
	put_to(w);
	put_subject(w);
	notice_line(w, "Date: %s", date);
	notice_line(w, "Message-ID: <%s@%s>", id, n->hostname);
	if (n->kind != NOTICE_DIGEST)
		notice_thread(w, n->messages[0].header);
	notice_line(w, "Auto-Submitted: auto-replied");
	notice_line(w, "MIME-Version: 1.0");
	notice_line(w, "Content-Type: multipart/report; report-type=%s;",
	    w->utf8 ? "global-delivery-status" : "delivery-status");
	notice_line(w, "\tboundary=\"%s\"", w->boundary);
	if (notice_flags(n) & MESSAGE_8BIT)
		notice_line(w, "Content-Transfer-Encoding: 8bit");
	notice_line(w, "%s", "");
	notice_line(w, "This is a MIME-encapsulated message.");
}

bool
notice_write(const struct notice *n, struct buf *out)
{
	struct notice_writer	 w = { .out = out, .notice = n, .done = true };

	w.language = notice_language_of(n->messages[0].header, n->language);
	w.returned = notice_returned(n);
	w.utf8 = wants_utf8(n);
	make_boundary(w.boundary);
	put_header(&w);
	notice_words(&w);
	notice_status(&w);
	notice_original(&w);
	notice_line(&w, "%s", "");
	notice_line(&w, "--%s--", w.boundary);
	return w.done;
}
