/* SPDX-License-Identifier: ISC */
#ifndef SHARED_UNIT_H
#define SHARED_UNIT_H

#include "shared/span.h"

/* Numbers with a unit behind them, as people write them: "2h", "64K". */
struct unit {
	char		 letter;	/* 0 ends the table */
	uint64_t	 factor;
};

/* Largest first, so that a bound can be told in the unit that suits it;
 * milliseconds, and octets. */
const struct unit	*unit_times(void);
const struct unit	*unit_sizes(void);

/* Digits and a letter; false also without a letter that is known. */
bool	 unit_parse(struct span, const struct unit *, uint64_t *);

/* From -PRIORITY_MAX to PRIORITY_MAX (RFC 6710 section 2). */
bool	 unit_parse_priority(struct span, int *);

#endif
