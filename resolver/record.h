/* SPDX-License-Identifier: ISC */
#ifndef RESOLVER_RECORD_H
#define RESOLVER_RECORD_H

#include "shared/limits.h"
#include "resolver/packet.h"

/*
 * What a reply of a name server says.  Only records of the name that was asked
 * for count, or of that to which CNAMEs in the answer lead from it, and only
 * when each of them is whole.  Pure, but for the lots that are drawn.
 */
enum record_status {
	RECORD_OK,
	RECORD_NONE,		/* the name exists, not with this type */
	RECORD_NO_NAME,		/* it does not exist */
	RECORD_ALIAS,		/* another name is to be asked for: `end` */
	RECORD_NULL_MX,		/* RFC 7505 */
	RECORD_LATER		/* no answer, or none that can be read */
};

/* Where the answer leads, and for how many seconds this may be believed, also
 * that there is nothing (RFC 2308); 0 when it does not say. */
struct record {
	enum record_status status;
	struct packet_name end;
	unsigned	 aliases;	/* on the way; CNAMES_MAX at most */
	uint32_t	 life;
};

void	 record_read(struct span reply, struct record *);

struct exchanger {
	uint16_t	 preference;
	uint32_t	 lot;		/* drawn: orders equals */
	char		 host[HOST_TEXT_MAX + 1];
};

/* The best MX_MAX, sorted.  RECORD_OK with 0: none was usable. */
struct exchangers {
	struct exchanger list[MX_MAX];
	unsigned	 count;
};

enum record_status	 record_read_mx(struct span reply,
			    struct exchangers *);

/* `family`: AF_INET or AF_INET6; 4 or 16 octets each.  In an order that is
 * drawn, and if there are more than fit, these too; no two are equal. */
struct addresses {
	uint8_t		 list[ADDRESSES_MAX][16];
	unsigned	 count;
};

enum record_status	 record_read_addresses(struct span reply, int family,
			    struct addresses *);

/* Is `address`, of 4 or 16 octets, among them, however many there are?  If it
 * is not: RECORD_NONE, or as above. */
enum record_status	 record_find_address(struct span reply, int family,
			    const uint8_t *address);

/* PTR: the first names that a host can have.  RECORD_OK with 0: there are none
 * but others. */
struct host_names {
	char		 list[NAMES_OF_ADDRESS_MAX][HOST_TEXT_MAX + 1];
	unsigned	 count;
};

enum record_status	 record_read_names(struct span reply,
			    struct host_names *);

#endif
