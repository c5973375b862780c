/* SPDX-License-Identifier: ISC */
/*
 * The whole dialogue of remote with a server that says anything, at any time:
 * remote/client and what belongs to it, without sockets, TLS and clock.  A
 * judge sees all that leaves and all that is heard.
 */
#include <errno.h>

#include "shared/alloc.h"
#include "remote/dialog.h"
#include "remote/trust.h"
#include "shared/stream_tls.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/judge.h"
#include "tests/fuzz/stream.h"

enum { MAILS = 3, RECIPIENTS = 4, TURNS_MAX = 20000, IDLE_MAX = 64 };

static struct course {
	struct judge	 judge;
	struct clients	 all;
	struct client	*client;	/* NULL: gone, or let go */
	struct hop	 hop;
	struct destination destination;
	struct fuzz_cuts cuts;
	size_t		 shown;		/* octets of the output */
	struct span	 rest;		/* of what the server says */
	bool		 eager;		/* in step with what is asked */
	bool		 canned;	/* an octet is a whole reply */

	/* TLS that has begun */
	const struct stream_tls_calls *tls_calls;
	void		*tls_arg;

	/* the mail */
	struct client_mail mail;
	struct addr	 sender, recipient;
	struct span	 content;	/* what is left of it */
	struct span	 whole;
	bool		 hungry, is_idle;
	unsigned	 mails;
	unsigned	 verdicts;	/* on its content */
} the;

static unsigned
dice(unsigned of)
{
	the.cuts.state = the.cuts.state * 1103515245 + 12345;
	return (the.cuts.state >> 16) % of;
}

/* ---- in place of TLS ----------------------------------------------------- */

struct secure {
	int	 nothing;
};

static struct secure	 no_secure;

bool
secure_is_avoided(const struct secure *s, const struct endpoint *e)
{
	(void)s;
	(void)e;
	return false;
}

void
secure_avoid(struct secure *s, const struct endpoint *e)
{
	(void)s;
	(void)e;
}

bool
secure_resumes(const SSL *ssl)
{
	(void)ssl;
	return false;
}

void
secure_forget(struct secure *s, const SSL *ssl)
{
	(void)s;
	(void)ssl;
}

void
secure_format(const SSL *ssl, char into[SECURE_TEXT_SIZE])
{
	(void)ssl;
	(void)span_copy(span_of("TLSv1.3:NONE"), into, SECURE_TEXT_SIZE);
}

SSL *
secure_begin(struct secure *s, const struct secure_peer *p, struct reply *why)
{
	(void)s;
	(void)p;
	*why = reply_make(451, "4.7.5", "not now");
	return dice(8) == 0 ? NULL : (SSL *)&no_secure;
}

BIO_METHOD *
secure_method(const struct secure *s)
{
	(void)s;
	return NULL;
}

bool
trust_holds(const SSL *ssl)
{
	(void)ssl;
	return false;
}

const char *
trust_reason(const SSL *ssl)
{
	(void)ssl;
	return dice(2) ? "it is nobody's" : NULL;
}

SSL *
stream_tls(const struct stream *s)
{
	(void)s;
	return NULL;
}

void
stream_tls_connect(struct stream *s, SSL *ssl, BIO_METHOD *method,
    const struct stream_tls_calls *calls, void *arg)
{
	(void)ssl;
	(void)method;
	fuzz_claim(buf_len(&s->in) == 0,
	    "nothing that came in plain text is read under TLS");
	the.tls_calls = calls;
	the.tls_arg = arg;
}

static bool
shake_hands(void)
{
	const struct stream_tls_calls	*calls = the.tls_calls;
	bool				 good = dice(4) > 0;

	the.tls_calls = NULL;
	if (good)
		judge_secured(&the.judge);
	calls->done(the.tls_arg, good ? NULL : "it would not");
	return true;
}

/* ---- the owner ----------------------------------------------------------- */

static const struct addr *
recipient_at(void *arg, unsigned i)
{
	(void)arg;
	(void)i;
	return &the.recipient;
}

static void
on_ready(void *arg)
{
	(void)arg;
	the.is_idle = true;
}

static void
on_verdict(void *arg, const struct client_event *e)
{
	bool	 of_content = e->step == CLIENT_DOT || e->step == CLIENT_CHUNK;

	(void)arg;
	fuzz_claim(e->said, "a verdict is the server's");
	if (!of_content)
		return;
	fuzz_claim(the.judge.lmtp || the.verdicts++ == 0,
	    "a message has one verdict");
	if (!reply_is_success(&e->reply))
		return;
	fuzz_claim(stream_waiting(fuzz_stream()) == 0 &&
	    the.content.len == 0, "nothing is taken that has not left");
	judge_success(&the.judge, the.whole);
}

static void
on_more(void *arg)
{
	(void)arg;
	fuzz_claim(!the.hungry, "content is asked for once");
	the.hungry = true;
}

static void
on_over(void *arg)
{
	(void)arg;
	the.hungry = false;
	the.is_idle = true;
}

static void
on_failed(void *arg, const struct client_event *e)
{
	(void)arg;
	fuzz_claim(the.client != NULL, "it fails once");
	fuzz_claim(the.is_idle || the.verdicts > 0 || e->said || e->unsure ||
	    e->no_chunks || !the.judge.ended ||
	    judge_accepted(&the.judge) == 0,
	    "who may have the message is not called one who has not");
	the.client = NULL;
}

static const struct client_calls calls = {
	on_ready, on_verdict, on_more, on_over, on_failed
};

/* Some whole, some to be refused, one of more than a slot. */
static struct span
content(unsigned number)
{
	static char		 large[RING_SLOT + 5000];
	static const char	*const all[] = {
		"", "x\r\n", ".\r\n", "..\r\n.x\r\n\r\n.", "x", "x\r", "x\r\ny",
		"\n.\n", "\r\n.\r\n", "x\ry\r\n", "MAIL FROM:<x@x>\r\nQUIT\r\n"
	};
	size_t			 i;

	number %= COUNT(all) + 1;
	if (number < COUNT(all))
		return span_of(all[number]);
	for (i = 0; i < sizeof large; i++)
		large[i] = "x.abcdefghijklmnopqrstuvwxy\r\n."[i % 30];
	return span_make(large, sizeof large);
}

/* The judge sees what was put, whether it has left or not. */
static void
show(struct stream *s)
{
	judge_sees(&the.judge, span_skip(buf_span(&s->out), the.shown));
	the.shown = buf_len(&s->out);
}

static void
send_mail(void)
{
	the.is_idle = the.hungry = false;
	the.mails++;
	the.verdicts = 0;
	the.whole = the.content = content(dice(64));
	the.mail = (struct client_mail){ .sender = &the.sender,
	    .size = the.whole.len, .eight_bit = dice(2) == 0,
	    .recipients = 1 + dice(RECIPIENTS), .recipient = recipient_at };
	show(fuzz_stream());
	judge_begins(&the.judge);
	client_mail(the.client, &the.mail);
}

static void
let_go(void)
{
	struct client	*c = the.client;

	the.client = NULL;
	client_quit(c);
}

static void
feed(void)
{
	size_t		 n = dice(3) ? RING_SLOT : 1 + dice(40);
	struct span	 piece = span_head(the.content, n);
	enum dots_status status;

	the.hungry = false;
	the.content = span_skip(the.content, piece.len);
	status = client_put(the.client, piece, the.content.len == 0);
	if (status == DOTS_OK)
		return;
	fuzz_claim(status == DOTS_BARE, "there is room for a piece");
	client_free(the.client);
	the.client = NULL;
}

/* Does what it can; false: there is nothing. */
static bool
own(void)
{
	if (the.client == NULL || (!the.is_idle && !the.hungry))
		return false;
	if (the.hungry)
		feed();
	else if (the.mails == (the.judge.lmtp ? 1 : MAILS) ||
	    client_is_spent(the.client))
		let_go();
	else
		send_mail();
	return true;
}

/* ---- the server ---------------------------------------------------------- */

static struct span
canned(uint8_t octet)
{
	static const char	*const all[] = {
		"250 ok\r\n", "250 2.0.0 ok\r\n", "354 go on\r\n", "220 x\r\n",
		"550 5.1.1 no\r\n", "451 4.7.1 later\r\n", "421 4.3.2 bye\r\n",
		"452 4.5.3 too many\r\n", "500 5.5.1 what\r\n", "334 \r\n",
		"250-x\r\n250 CHUNKING\r\n", "250-x\r\n250 PIPELINING\r\n",
		"250-x\r\n250-PIPELINING\r\n250-SIZE 99\r\n250 CHUNKING\r\n",
		"250-x\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 STARTTLS\r\n",
		"250-x\r\n250-STARTTLS\r\n250-AUTH PLAIN\r\n250 CHUNKING\r\n",
		"250-x\r\n250-LIMITS RCPTMAX=2 MAILMAX=2\r\n250 PIPELINING\r\n"
	};

	return span_of(all[octet % COUNT(all)]);
}

static void
say(struct span s)
{
	struct span	 piece;

	while (s.len > 0 && fuzz_stream() != NULL &&
	    !fuzz_stream()->finishing && the.tls_calls == NULL) {
		piece = span_head(s, buf_space(stream_in(fuzz_stream())));
		fuzz_claim(piece.len > 0, "replies are read");
		judge_hears(&the.judge, piece);
		s = span_skip(s, piece.len);
		fuzz_stream_send(&piece);
	}
}

/* One reply, a line, or a piece of what there is. */
static bool
speak(void)
{
	struct span	 piece;

	if (the.rest.len == 0)
		return false;
	if (the.canned) {
		say(canned(fuzz_choice(&the.rest)));
		return true;
	}
	if (the.eager) {
		piece = the.rest;
		piece.len = span_index(piece, '\n') + 1;
		piece = span_head(the.rest, piece.len);
		the.rest = span_skip(the.rest, piece.len);
	} else
		piece = fuzz_piece(&the.cuts, &the.rest);
	say(piece);
	return true;
}

static void
hang_up(int error)
{
	struct stream	*s = fuzz_stream();

	if (s != NULL)
		s->calls.closed(s->arg, error);
}

/* What was put leaves. */
static bool
read_all(void)
{
	struct stream	*s = fuzz_stream();
	size_t		 n = s == NULL ? 0 : buf_len(&s->out);

	if (s == NULL)
		return false;
	show(s);
	buf_drop(&s->out, n);
	the.shown = 0;
	if (s->finishing)
		hang_up(0);
	else if (n > 0 && s->calls.drained != NULL)
		s->calls.drained(s->arg);
	return n > 0;
}

/* ---- all of it ----------------------------------------------------------- */

static bool
turn(void)
{
	bool	 moved = false;

	while ((the.eager || dice(3)) && (own() || read_all()))
		moved = true;
	if (fuzz_stream() != NULL && the.tls_calls != NULL)
		return shake_hands();
	if (the.eager || dice(2))
		moved = speak() || moved;
	return moved;
}

static void
begin(uint8_t choice)
{
	static const enum hop_tls	 tls[] = {
		HOP_TLS_MAY, HOP_TLS_NO, HOP_TLS_REQUIRED, HOP_TLS_VERIFIED
	};
	struct client_manner		 manner = { .hop = &the.hop,
	    .to = { .family = 2, .host = "mx.example", .port = SMTP_PORT },
	    .destination = &the.destination };

	the = (struct course){ .eager = choice % 2, .canned = choice / 2 % 2,
	    .cuts = { choice }, .hop = { .tls = tls[choice / 8 % 4],
	    .recipients = 100, .mails = 100 } };
	manner.lmtp = choice / 4 % 2;
	manner.no_chunks = choice / 32 % 8 == 0;
	judge_init(&the.judge, manner.lmtp, the.hop.tls == HOP_TLS_REQUIRED ||
	    the.hop.tls == HOP_TLS_VERIFIED);
	the.all.loop = loop_new();
	the.all.secure = &no_secure;
	(void)span_copy(span_of("mail.example.org"), the.all.hostname,
	    sizeof the.all.hostname);
	the.all.command_time = the.all.content_time = 1000;
	the.all.final_time = the.all.connect_time = 1000;
	(void)addr_parse(span_of("a@example.org"), &the.sender);
	(void)addr_parse(span_of("b@example.net"), &the.recipient);
	the.client = client_new(&the.all, -1, &manner, &calls, NULL);
}

void
fuzz_one(struct span input)
{
	uint8_t		 choice = fuzz_choice(&input);
	unsigned	 turns, idle = 0;

	begin(choice);
	the.rest = input;
	for (turns = 0; fuzz_stream() != NULL && idle < IDLE_MAX; turns++) {
		fuzz_claim(turns < TURNS_MAX, "it ends");
		idle = turn() ? 0 : idle + 1;
	}
	hang_up(choice % 3 ? 0 : ETIMEDOUT);
	fuzz_claim(fuzz_stream() == NULL && the.client == NULL,
	    "a connection that is over is gone");
	fuzz_claim(the.all.count == 0 && the.all.quitting == 0,
	    "nobody counts it any more");
	loop_free(the.all.loop);
	judge_clear(&the.judge);
}
