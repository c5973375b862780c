/* SPDX-License-Identifier: ISC */
#ifndef TESTS_BENCH_LOAD_H
#define TESTS_BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What a measurement asks for: `producers` that store one message of `length`
 * octets after the other, for `seconds` or until there are `most`.
 */
struct load {
	unsigned	 producers;
	size_t		 length;
	double		 seconds;
	unsigned long	 most;
};

/* From four arguments: PRODUCERS LENGTH SECONDS MOST. */
bool	 load_parse(struct load *, char *const args[4]);

/* Each producer is a thread that calls `store`, which returns when its message
 * is durable.  Prints "MESSAGES SECONDS". */
void	 load_run(const struct load *, void (*store)(void *arg,
	    unsigned producer, unsigned long number), void *arg);

#endif
