/* SPDX-License-Identifier: ISC */
#ifndef SHARED_ID_H
#define SHARED_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/span.h"

/*
 * The name of a message, unique for ever: 64 bits, max(last + 1, now in
 * microseconds), written as 13 characters of 0-9A-Z without I, L, O and U,
 * which sort as the numbers do.
 */
enum { ID_LEN = 13, ID_SIZE = ID_LEN + 1 };

void	 id_format(char into[ID_SIZE], uint64_t);
bool	 id_parse(struct span, uint64_t *);	/* either letter case */

#endif
