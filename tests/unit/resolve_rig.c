/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "tests/unit/resolve_rig.h"

const char *
outcome(const struct resolve *r)
{
	static char	 line[4096];
	char		 enhanced[ENHANCED_SIZE],
			 destination[DESTINATION_TEXT_MAX + 1];
	struct addr	 a;
	size_t		 i, n = 0;

	reply_enhanced(resolve_reply(r), enhanced);
	if (resolve_count(r) == 0)
		snprintf(line, sizeof line, "%u %s", resolve_reply(r)->code,
		    enhanced);
	for (i = 0; i < resolve_count(r); i++) {
		resolve_target(r, i, &a, destination);
		n += snprintf(line + n, sizeof line - n, "%s%s>%s",
		    i > 0 ? " " : "", a.text, destination);
	}
	return line;
}
