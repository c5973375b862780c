/* SPDX-License-Identifier: ISC */
#include <sysexits.h>

#include "control/submit.h"
#include "shared/log.h"

/* What became of the recipients. */
struct tally {
	size_t	 accepted, later, unknown, refused;
};

/* Says what the server said of `what`; the status for it. */
static int
refusal(const struct server *s, const char *what, int permanent)
{
	char	 words[REPLY_WORDS_SIZE];

	server_reply_words(s, words);
	log_error("%s: %s", what, words);
	return s->reply.code / 100 == 5 ? permanent : EX_TEMPFAIL;
}

static bool
is_good(unsigned code)
{
	return code / 100 == 2;
}

/* The words of RFC 3461, with a blank in front. */
static const char *
blank(const struct server *s, const char *words)
{
	return s->has_dsn && *words != '\0' ? " " : "";
}

static const char *
wishes(const struct server *s, const char *words)
{
	return s->has_dsn ? words : "";
}

static int
say_sender(struct server *s, const struct submission *m)
{
	char		 size[48] = "";
	const char	*body = "";
	unsigned	 code;

	if (s->has_size && m->letter != NULL)
		(void)snprintf(size, sizeof(size), " SIZE=%llu",
		    (unsigned long long)(m->header.len + 2 +
		    m->letter->body_size));
	if (s->has_8bit && m->is_8bit)
		body = " BODY=8BITMIME";
	code = server_command(s, "MAIL FROM:<%s>%s%s%s%s", m->sender.text,
	    size, body, blank(s, m->mail_words), wishes(s, m->mail_words));
	if (is_good(code))
		return EX_OK;
	return refusal(s, "sender", code == 501 || code == 552 ? EX_DATAERR :
	    EX_UNAVAILABLE);
}

static void
say_recipient(struct server *s, const struct submission *m,
    const struct addr *a, struct tally *t)
{
	unsigned	 code = server_command(s, "RCPT TO:<%s>%s%s", a->text,
			    blank(s, m->rcpt_words), wishes(s, m->rcpt_words));
	char		 words[REPLY_WORDS_SIZE];

	server_reply_words(s, words);
	if (m->letter == NULL)
		printf("%s: %s\n", a->text, words);
	else if (!is_good(code))
		log_error("%s: %s", a->text, words);
	if (is_good(code))
		t->accepted++;
	else if (code / 100 == 4)
		t->later++;
	else if (s->reply.class == 5 && s->reply.subject == 1)
		t->unknown++;
	else
		t->refused++;
}

static int
tally_status(const struct tally *t)
{
	if (t->later > 0)
		return EX_TEMPFAIL;
	if (t->refused > 0)
		return EX_UNAVAILABLE;
	return t->unknown > 0 ? EX_NOUSER : EX_OK;
}

static int
say_content(struct server *s, const struct submission *m)
{
	bool		 at_start = true;
	struct span	 piece;

	if (server_command(s, "DATA") != 354)
		return refusal(s, "content", EX_UNAVAILABLE);
	server_content(s, m->header, &at_start);
	server_content(s, span_of("\r\n"), &at_start);
	if (letter_rewind(m->letter) == -1)
		goto unreadable;
	do {
		if (letter_next(m->letter, &piece) == -1)
			goto unreadable;
		server_content(s, piece, &at_start);
	} while (piece.len > 0);
	if (is_good(server_content_end(s)))
		return EX_OK;
	return refusal(s, "content", EX_DATAERR);
unreadable:
	/* No final dot, no QUIT: the server drops what it has. */
	log_error("temporary file: %m");
	s->reply.code = 421;
	return EX_IOERR;
}

int
submit(struct server *s, const struct submission *m)
{
	const struct recipients	*r = m->recipients;
	struct tally		 t = { 0 };
	size_t			 i;
	int			 status;

	if (!is_good(s->reply.code) || !is_good(server_hello(s)))
		return refusal(s, "server", EX_UNAVAILABLE);
	status = say_sender(s, m);
	if (status != EX_OK)
		return status;
	for (i = 0; i < r->count && s->reply.code != 421; i++)
		say_recipient(s, m, &r->list[i], &t);
	if (t.later > 0 && t.accepted > 0 && m->letter != NULL)
		log_error("not sent to anybody, so that it can be repeated");
	if (t.later > 0 || t.accepted == 0 || m->letter == NULL)
		return tally_status(&t);
	status = say_content(s, m);
	return status == EX_OK ? tally_status(&t) : status;
}
