/* SPDX-License-Identifier: ISC */
#include "shared/log.h"
#include "smtpd/proxied.h"
#include "smtpd/proxy.h"
#include "smtpd/server.h"

static void
leave(struct session *s, const char *why)
{
	char	 client[CLIENT_SIZE];

	client_format(client, &s->client, CLIENT_WITH_PORT);
	log_warning("proxy %s: %s", client, why);
	session_close(s, NULL);
}

bool
proxied_begin(struct session *s)
{
	const struct trust	*proxies;

	proxies = listener_trust(s->listener, TRUST_PROXY);
	if (proxies->count == 0)
		return false;
	s->state = STATE_PROXY;
	timer_in(&s->timer, PROXY_TIME);
	if (!trust_has(proxies, &s->client))
		leave(s, "is none of those that may speak for others");
	return true;
}

bool
proxied_take(struct session *s, struct buf *in)
{
	struct span		 rest = buf_span(in);
	size_t			 len = rest.len;
	struct proxy_client	 c;

	switch (proxy_parse(&rest, &c)) {
	case PROXY_MORE:
		return false;
	case PROXY_BAD:
		leave(s, "no header of the PROXY protocol, or a bad one");
		return false;
	case PROXY_CLIENT:
		client_set_address(&s->client, c.family, c.address, c.port);
		break;
	case PROXY_NOBODY:
		s->client.unnamed = true;
	}
	buf_drop(in, len - rest.len);
	s->state = STATE_NEW;
	session_meet(s);
	return true;
}

void
proxied_late(struct session *s)
{
	leave(s, "no header of the PROXY protocol in time");
}
