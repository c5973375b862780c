/* SPDX-License-Identifier: ISC */
#ifndef TESTS_CRASH_NUMBER_H
#define TESTS_CRASH_NUMBER_H

#include <stdint.h>

/* A number of the command line; none is the end of the program, status 2. */
uint64_t	 number(const char *text);

#endif
