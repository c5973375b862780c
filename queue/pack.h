/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_PACK_H
#define QUEUE_PACK_H

#include "shared/span.h"

/*
 * What is on disk: numbers big-endian, text as u16 length and octets.  Both
 * directions go on harmlessly after a failure, which is asked for once, at the
 * end: a packer that was too small, an unpacker that ran out of octets.
 */
struct pack {
	char	*data;
	size_t	 len, max;
	bool	 failed;
};

void	 pack_init(struct pack *, void *, size_t max);
void	 pack_u8(struct pack *, uint8_t);
void	 pack_u16(struct pack *, uint16_t);
void	 pack_u32(struct pack *, uint32_t);
void	 pack_u64(struct pack *, uint64_t);
void	 pack_text(struct pack *, struct span);	/* at most 65535 octets */
void	 pack_octets(struct pack *, struct span);	/* without length */
struct span	 pack_span(const struct pack *);

struct unpack {
	struct span	 rest;
	bool		 failed;
};

void		 unpack_init(struct unpack *, struct span);
uint8_t		 unpack_u8(struct unpack *);
uint16_t	 unpack_u16(struct unpack *);
uint32_t	 unpack_u32(struct unpack *);
uint64_t	 unpack_u64(struct unpack *);
struct span	 unpack_text(struct unpack *, size_t max);
/* A text without control characters. */
struct span	 unpack_line(struct unpack *, size_t max);
struct span	 unpack_octets(struct unpack *, size_t n);

/* All was there, and nothing is left. */
bool		 unpack_ended(const struct unpack *);

#endif
