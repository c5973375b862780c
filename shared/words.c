/* SPDX-License-Identifier: ISC */
#include "shared/words.h"

bool
words_find(struct span words, const char *name, struct span *value)
{
	struct span	 word, head;

	while ((word = span_word(&words)).len > 0) {
		*value = span_cut(word, '=', &head);
		if (head.len < word.len && span_is(head, name))
			return true;
	}
	*value = span_of("");
	return false;
}
