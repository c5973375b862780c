/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_MECHANISM_H
#define REMOTE_MECHANISM_H

#include "shared/span.h"

/* Mechanisms of AUTH that we have, the best first. */
enum mechanism {
	MECHANISM_SCRAM_PLUS, MECHANISM_SCRAM, MECHANISM_PLAIN,
	MECHANISM_LOGIN, MECHANISM_XOAUTH2, MECHANISM_COUNT,
	MECHANISM_NONE = MECHANISM_COUNT
};

const char	*mechanism_name(enum mechanism);

/* The bits, 1 << mechanism, of all that are named, in any letter case, parted
 * by blanks. */
unsigned	 mechanism_bits(struct span names);

#endif
