/* SPDX-License-Identifier: ISC */
/*
 * What machines read: RFC 3464, and RFC 6533 for addresses that are not ASCII.
 */
#include <stdio.h>
#include <string.h>

#include "queue/notice_own.h"
#include "shared/clock.h"
#include "shared/id.h"
#include "shared/utf8.h"
#include "shared/xtext.h"

enum { TYPE_MAX = 20, ADDRESS_MAX = 4096 };

static const char *const	 actions[ACTION_COUNT] = {
	"failed", "delayed", "delivered", "relayed", "expanded"
};

static void
put_date(struct notice_writer *w, const char *name, uint64_t wall)
{
	char	 date[DATE_SIZE];

	date_format(date, (int64_t)wall);
	notice_line(w, "%s: %s", name, date);
}

/* ---- addresses ----------------------------------------------------------- */

/* RFC 6533 section 3, utf-8-addr-xtext: what is not ASCII by its number. */
static void
put_escaped(struct span s, struct buf *out)
{
	size_t	 n;

	for (; s.len > 0; s = span_skip(s, n)) {
		n = utf8_length(s);
		if (n > 1)
			(void)buf_printf(out, "\\x{%X}", utf8_number(s, n));
		else {
			n = 1;
			notice_clean(span_head(s, 1), false, out);
		}
	}
}

/* An address of type "utf-8", as the notice may hold it. */
static void
put_utf8(struct notice_writer *w, const char *name, struct span address)
{
	struct buf	 escaped;

	if (w->utf8 && utf8_is_valid(address)) {
		notice_field(w, name, "utf-8", address);
		return;
	}
	buf_init(&escaped, ADDRESS_MAX);
	put_escaped(address, &escaped);
	notice_field(w, name, "utf-8", buf_span(&escaped));
	buf_clear(&escaped);
}

static void
put_address(struct notice_writer *w, const char *name, struct span address)
{
	if (utf8_is_ascii(address))
		notice_field(w, name, "rfc822", address);
	else
		put_utf8(w, name, address);
}

/* An atom (RFC 3461 section 4.2). */
static bool
is_type(struct span s)
{
	size_t	 i;

	for (i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] > '~' ||
		    strchr("()<>@,;:\\\"[].", s.ptr[i]) != NULL)
			return false;
	return s.len > 0 && s.len <= TYPE_MAX;
}

/* What the sender called it, without the xtext it came in; what cannot be said
 * in one line is not told. */
static bool
put_orcpt(struct notice_writer *w, struct span orcpt)
{
	char		 type[TYPE_MAX + 1], plain[ADDRESS_MAX];
	struct span	 head, address = span_cut(orcpt, ';', &head);

	if (!is_type(head) || address.len == 0)
		return false;
	(void)span_copy(head, type, sizeof type);
	if (span_is_word(head, "utf-8"))
		put_utf8(w, "Original-Recipient", address);
	else if (xtext_decode(address, plain, sizeof plain))
		notice_field(w, "Original-Recipient", type, span_of(plain));
	else
		return false;
	return true;
}

/* ---- of a recipient ------------------------------------------------------ */

/* The class is that of the action.  Of an answer that was for now, the final
 * status says only that it is final now. */
static struct reply
status_of(const struct notice_recipient *r)
{
	static const uint16_t	 classes[ACTION_COUNT] = { 5, 4, 2, 2, 2 };
	struct reply		 status = r->reply;

	if (r->action == ACTION_FAILED && r->expired) {
		status.subject = 4;
		status.detail = 7;
	} else if (status.class != classes[r->action])
		status.subject = status.detail = 0;
	status.class = classes[r->action];
	return status;
}

static void
put_recipient(struct notice_writer *w, const struct notice_recipient *r)
{
	char		 status[ENHANCED_SIZE], said[SAID_SIZE], id[ID_SIZE];
	struct span	 host = notice_host(r->relay);
	struct reply	 s = status_of(r);

	reply_enhanced(&s, status);
	id_format(id, w->notice->messages[r->message].id);
	notice_line(w, "%s", "");
	if (!put_orcpt(w, r->orcpt) && r->original.len > 0)
		put_address(w, "Original-Recipient", r->original);
	put_address(w, "Final-Recipient", r->address);
	notice_line(w, "Action: %s", actions[r->action]);
	notice_line(w, "Status: %s", status);
	if (host.len > 0)
		notice_field(w, "Remote-MTA", "dns", host);
	if (r->reply.code != 0)
		notice_field(w, "Diagnostic-Code", "smtp",
		    notice_said(&r->reply, said));
	if (r->tried != 0)
		put_date(w, "Last-Attempt-Date", r->tried);
	notice_line(w, "Final-Log-ID: %s", id);
	if (r->action == ACTION_DELAYED && r->until != 0)
		put_date(w, "Will-Retry-Until", r->until);
}

/* ---- of the message ------------------------------------------------------ */

/* "dns; name ([address])", as far as it is known. */
static void
put_received_from(struct notice_writer *w, struct span client)
{
	struct span	 host = notice_host(client);
	struct span	 literal = span_skip(client, span_index(client, '['));
	char		 text[2 * HOST_TEXT_MAX];

	if (host.len == 0)
		return;
	literal = span_head(literal, span_index(literal, ']') + 1);
	if (host.ptr[0] == '[')
		(void)snprintf(text, sizeof text, "%.*s", (int)host.len,
		    host.ptr);
	else
		(void)snprintf(text, sizeof text, "%.*s (%.*s)", (int)host.len,
		    host.ptr, (int)literal.len, literal.ptr);
	notice_field(w, "Received-From-MTA", "dns", span_of(text));
}

static void
put_message(struct notice_writer *w, const struct notice_message *m)
{
	char	 envid[PARAMETERS_MAX + 1];

	if (m->envid.len > 0 && xtext_decode(m->envid, envid, sizeof envid))
		notice_field(w, "Original-Envelope-Id", NULL, span_of(envid));
	notice_field(w, "Reporting-MTA", "dns", span_of(w->notice->hostname));
	put_received_from(w, m->client);
	put_date(w, "Arrival-Date", m->arrived);
}

void
notice_status(struct notice_writer *w)
{
	const struct notice	*n = w->notice;
	size_t			 i;

	notice_part(w, w->utf8 ? "message/global-delivery-status" :
	    "message/delivery-status");
	if (w->utf8)
		notice_line(w, "Content-Transfer-Encoding: 8bit");
	notice_line(w, "%s", "");
	if (n->kind == NOTICE_DIGEST)
		notice_field(w, "Reporting-MTA", "dns", span_of(n->hostname));
	else
		put_message(w, &n->messages[0]);
	for (i = 0; i < n->count; i++)
		put_recipient(w, &n->recipients[i]);
}
