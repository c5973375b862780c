/* SPDX-License-Identifier: ISC */
#include "shared/ipc.h"
#include "smtpd/protocol.h"

bool
protocol_is_lmtp(const struct session *s)
{
	return s->client.flags & LISTENER_LMTP;
}

const char *
protocol_name(const struct session *s)
{
	if (protocol_is_lmtp(s))
		return "LMTP";
	return s->esmtp ? "ESMTP" : "SMTP";
}
