/* SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "shared/alloc.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "tests/bench/load.h"

enum { STACK = 128 << 10, NS_PER_MS = 1000000 };

struct run {
	const struct load	*load;
	void			(*store)(void *, unsigned, unsigned long);
	void			*arg;
	struct instant		 end;
	atomic_ulong		 next;		/* message */
	atomic_ulong		 stored;
};

struct producer {
	struct run	*run;
	unsigned	 number;
	pthread_t	 thread;
};

bool
load_parse(struct load *l, char *const args[4])
{
	l->producers = strtoul(args[0], NULL, 10);
	l->length = strtoul(args[1], NULL, 10);
	l->seconds = strtod(args[2], NULL);
	l->most = strtoul(args[3], NULL, 10);
	return l->producers > 0 && l->length > 0 && l->seconds > 0;
}

static void *
produce(void *arg)
{
	struct producer	*p = arg;
	struct run	*r = p->run;
	unsigned long	 n;

	while (clock_before(clock_now(), r->end)) {
		n = atomic_fetch_add(&r->next, 1);
		if (n >= r->load->most)
			break;
		r->store(r->arg, p->number, n);
		atomic_fetch_add(&r->stored, 1);
	}
	return NULL;
}

void
load_run(const struct load *l, void (*store)(void *, unsigned, unsigned long),
    void *arg)
{
	struct producer	*all = xcalloc(l->producers, sizeof *all);
	struct instant	 begin = clock_now();
	struct run	 r = { l, store, arg,
			    clock_after(begin, l->seconds * 1000), 0, 0 };
	pthread_attr_t	 attr;
	unsigned	 i;

	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, STACK);
	for (i = 0; i < l->producers; i++) {
		all[i].run = &r;
		all[i].number = i;
		if (pthread_create(&all[i].thread, &attr, produce,
		    &all[i]) != 0)
			fatal("no thread for producer %u", i);
	}
	for (i = 0; i < l->producers; i++)
		(void)pthread_join(all[i].thread, NULL);
	printf("%lu %.6f\n", atomic_load(&r.stored),
	    (clock_now().ns - begin.ns) / (1e3 * NS_PER_MS));
	free(all);
}
