/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "shared/alloc.h"
#include "remote/hop.h"
#include "remote/pool.h"

static struct hop *
find(const struct hop_list *all, const char *name)
{
	struct hop	*h;

	LIST_FOREACH(h, all, entry)
		if (strcmp(h->name, name) == 0)
			break;
	return h;
}

static struct hop *
add(struct hop_list *all, struct span name)
{
	struct hop	*h = xcalloc(1, sizeof *h);

	(void)span_copy(name, h->name, sizeof h->name);
	h->recipients = JOB_RECIPIENTS_MAX;
	h->mails = POOL_MAILS;
	LIST_INSERT_HEAD(all, h, entry);
	return h;
}

static void
forget_secret(struct hop *h)
{
	if (h->secret != NULL)
		explicit_bzero(h->secret, h->secret_len);
	free(h->secret);
	h->secret = NULL;
	h->secret_len = 0;
}

void
hops_init(struct hop_list *all)
{
	LIST_INIT(all);
	(void)add(all, span_of(""));
}

void
hops_clear(struct hop_list *all)
{
	struct hop	*h;

	while ((h = LIST_FIRST(all)) != NULL) {
		LIST_REMOVE(h, entry);
		forget_secret(h);
		free(h);
	}
}

static void
put_source(struct hop *h, const struct msg_conf_hop *m)
{
	h->has_source4 = m->source4.len == sizeof h->source4;
	h->has_source6 = m->source6.len == sizeof h->source6;
	if (h->has_source4)
		memcpy(h->source4, m->source4.ptr, sizeof h->source4);
	if (h->has_source6)
		memcpy(h->source6, m->source6.ptr, sizeof h->source6);
}

static void
put_login(struct hop *h, const struct msg_conf_hop *m)
{
	forget_secret(h);
	(void)span_copy(m->user, h->user, sizeof h->user);
	(void)span_copy(m->mechanisms, h->mechanisms, sizeof h->mechanisms);
	h->secret = span_dup(m->secret);
	h->secret_len = m->secret.len;
}

bool
hop_is_for(const struct hop *h, const char *destination)
{
	return h->destination[0] == '\0' ||
	    strcmp(h->destination, destination) == 0;
}

void
hops_put(struct hop_list *all, const struct msg_conf_hop *m)
{
	char		 name[HOP_NAME_MAX + 1];
	struct hop	*h;

	(void)span_copy(m->name, name, sizeof name);
	h = find(all, name);
	if (h == NULL)
		h = add(all, m->name);
	h->xforward = m->flags & HOP_XFORWARD;
	h->immediate = m->flags & HOP_IMMEDIATE;
	h->tls = m->flags & HOP_TLS_SAID || name[0] == '\0' ? m->tls :
	    find(all, "")->tls;
	put_source(h, m);
	(void)span_copy(m->helo.len > 0 || name[0] == '\0' ? m->helo :
	    span_of(find(all, "")->helo), h->helo, sizeof h->helo);
	(void)span_copy(m->fallback, h->fallback, sizeof h->fallback);
	(void)span_copy(m->destination, h->destination,
	    sizeof h->destination);
	put_login(h, m);
	if (m->recipients > 0)
		h->recipients = m->recipients;
	if (m->mails > 0)
		h->mails = m->mails;
}

bool
hops_xforward(const struct hop_list *all)
{
	struct hop	*h;

	LIST_FOREACH(h, all, entry)
		if (h->xforward)
			break;
	return h != NULL;
}

const struct hop *
hops_find(const struct hop_list *all, const char *name)
{
	return find(all, name);
}
