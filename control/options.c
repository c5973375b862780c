/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "control/options.h"
#include "shared/alloc.h"
#include "shared/xtext.h"

/*
 * Every letter that sendmail programs have known; what is not looked at below
 * is accepted and has no effect.  The "+" keeps glibc from taking a recipient
 * with a hyphen for an option.
 */
static const char	 letters[] =
	"+A:B:C:EF:GIJL:N:O:R:UV:X:b:ce:f:h:ijmno:p:q::r:tvx";

static bool
set_mode(struct options *o, const char *value)
{
	static const struct {
		char			 letter;
		enum sendmail_mode	 mode;
	} modes[] = {
		{ 'm', MODE_DELIVER },	{ 'v', MODE_VERIFY },
		{ 's', MODE_SMTP },	{ 'p', MODE_MAILQ },
		{ 'i', MODE_NEWALIASES }, { 'd', MODE_START },
		{ 'l', MODE_START },	{ 'D', MODE_FOREGROUND },
		{ 't', MODE_TEST },
	};
	size_t	 i;

	for (i = 0; i < COUNT(modes); i++)
		if (value[0] == modes[i].letter && value[1] == '\0') {
			o->mode = modes[i].mode;
			return true;
		}
	return false;
}

/* -q, -qIid, -qRdomain, -qSsender, -q15m.  There is no way to name messages
 * by recipient or sender, so all are made due. */
static bool
set_queue(struct options *o, const char *value)
{
	o->retry = "ALL";
	if (value == NULL || value[0] == 'R' || value[0] == 'S')
		o->mode = MODE_RETRY;
	else if (value[0] == 'I' && value[1] != '\0') {
		o->mode = MODE_RETRY;
		o->retry = value + 1;
	} else if (value[0] >= '0' && value[0] <= '9') {
		if (o->mode == MODE_DELIVER)
			o->mode = MODE_NOTHING;
	} else
		return false;
	return true;
}

static bool
set_body(struct options *o, const char *value)
{
	o->is_8bit = strcasecmp(value, "8BITMIME") == 0;
	return o->is_8bit || strcasecmp(value, "7BIT") == 0;
}

/* -V: xtext, as other programs of this name want it, or what can be made so. */
static bool
set_envid(struct options *o, const char *value)
{
	struct span	 s = span_of(value);

	if (dsn_is_envid(s))
		return span_copy(s, o->envid, sizeof o->envid);
	return xtext_encode(s, o->envid, sizeof o->envid) &&
	    dsn_is_envid(span_of(o->envid));
}

static bool
set(struct options *o, int c, const char *value)
{
	switch (c) {
	case '?':
		return false;
	case 'B':
		return set_body(o, value);
	case 'F':
		o->name = value;
		break;
	case 'G':
		o->gateway = true;
		break;
	case 'I':
		o->mode = MODE_NEWALIASES;
		break;
	case 'N':
		return dsn_parse_notify(span_of(value), &o->notify);
	case 'R':
		return dsn_parse_ret(span_of(value), &o->ret);
	case 'V':
		return set_envid(o, value);
	case 'b':
		return set_mode(o, value);
	case 'f':
	case 'r':
		o->sender = value;
		break;
	case 'i':
		o->dot_ends = false;
		break;
	case 'j':
		o->json = true;
		break;
	case 'o':
		if (value[0] == 'i')
			o->dot_ends = false;
		break;
	case 'q':
		return set_queue(o, value);
	case 't':
		o->from_header = true;
		break;
	case 'v':
		o->verbose = true;
		break;
	}
	return true;
}

bool
options_read(struct options *o, int argc, char **argv)
{
	const char	*slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	const char	*name = slash != NULL ? slash + 1 : argv[0];
	int		 c;

	*o = (struct options){ .dot_ends = true };
	if (argc > 0 && strcmp(name, "mailq") == 0)
		o->mode = MODE_MAILQ;
	if (argc > 0 && strcmp(name, "newaliases") == 0)
		o->mode = MODE_NEWALIASES;
	opterr = 0;
	while ((c = getopt(argc, argv, letters)) != -1)
		if (!set(o, c, optarg))
			return false;
	o->first = optind;
	return !o->json || o->mode == MODE_MAILQ;
}
