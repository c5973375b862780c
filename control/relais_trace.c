/* SPDX-License-Identifier: ISC */
/* The last dialogues with destinations that failed, as remote recorded them. */
#include <stdio.h>
#include <string.h>

#include "control/relais.h"
#include "shared/limits.h"

/* The fields of the rows "dialogue" and "spoken", in their order. */
enum {
	D_DESTINATION, D_INSTANCE, D_ID, D_BEGUN, D_ENDED, D_SUCCEEDED,
	D_CODE, D_ENHANCED, D_TEXT, D_FIELDS
};

enum { S_MS, S_MARK, S_TEXT, S_FIELDS };

struct tracing {
	bool		 all;		/* a line for each */
	unsigned	 dialogues;
	unsigned	 lines;		/* of the last */
};

/* What stands in front of a line, and behind it. */
static const struct {
	const char	*mark, *before, *behind;
} marks[] = {
	{ "said",	"> ",			"" },
	{ "heard",	"< ",			"" },
	{ "connect",	"connecting to ",	"" },
	{ "gap",	"... ",			" lines are left out ..." },
	{ "verdict",	"= ",			"" },
	{ NULL,		"",			"" }
};

/* ---- for people ---------------------------------------------------------- */

static void
show_row(const struct row *row)
{
	struct span	 to = row->fields[D_DESTINATION];
	char		 reply[REASON_SIZE], when[TIME_SIZE];

	format_reply(row, D_CODE, reply);
	format_time(when, row_time(row, D_ENDED));
	printf("%-32.*s %s %s%s\n", (int)to.len, to.ptr, when, reply,
	    row_time(row, D_SUCCEEDED) != 0 ? " (has had mail since)" : "");
}

static void
show_head(const struct row *row, bool first)
{
	struct span	 to = row->fields[D_DESTINATION];
	struct span	 id = row->fields[D_ID];
	char		 when[TIME_SIZE];

	format_time(when, row_time(row, D_BEGUN));
	printf("%s%.*s: %s, message %.*s\n", first ? "" : "\n", (int)to.len,
	    to.ptr, when, (int)id.len, id.ptr);
	format_time(when, row_time(row, D_SUCCEEDED));
	if (row_time(row, D_SUCCEEDED) != 0)
		printf("mail was taken since, last %s\n", when);
}

static void
show_line(const struct row *row)
{
	struct span	 text = row->fields[S_TEXT];
	size_t		 i = 0;

	while (marks[i].mark != NULL &&
	    !span_is(row->fields[S_MARK], marks[i].mark))
		i++;
	printf("%8llu  %s%.*s%s\n", (unsigned long long)row_number(row, S_MS),
	    marks[i].before, (int)text.len, text.ptr, marks[i].behind);
}

static void
on_row(void *arg, const struct row *short_row)
{
	struct tracing	*t = arg;
	struct row	 row = row_padded(short_row);

	if (span_is(row.kind, "spoken"))
		show_line(&row);
	if (!span_is(row.kind, "dialogue"))
		return;
	if (t->all)
		show_row(&row);
	else
		show_head(&row, t->dialogues == 0);
	t->dialogues++;
}

/* ---- JSON Lines ---------------------------------------------------------- */

static void
json_end(const struct tracing *t)
{
	if (t->dialogues > 0)
		puts(t->all ? "}" : "]}");
}

static void
json_dialogue(struct tracing *t, const struct row *row)
{
	char	 reply[REASON_SIZE];

	json_end(t);
	t->dialogues++;
	t->lines = 0;
	format_reply(row, D_CODE, reply);
	putchar('{');
	json_text(true, "destination", row->fields[D_DESTINATION]);
	json_number(false, "process", row_number(row, D_INSTANCE));
	json_text(false, "queue_id", row->fields[D_ID]);
	json_number(false, "begun", row_time(row, D_BEGUN));
	json_number(false, "ended", row_time(row, D_ENDED));
	if (row_time(row, D_SUCCEEDED) != 0)
		json_number(false, "succeeded", row_time(row, D_SUCCEEDED));
	json_text(false, "reason", span_of(reply));
	if (!t->all)
		printf(",\"lines\":[");
}

static void
on_json_row(void *arg, const struct row *short_row)
{
	struct tracing	*t = arg;
	struct row	 row = row_padded(short_row);

	if (span_is(row.kind, "dialogue"))
		json_dialogue(t, &row);
	if (!span_is(row.kind, "spoken") || t->dialogues == 0 || t->all)
		return;
	printf("%s{", t->lines++ == 0 ? "" : ",");
	json_number(true, "ms", row_number(&row, S_MS));
	json_text(false, "mark", row.fields[S_MARK]);
	json_text(false, "text", row.fields[S_TEXT]);
	putchar('}');
}

int
relais_trace(const struct relais *r, const char *arg)
{
	struct tracing	 t = { .all = arg == NULL };
	char		 text[ADMIN_LINE_MAX];
	struct request	 q = { .socket = "monitor", .text = text,
			    .on_row = on_row, .arg = &t };
	int		 status;

	if (arg != NULL && (!span_is_text(span_of(arg)) || *arg == '\0' ||
	    strlen(arg) > DESTINATION_TEXT_MAX)) {
		fprintf(stderr, "relais: this is not a destination\n");
		return RELAIS_USAGE;
	}
	(void)snprintf(text, sizeof(text), "trace%s%s\n",
	    t.all ? "" : " ", t.all ? "" : arg);
	if (r->json)
		q.on_row = on_json_row;
	status = relais_request(r, &q, NULL);
	if (r->json)
		json_end(&t);
	return status;
}
