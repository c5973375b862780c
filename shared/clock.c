/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <time.h>

#include "shared/clock.h"
#include "shared/log.h"

enum { NS_PER_MS = 1000 * 1000, US_PER_S = 1000 * 1000 };

static struct timespec
read_clock(clockid_t which)
{
	struct timespec	 t;

	if (clock_gettime(which, &t) == -1)
		fatal("clock_gettime: %m");
	return t;
}

struct instant
clock_now(void)
{
	struct timespec	 t = read_clock(CLOCK_MONOTONIC);

	return (struct instant){ t.tv_sec * INT64_C(1000000000) + t.tv_nsec };
}

/* Further than can be said is the last instant there is, never the past. */
struct instant
clock_after(struct instant from, int64_t ms)
{
	struct instant	 at;

	if (__builtin_mul_overflow(ms, NS_PER_MS, &at.ns) ||
	    __builtin_add_overflow(at.ns, from.ns, &at.ns))
		at.ns = ms > 0 ? INT64_MAX : INT64_MIN;
	return at;
}

bool
clock_before(struct instant a, struct instant b)
{
	return a.ns < b.ns;
}

int64_t
clock_ms_between(struct instant from, struct instant to)
{
	int64_t	 ns;

	if (__builtin_sub_overflow(to.ns, from.ns, &ns))
		ns = to.ns > from.ns ? INT64_MAX : INT64_MIN;
	return ns / NS_PER_MS;
}

int64_t
clock_wall(void)
{
	struct timespec	 t = read_clock(CLOCK_REALTIME);

	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

struct date {
	int		 year;
	unsigned	 month, day;	/* month 0 to 11 */
};

/*
 * Days since 1970 as a date.  Counted from 1 March of the year 0, the day of
 * leap is the last of its year, and 400 years are 146097 days.
 */
static struct date
date_of(int64_t days)
{
	struct date	 d;
	int		 era, day, year, yday, month;

	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	day = days - era * 146097;
	year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	yday = day - (365 * year + year / 4 - year / 100);
	month = (5 * yday + 2) / 153;
	d.day = yday - (153 * month + 2) / 5 + 1;
	d.month = (month + 2) % 12;
	d.year = era * 400 + year + (d.month < 2);
	return d;
}

/*
 * By hand, because gmtime(3) may open the machine's time zone file, which our
 * programs cannot, and strftime(3) asks the locale.
 */
void
date_format(char into[DATE_SIZE], int64_t wall)
{
	static const char	 names[7][4] = {
		"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"
	};
	static const char	 months[12][4] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun",
		"Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
	};
	int64_t			 s = wall / US_PER_S - (wall % US_PER_S < 0);
	int64_t			 days = s / 86400 - (s % 86400 < 0);
	struct date		 d = date_of(days);
	unsigned		 rest = s - days * 86400;

	(void)snprintf(into, DATE_SIZE, "%s, %u %s %04d %02u:%02u:%02u +0000",
	    names[((days + 4) % 7 + 7) % 7], d.day % 100, months[d.month % 12],
	    d.year, rest / 3600 % 24, rest / 60 % 60, rest % 60);
}
