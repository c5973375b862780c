/* SPDX-License-Identifier: ISC */
#ifndef TESTS_UNIT_RESOLVE_RIG_H
#define TESTS_UNIT_RESOLVE_RIG_H

#include "lookup/resolve.h"

/* "CODE X.Y.Z", or all targets as "address>destination", by one space; valid
 * until the next call. */
const char	*outcome(const struct resolve *);

#endif
