/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "smtpd/network.h"

bool
network_init(struct network *n, struct span address, unsigned prefix)
{
	if (address.len != sizeof(n->address) || prefix > 128)
		return false;
	memcpy(n->address, address.ptr, sizeof(n->address));
	n->prefix = prefix;
	return true;
}

bool
network_holds(const struct network *n, const uint8_t address[16])
{
	unsigned	 octets = n->prefix / 8, bits = n->prefix % 8;
	uint8_t		 mask = 0xff00 >> bits & 0xff;

	if (memcmp(n->address, address, octets) != 0)
		return false;
	return bits == 0 ||
	    ((n->address[octets] ^ address[octets]) & mask) == 0;
}
