/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "keys/store.h"

static void
clear(struct generation *g)
{
	unsigned	 i;

	for (i = 0; i < g->count; i++)
		EVP_PKEY_free(g->keys[i].pkey);
	memset(g, 0, sizeof *g);
}

const char *
store_add(struct store *s, const struct msg_conf_key *m, int fd)
{
	struct generation	*g = &s->coming;
	struct key		*k;
	const char		*why;
	char			*text;
	size_t			 len;

	if (g->number != m->generation)
		clear(g);
	g->number = m->generation;
	if (g->count == CERTIFICATES_MAX)
		return "there are too many keys";
	text = pem_read(fd, CERTIFICATE_FILE_MAX, &len);
	if (text == NULL)
		return strerror(errno);
	k = &g->keys[g->count];
	k->pkey = pem_key(span_make(text, len), &why);
	explicit_bzero(text, len);
	free(text);
	if (k->pkey == NULL)
		return why;
	g->count++;
	return pem_key_name(k->pkey, k->name) ? NULL : "this key has no name";
}

bool
store_turn(struct store *s, uint32_t generation, unsigned count)
{
	bool	 whole = s->coming.number == generation &&
		    s->coming.count == count && count > 0;

	if (whole) {
		clear(&s->before);
		s->before = s->now;
		s->now = s->coming;
		memset(&s->coming, 0, sizeof s->coming);
	} else
		clear(&s->coming);
	return whole;
}

void
store_clear(struct store *s)
{
	clear(&s->now);
	clear(&s->before);
	clear(&s->coming);
}

static EVP_PKEY *
find(const struct generation *g, struct span name)
{
	unsigned	 i;

	for (i = 0; i < g->count; i++)
		if (memcmp(g->keys[i].name, name.ptr, KEY_NAME_SIZE) == 0)
			return g->keys[i].pkey;
	return NULL;
}

EVP_PKEY *
store_find(const struct store *s, struct span name)
{
	EVP_PKEY	*key = NULL;

	if (name.len == KEY_NAME_SIZE)
		key = find(&s->now, name);
	if (key == NULL && name.len == KEY_NAME_SIZE)
		key = find(&s->before, name);
	return key;
}
