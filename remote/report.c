/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "shared/clock.h"
#include "shared/id.h"
#include "shared/log.h"
#include "remote/report.h"

enum { DELAY_SIZE = 24 };

void
report_at(struct report *r, const struct endpoint *e)
{
	endpoint_format(e, r->relay);
	endpoint_format_host(e, r->host);
	r->tls[0] = '\0';
}

void
report_nowhere(struct report *r)
{
	r->relay[0] = r->host[0] = r->tls[0] = '\0';
}

void
report_protected(struct report *r, const char *tls, enum hop_tls policy)
{
	(void)snprintf(r->tls, sizeof r->tls, "%s", tls);
	r->policy = policy;
}

static void
format_tls(const struct report *r, char *into, size_t size)
{
	into[0] = '\0';
	if (r->tls[0] != '\0')
		snprintf(into, size, ", tls=%s, policy=%s", r->tls,
		    secure_policy(r->policy));
}

/* Two digits that count, as the log readers of the field expect. */
static const char *
format_delay(char into[DELAY_SIZE], int64_t us)
{
	double	 s = us > 0 ? us / 1e6 : 0;

	snprintf(into, DELAY_SIZE, s < 0.005 ? "0" : s < 1 ? "%.2f" :
	    s < 10 ? "%.1f" : "%.0f", s);
	return into;
}

/* Before it was due, until the job came, connection, transmission. */
static void
format_delays(const struct report *r, int64_t now, char *into, size_t size)
{
	int64_t	 ready = r->ready ? r->ready : now;
	char	 a[DELAY_SIZE], b[DELAY_SIZE], c[DELAY_SIZE], d[DELAY_SIZE];

	snprintf(into, size, "%s/%s/%s/%s",
	    format_delay(a, r->active - r->arrived),
	    format_delay(b, r->came - r->active),
	    format_delay(c, ready - r->came), format_delay(d, now - ready));
}

static void
format_text(const struct report *r, const struct client_event *e, char *into,
    size_t size)
{
	struct reply	 said = e->reply;
	char		 enhanced[ENHANCED_SIZE];

	said.class = e->code / 100;
	reply_enhanced(&said, enhanced);
	if (!e->said)
		snprintf(into, size, "%s", e->reply.text);
	else if (reply_is_success(&e->reply))
		snprintf(into, size, "%u %s %s", e->code, enhanced,
		    said.text);
	else
		snprintf(into, size, "host %s said: %u %s %s (in reply to %s)",
		    r->host, e->code, enhanced, said.text,
		    client_step_name(e->step));
}

static const char *
status_of(const struct reply *r)
{
	if (reply_is_success(r))
		return "sent";
	return reply_is_later(r) ? "deferred" : "bounced";
}

void
report_recipient(const struct report *r, const struct addr *to,
    const struct addr *original, const struct client_event *e)
{
	bool	 differs = !addr_is_null(original) && !addr_equal(to, original);
	int64_t	 now = clock_wall();
	char	 id[ID_SIZE], delay[DELAY_SIZE], delays[4 * DELAY_SIZE];
	char	 enhanced[ENHANCED_SIZE], text[REPLY_TEXT_MAX + 400];
	char	 tls[SECURE_TEXT_SIZE + 32];

	id_format(id, r->message);
	format_tls(r, tls, sizeof tls);
	format_delay(delay, now - r->arrived);
	format_delays(r, now, delays, sizeof delays);
	format_text(r, e, text, sizeof text);
	reply_enhanced(&e->reply, enhanced);
	log_info("%s: to=<%s>%s%s%s, relay=%s, delay=%s, delays=%s, dsn=%s, "
	    "status=%s (%s)%s", id, to->text, differs ? ", orig_to=<" : "",
	    differs ? original->text : "", differs ? ">" : "",
	    r->relay[0] != '\0' ? r->relay : "none", delay, delays, enhanced,
	    status_of(&e->reply), text, tls);
}

void
report_unsure(const struct report *r)
{
	char	 id[ID_SIZE];

	id_format(id, r->message);
	log_warning("%s: %s may have taken the message before the connection "
	    "broke: a duplicate is possible", id, r->relay);
}
