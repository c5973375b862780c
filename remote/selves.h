/* SPDX-License-Identifier: ISC */
#ifndef REMOTE_SELVES_H
#define REMOTE_SELVES_H

#include "shared/ipc.h"
#include "remote/endpoint.h"

/* Who we are to others: where mail comes in, and the name we greet by. */
struct selves {
	char		 name[HOST_TEXT_MAX + 1];
	unsigned	 count;
	struct self {
		uint8_t		 address[16];	/* v4 mapped */
		uint16_t	 port;		/* 0: any */
	} all[SELF_ADDRESSES_MAX];
};

/* False: it is no address, or one too many. */
bool	 selves_put(struct selves *, const struct msg_conf_self *);

/* Mail to this host (`by_name`: known by its name as well) would come back. */
bool	 selves_have(const struct selves *, const struct endpoint *,
	    bool by_name);

#endif
