/* SPDX-License-Identifier: ISC */
#ifndef SHARED_VIA_H
#define SHARED_VIA_H

#include "shared/limits.h"
#include "shared/span.h"

/*
 * Hosts as people write them, to destinations as in JOB (ipc.def): "HOST",
 * which has mail exchangers, "[HOST]" or "[ADDRESS]", each perhaps with
 * ":PORT".
 */
bool	 via_parse(struct span, char into[DESTINATION_TEXT_MAX + 1]);

/* There are no mail exchangers for LMTP, and port 25 is not its (RFC 2033
 * section 5). */
bool	 via_parse_lmtp(struct span, char into[DESTINATION_TEXT_MAX + 1]);

/* A domain name, in lower case; one whose last label is a number is somebody's
 * mistyped address. */
bool	 via_parse_name(struct span, char into[HOST_TEXT_MAX + 1]);

/* What stands between the kind and the port there: "[192.0.2.7]" of an address
 * in brackets, a name of all else. */
bool	 via_format_host(struct span host, bool brackets,
	    char into[HOST_TEXT_MAX + 1]);

/* ":PORT" or nothing, which is `standard`; at most five digits. */
bool	 via_parse_port(struct span, uint64_t standard, uint64_t *port);

/* "[inside]rest"; false without brackets. */
bool	 via_cut_brackets(struct span, struct span *inside, struct span *rest);

#endif
