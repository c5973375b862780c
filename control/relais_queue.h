/* SPDX-License-Identifier: ISC */
#ifndef CONTROL_RELAIS_QUEUE_H
#define CONTROL_RELAIS_QUEUE_H

#include "control/relais.h"

/* The fields of the rows "message" and "recipient", in their order. */
enum {
	M_ID, M_ARRIVED, M_SIZE, M_STATE, M_RECIPIENTS, M_SENDER, M_CLIENT,
	M_IDENTITY, M_FLAGS, M_PARAMETERS, M_FIELDS
};

enum {
	R_ID, R_NUMBER, R_STATE, R_DUE, R_ATTEMPTS, R_ADDRESS, R_ORIGINAL,
	R_DESTINATION, R_CODE, R_ENHANCED, R_TEXT, R_GENERATION, R_MARKS,
	R_PARAMETERS, R_RELAY, R_FIELDS
};

/* What is kept from row to row. */
struct listing {
	uint64_t	 messages, octets;
	bool		 first_recipient;	/* of its message */
	char		 reason[REASON_SIZE];	/* the one printed last */
};

/* As Postfix shows it. */
struct span	 relais_sender_of(const struct row *message);

/* Rows as JSON Lines, to standard output; the arg is a struct listing, of which
 * the last object is ended by the second. */
void	 relais_json_row(void *arg, const struct row *);
void	 relais_json_end(const struct listing *);

#endif
