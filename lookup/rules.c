/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lookup/name.h"
#include "lookup/rules.h"
#include "shared/alloc.h"
#include "shared/log.h"

void
rules_clear(struct rules *r)
{
	size_t	 i;

	for (i = 0; i < r->ndomains; i++) {
		free(r->domains[i]->name);
		free(r->domains[i]);
	}
	for (i = 0; i < r->nfiles; i++) {
		free(r->files[i].path);
		alias_free(r->files[i].table);
	}
	free(r->domains);
	free(r->files);
	free(r->hostname);
	route_clear(&r->routes);
	*r = (struct rules){ 0 };
}

void
rules_set_host(struct rules *r, struct span hostname, struct span postmaster)
{
	enum addr_status	 status;

	free(r->hostname);
	r->hostname = span_dup(hostname);
	if (span_index(postmaster, '@') < postmaster.len || postmaster.len == 0)
		status = addr_parse(postmaster, &r->postmaster);
	else
		status = addr_from(postmaster, hostname, &r->postmaster);
	if (status == ADDR_OK)
		return;
	log_error("postmaster %.*s is no address", (int)postmaster.len,
	    postmaster.ptr);
	r->postmaster = (struct addr){ 0 };
}

/* ---- local domains ------------------------------------------------------- */

/* The first domain that is not before `name`. */
static size_t
place_of(const struct rules *r, const char *name)
{
	size_t	 low = 0, high = r->ndomains, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (strcmp(r->domains[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct domain *
rules_find_domain(const struct rules *r, struct span name)
{
	char	 lower[HOST_TEXT_MAX + 1];
	size_t	 at;

	if (name.len > HOST_TEXT_MAX)
		return NULL;
	name_lower(name, lower);
	at = place_of(r, lower);
	if (at == r->ndomains || strcmp(r->domains[at]->name, lower) != 0)
		return NULL;
	return r->domains[at];
}

const struct domain *
rules_own_domain(const struct rules *r)
{
	const struct domain	*d = NULL;

	if (r->hostname != NULL)
		d = rules_find_domain(r, span_of(r->hostname));
	return d != NULL ? d : r->first;
}

static const struct alias_file *
find_file(struct rules *r, struct span path)
{
	size_t	 i;

	for (i = 0; i < r->nfiles; i++)
		if (span_is(path, r->files[i].path))
			return &r->files[i];
	return NULL;
}

static const struct alias_file *
read_file(struct rules *r, struct span path, int fd)
{
	struct alias_file	*f;

	r->files = xreallocarray(r->files, r->nfiles + 1, sizeof *r->files);
	f = &r->files[r->nfiles++];
	f->path = span_dup(path);
	f->table = alias_read(fd, f->path, NULL);
	if (f->table == NULL)
		log_error("%s: %s", f->path, errno == ENOBUFS ?
		    "too large for a file of aliases" : strerror(errno));
	else
		log_info("%s: %zu aliases, %u warnings", f->path,
		    alias_count(f->table), alias_warnings(f->table));
	return f;
}

static void
insert(struct rules *r, struct domain *d)
{
	size_t	 at = place_of(r, d->name);

	if (r->ndomains == r->domains_cap) {
		r->domains_cap = r->domains_cap > 0 ? r->domains_cap * 2 : 16;
		r->domains = xreallocarray(r->domains, r->domains_cap,
		    sizeof(struct domain *));
	}
	memmove(&r->domains[at + 1], &r->domains[at],
	    (r->ndomains - at) * sizeof(struct domain *));
	r->domains[at] = d;
	r->ndomains++;
}

void
rules_add_domain(struct rules *r, struct span name, struct span path, int fd)
{
	const struct alias_file	*f = NULL;
	struct domain		*d;

	if (rules_find_domain(r, name) != NULL) {
		log_warning("domain %.*s is there twice", (int)name.len,
		    name.ptr);
		return;
	}
	if (fd != -1)
		f = find_file(r, path);
	if (fd != -1 && f == NULL)
		f = read_file(r, path, fd);
	d = xcalloc(1, sizeof *d);
	d->name = xcalloc(name.len + 1, 1);
	name_lower(name, d->name);
	d->aliases = f != NULL ? f->table : NULL;
	d->broken = f != NULL && f->table == NULL;
	if (r->first == NULL)
		r->first = d;
	insert(r, d);
}

/* ---- the others ---------------------------------------------------------- */

void
rules_destination(struct span domain, char into[DESTINATION_TEXT_MAX + 1])
{
	char	 lower[HOST_TEXT_MAX + 1];

	domain = span_head(domain, HOST_TEXT_MAX);
	name_lower(domain, lower);
	if (lower[0] == '[')
		(void)snprintf(into, DESTINATION_TEXT_MAX + 1, "host:%.*s:25",
		    (int)domain.len, domain.ptr);
	else
		(void)snprintf(into, DESTINATION_TEXT_MAX + 1, "mx:%s:25",
		    lower);
}
