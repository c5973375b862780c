/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_NETWORK_H
#define SMTPD_NETWORK_H

#include "shared/span.h"

/* Addresses with the same first bits; IPv4 is mapped.  A value. */
struct network {
	uint8_t		 address[16];
	uint8_t		 prefix;	/* of 128 bits */
};

/* 16 octets and at most 128 bits; false when it is not. */
bool	 network_init(struct network *, struct span address, unsigned prefix);
bool	 network_holds(const struct network *, const uint8_t address[16]);

/* Do the first `bits` of both agree? */
bool	 address_has_prefix(const uint8_t [16], const uint8_t [16],
	    unsigned bits);

#endif
