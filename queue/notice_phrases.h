/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_NOTICE_PHRASES_H
#define QUEUE_NOTICE_PHRASES_H

#include "shared/ipc.h"

/*
 * All that notices say to people, in each language: one table beside the
 * other.  Words in braces are values: "{host}".  "~" is a space at which no
 * line ends, as French has it before ":", ";", "?" and "!".
 */
enum phrase_number {
	PHRASE_NUMBER_ONE, PHRASE_NUMBER_MANY,	/* recipients */
	PHRASE_NUMBER_DIGEST,			/* messages as well */
	PHRASE_NUMBER_COUNT
};

enum phrase_opening {
	PHRASE_OPENING_PLAIN, PHRASE_OPENING_DIGEST, PHRASE_OPENING_DOUBLE,
	PHRASE_OPENING_COUNT
};

/* What a sender can do. */
enum counsel {
	COUNSEL_NONE, COUNSEL_SPELLING, COUNSEL_DOMAIN, COUNSEL_PERSON,
	COUNSEL_LATER, COUNSEL_FULL, COUNSEL_SIZE, COUNSEL_FEWER,
	COUNSEL_FORMAT, COUNSEL_LIST, COUNSEL_RULES, COUNSEL_HELP,
	COUNSEL_COUNT
};

enum unit { UNIT_DAY, UNIT_HOUR, UNIT_MINUTE, UNIT_SECOND, UNIT_COUNT };

struct phrases {
	const char	*tag;			/* RFC 5646 */
	const char	*weekdays[7], *months[12];
	const char	*date;			/* weekday day month year
						 * hour minute */
	const char	*units[UNIT_COUNT][2];	/* one, several */

	const char	*subjects[ACTION_COUNT];
	const char	*subject_double;

	const char	*opening[PHRASE_OPENING_COUNT];	/* host count */
	const char	*sent;			/* date */
	const char	*subject;		/* subject */
	const char	*came[ACTION_COUNT][PHRASE_NUMBER_COUNT];

	const char	*original;		/* address */
	const char	*expired;		/* life attempts */
	const char	*attempts[2];		/* count; one, several */
	const char	*tried;			/* date */
	const char	*tried_often;		/* count date */
	const char	*until;			/* date */
	const char	*counsels[COUNSEL_COUNT];

	const char	*said_host;		/* host */
	const char	*said_network;		/* host */
	const char	*said;
	const char	*returned_header, *returned_content;
	const char	*returned_first, *returned_notice;
	const char	*help, *help_admin;	/* contact */
	const char	*number, *number_of;	/* id; in a digest */
};

const struct phrases	*phrases_of(enum notice_language);

/* What a reply means, and what can be done; NULL: nobody knows. */
const char	*phrase_reason(const struct reply *, enum notice_language,
		    enum counsel *);

#endif
