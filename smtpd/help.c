/* SPDX-License-Identifier: ISC */
#include "shared/alloc.h"
#include "smtpd/help.h"
#include "smtpd/server.h"

static const struct {
	const char	*topic, *text;
} topics[] = {
	{ "",		"This is relais, an SMTP server.  Commands:\n"
	    "EHLO HELO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP QUIT "
	    "VRFY EXPN HELP\n"
	    "HELP and a command tells its syntax, HELP STATUS our limits.\n"
	    "Write to postmaster about trouble with mail." },
	{ "EHLO",	"EHLO name\n"
	    "Says who you are: a domain, or an address as [192.0.2.1].\n"
	    "The answer tells our extensions.  Ends a transaction." },
	{ "HELO",	"HELO name\n"
	    "As EHLO, without extensions." },
	{ "LHLO",	"LHLO name\n"
	    "As EHLO, and in its place where LMTP is spoken." },
	{ "STARTTLS",	"STARTTLS\n"
	    "TLS begins behind our 220; say EHLO again in it." },
	{ "MAIL",	"MAIL FROM:<address> [SIZE=octets] "
	    "[BODY=7BIT | BODY=8BITMIME]\n"
	    "    [RET=FULL | RET=HDRS] [ENVID=xtext]\n"
	    "Begins a transaction; <> for mail that wants no answer." },
	{ "RCPT",	"RCPT TO:<address> [NOTIFY=NEVER | "
	    "NOTIFY=SUCCESS,FAILURE,DELAY]\n    [ORCPT=type;xtext]\n"
	    "A recipient, behind MAIL; once for each." },
	{ "DATA",	"DATA\n"
	    "The message follows our 354, and ends with a line that is a "
	    "dot.\n"
	    "A line of yours that begins with a dot has one more in front." },
	{ "BDAT",	"BDAT octets [LAST]\n"
	    "A part of the message, without dots in front of dots." },
	{ "AUTH",	"AUTH mechanism [response]\n"
	    "Says who you are, under TLS; EHLO tells the mechanisms." },
	{ "RSET",	"RSET\n"
	    "Gives the transaction up." },
	{ "NOOP",	"NOOP [anything]\n"
	    "Does nothing." },
	{ "QUIT",	"QUIT\n"
	    "Ends the session." },
	{ "VRFY",	"VRFY name or address\n"
	    "Tells whether it has mail here, if that is told to you." },
	{ "EXPN",	"EXPN list\n"
	    "Tells who is behind a list, if that is told to you." },
	{ "HELP",	"HELP [command | STATUS]\n"
	    "This." },
};

static struct reply
status(const struct server *s)
{
	return reply_make(211, "2.0.0", "%s takes messages of at most %llu "
	    "octets for %u recipients,\n"
	    "waits %u seconds for a command and %u for content,\n"
	    "and ends a session after %u errors.", s->hostname,
	    (unsigned long long)s->size_max, s->recipients_max,
	    s->command_time / 1000, s->data_time / 1000, s->errors_max);
}

struct reply
help_about(const struct server *s, struct span topic)
{
	size_t	 i;

	if (span_is_word(topic, "STATUS"))
		return status(s);
	for (i = 0; i < COUNT(topics); i++)
		if (span_is_word(topic, topics[i].topic))
			return reply_make(214, "2.0.0", "%s", topics[i].text);
	return reply_make(504, "5.5.4",
	    "No help about that; HELP lists the commands");
}
