/* SPDX-License-Identifier: ISC */
#ifndef TESTS_UNIT_INDEX_RIG_H
#define TESTS_UNIT_INDEX_RIG_H

#include "queue/index_read.h"
#include "queue/index_write.h"
#include "tests/unit/queue_stub.h"

/* An index in a fresh spool, and what tests do with it. */
struct index_rig {
	char		 place[STUB_PLACE_SIZE];
	struct index	*index;
};

struct index_rig	*rig(void);
void	 rig_setup(void);
void	 rig_teardown(void);
void	 rig_store(uint64_t id, const char *sender, unsigned recipients);
struct recipient_row	 rig_make_row(enum row_state, const char *destination,
			    uint64_t due);
struct tally	 rig_set(uint64_t id, uint32_t number,
		    const struct recipient_row *);
struct tally	 rig_wait_for(uint64_t id, uint32_t number,
		    const char *destination, uint64_t due);
void	 rig_close_destination(const char *name, uint64_t until,
	    uint32_t failures);

/* "due name, ..." of the table `due`; "due:id:number ..." of what waits for a
 * destination. */
const char	*rig_all_due(void);
const char	*rig_all_waiting(const char *name);

#endif
