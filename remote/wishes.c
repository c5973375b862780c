/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "remote/wishes.h"
#include "shared/dsn.h"
#include "shared/words.h"
#include "shared/xtext.h"

struct span
wishes_of_mail(struct span words, char into[WISHES_SIZE])
{
	struct span	 value;
	enum dsn_ret	 ret;
	int		 n = 0;

	into[0] = '\0';
	if (words_find(words, "ret", &value) && dsn_parse_ret(value, &ret))
		n = snprintf(into, WISHES_SIZE, " RET=%s",
		    ret == DSN_RET_FULL ? "FULL" : "HDRS");
	if (words_find(words, "envid", &value) && dsn_is_envid(value))
		n += snprintf(into + n, (size_t)(WISHES_SIZE - n),
		    " ENVID=%.*s", (int)value.len, value.ptr);
	return span_make(into, (size_t)n);
}

/* In upper case, as servers have always been asked. */
static int
put_notify(struct span list, char into[WISHES_SIZE])
{
	int	 i, n;

	if (list.len == 0)
		return 0;
	n = snprintf(into, WISHES_SIZE, " NOTIFY=%.*s", (int)list.len,
	    list.ptr);
	for (i = 0; i < n; i++)
		if (into[i] >= 'a' && into[i] <= 'z')
			into[i] -= 'a' - 'A';
	return n;
}

/* The address that was said to us, in xtext; empty if that is too long. */
static void
write_orcpt(const struct wisher *w, char into[ORCPT_MAX + 1])
{
	const struct addr	*a = addr_is_null(w->original) ? w->address :
				    w->original;
	char			 text[ORCPT_MAX + 1 - sizeof "rfc822"];

	if (xtext_encode(addr_span(a), text, sizeof text))
		(void)snprintf(into, ORCPT_MAX + 1, "rfc822;%s", text);
}

static bool
has_changed(const struct wisher *w)
{
	return !addr_is_null(w->original) &&
	    !addr_equal(w->original, w->address);
}

static struct span
notify_of(const struct wisher *w)
{
	struct span	 list;
	unsigned	 notify;

	if (words_find(w->words, "notify", &list) &&
	    dsn_parse_notify(list, &notify))
		return list;
	return span_of(w->is_notice ? "NEVER" : "");
}

struct span
wishes_of_rcpt(const struct wisher *w, char into[WISHES_SIZE])
{
	struct span	 notify = notify_of(w), orcpt;
	char		 made[ORCPT_MAX + 1];
	int		 n;

	into[0] = made[0] = '\0';
	n = put_notify(notify, into);
	if (!words_find(w->words, "orcpt", &orcpt) || !dsn_is_orcpt(orcpt)) {
		if (!w->is_notice &&
		    (notify.len > 0 || w->is_asked || has_changed(w)))
			write_orcpt(w, made);
		orcpt = span_of(made);
	}
	if (orcpt.len > 0)
		n += snprintf(into + n, (size_t)(WISHES_SIZE - n),
		    " ORCPT=%.*s", (int)orcpt.len, orcpt.ptr);
	return span_make(into, (size_t)n);
}
