/* SPDX-License-Identifier: ISC */
#include "smtpd/command.h"
#include "smtpd/server.h"
#include "smtpd/starttls.h"

static void
say(struct session *s, unsigned code, const char *enhanced, const char *text)
{
	struct reply	 r = reply_make(code, enhanced, "%s", text);

	session_reply(s, &r);
}

const char *
starttls_keyword(const struct session *s)
{
	return (s->client.flags & LISTENER_STARTTLS) && !secure_holds(s) ?
	    "STARTTLS\n" : "";
}

/* What stands behind it is plain text of somebody between us and the client,
 * who means it to be read as if the client had said it under TLS. */
static void
refuse_injection(struct session *s)
{
	struct reply	 r = reply_make(501, "5.5.0", "Octets came behind "
			    "STARTTLS, which must be the last of a group");

	session_log_reject(s, "STARTTLS", &r, NULL);
	session_reply(s, &r);
	session_close(s, NULL);
}

static void
invite(struct session *s)
{
	struct reply	 r = reply_make(220, "2.0.0", "Ready to start TLS");

	if (!reply_put(&r, stream_out(s->stream)))
		s->mute = true;
	else
		secure_begin(s);
}

void
starttls_begin(struct session *s, struct span arg)
{
	(void)arg;
	if (!(s->client.flags & LISTENER_STARTTLS) && !secure_holds(s))
		say(s, 502, "5.5.1", "Command not implemented; HELP lists "
		    "those that are");
	else if (secure_holds(s))
		say(s, 503, "5.5.1", "TLS is spoken already");
	else if (s->state != STATE_READY || !s->esmtp)
		command_out_of_order(s);
	else if (!secure_is_ready(s->server))
		say(s, 454, "4.7.0", "TLS is not available now, try again "
		    "later");
	else if (buf_len(stream_in(s->stream)) > 0)
		refuse_injection(s);
	else
		invite(s);
}

bool
starttls_is_due(const struct session *s)
{
	return (s->client.flags & LISTENER_TLS_FIRST) && !secure_holds(s);
}

/* Those that are nobody's are answered as ever; a chunk of BDAT is read to its
 * end first. */
static bool
is_spared(enum tally tally)
{
	switch (tally) {
	case TALLY_EHLO:
	case TALLY_HELO:
	case TALLY_LHLO:
	case TALLY_STARTTLS:
	case TALLY_NOOP:
	case TALLY_QUIT:
	case TALLY_HELP:
	case TALLY_BDAT:
	case TALLY_UNKNOWN:
		return true;
	default:
		return false;
	}
}

bool
starttls_comes_first(const struct session *s)
{
	return starttls_is_due(s) && !is_spared(s->command->tally);
}

void
starttls_demand(struct session *s)
{
	say(s, 530, "5.7.0", "Must issue a STARTTLS command first");
}
