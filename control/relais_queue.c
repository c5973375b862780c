/* SPDX-License-Identifier: ISC */
/*
 * Listings of the queue.  The columns of `queue list` are those of Postfix's
 * mailq(1) with long ids, because scripts read them; rows are printed as they
 * come, so that a queue of any length needs no memory.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "control/relais.h"
#include "shared/id.h"
#include "shared/limits.h"

#define HEAD_FORMAT	"%-17s %8s %-19s %s\n"
#define MESSAGE_FORMAT	"%-17s %8llu %19.19s %.*s\n"

enum { REASON_WIDTH = 76 };

/* The fields of the rows "message" and "recipient", in their order. */
enum {
	M_ID, M_ARRIVED, M_SIZE, M_STATE, M_RECIPIENTS, M_SENDER, M_CLIENT,
	M_IDENTITY, M_FIELDS
};

enum {
	R_ID, R_NUMBER, R_STATE, R_DUE, R_ATTEMPTS, R_ADDRESS, R_ORIGINAL,
	R_DESTINATION, R_CODE, R_ENHANCED, R_TEXT, R_FIELDS
};

struct listing {
	uint64_t	 messages, octets;
	bool		 first_recipient;	/* of its message */
	char		 reason[REASON_SIZE];	/* the one printed last */
};

/* As Postfix shows it. */
static struct span
sender_of(const struct row *row)
{
	struct span	 sender = row->fields[M_SENDER];

	return sender.len > 0 ? sender : span_of("MAILER-DAEMON");
}

/* ---- mailq -------------------------------------------------------------- */

static void
list_message(struct listing *l, const struct row *row)
{
	bool	 active = span_is(row->fields[M_STATE], "active");
	struct span sender = sender_of(row);
	time_t	 arrived = row_time(row, M_ARRIVED);
	char	 id[ID_SIZE + 1], date[32] = "-";

	if (l->messages++ == 0)
		printf(HEAD_FORMAT, "----Queue ID-----", "--Size--",
		    "---Arrival Time----", "--Sender/Recipient------");
	else
		putchar('\n');
	l->octets += row_number(row, M_SIZE);
	l->reason[0] = '\0';
	(void)snprintf(id, sizeof(id), "%.*s%s", (int)row->fields[M_ID].len,
	    row->fields[M_ID].ptr, active ? "*" : "");
	(void)ctime_r(&arrived, date);
	printf(MESSAGE_FORMAT, id,
	    (unsigned long long)row_number(row, M_SIZE), date,
	    (int)sender.len, sender.ptr);
}

/* A reason stands once, before the recipients that share it. */
static void
list_recipient(struct listing *l, const struct row *row)
{
	char		 reason[REASON_SIZE];
	struct span	 address = row->fields[R_ADDRESS];
	const char	*shown = reason;
	int		 room;

	format_reply(row, R_CODE, reason);
	if (strcmp(reason, l->reason) != 0) {
		(void)snprintf(l->reason, sizeof(l->reason), "%s", reason);
		if (reason[0] == '\0')
			shown = "reason unavailable";
		room = REASON_WIDTH - (int)strlen(shown);
		printf("%*s(%s)\n", room > 0 ? room : 0, "", shown);
	}
	printf("%-17s %8s %-19s %.*s\n", "", "", "", (int)address.len,
	    address.ptr);
}

static void
on_list_row(void *arg, const struct row *short_row)
{
	struct row	 row = row_padded(short_row);

	if (span_is(row.kind, "message"))
		list_message(arg, &row);
	else if (span_is(row.kind, "recipient"))
		list_recipient(arg, &row);
}

/* ---- JSON Lines --------------------------------------------------------- */

static struct span
queue_name(struct span state)
{
	return span_is(state, "waiting") ? span_of("deferred") : state;
}

static void
json_end(const struct listing *l)
{
	if (l->messages > 0)
		puts("]}");
}

static void
json_message(struct listing *l, const struct row *row)
{
	json_end(l);
	l->messages++;
	l->first_recipient = true;
	putchar('{');
	json_text(true, "queue_name", queue_name(row->fields[M_STATE]));
	json_text(false, "queue_id", row->fields[M_ID]);
	json_number(false, "arrival_time", row_time(row, M_ARRIVED));
	json_number(false, "message_size", row_number(row, M_SIZE));
	printf(",\"forced_expire\":false");
	json_text(false, "sender", sender_of(row));
	json_text(false, "state", row->fields[M_STATE]);
	json_text(false, "client", row->fields[M_CLIENT]);
	json_text(false, "identity", row->fields[M_IDENTITY]);
	printf(",\"recipients\":[");
}

static void
json_recipient(struct listing *l, const struct row *row)
{
	bool	 failed = span_is(row->fields[R_STATE], "failed");
	char	 reason[REASON_SIZE];

	format_reply(row, R_CODE, reason);
	printf("%s{", l->first_recipient ? "" : ",");
	l->first_recipient = false;
	json_text(true, "address", row->fields[R_ADDRESS]);
	if (row->fields[R_ORIGINAL].len > 0)
		json_text(false, "orig_address", row->fields[R_ORIGINAL]);
	if (reason[0] != '\0')
		json_text(false, failed ? "bounce_reason" : "delay_reason",
		    span_of(reason));
	json_text(false, "state", row->fields[R_STATE]);
	if (row_time(row, R_DUE) != 0)
		json_number(false, "next_attempt", row_time(row, R_DUE));
	json_number(false, "attempts", row_number(row, R_ATTEMPTS));
	json_text(false, "destination", row->fields[R_DESTINATION]);
	putchar('}');
}

static void
on_json_row(void *arg, const struct row *short_row)
{
	struct row	 row = row_padded(short_row);
	struct listing	*l = arg;

	if (span_is(row.kind, "message"))
		json_message(l, &row);
	else if (span_is(row.kind, "recipient") && l->messages > 0)
		json_recipient(l, &row);
}

/* ---- one message -------------------------------------------------------- */

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
	show_text("Sender:", sender_of(row));
	show_text("Client:", row->fields[M_CLIENT]);
	show_text("Identity:", row->fields[M_IDENTITY]);
}

static void
show_recipient(const struct row *row)
{
	char	 reason[REASON_SIZE];

	format_reply(row, R_CODE, reason);
	putchar('\n');
	show_text("Recipient:", row->fields[R_ADDRESS]);
	show_text("Original:", row->fields[R_ORIGINAL]);
	show_text("State:", row->fields[R_STATE]);
	show_text("Attempts:", row->fields[R_ATTEMPTS]);
	if (row_time(row, R_DUE) != 0)
		show_time("Next attempt:", row_time(row, R_DUE));
	show_text("Destination:", row->fields[R_DESTINATION]);
	show_text("Last reply:", span_of(reason));
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

/* ---- the verbs ---------------------------------------------------------- */

static void
print_sum(const struct listing *l)
{
	if (l->messages == 0)
		puts("Mail queue is empty");
	else
		printf("\n-- %llu Kbytes in %llu Request%s.\n",
		    (unsigned long long)l->octets / 1024,
		    (unsigned long long)l->messages,
		    l->messages == 1 ? "" : "s");
}

int
relais_list(const struct relais *r, const char *arg)
{
	struct listing	 l = { 0 };
	struct request	 q = { "monitor", "queue list\n", on_list_row, &l };
	int		 status;

	(void)arg;
	if (r->json)
		q.on_row = on_json_row;
	status = relais_request(r, &q, NULL);
	if (r->json)
		json_end(&l);
	else if (status == RELAIS_DONE)
		print_sum(&l);
	return status;
}

/* "VERB ID\n", the id in the spelling of the log; false when it is none. */
static bool
format_request(char into[64], const char *verb, const char *arg)
{
	uint64_t	 number;
	char		 id[ID_SIZE];

	if (!id_parse(span_of(arg), &number)) {
		fprintf(stderr, "relais: this is not a message's id\n");
		return false;
	}
	id_format(id, number);
	(void)snprintf(into, 64, "%s %s\n", verb, id);
	return true;
}

int
relais_show(const struct relais *r, const char *arg)
{
	struct listing	 l = { 0 };
	char		 text[64];
	struct request	 q = { "monitor", text, on_show_row, &l };
	int		 status;

	if (!format_request(text, "queue show", arg))
		return RELAIS_USAGE;
	if (r->json)
		q.on_row = on_json_row;
	status = relais_request(r, &q, NULL);
	if (r->json)
		json_end(&l);
	return status;
}

int
relais_delete(const struct relais *r, const char *arg)
{
	char		 text[64];
	struct request	 q = { "control", text, NULL, NULL };
	int		 status;

	if (!format_request(text, "queue delete", arg))
		return RELAIS_USAGE;
	status = relais_request(r, &q, NULL);
	if (status == RELAIS_DONE)
		printf("%s is removed\n", arg);
	else
		fprintf(stderr, "relais: %s stays as it is\n", arg);
	return status;
}

int
relais_retry(const struct relais *r, const char *arg)
{
	uint64_t	 count = 0;
	char		 text[64] = "queue retry ALL\n";
	struct request	 q = { "control", text, NULL, NULL };
	int		 status;

	if (strcmp(arg, "ALL") != 0 &&
	    !format_request(text, "queue retry", arg))
		return RELAIS_USAGE;
	status = relais_request(r, &q, &count);
	if (status == RELAIS_DONE)
		printf("%llu message%s due now\n", (unsigned long long)count,
		    count == 1 ? " is" : "s are");
	return status;
}
