/* SPDX-License-Identifier: ISC */
#include <stdio.h>

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

void
words_init(struct words *w, char *into, size_t size)
{
	*w = (struct words){ into, size, 0 };
	*into = '\0';
}

static void
put(struct words *w, const char *name, const char *sign, struct span value)
{
	int	 n = snprintf(w->text + w->len, w->size - w->len,
		    "%s%s%s%.*s", w->len > 0 ? " " : "", name, sign,
		    (int)value.len, value.ptr);

	if (n >= 0 && (size_t)n < w->size - w->len)
		w->len += (size_t)n;
	else
		w->text[w->len] = '\0';
}

void
words_put(struct words *w, const char *name, struct span value)
{
	put(w, name, "=", value);
}

void
words_join(struct words *w, struct span words)
{
	if (words.len > 0)
		put(w, "", "", words);
}

struct span
words_span(const struct words *w)
{
	return span_make(w->text, w->len);
}
