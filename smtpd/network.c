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
address_has_prefix(const uint8_t a[16], const uint8_t b[16], unsigned bits)
{
	unsigned	 octets = bits / 8, rest = bits % 8;
	uint8_t		 mask = 0xff00 >> rest & 0xff;

	if (memcmp(a, b, octets) != 0)
		return false;
	return rest == 0 || ((a[octets] ^ b[octets]) & mask) == 0;
}

bool
network_holds(const struct network *n, const uint8_t address[16])
{
	return address_has_prefix(n->address, address, n->prefix);
}
