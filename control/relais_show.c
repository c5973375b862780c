/* SPDX-License-Identifier: ISC */
/* One message: its envelope, what became of it so far, and its content. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control/relais_queue.h"
#include "shared/id.h"
#include "shared/log.h"

/* The fields of the row "event", in their order. */
enum {
	E_ID, E_TIME, E_KIND, E_NUMBER, E_UID, E_CODE, E_ENHANCED, E_TEXT,
	E_RELAY, E_FIELDS
};

enum { REQUEST_SIZE = 64 };

/* ---- the envelope -------------------------------------------------------- */

static void
show_text(const char *label, struct span text)
{
	if (text.len > 0)
		printf("%-14s%.*s\n", label, (int)text.len, text.ptr);
}

static void
show_time(const char *label, int64_t seconds)
{
	char	 text[TIME_SIZE];

	format_time(text, seconds);
	show_text(label, span_of(text));
}

static void
show_message(const struct row *row)
{
	show_text("Message:", row->fields[M_ID]);
	show_time("Arrived:", row_time(row, M_ARRIVED));
	show_text("Size:", row->fields[M_SIZE]);
	show_text("State:", row->fields[M_STATE]);
	show_text("Sender:", relais_sender_of(row));
	show_text("Client:", row->fields[M_CLIENT]);
	show_text("Identity:", row->fields[M_IDENTITY]);
	show_text("Parameters:", row->fields[M_PARAMETERS]);
}

static void
show_recipient(const struct row *row)
{
	char	 reason[REASON_SIZE];

	format_reply(row, R_CODE, reason);
	putchar('\n');
	show_text("Recipient:", row->fields[R_ADDRESS]);
	show_text("Number:", row->fields[R_NUMBER]);
	show_text("Original:", row->fields[R_ORIGINAL]);
	show_text("Parameters:", row->fields[R_PARAMETERS]);
	show_text("State:", row->fields[R_STATE]);
	show_text("Attempts:", row->fields[R_ATTEMPTS]);
	if (row_time(row, R_DUE) != 0)
		show_time("Next attempt:", row_time(row, R_DUE));
	show_text("Destination:", row->fields[R_DESTINATION]);
	show_text("Last reply:", span_of(reason));
	show_text("Relay:", row->fields[R_RELAY]);
}

static void
on_show_row(void *arg, const struct row *short_row)
{
	struct row	 row = row_padded(short_row);

	(void)arg;
	if (span_is(row.kind, "message"))
		show_message(&row);
	else if (span_is(row.kind, "recipient"))
		show_recipient(&row);
}

/* ---- the history --------------------------------------------------------- */

static bool
is_of_recipient(const struct row *row)
{
	return row->fields[E_NUMBER].len > 0 &&
	    row->fields[E_NUMBER].ptr[0] != '-';
}

/* What an admin did has a uid, and no reply. */
static void
on_event(void *arg, const struct row *short_row)
{
	struct row	 row = row_padded(short_row);
	struct span	 kind = row.fields[E_KIND], relay = row.fields[E_RELAY];
	char		 when[TIME_SIZE], reason[REASON_SIZE];

	(void)arg;
	if (!span_is(row.kind, "event"))
		return;
	format_time(when, row_time(&row, E_TIME));
	format_reply(&row, E_CODE, reason);
	printf("%s %.*s", when, (int)kind.len, kind.ptr);
	if (is_of_recipient(&row))
		printf(" recipient %llu",
		    (unsigned long long)row_number(&row, E_NUMBER));
	if (reason[0] == '\0' && relay.len == 0)
		printf(" by uid %llu",
		    (unsigned long long)row_number(&row, E_UID));
	if (relay.len > 0)
		printf(" at %.*s", (int)relay.len, relay.ptr);
	printf("%s%s\n", reason[0] != '\0' ? ": " : "", reason);
}

static void
on_json_event(void *arg, const struct row *short_row)
{
	struct row	 row = row_padded(short_row);
	char		 reason[REASON_SIZE];

	(void)arg;
	if (!span_is(row.kind, "event"))
		return;
	format_reply(&row, E_CODE, reason);
	putchar('{');
	json_text(true, "queue_id", row.fields[E_ID]);
	json_text(false, "event", row.fields[E_KIND]);
	json_number(false, "time", row_time(&row, E_TIME));
	if (is_of_recipient(&row))
		json_number(false, "recipient", row_number(&row, E_NUMBER));
	json_number(false, "uid", row_number(&row, E_UID));
	json_text(false, "reason", span_of(reason));
	json_text(false, "relay", row.fields[E_RELAY]);
	puts("}");
}

/* ---- the content --------------------------------------------------------- */

struct content {
	bool	 header;	/* no more than that */
	bool	 safe;		/* it goes to a terminal */
	bool	 at_start;	/* of a line */
};

static bool
is_harmless(char c)
{
	return c == '\n' || c == '\t' || (c >= ' ' && c <= '~');
}

static void
put_safely(const char *c, size_t n)
{
	size_t	 i;

	for (i = 0; i < n; i++)
		if (is_harmless(c[i]))
			putchar(c[i]);
		else if (c[i] != '\r')
			printf("\\x%02x", (unsigned char)c[i]);
}

/* How much of it is header; lines end with CRLF, as queue has them. */
static size_t
header_octets(struct content *c, struct span s)
{
	size_t	 i;

	for (i = 0; i < s.len; i++) {
		if (s.ptr[i] == '\r' && c->at_start)
			return i;
		c->at_start = s.ptr[i] == '\n';
	}
	return i;
}

static bool
on_octets(void *arg, struct span s)
{
	struct content	*c = arg;
	size_t		 n = c->header ? header_octets(c, s) : s.len;

	if (c->safe)
		put_safely(s.ptr, n);
	else
		(void)fwrite(s.ptr, 1, n, stdout);
	return n == s.len;
}

/* ---- the verb ------------------------------------------------------------ */

static int
ask(const struct relais *r, struct request *q, const char *verb,
    const char *id)
{
	char	 text[REQUEST_SIZE];

	(void)snprintf(text, sizeof text, "%s %s\n", verb, id);
	q->text = text;
	return relais_request(r, q, NULL);
}

static int
show_content(const struct relais *r, const char *id)
{
	struct content	 c = { .safe = isatty(STDOUT_FILENO) == 1,
			    .at_start = true };
	struct request	 q = { .socket = "control", .arg = &c,
			    .on_octets = on_octets };

	c.header = (r->said & OPTION_BIT(OPTION_HEADERS)) != 0;
	return ask(r, &q, "queue content", id);
}

static int
show_envelope(const struct relais *r, const char *id)
{
	struct listing	 l = { 0 };
	struct request	 q = { .socket = "monitor", .arg = &l };
	int		 status;

	q.on_row = r->json ? relais_json_row : on_show_row;
	status = ask(r, &q, "queue show", id);
	if (r->json)
		relais_json_end(&l);
	if (status != RELAIS_DONE ||
	    (r->said & OPTION_BIT(OPTION_HISTORY)) == 0)
		return status;
	if (!r->json)
		puts("\nHistory:");
	q.on_row = r->json ? on_json_event : on_event;
	return ask(r, &q, "queue history", id);
}

/* A message is shown, or its header, or its content. */
int
relais_show(const struct relais *r, const char *arg)
{
	uint64_t	 number;
	char		 id[ID_SIZE];

	if (!id_parse(span_of(arg), &number)) {
		log_error("%s: this is not a message's id", arg);
		return RELAIS_USAGE;
	}
	id_format(id, number);
	if (r->said == 0 || r->said == OPTION_BIT(OPTION_HISTORY))
		return show_envelope(r, id);
	if (r->json || (r->said != OPTION_BIT(OPTION_HEADERS) &&
	    r->said != OPTION_BIT(OPTION_CONTENT))) {
		log_error("expected --headers or --content alone");
		return RELAIS_USAGE;
	}
	return show_content(r, id);
}
