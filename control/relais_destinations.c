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

/* Of the row "serving" behind it. */
enum {
	S_PATTERN, S_CHANGE, S_CHANGE_AT, S_RETRY_FIRST, S_RETRY_MAX, S_LIFE,
	S_NOTICE_LIFE, S_DELAY, S_WINDOW_FIRST, S_WINDOW, S_PER_SECOND,
	S_PER_HOUR, S_RECIPIENTS, S_MAILS, S_SHARE, S_PRIORITY
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

static const struct {
	const char	*change, *words;
} changes[] = {
	{ "probe",	"next probe at" },
	{ "opens",	"opens at" },
	{ "rate",	"rate: next at" },
	{ "place",	"waits until fewer others are probed" },
	{ "due",	"next attempt at" },
};

static void
show_change(const struct row *row)
{
	char	 when[TIME_SIZE];
	size_t	 i;

	for (i = 0; i < sizeof changes / sizeof changes[0]; i++)
		if (span_is(row->fields[S_CHANGE], changes[i].change))
			break;
	if (i == sizeof changes / sizeof changes[0])
		return;
	format_time(when, row_time(row, S_CHANGE_AT));
	printf("    %s%s%s\n", changes[i].words,
	    row_time(row, S_CHANGE_AT) != 0 ? " " : "",
	    row_time(row, S_CHANGE_AT) != 0 ? when : "");
}

static void
show_number(const struct row *row, unsigned field, const char *words)
{
	uint64_t	 n = row_number(row, field);

	if (n != 0)
		printf(", %llu %s", (unsigned long long)n, words);
}

/* As a pattern of the configuration says; without one, all is as usual. */
static void
show_serving(const struct row *row)
{
	struct span	 pattern = row->fields[S_PATTERN];
	struct span	 priority = row->fields[S_PRIORITY];

	if (pattern.len == 0)
		return;
	printf("    as %.*s: window %llu to %llu, retry %llus to %llus, "
	    "lifetime %llus", (int)pattern.len, pattern.ptr,
	    (unsigned long long)row_number(row, S_WINDOW_FIRST),
	    (unsigned long long)row_number(row, S_WINDOW),
	    (unsigned long long)row_number(row, S_RETRY_FIRST),
	    (unsigned long long)row_number(row, S_RETRY_MAX),
	    (unsigned long long)row_number(row, S_LIFE));
	show_number(row, S_PER_SECOND, "a second");
	show_number(row, S_PER_HOUR, "an hour");
	show_number(row, S_RECIPIENTS, "recipients");
	show_number(row, S_MAILS, "mails");
	show_number(row, S_SHARE, "% of the jobs");
	if (!span_is(priority, "0"))
		printf(", priority %.*s", (int)priority.len, priority.ptr);
	putchar('\n');
}

static void
show_destination(struct counting *c, const struct row *row)
{
	struct span	 name = row->fields[D_NAME];
	struct span	 state = row->fields[D_STATE];
	char		 jobs[24], when[TIME_SIZE], reply[REASON_SIZE];

	if (c->rows++ == 0)
		printf(HEAD_FORMAT, "Destination", "State", "Jobs", "Ready",
		    "Fails", "Next change");
	format_jobs(row, jobs);
	format_time(when, row_time(row, D_DUE));
	printf(ROW_FORMAT, (int)name.len, name.ptr, (int)state.len, state.ptr,
	    jobs, (unsigned long long)row_number(row, D_READY),
	    (unsigned long long)row_number(row, D_FAILURES), when);
	format_reply(row, D_CODE, reply);
	if (reply[0] != '\0')
		printf("    %s\n", reply);
	show_rule(row);
}

static void
on_row(void *arg, const struct row *short_row)
{
	struct row	 row = row_padded(short_row);

	if (span_is(row.kind, "destination"))
		show_destination(arg, &row);
	if (!span_is(row.kind, "serving"))
		return;
	show_change(&row);
	show_serving(&row);
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
json_serving(const struct row *row)
{
	static const struct {
		unsigned	 field;
		const char	*key;
	} numbers[] = {
		{ S_RETRY_FIRST, "retry_first" },
		{ S_RETRY_MAX, "retry_maximum" }, { S_LIFE, "lifetime" },
		{ S_NOTICE_LIFE, "notice_lifetime" },
		{ S_WINDOW_FIRST, "window_first" },
		{ S_WINDOW, "window_maximum" },
		{ S_PER_SECOND, "per_second" }, { S_PER_HOUR, "per_hour" },
		{ S_RECIPIENTS, "recipients" }, { S_MAILS, "mails" },
		{ S_SHARE, "share" },
	};
	size_t		 i;

	json_text(false, "pattern", row->fields[S_PATTERN]);
	if (row->fields[S_CHANGE].len > 0)
		json_text(false, "change", row->fields[S_CHANGE]);
	if (row_time(row, S_CHANGE_AT) != 0)
		json_number(false, "change_at", row_time(row, S_CHANGE_AT));
	for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		json_number(false, numbers[i].key,
		    row_number(row, numbers[i].field));
	printf(",\"priority\":%.*s", (int)row->fields[S_PRIORITY].len,
	    row->fields[S_PRIORITY].ptr);
}

static void
json_destination(const struct row *row)
{
	char		 reply[REASON_SIZE];

	format_reply(row, D_CODE, reply);
	putchar('{');
	json_text(true, "destination", row->fields[D_NAME]);
	json_text(false, "state", row->fields[D_STATE]);
	if (row_time(row, D_UNTIL) != 0)
		json_number(false, "until", row_time(row, D_UNTIL));
	if (row_time(row, D_DUE) != 0)
		json_number(false, "next_change", row_time(row, D_DUE));
	json_number(false, "window", row_number(row, D_WINDOW));
	json_number(false, "jobs", row_number(row, D_JOBS));
	json_number(false, "silent", row_number(row, D_SILENT));
	json_number(false, "ready", row_number(row, D_READY));
	json_number(false, "failures", row_number(row, D_FAILURES));
	json_rule(row);
	if (reply[0] != '\0')
		json_text(false, "reason", span_of(reply));
}

/* One object of both rows. */
static void
on_json_row(void *arg, const struct row *short_row)
{
	struct row	 row = row_padded(short_row);

	(void)arg;
	if (span_is(row.kind, "destination"))
		json_destination(&row);
	if (!span_is(row.kind, "serving"))
		return;
	json_serving(&row);
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
