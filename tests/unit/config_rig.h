/* SPDX-License-Identifier: ISC */
#ifndef TESTS_UNIT_CONFIG_RIG_H
#define TESTS_UNIT_CONFIG_RIG_H

#include "master/config.h"

/* One configuration, read from the file "conf", until `forget`. */
extern struct config		*config;
extern struct config_notes	 notes;

/* False when there are errors; they are in `notes`. */
bool		 read_span(struct span text);
bool		 read_text(const char *text);
struct span	 errors_of(const char *text);
void		 must_read(const char *text);
void		 forget(void);

#endif
