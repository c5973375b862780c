/* SPDX-License-Identifier: ISC */
#ifndef LOOKUP_NAME_H
#define LOOKUP_NAME_H

#include "shared/span.h"

/*
 * The octets of `s` with A-Z folded, and a NUL; `into` wants len + 1.  Names
 * of aliases, domains and patterns are kept so, and asked for so.
 */
void	 name_lower(struct span s, char *into);

#endif
