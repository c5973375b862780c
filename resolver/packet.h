/* SPDX-License-Identifier: ISC */
#ifndef RESOLVER_PACKET_H
#define RESOLVER_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/span.h"

/*
 * DNS on the wire (RFC 1035 section 4): a question is written, a reply is
 * taken apart.  A reply is a stranger's: nothing in it leads out of it, or
 * round in circles.  Pure.
 */
enum {
	PACKET_NAME_MAX		= 255,
	PACKET_QUESTION_MAX	= 12 + PACKET_NAME_MAX + 4 + 11
};

/* Labels behind their lengths, the root at the end; 0 octets: no name at all.
 * What the octets are is not looked at; their case is kept. */
struct packet_name {
	uint8_t	 len;
	uint8_t	 octets[PACKET_NAME_MAX];
};

/* "a.example", "" is the root.  False: a label or all of it is too long. */
bool	 packet_name_parse(struct packet_name *, struct span text);

/* False: it holds octets, or dots within a label, that no text shows. */
bool	 packet_name_format(const struct packet_name *,
	    char into[PACKET_NAME_MAX + 1]);

/* In lower case, which all names are compared in. */
void	 packet_name_fold(struct packet_name *);
bool	 packet_name_equal(const struct packet_name *,
	    const struct packet_name *);
bool	 packet_name_is_below(const struct packet_name *,
	    const struct packet_name *zone);	/* or equal */

/* The name at `at`, compressed or not; where what is behind it begins, or 0:
 * it is broken. */
size_t	 packet_take_name(struct span packet, size_t at, struct packet_name *);

/* A number of up to four octets that lie within. */
uint32_t packet_number(struct span, size_t at, unsigned octets);

/* A question: recursion and AD are wanted (RFC 6840 section 5.7); edns: octets
 * that fit one datagram, 0: without EDNS.  Answers its length. */
struct packet_question {
	uint16_t	 id;
	uint16_t	 edns;
	uint16_t	 type;
	const struct packet_name *name;
};

size_t	 packet_write(const struct packet_question *,
	    uint8_t into[PACKET_QUESTION_MAX]);

/* Is it a reply to just this question?  (The id is seen to elsewhere.) */
bool	 packet_is_reply(struct span, const struct packet_name *,
	    unsigned type);

/* Of replies that have a whole header only. */
unsigned packet_code(struct span);
bool	 packet_is_cut(struct span);		/* TC */
bool	 packet_is_secure(struct span);		/* AD, whoever says so */

/* One record after the other; the data lie within the packet. */
struct packet_record {
	struct packet_name owner;
	unsigned	 type;
	unsigned	 class;
	uint32_t	 life;
	size_t		 data, len;
};

struct packet_reader {
	struct span	 packet;
	size_t		 at;
	unsigned	 answers;	/* that are left */
	unsigned	 authorities;
	struct packet_name name;	/* that was asked for */
	unsigned	 type;
};

/* Stands in front of the answers then.  False: header or question is broken. */
bool	 packet_open(struct packet_reader *, struct span);

/* Are the answers and authorities there that its header speaks of? */
bool	 packet_is_whole(struct span);

enum packet_step { PACKET_RECORD, PACKET_END, PACKET_BROKEN };

/* Answers first; authorities only when these have ended. */
enum packet_step	 packet_next_answer(struct packet_reader *,
			    struct packet_record *);
enum packet_step	 packet_next_authority(struct packet_reader *,
			    struct packet_record *);

#endif
