/* SPDX-License-Identifier: ISC */
#ifndef TESTS_UNIT_DNS_STUB_H
#define TESTS_UNIT_DNS_STUB_H

#include "shared/buf.h"
#include "shared/span.h"

/* Replies of a name server, octet by octet, and what is wrong with them. */
enum { DNS_STUB_MAX = 65536, DNS_STUB_LIFE = 300 };

void	 dns_put16(struct buf *, unsigned);
void	 dns_put_name(struct buf *, const char *);

/* Header and question; the answers are put behind. */
void	 dns_begin_of(struct buf *, const char *name, unsigned rcode,
	    unsigned type, unsigned answers);
void	 dns_begin(struct buf *, unsigned rcode, unsigned type,
	    unsigned answers);		/* of example.org */

/* Of the name in the question, or of another. */
void	 dns_put_record(struct buf *, unsigned type, struct span data);
void	 dns_put_other(struct buf *, const char *owner, unsigned type,
	    struct span data);
void	 dns_put_mx(struct buf *, unsigned preference, const char *host);
void	 dns_put_ptr(struct buf *, const char *name);
void	 dns_put_cname(struct buf *, const char *owner, const char *to);
void	 dns_put_soa(struct buf *, const char *zone, unsigned minimum);

/* Records of authority, behind the answers. */
void	 dns_set_authorities(struct buf *, unsigned);

/* Makes the time to live of the record that begins there another one; its
 * owner is the name in the question. */
void	 dns_set_life(struct buf *, size_t record, unsigned life);

#endif
