/* SPDX-License-Identifier: ISC */
#ifndef MASTER_CONFIG_VALUE_H
#define MASTER_CONFIG_VALUE_H

#include "master/config_table.h"

/* What one converter is given; it fills `field`, or says false by way of
 * value_expected. */
struct value {
	const struct config_keyword	*k;
	const struct span		*words;
	unsigned			 n;
	void				*field;
	char				*why;
};

/* Always false: what the converter returns.  The second is about one word of
 * several. */
bool	 value_expected(struct value *, const char *, ...)
	    __attribute__((__format__(__printf__, 2, 3)));
bool	 value_expected_at(struct value *, unsigned word, const char *what);

/* config_value.c: printable ASCII, and perhaps blanks. */
bool	 value_is_printable(struct span);
bool	 value_take_path(struct value *);

/* config_address.c */
bool	 value_take_addresses(struct value *);
bool	 value_take_networks(struct value *);
bool	 value_take_servers(struct value *);
bool	 value_take_via(struct value *);
bool	 value_take_lmtp(struct value *);
bool	 value_take_sources(struct value *);
bool	 value_take_fallback(struct value *);

/* Octets as of v6, and how many bits of them count; false also when one behind
 * these is set. */
bool	 value_parse_network(struct span, struct config_network *);

/* config_rule.c */
bool	 value_take_identities(struct value *);
bool	 value_take_condition(struct value *);
bool	 value_take_then(struct value *);
bool	 value_take_refusal(struct value *);
bool	 value_take_priority(struct value *);

/* "-9" to "9" (RFC 6710 section 2), as CONF_DESTINATION has them. */
bool	 value_parse_priority(struct span, unsigned *);

/* config_route.c */
bool	 value_parse_socket(struct span path, const char *kind,
	    char into[DESTINATION_TEXT_MAX + 1]);
bool	 value_take_socket(struct value *);
bool	 value_take_login(struct value *);
bool	 value_take_mechanisms(struct value *);
bool	 value_take_code(struct value *);
bool	 value_take_text(struct value *);

/* config_rewrite.c */
bool	 value_take_rewrite(struct value *);
bool	 value_take_masquerade(struct value *);
bool	 value_take_unmasked(struct value *);

#endif
