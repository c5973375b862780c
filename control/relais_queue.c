/* SPDX-License-Identifier: ISC */
/*
 * Listings of the queue.  The columns of `queue list` are those of Postfix's
 * mailq(1) with long ids, because scripts read them; rows are printed as they
 * come, so that a queue of any length needs no memory.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "control/relais_queue.h"
#include "shared/id.h"
#include "shared/log.h"

#define HEAD_FORMAT	"%-17s %8s %-19s %s\n"
#define MESSAGE_FORMAT	"%-17s %8llu %19.19s %.*s\n"

enum { REASON_WIDTH = 76 };

struct span
relais_sender_of(const struct row *row)
{
	struct span	 sender = row->fields[M_SENDER];

	return sender.len > 0 ? sender : span_of("MAILER-DAEMON");
}

/* ---- mailq -------------------------------------------------------------- */

static const char *
mark_of(struct span state)
{
	if (span_is(state, "active"))
		return "*";
	return span_is(state, "held") || span_is(state, "quarantined") ?
	    "!" : "";
}

static void
list_message(struct listing *l, const struct row *row)
{
	struct span sender = relais_sender_of(row);
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
	    row->fields[M_ID].ptr, mark_of(row->fields[M_STATE]));
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
	if (span_is(state, "held") || span_is(state, "quarantined"))
		return span_of("hold");
	return span_is(state, "waiting") ? span_of("deferred") : state;
}

void
relais_json_end(const struct listing *l)
{
	if (l->messages > 0)
		puts("]}");
}

static void
json_message(struct listing *l, const struct row *row)
{
	relais_json_end(l);
	l->messages++;
	l->first_recipient = true;
	putchar('{');
	json_text(true, "queue_name", queue_name(row->fields[M_STATE]));
	json_text(false, "queue_id", row->fields[M_ID]);
	json_number(false, "arrival_time", row_time(row, M_ARRIVED));
	json_number(false, "message_size", row_number(row, M_SIZE));
	printf(",\"forced_expire\":false");
	json_text(false, "sender", relais_sender_of(row));
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
	json_text(false, "relay", row->fields[R_RELAY]);
	putchar('}');
}

void
relais_json_row(void *arg, const struct row *short_row)
{
	struct row	 row = row_padded(short_row);
	struct listing	*l = arg;

	if (span_is(row.kind, "message"))
		json_message(l, &row);
	else if (span_is(row.kind, "recipient") && l->messages > 0)
		json_recipient(l, &row);
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

/* Nothing to show is an error only of who has asked for something. */
static int
end_list(const struct relais *r, const struct listing *l)
{
	bool	 narrow = (r->said & FILTER_OPTIONS) != 0;

	if (r->json)
		relais_json_end(l);
	else if (l->messages > 0 || !narrow)
		print_sum(l);
	if (l->messages > 0 || !narrow)
		return RELAIS_DONE;
	log_error("no such message");
	return RELAIS_NONE;
}

int
relais_list(const struct relais *r, const char *arg)
{
	struct listing	 l = { 0 };
	struct request	 q = { .socket = "monitor", .on_row = on_list_row,
			    .arg = &l };
	int		 status;

	(void)arg;
	if (r->json)
		q.on_row = relais_json_row;
	status = relais_ask(r, &q, "queue list", r->words);
	if (status == RELAIS_DONE)
		return end_list(r, &l);
	if (r->json)
		relais_json_end(&l);
	else if (status == RELAIS_NONE && l.messages > 0)
		print_sum(&l);
	return status;
}

/* The fields of the row "count". */
enum { C_MESSAGES, C_RECIPIENTS, C_OCTETS, C_FIELDS };

static void
on_count_row(void *arg, const struct row *row)
{
	uint64_t	*sums = arg;
	unsigned	 i;

	for (i = 0; span_is(row->kind, "count") && i < C_FIELDS; i++)
		sums[i] += row_number(row, i);
}

int
relais_count(const struct relais *r, const char *arg)
{
	uint64_t	 n[C_FIELDS] = { 0 };
	struct request	 q = { .socket = "monitor", .on_row = on_count_row,
			    .arg = n };
	int		 status;

	(void)arg;
	status = relais_ask(r, &q, "queue count", r->words);
	if (status != RELAIS_DONE)
		return status;
	if (r->json) {
		putchar('{');
		json_number(true, "messages", n[C_MESSAGES]);
		json_number(false, "recipients", n[C_RECIPIENTS]);
		json_number(false, "octets", n[C_OCTETS]);
		puts("}");
	} else
		printf("%llu message%s, %llu recipient%s, %llu Kbytes\n",
		    (unsigned long long)n[C_MESSAGES],
		    n[C_MESSAGES] == 1 ? "" : "s",
		    (unsigned long long)n[C_RECIPIENTS],
		    n[C_RECIPIENTS] == 1 ? "" : "s",
		    (unsigned long long)n[C_OCTETS] / 1024);
	return n[C_MESSAGES] == 0 && (r->said != 0 || r->words[0] != NULL) ?
	    RELAIS_NONE : RELAIS_DONE;
}
