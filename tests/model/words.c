/* SPDX-License-Identifier: ISC */
#include "shared/alloc.h"
#include "tests/model/model.h"

#define LONG	"01234567890123456789012345678901234567890123456789"
#define LONGER	LONG LONG LONG LONG LONG LONG LONG LONG LONG LONG LONG
#define LONG_LOGIN LONGER LONGER LONGER LONGER LONGER LONGER \
			LONGER LONGER LONGER LONGER LONGER LONGER \
			LONGER LONGER LONGER LONGER LONGER LONGER \
			LONGER LONGER LONGER LONGER LONGER
#define LETTER	"From: c@b.example\r\n\r\n..text\r\n.\r\n"

static const struct word	 words[] = {
	{ VERB_EHLO, 250, "EHLO a.example", NULL, 0 },
	{ VERB_EHLO, 501, "EHLO", NULL, 0 },
	{ VERB_EHLO, 501, "EHLO a\"b", NULL, 0 },
	{ VERB_HELO, 250, "helo [192.0.2.1]", NULL, 0 },
	{ VERB_HELO, 501, "HELO a b", NULL, 0 },
	{ VERB_MAIL, 250, "MAIL FROM:<a@b.example>", NULL, 0 },
	{ VERB_MAIL, 250, "mail from:<> size=1000 body=8bitmime ret=hdrs",
	    NULL, 0 },
	{ VERB_MAIL, 501, "MAIL FROM:<a@b.example", NULL, 0 },
	{ VERB_MAIL, 501, "MAIL", NULL, 0 },
	{ VERB_MAIL, 552, "MAIL FROM:<a@b.example> SIZE=1000000000000", NULL,
	    0 },
	{ VERB_MAIL, 555, "MAIL FROM:<a@b.example> BODY=FROB", NULL, 0 },
	{ VERB_MAIL, 555, "MAIL FROM:<a@b.example> FROB=1", NULL, 0 },
	{ VERB_MAIL, 501, "MAIL FROM:<\xc3\xbc@b.example>", NULL, 0 },
	{ VERB_RCPT, 250, "RCPT TO:<jones@foo.example> NOTIFY=SUCCESS", NULL,
	    0 },
	{ VERB_RCPT, 550, "RCPT TO:<nobody@foo.example>", NULL, 0 },
	{ VERB_RCPT, 451, "RCPT TO:<later@foo.example>", NULL, 0 },
	{ VERB_RCPT, 501, "RCPT TO:<>", NULL, 0 },
	{ VERB_RCPT, 555, "RCPT TO:<jones@foo.example> FROB", NULL, 0 },
	{ VERB_DATA, 250, "DATA", LETTER, 0 },
	{ VERB_DATA, 501, "DATA now", NULL, 0 },
	{ VERB_DATA, 550, "data", "a\nb\r\n.\r\n", 0 },
	{ VERB_DATA, 451, "DATA", LETTER, MOOD_NOT_STORED },
	{ VERB_DATA, 452, "DATA", NULL, MOOD_NOT_OPENED },
	{ VERB_BDAT, 250, "BDAT 4 LAST", "ab\r\n", 0 },
	{ VERB_BDAT, 250, "BDAT 4", "ab\r\n", 0 },
	{ VERB_BDAT, 501, "BDAT x", NULL, 0 },
	{ VERB_RSET, 250, "RSET", NULL, 0 },
	{ VERB_RSET, 501, "RSET now", NULL, 0 },
	{ VERB_NOOP, 250, "NOOP", NULL, 0 },
	{ VERB_NOOP, 250, "NOOP anything", NULL, 0 },
	{ VERB_QUIT, 221, "QUIT", NULL, 0 },
	{ VERB_QUIT, 501, "QUIT now", NULL, 0 },
	{ VERB_VRFY, 250, "VRFY jones", NULL, 0 },
	{ VERB_VRFY, 550, "VRFY nobody@foo.example", NULL, 0 },
	{ VERB_VRFY, 252, "VRFY later", NULL, 0 },
	{ VERB_VRFY, 501, "VRFY a b", NULL, 0 },
	{ VERB_EXPN, 250, "EXPN jones", NULL, 0 },
	{ VERB_EXPN, 550, "EXPN nobody", NULL, 0 },
	{ VERB_EXPN, 501, "EXPN", NULL, 0 },
	{ VERB_HELP, 214, "HELP", NULL, 0 },
	{ VERB_HELP, 214, "HELP data", NULL, 0 },
	{ VERB_HELP, 211, "HELP STATUS", NULL, 0 },
	{ VERB_HELP, 504, "HELP FROB", NULL, 0 },
	{ VERB_SEND, 502, "SEND FROM:<a@b.example>", NULL, 0 },
	{ VERB_SEND, 502, "SOML", NULL, 0 },
	{ VERB_SEND, 502, "SAML", NULL, 0 },
	{ VERB_SEND, 502, "TURN", NULL, 0 },
	{ VERB_AUTH, 235, "AUTH PLAIN AGEAYg==", NULL, 0 },
	{ VERB_AUTH, 235, "auth plain", "AGEAYg==\r\n", 0 },
	{ VERB_AUTH, 535, "AUTH PLAIN AGEAYw==", NULL, 0 },
	{ VERB_AUTH, 535, "AUTH PLAIN =", NULL, 0 },
	{ VERB_AUTH, 535, "AUTH PLAIN", "\r\n", 0 },
	{ VERB_AUTH, 454, "AUTH PLAIN bGF0ZXI=", NULL, 0 },
	{ VERB_AUTH, 501, "AUTH PLAIN", "*\r\n", 0 },
	{ VERB_AUTH, 501, "AUTH PLAIN", "AGEAYg\r\n", 0 },
	{ VERB_AUTH, 501, "AUTH PLAIN", "RSET\r\r\n", 0 },
	{ VERB_AUTH, 500, "AUTH PLAIN", LONG_LOGIN "\r\n", 0 },
	{ VERB_AUTH, 500, "AUTH PLAIN " LONG_LOGIN, NULL, 0 },
	{ VERB_AUTH, 501, "AUTH PLAIN AGE*Yg==", NULL, 0 },
	{ VERB_AUTH, 501, "AUTH", NULL, 0 },
	{ VERB_AUTH, 501, "AUTH PLAIN AGEAYg== AGEAYg==", NULL, 0 },
	{ VERB_AUTH, 504, "AUTH FROB AGEAYg==", NULL, 0 },
	{ VERB_AUTH, 504, "AUTH SCRAM-SHA-256-PLUS", NULL, 0 },
	{ VERB_OTHER, 503, "STARTTLS", NULL, 0 },
	{ VERB_OTHER, 500, "XFROB", NULL, 0 },
	{ VERB_OTHER, 500, "", NULL, 0 },
	{ VERB_OTHER, 500, "RSET\r", NULL, 0 },
	{ VERB_OTHER, 500, "NOOP\nRSET", NULL, 0 },
	{ VERB_OTHER, 501, "NOOP \xff", NULL, 0 },
	{ VERB_OTHER, 500, "NOOP " LONGER LONGER LONGER LONGER, NULL, 0 },
};

const struct word *
words_all(size_t *count)
{
	*count = COUNT(words);
	return words;
}
