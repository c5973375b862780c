/* SPDX-License-Identifier: ISC */
#ifndef SHARED_CRC_H
#define SHARED_CRC_H

#include "shared/span.h"

/* CRC-32C (Castagnoli; RFC 3720 section 12.1).  Begins with 0, and goes on
 * with what it returned. */
uint32_t	 crc32c(uint32_t crc, struct span);

#endif
