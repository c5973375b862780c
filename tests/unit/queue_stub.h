/* SPDX-License-Identifier: ISC */
#ifndef TESTS_UNIT_QUEUE_STUB_H
#define TESTS_UNIT_QUEUE_STUB_H

#include "queue/letter.h"
#include "queue/queue.h"

/* What the sources of the queue ask of their program, and a spool in a fresh
 * directory, which is the current one meanwhile. */
enum { STUB_PLACE_SIZE = 32 };

void	 stub_enter(char place[STUB_PLACE_SIZE]);
void	 stub_leave(const char *place);

/* What queue_now says from now on; at first 1. */
void	 stub_set_clock(uint64_t);

/* Of five octets, for r0@example.org, r1@example.org and so on. */
struct letter	*stub_letter(uint64_t id, const char *sender,
		    unsigned recipients);
void	 stub_store(struct index *, uint64_t id, const char *sender,
	    unsigned recipients);

#endif
