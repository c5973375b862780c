/* SPDX-License-Identifier: ISC */
/* Orders about messages: what is done, or would be, one row a message. */
#include <stdio.h>
#include <string.h>

#include "control/relais.h"
#include "shared/buf.h"
#include "shared/log.h"
#include "shared/xtext.h"

/* The fields of the row "ordered", in their order. */
enum { O_ID, O_OUTCOME, O_RECIPIENTS, O_FIELDS };

struct change {
	const char	*order;
	const char	*done;		/* "3 messages held" */
	bool		 dry, json;
	uint64_t	 messages, recipients, unchanged, busy;
};

/* ---- rows ---------------------------------------------------------------- */

static void
json_row(const struct change *c, const struct row *row)
{
	putchar('{');
	json_text(true, "queue_id", row->fields[O_ID]);
	json_text(false, "order", span_of(c->order));
	json_text(false, "outcome", row->fields[O_OUTCOME]);
	json_number(false, "recipients", row_number(row, O_RECIPIENTS));
	printf(",\"dry_run\":%s}\n", c->dry ? "true" : "false");
}

static void
show_row(const struct change *c, const struct row *row)
{
	struct span	 id = row->fields[O_ID];
	uint64_t	 n = row_number(row, O_RECIPIENTS);

	if (span_is(row->fields[O_OUTCOME], "busy"))
		log_warning("%.*s is being delivered now", (int)id.len,
		    id.ptr);
	else if (c->dry && span_is(row->fields[O_OUTCOME], "done"))
		printf("%.*s %llu recipient%s\n", (int)id.len, id.ptr,
		    (unsigned long long)n, n == 1 ? "" : "s");
}

static void
on_row(void *arg, const struct row *short_row)
{
	struct change	*c = arg;
	struct row	 row = row_padded(short_row);

	if (!span_is(row.kind, "ordered"))
		return;
	if (span_is(row.fields[O_OUTCOME], "done")) {
		c->messages++;
		c->recipients += row_number(&row, O_RECIPIENTS);
	} else if (span_is(row.fields[O_OUTCOME], "busy"))
		c->busy++;
	else
		c->unchanged++;
	if (c->json)
		json_row(c, &row);
	else
		show_row(c, &row);
}

/* ---- sums ---------------------------------------------------------------- */

static void
json_sum(const struct change *c)
{
	putchar('{');
	json_text(true, "order", span_of(c->order));
	printf(",\"dry_run\":%s", c->dry ? "true" : "false");
	json_number(false, "messages", c->messages);
	json_number(false, "recipients", c->recipients);
	json_number(false, "unchanged", c->unchanged);
	json_number(false, "busy", c->busy);
	puts("}");
}

static void
show_sum(const struct change *c)
{
	printf("%llu message%s, %llu recipient%s %s%s",
	    (unsigned long long)c->messages, c->messages == 1 ? "" : "s",
	    (unsigned long long)c->recipients, c->recipients == 1 ? "" : "s",
	    c->dry ? "would be " : "", c->done);
	if (c->unchanged > 0)
		printf("; %llu %s so already",
		    (unsigned long long)c->unchanged,
		    c->unchanged == 1 ? "is" : "are");
	if (c->busy > 0)
		printf("; %llu %s being delivered now",
		    (unsigned long long)c->busy, c->busy == 1 ? "is" : "are");
	putchar('\n');
}

/* ---- orders -------------------------------------------------------------- */

/* "queue ORDER [dry=1] [argument=...]"; a sum stands also behind what broke
 * off, since it was done. */
static int
order(const struct relais *r, const char *name, const char *done,
    const char *argument, char *const *ids)
{
	struct change	 c = { .order = name, .done = done, .json = r->json };
	struct request	 q = { .socket = "control", .on_row = on_row,
			    .arg = &c };
	char		 verb[ADMIN_LINE_MAX / 2], text[ADMIN_LINE_MAX / 4];
	int		 status;

	c.dry = (r->said & OPTION_BIT(OPTION_DRY_RUN)) != 0;
	if (argument == NULL)
		text[0] = '\0';
	else if (!span_is_text(span_of(argument)) ||
	    strlen(argument) > DESTINATION_TEXT_MAX || *argument == '\0' ||
	    !xtext_encode(span_of(argument), text, sizeof text)) {
		log_error("this is no text of at most %d octets",
		    DESTINATION_TEXT_MAX);
		return RELAIS_USAGE;
	}
	(void)snprintf(verb, sizeof verb, "queue %s%s%s%s", name,
	    c.dry ? " dry=1" : "", argument != NULL ? " argument=" : "", text);
	status = relais_order(r, &q, verb, ids);
	if (status == RELAIS_USAGE || status == RELAIS_NOT_RUNNING)
		return status;
	if (r->json)
		json_sum(&c);
	else
		show_sum(&c);
	if (status != RELAIS_DONE)
		return status;
	return c.busy > 0 || (c.messages + c.unchanged == 0 &&
	    !relais_means_all(ids)) ? RELAIS_NONE : RELAIS_DONE;
}

int
relais_hold(const struct relais *r, const char *arg)
{
	return order(r, "hold", "held", arg, r->words);
}

int
relais_release(const struct relais *r, const char *arg)
{
	return order(r, "release", "released", arg, r->words);
}

int
relais_delete(const struct relais *r, const char *arg)
{
	return order(r, "delete", "removed", arg, r->words);
}

int
relais_bounce(const struct relais *r, const char *arg)
{
	(void)arg;
	return order(r, "bounce", "bounced", r->values[OPTION_TEXT], r->words);
}

int
relais_expire(const struct relais *r, const char *arg)
{
	return order(r, "expire", "expired", arg, r->words);
}

int
relais_redirect(const struct relais *r, const char *arg)
{
	(void)arg;
	return order(r, "redirect", "redirected", r->words[0], r->words + 1);
}

int
relais_readdress(const struct relais *r, const char *arg)
{
	(void)arg;
	return order(r, "recipient", "changed", r->words[0], r->words + 1);
}

/* All at once: they are counted, not listed. */
static int
retry_all(const struct relais *r)
{
	struct request	 q = { .socket = "control" };
	int		 status = relais_order(r, &q, "queue retry", r->words);

	if (status == RELAIS_DONE && r->json) {
		printf("{\"order\":\"retry\",\"dry_run\":false");
		json_number(false, "messages", q.count);
		puts("}");
	} else if (status == RELAIS_DONE)
		printf("%llu message%s due now\n", (unsigned long long)q.count,
		    q.count == 1 ? " is" : "s are");
	return status;
}

int
relais_retry(const struct relais *r, const char *arg)
{
	if (relais_means_all(r->words) && r->said == 0)
		return retry_all(r);
	return order(r, "retry", "due now", arg, r->words);
}
