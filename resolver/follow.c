/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "shared/alloc.h"
#include "resolver/follow.h"

struct follow {
	struct cache	*cache;
	unsigned	 type;
	unsigned	 aliases;
	bool		 secure;
	void		(*done)(void *, const struct followed *);
	void		*arg;
};

static void
end(struct follow *f, enum record_status status,
    const struct packet_name *name, struct span reply)
{
	struct followed	 x = { status, name, reply, f->secure };

	f->done(f->arg, &x);
	free(f);
}

static void
on_answer(void *arg, const struct dns_answer *a)
{
	struct follow	*f = arg;
	struct record	 r;

	record_read(a->reply, &r);
	f->secure = f->secure && a->secure;
	f->aliases += r.aliases;
	if (r.status == RECORD_ALIAS && f->aliases <= CNAMES_MAX)
		cache_ask(f->cache, &r.end, f->type, on_answer, f);
	else if (f->aliases > CNAMES_MAX)
		end(f, RECORD_LATER, &r.end, a->reply);
	else
		end(f, r.status, &r.end, a->reply);
}

void
follow_ask(struct cache *c, const char *name, unsigned type,
    void (*done)(void *, const struct followed *), void *arg)
{
	struct follow		*f = xcalloc(1, sizeof *f);
	struct packet_name	 first;

	f->cache = c;
	f->type = type;
	f->secure = true;
	f->done = done;
	f->arg = arg;
	if (packet_name_parse(&first, span_of(name)))
		cache_ask(c, &first, type, on_answer, f);
	else
		end(f, RECORD_NO_NAME, &first, span_of(""));
}
