/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/id.h"
#include "smtpd/trace.h"

/* A part for the line: its length is bounded here, its octets made printable
 * ASCII. */
static void
clean(char *into, size_t size, const char *from)
{
	size_t	 i;

	for (i = 0; i + 1 < size && from[i] != '\0'; i++)
		into[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
	into[i] = '\0';
}

static bool
put_recipient(struct buf *b, const struct addr *recipient)
{
	char	 text[ADDR_TEXT_MAX + 1];

	if (recipient == NULL)
		return buf_put(b, span_of(";\r\n\t"));
	clean(text, sizeof(text), recipient->text);
	return buf_printf(b, "\r\n\tfor <%s>; ", text);
}

/* Above our line, where nobody else could have put them. */
static bool
put_tags(struct buf *b, const struct trace *t)
{
	unsigned	 i;

	for (i = 0; i < t->tag_count; i++)
		if (!buf_printf(b, "X-Relais-Tag: %s\r\n", t->tags[i]))
			return false;
	return true;
}

static bool
put_tls(struct buf *b, const struct trace *t)
{
	char	 text[TLS_TEXT_MAX + 1];

	if (t->tls == NULL || t->tls[0] == '\0')
		return true;
	clean(text, sizeof(text), t->tls);
	return buf_printf(b, "\t(using %s)\r\n", text);
}

bool
trace_put(struct buf *b, const struct trace *t)
{
	char	 helo[HOST_TEXT_MAX + 1], host[HOST_TEXT_MAX + 1];
	char	 client[CLIENT_SIZE], id[ID_SIZE], date[DATE_SIZE];

	clean(helo, sizeof(helo), t->helo);
	clean(host, sizeof(host), t->host);
	client_format(client, t->client, CLIENT_TRACE);
	id_format(id, t->message);
	date_format(date, t->wall);
	return put_tags(b, t) && buf_printf(b, "Received: from %s (%s)\r\n",
	    helo, client) && put_tls(b, t) &&
	    buf_printf(b, "\tby %s (relais) with %s id %s", host, t->with,
	    id) &&
	    put_recipient(b, t->recipient) &&
	    buf_printf(b, "%s\r\n", date);
}
