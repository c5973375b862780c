/* SPDX-License-Identifier: ISC */
#include <errno.h>

#include "queue/index_write.h"

int
writing_drop(struct writing *w, uint64_t id, const uint32_t *numbers,
    size_t count, struct tally *t)
{
	bool	 removed = false;
	size_t	 i;

	for (i = 0; i < count; i++) {
		if (writing_set(w, id, numbers[i], NULL, t) == -1)
			return -1;
		removed = removed || t->removed;
	}
	t->removed = removed;
	return 0;
}

int
writing_mark(struct writing *w, uint64_t id, const uint32_t *numbers,
    size_t count, uint32_t marks)
{
	struct recipient_row	 r;
	struct tally		 unused;
	char			 raw[ROW_MAX];
	size_t			 i;

	for (i = 0; i < count; i++) {
		if (writing_get(w, id, numbers[i], raw, &r) == -1) {
			if (errno == ENOENT)
				continue;
			return -1;
		}
		r.marks |= marks;
		if (writing_set(w, id, numbers[i], &r, &unused) == -1)
			return -1;
	}
	return 0;
}
