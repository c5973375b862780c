/* SPDX-License-Identifier: ISC */
/*
 * usage: fill SPOOL MESSAGES DESTINATIONS PREFIX SUFFIX
 *
 * Puts messages that wait, and are due, into the index of a queue that does not
 * run: of each destination, PREFIX, a number and SUFFIX, as many.  Behind a
 * PREFIX that ends in a dot the number stands as the rest of an address of
 * 10.0.0.0/8.  There are no files to them: they are for destinations that
 * nobody gets through to.  SPOOL is queue's root; run it as queue's user.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "queue/index_write.h"
#include "shared/log.h"

enum { SENDERS = 10, AT_ONCE = 20000, SIZE = 1000, MICROSECONDS = 1000000 };

static struct {
	struct index	*index;
	uint64_t	 first;			/* id */
	unsigned long	 messages, destinations;
	const char	*prefix, *suffix;
	struct addr	 senders[SENDERS];
} the;

static void
name_destination(unsigned long n, char into[DESTINATION_TEXT_MAX + 1])
{
	size_t	 len = strlen(the.prefix);

	if (len > 0 && the.prefix[len - 1] == '.')
		(void)snprintf(into, DESTINATION_TEXT_MAX + 1,
		    "%s%lu.%lu.%lu%s", the.prefix, n >> 16, n >> 8 & 255,
		    n & 255, the.suffix);
	else
		(void)snprintf(into, DESTINATION_TEXT_MAX + 1, "%s%lu%s",
		    the.prefix, n, the.suffix);
}

/* Those of one destination stand together. */
static struct spill_row
row_of(unsigned long i, char name[DESTINATION_TEXT_MAX + 1], char address[64])
{
	unsigned long		 n = i / (the.messages / the.destinations);
	struct spill_row	 r = { .row.state = ROW_WAITING };

	if (n >= the.destinations)
		n = the.destinations - 1;
	name_destination(n, name);
	(void)snprintf(address, 64, "r%lu@d%lu.example", i, n);
	r.row.due = the.first;
	r.row.address = span_of(address);
	r.row.original = r.row.relay = r.row.parameters = span_of("");
	r.row.destination = span_of(name);
	return r;
}

static int
put(struct writing *w, unsigned long i)
{
	char			 name[DESTINATION_TEXT_MAX + 1], address[64];
	struct letter		*l = letter_new(the.first + i,
				    &the.senders[i % SENDERS]);
	struct spill_row	 row = row_of(i, name, address);
	int			 rc;

	l->arrived = l->id;
	l->size = SIZE;
	if (!letter_add(l, span_of(address), span_of("")))
		fatal("an address is too long");
	rc = writing_spill(w, l, 1, &row, 1);
	letter_free(l);
	return rc;
}

static void
fill(void)
{
	struct writing	 w;
	unsigned long	 i = 0, end;

	while (i < the.messages) {
		end = i + AT_ONCE < the.messages ? i + AT_ONCE : the.messages;
		if (writing_begin(&w, the.index) == -1)
			fatal("the index cannot be written");
		for (; i < end; i++)
			if (put(&w, i) == -1)
				fatal("message %lu is not taken", i);
		if (writing_last(&w, the.first + i) == -1 ||
		    writing_commit(&w) == -1)
			fatal("the index is not written");
	}
}

static void
name_senders(void)
{
	char	 text[32];
	int	 i;

	for (i = 0; i < SENDERS; i++) {
		(void)snprintf(text, sizeof text, "s%d@from.example", i);
		(void)addr_parse(span_of(text), &the.senders[i]);
	}
}

/* Ids are times that have passed, and above all that were given. */
static uint64_t
first_id(void)
{
	uint64_t	 now = (uint64_t)time(NULL) * MICROSECONDS -
			    the.messages;

	return now > index_last(the.index) ? now : index_last(the.index) + 1;
}

int
main(int argc, char **argv)
{
	struct spool	 spool;

	if (argc != 6 || chdir(argv[1]) == -1) {
		(void)fprintf(stderr, "usage: fill SPOOL MESSAGES "
		    "DESTINATIONS PREFIX SUFFIX\n");
		return 2;
	}
	the.messages = strtoul(argv[2], NULL, 10);
	the.destinations = strtoul(argv[3], NULL, 10);
	the.prefix = argv[4];
	the.suffix = argv[5];
	if (the.destinations == 0 || the.messages < the.destinations)
		fatal("so many messages do not fill so many destinations");
	name_senders();
	spool_open(&spool);
	the.index = index_open(&spool);
	the.first = first_id();
	fill();
	index_close(the.index);
	spool_close(&spool);
	return 0;
}
