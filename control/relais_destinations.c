/* SPDX-License-Identifier: ISC */
/* Where mail goes, and what keeps it. */
#include <stdio.h>
#include <string.h>

#include "control/relais.h"
#include "shared/limits.h"

/* The fields of the row "destination", in their order. */
enum {
	D_NAME, D_STATE, D_UNTIL, D_DUE, D_WINDOW, D_JOBS, D_SILENT, D_READY,
	D_FAILURES, D_ADVICE, D_RULE, D_RULE_UNTIL, D_CODE, D_ENHANCED,
	D_TEXT, D_FIELDS
};

struct counting {
	unsigned	 rows;
};

#define HEAD_FORMAT	"%-38s %-8s %7s %6s %5s %s\n"
#define ROW_FORMAT	"%-38.*s %-8.*s %7s %6llu %5llu %s\n"

/* "running/window"; of what is not in memory there is no window. */
static void
format_jobs(const struct row *row, char into[24])
{
	if (row_number(row, D_WINDOW) == 0)
		(void)snprintf(into, 24, "-");
	else
		(void)snprintf(into, 24, "%llu/%llu",
		    (unsigned long long)row_number(row, D_JOBS),
		    (unsigned long long)row_number(row, D_WINDOW));
}

static void
show_rule(const struct row *row)
{
	struct span	 rule = row->fields[D_RULE];
	struct span	 advice = row->fields[D_ADVICE];
	char		 when[TIME_SIZE];

	if (row_time(row, D_RULE_UNTIL) == 0)
		return;
	format_time(when, row_time(row, D_RULE_UNTIL));
	printf("    rule %.*s: %.*s until %s\n", (int)rule.len, rule.ptr,
	    (int)advice.len, advice.ptr, when);
}

static void
on_row(void *arg, const struct row *short_row)
{
	struct counting	*c = arg;
	struct row	 row = row_padded(short_row);
	struct span	 name = row.fields[D_NAME];
	struct span	 state = row.fields[D_STATE];
	char		 jobs[24], when[TIME_SIZE], reply[REASON_SIZE];

	if (!span_is(row.kind, "destination"))
		return;
	if (c->rows++ == 0)
		printf(HEAD_FORMAT, "Destination", "State", "Jobs", "Ready",
		    "Fails", "Next change");
	format_jobs(&row, jobs);
	format_time(when, row_time(&row, D_DUE));
	printf(ROW_FORMAT, (int)name.len, name.ptr, (int)state.len, state.ptr,
	    jobs, (unsigned long long)row_number(&row, D_READY),
	    (unsigned long long)row_number(&row, D_FAILURES), when);
	format_reply(&row, D_CODE, reply);
	if (reply[0] != '\0')
		printf("    %s\n", reply);
	show_rule(&row);
}

static void
json_rule(const struct row *row)
{
	if (row_time(row, D_RULE_UNTIL) == 0)
		return;
	json_text(false, "rule", row->fields[D_RULE]);
	json_text(false, "advice", row->fields[D_ADVICE]);
	json_number(false, "rule_until", row_time(row, D_RULE_UNTIL));
}

static void
on_json_row(void *arg, const struct row *short_row)
{
	struct row	 row = row_padded(short_row);
	char		 reply[REASON_SIZE];

	(void)arg;
	if (!span_is(row.kind, "destination"))
		return;
	format_reply(&row, D_CODE, reply);
	putchar('{');
	json_text(true, "destination", row.fields[D_NAME]);
	json_text(false, "state", row.fields[D_STATE]);
	if (row_time(&row, D_UNTIL) != 0)
		json_number(false, "until", row_time(&row, D_UNTIL));
	if (row_time(&row, D_DUE) != 0)
		json_number(false, "next_change", row_time(&row, D_DUE));
	json_number(false, "window", row_number(&row, D_WINDOW));
	json_number(false, "jobs", row_number(&row, D_JOBS));
	json_number(false, "silent", row_number(&row, D_SILENT));
	json_number(false, "ready", row_number(&row, D_READY));
	json_number(false, "failures", row_number(&row, D_FAILURES));
	json_rule(&row);
	if (reply[0] != '\0')
		json_text(false, "reason", span_of(reply));
	puts("}");
}

int
relais_destinations(const struct relais *r, const char *arg)
{
	struct counting	 c = { 0 };
	char		 text[ADMIN_LINE_MAX];
	struct request	 q = { .socket = "monitor", .text = text,
			    .on_row = on_row, .arg = &c };
	int		 status;

	if (arg != NULL && (!span_is_text(span_of(arg)) || *arg == '\0' ||
	    strlen(arg) > ADDR_TEXT_MAX)) {
		fprintf(stderr, "relais: this is not a pattern\n");
		return RELAIS_USAGE;
	}
	(void)snprintf(text, sizeof(text), "queue destinations%s%s\n",
	    arg == NULL ? "" : " ", arg == NULL ? "" : arg);
	if (r->json)
		q.on_row = on_json_row;
	status = relais_request(r, &q, NULL);
	if (status == RELAIS_DONE && !r->json && c.rows == 0)
		puts("No destination has anything to do");
	return status;
}
