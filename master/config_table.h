/* SPDX-License-Identifier: ISC */
#ifndef MASTER_CONFIG_TABLE_H
#define MASTER_CONFIG_TABLE_H

#include "master/config.h"

/* The words of the configuration; for its reader alone. */
enum { CONFIG_WHY_SIZE = 400 };

enum config_type {
	CONFIG_NUMBER, CONFIG_SIZE, CONFIG_TIME, CONFIG_YESNO, CONFIG_HOST,
	CONFIG_PATH, CONFIG_FILE, CONFIG_MAILBOX, CONFIG_MAILBOX_OR_NO,
	CONFIG_LOG, CONFIG_PROTOCOL,
	CONFIG_NETWORKS, CONFIG_SERVERS, CONFIG_ADDRESSES, CONFIG_DELIVERY,
	CONFIG_VIA, CONFIG_IDENTITIES, CONFIG_CONDITION, CONFIG_THEN,
	CONFIG_CHOICE, CONFIG_TIME_OR_NO, CONFIG_PASSWORDS, CONFIG_FLAG,
	CONFIG_LMTP, CONFIG_SOCKET, CONFIG_REFUSAL, CONFIG_SOURCES,
	CONFIG_FALLBACK, CONFIG_LOGIN, CONFIG_MECHANISMS, CONFIG_REWRITE,
	CONFIG_MASQUERADE, CONFIG_UNMASKED, CONFIG_CODE, CONFIG_TEXT,
	CONFIG_PRIORITY
};

/* A choice sets an unsigned to the place of its word, counted from 1. */
enum config_choice {
	CHOICE_YESNO, CHOICE_TLS, CHOICE_AUTH, CHOICE_VERSION,
	CHOICE_REMOTE_TLS, CHOICE_LANGUAGE, CHOICE_COUNT
};

/* lowest and highest: of numbers, sizes and times; highest: octets of paths;
 * lowest: the enum condition of conditions, of which there are `highest`; the
 * enum config_choice of choices.
 * standard: the default as one would write it; NULL: nothing. */
struct config_keyword {
	const char		*word;		/* NULL ends the list */
	enum config_type	 type;
	uint64_t		 lowest, highest;
	const char		*standard;
	size_t			 field;		/* offset in its struct */
};

enum config_section {
	SECTION_TOP, SECTION_RETRY, SECTION_JOURNAL, SECTION_NOTICES,
	SECTION_SMTPD,
	SECTION_REMOTE, SECTION_LISTEN, SECTION_DOMAIN, SECTION_ROUTE,
	SECTION_RULE, SECTION_TLS, SECTION_QUOTA, SECTION_ADVICE,
	SECTION_QUEUE, SECTION_DESTINATION,
	SECTION_LIMIT, SECTION_LISTEN_LIMIT,	/* the latter in a listen */
	SECTION_COUNT
};

enum { CONFIG_KEYWORDS_MAX = 40 };	/* of one section */

struct config_block {
	const char			*word;	/* NULL: the top */
	const char			*names;	/* what stands behind it */
	bool				 bare;	/* or nothing */
	bool				 many;	/* names; blocks of this word */
	const struct config_keyword	*keywords;
};

const struct config_block	*config_block(enum config_section);

/* The size of what such a keyword sets in a struct config_limit. */
size_t	 config_limit_size(const struct config_keyword *);

/* Sets the field of `k` in the struct at `base` from the `n` words behind it;
 * false with what was expected in `why`.  The words follow each other in
 * memory, a blank apart. */
bool	 config_value(const struct config_keyword *k, const struct span *words,
	    unsigned n, void *base, char why[CONFIG_WHY_SIZE]);

/* All keywords of a section to their defaults. */
void	 config_defaults(enum config_section, void *base);

/* What a block is called by. */
bool	 config_domain_name(struct span, char into[HOST_TEXT_MAX + 1]);
bool	 config_pattern(struct span, char into[HOST_TEXT_MAX + 1]);
bool	 config_route_pattern(struct span, char into[ADDR_TEXT_MAX + 1]);
bool	 config_destination_pattern(struct span,
	    char into[DESTINATION_TEXT_MAX + 1]);
bool	 config_listen_name(struct span, char into[HOST_TEXT_MAX + 1]);
bool	 config_rule_name(struct span, char into[RULE_NAME_MAX + 1]);

/* At most 40 octets of `s` for a message, what is not printable as "?". */
enum { CONFIG_SHOWN_SIZE = 48 };
void	 config_show(char into[CONFIG_SHOWN_SIZE], struct span s);

#endif
