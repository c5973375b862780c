/* SPDX-License-Identifier: ISC */
#include "shared/id.h"
#include "shared/log.h"
#include "smtpd/command.h"
#include "smtpd/ruling.h"
#include "smtpd/server.h"
#include "smtpd/session_log.h"

static const char *const tallies[TALLY_COUNT] = {
	"ehlo", "helo", "lhlo", "mail", "rcpt", "data", "bdat", "rset",
	"noop", "vrfy", "expn", "help", "quit", "xclient", "xforward",
	"starttls", "auth", "unknown"
};

void
session_log_begin(struct session *s)
{
	char	 client[CLIENT_SIZE];

	if (s->announced || !s->met)
		return;
	s->announced = true;
	client_format(client, &s->client, CLIENT_WITH_PORT);
	log_info("connect from %s", client);
}

void
session_log_event(struct session *s, const char *what)
{
	char	 client[CLIENT_SIZE];

	session_log_begin(s);
	client_format(client, &s->client, CLIENT_NAME);
	log_info("%s after %s from %s", what,
	    s->command ? s->command->verb : "CONNECT", client);
}

static void
put_tally(struct buf *b, const char *name, unsigned good, unsigned tried)
{
	if (good == tried)
		(void)buf_printf(b, " %s=%u", name, good);
	else
		(void)buf_printf(b, " %s=%u/%u", name, good, tried);
}

void
session_log_end(struct session *s)
{
	unsigned	 i, good = 0, tried = 0;
	char		 client[CLIENT_SIZE];
	struct buf	 b;

	session_log_begin(s);
	buf_init(&b, 512);
	for (i = 0; i < TALLY_COUNT; i++) {
		good += s->good[i];
		tried += s->tried[i];
		if (s->tried[i] > 0)
			put_tally(&b, tallies[i], s->good[i], s->tried[i]);
	}
	put_tally(&b, "commands", good, tried);
	client_format(client, &s->client, CLIENT_NAME);
	log_info("disconnect from %s%.*s", client, (int)buf_len(&b),
	    buf_span(&b).ptr);
	buf_clear(&b);
}

void
session_log_reject(const struct session *s, const char *where,
    const struct reply *r, const struct addr *to)
{
	const struct transaction *t = s->transaction;
	char		 id[ID_SIZE] = "NOQUEUE", client[CLIENT_SIZE];
	char		 enhanced[ENHANCED_SIZE];
	const char	*rule = to != NULL ? ruling_refused_by(t) : NULL;

	if (t != NULL && t->message != 0)
		id_format(id, t->message);
	client_format(client, &s->client, CLIENT_NAME);
	reply_enhanced(r, enhanced);
	log_info("%s: reject: %s from %s: %u %s %s; from=<%s>%s%s%s "
	    "proto=%s helo=<%s>%s%s", id, where, client, r->code, enhanced,
	    r->text, t != NULL ? t->sender.text : "",
	    to != NULL ? " to=<" : "", to != NULL ? to->text : "",
	    to != NULL ? ">" : "", session_protocol(s),
	    s->helo != NULL ? s->helo : "", rule != NULL ? " rule=" : "",
	    rule != NULL ? rule : "");
}
