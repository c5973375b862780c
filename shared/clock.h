/* SPDX-License-Identifier: ISC */
#ifndef SHARED_CLOCK_H
#define SHARED_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Two clocks that are never mixed.  An instant is monotonic and lives in
 * memory only; a wall time is what disks, logs and other hosts are told.
 */
struct instant {
	int64_t	ns;
};

struct instant	 clock_now(void);
struct instant	 clock_after(struct instant, int64_t ms);
bool		 clock_before(struct instant, struct instant);
int64_t		 clock_ms_between(struct instant from, struct instant to);

/* Microseconds since 1970, UTC, as the machine believes now. */
int64_t	 clock_wall(void);

/* RFC 5322 section 3.3, as "Mon, 23 Nov 2026 02:06:47 +0000". */
enum { DATE_SIZE = 40 };
void	 date_format(char into[DATE_SIZE], int64_t wall);

#endif
