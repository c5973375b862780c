/* SPDX-License-Identifier: ISC */
/* How mail waits: to queue. */
#include "master/audience.h"

enum { SECOND = 1000 };

static uint32_t
delay_of(const struct config_destination *d)
{
	return d->delay_notice == CONFIG_NEVER ? UINT32_MAX :
	    d->delay_notice / SECOND;
}

static void
confer_destination(struct audience *a, const struct config_destination *d)
{
	struct msg	 m = { .type = MSG_CONF_DESTINATION };

	m.conf_destination.pattern = span_of(d->pattern);
	m.conf_destination.retry_first = d->retry_first / SECOND;
	m.conf_destination.retry_max = d->retry_maximum / SECOND;
	m.conf_destination.life = d->lifetime / SECOND;
	m.conf_destination.notice_life = d->notice_lifetime / SECOND;
	m.conf_destination.delay = delay_of(d);
	m.conf_destination.window_first = d->window_first;
	m.conf_destination.window = d->window;
	m.conf_destination.per_second = d->per_second;
	m.conf_destination.per_hour = d->per_hour;
	m.conf_destination.recipients = d->recipients;
	m.conf_destination.mails = d->mails;
	m.conf_destination.share = d->share;
	m.conf_destination.has_priority = d->priority != 0;
	m.conf_destination.priority = d->priority != 0 ? d->priority - 1 :
	    PRIORITY_MAX;
	audience_say(a, &m);
}

static void
confer_notices(struct audience *a)
{
	const struct config	*c = a->suite->config;
	struct msg		 m = { .type = MSG_CONF_NOTICES };

	m.conf_notices.delay = c->notices.delay / SECOND;
	m.conf_notices.gather = c->notices.gather / SECOND;
	m.conf_notices.digest_after = c->notices.digest_after;
	m.conf_notices.digest_time = c->notices.digest_time / SECOND;
	(void)addr_parse(span_of(c->notices.double_bounces),
	    &m.conf_notices.double_bounces);
	m.conf_notices.language = c->notices.language - 1;
	m.conf_notices.content_max = c->notices.content;
	audience_say(a, &m);
}

bool
confer_queue(struct audience *a)
{
	const struct config	*config = a->suite->config;
	struct msg		 m = { .type = MSG_CONF_QUEUE };
	unsigned		 i;

	m.conf_queue.retry_first = config->retry.first / SECOND;
	m.conf_queue.retry_max = config->retry.maximum / SECOND;
	m.conf_queue.life = config->retry.lifetime / SECOND;
	m.conf_queue.notice_life = config->retry.notice_lifetime / SECOND;
	m.conf_queue.size_max = config->message_size;
	m.conf_queue.journal_limit = config->journal.limit;
	m.conf_queue.journal_segment = config->journal.segment;
	m.conf_queue.journal_message = config->journal.message;
	m.conf_queue.crashes = config->queue.crashes;
	m.conf_queue.probes = config->queue.probes;
	audience_say(a, &m);
	confer_notices(a);
	for (i = 0; i < config->ndestinations; i++)
		confer_destination(a, &config->destinations[i]);
	return true;
}
