/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/id.h"
#include "shared/ipc.h"
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

/* A comment: what would end it, or quote its end, goes. */
static bool
put_login(struct buf *b, const struct client *c)
{
	char	 login[USER_TEXT_MAX + 1];
	size_t	 i;

	if (!client_has_login(c))
		return true;
	clean(login, sizeof(login), c->login);
	for (i = 0; login[i] != '\0'; i++)
		if (strchr("()\\", login[i]) != NULL)
			login[i] = '?';
	return buf_printf(b, "\t(authenticated as %s)\r\n", login);
}

/* Who is hidden is left out: RFC 5322 section 3.6.7 wants no part but the
 * date. */
static bool
put_client(struct buf *b, const struct trace *t)
{
	char	 helo[HOST_TEXT_MAX + 1], client[CLIENT_SIZE];

	if (t->client->flags & LISTENER_HIDES_CLIENT)
		return buf_put(b, span_of("Received: "));
	clean(helo, sizeof(helo), t->helo);
	client_format(client, t->client, CLIENT_TRACE);
	return buf_printf(b, "Received: from %s (%s)\r\n", helo, client) &&
	    put_tls(b, t) && put_login(b, t->client) &&
	    buf_put(b, span_of("\t"));
}

bool
trace_put(struct buf *b, const struct trace *t)
{
	char	 host[HOST_TEXT_MAX + 1], id[ID_SIZE], date[DATE_SIZE];

	clean(host, sizeof(host), t->host);
	id_format(id, t->message);
	date_format(date, t->wall);
	return put_tags(b, t) && put_client(b, t) &&
	    buf_printf(b, "by %s (relais) with %s id %s", host, t->with, id) &&
	    put_recipient(b, t->recipient) &&
	    buf_printf(b, "%s\r\n", date);
}
