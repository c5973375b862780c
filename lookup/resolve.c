/* SPDX-License-Identifier: ISC */
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lookup/name.h"
#include "lookup/resolve.h"
#include "shared/account.h"
#include "shared/alloc.h"
#include "shared/log.h"

enum { NODES_MAX = 2 * ALIAS_TARGETS_MAX };

/* An address that was met.  One that is expanded and one that is delivered to
 * are two: an alias may name its own user. */
struct node {
	const struct domain *domain;	/* NULL: of others */
	bool		 final;
	char		*key;		/* local part, folded; others: all */
	char		*address;
	char		*user;		/* of a leaf that is local */
	const struct route_row *route;	/* of one of others, or NULL */
	bool		 alone;		/* has a verdict of its own to get */
};

/* An alias amid its values. */
struct frame {
	struct alias	 alias;
	size_t		 next;
	const struct node *of;
};

struct resolve {
	const struct rules *rules;
	enum resolve_purpose purpose;
	struct addr	 root;
	struct addr	 sender;	/* what conditions of routes */
	char		*parameters;	/* look at, when there are any */
	void		*met;		/* tree of nodes, for tsearch */
	size_t		 nmet;

	struct frame	 stack[ALIAS_DEPTH_MAX];
	size_t		 depth;

	struct node	*asking;	/* a user is looked for */
	unsigned	 variant;	/* of its name */
	char		 name[ADDR_LOCAL_MAX + 1];

	struct node	**leaves;
	size_t		 count, cap;
	size_t		 good;		/* leaves that are not `alone` */

	bool		 over, later, failed;
	struct reply	 reply;		/* the first failure, or the end's */
};

static void	 enter(struct resolve *, const struct addr *, bool final);
static void	 add_leaf(struct resolve *, struct node *);
static bool	 find_alias(const struct node *, struct alias *);

/* ---- nodes --------------------------------------------------------------- */

static int
compare(const void *a, const void *b)
{
	const struct node	*x = a, *y = b;

	if (x->domain != y->domain)
		return (uintptr_t)x->domain < (uintptr_t)y->domain ? -1 : 1;
	if (x->final != y->final)
		return x->final ? 1 : -1;
	return strcmp(x->key, y->key);
}

static void
node_free(void *arg)
{
	struct node	*n = arg;

	free(n->key);
	free(n->address);
	free(n->user);
	free(n);
}

static struct node *
node_new(const struct addr *a, const struct domain *domain)
{
	struct node	*n = xcalloc(1, sizeof *n);
	char		 local[ADDR_LOCAL_MAX + 1];

	n->domain = domain;
	n->address = xstrdup(a->text);
	if (domain != NULL) {
		n->key = xcalloc(addr_local(a, local) + 1, 1);
		name_lower(span_of(local), n->key);
	} else {
		n->key = xstrdup(a->text);
		name_lower(addr_domain(a), n->key + a->len -
		    addr_domain(a).len);
	}
	return n;
}

/* Takes the node; NULL, and it is gone, when it was met before. */
static struct node *
meet(struct resolve *r, struct node *n)
{
	struct node	**slot = tsearch(n, &r->met, compare);

	if (slot == NULL)
		fatal("out of memory");
	if (*slot != n) {
		node_free(n);
		return NULL;
	}
	r->nmet++;
	return n;
}

/* ---- ends ---------------------------------------------------------------- */

static void
fail(struct resolve *r, struct reply reply)
{
	if (!r->failed)
		r->reply = reply;
	r->failed = true;
}

/*
 * Nothing was found for a member of an alias: its other members do not wait
 * for a repair.  When it fails by itself as well (`alone`), it becomes a leaf
 * whose failure is told to the sender; one that would unfold then must not,
 * or the others would get the letter again.
 */
static void
fail_member(struct resolve *r, struct node *n, bool alone, struct reply reply)
{
	fail(r, reply);
	if (r->depth == 0 || r->purpose != RESOLVE_TARGETS)
		return;
	log_warning("alias %s: nothing for %s: %s",
	    r->stack[r->depth - 1].of->address, n->address, reply.text);
	n->alone = alone;
	if (alone)
		add_leaf(r, n);
}

static void
give_up(struct resolve *r, struct reply reply)
{
	r->reply = reply;
	r->failed = true;
	r->count = 0;
	r->over = true;
}

/* For queue it is all or nothing: who must wait would have no other turn. */
static void
finish(struct resolve *r)
{
	r->over = true;
	if (r->good == 0 || (r->later && r->purpose == RESOLVE_TARGETS))
		r->count = 0;
	if (r->count > 0)
		r->reply = reply_make(250, "2.1.5", "Ok");
	else if (r->later)
		r->reply = reply_make(451, "4.3.0",
		    "<%s>: users cannot be looked up now", r->root.text);
	else if (!r->failed)
		r->reply = reply_make(554, "5.4.6",
		    "<%s>: this alias leads back to itself", r->root.text);
}

static void
add_leaf(struct resolve *r, struct node *n)
{
	if (r->count == ALIAS_TARGETS_MAX) {
		give_up(r, reply_make(451, "4.3.5",
		    "<%s>: too many recipients", r->root.text));
		return;
	}
	if (r->count == r->cap) {
		r->cap = r->cap > 0 ? r->cap * 2 : 1;
		r->leaves = xreallocarray(r->leaves, r->cap,
		    sizeof(struct node *));
	}
	r->leaves[r->count++] = n;
	if (!n->alone)
		r->good++;
	if (r->purpose == RESOLVE_VERDICT)
		finish(r);
}

/* ---- users --------------------------------------------------------------- */

enum { VARIANTS = 4 };

/*
 * The local part as it is, folded, without its extension, both.  False when
 * this one cannot be a user's name or was asked for before.
 */
static bool
variant(const struct node *n, unsigned i, char name[ADDR_LOCAL_MAX + 1])
{
	char		 local[ADDR_LOCAL_MAX + 1];
	struct addr	 a;
	struct span	 s;

	if (addr_parse(span_of(n->address), &a) != ADDR_OK)
		return false;
	s = span_make(local, addr_local(&a, local));
	if (i & 2) {
		if (span_index(s, '+') == s.len)
			return false;
		s = span_head(s, span_index(s, '+'));
	}
	if (!account_is_name(s))
		return false;
	if (i & 1)
		name_lower(s, name);
	else
		(void)span_copy(s, name, ADDR_LOCAL_MAX + 1);
	return !(i & 1) || !span_is(s, name);
}

static bool
is_required(const struct node *n)
{
	return strcmp(n->key, "postmaster") == 0 ||
	    strcmp(n->key, "abuse") == 0;
}

static void
on_no_user(struct resolve *r)
{
	struct node	*n = r->asking;
	struct reply	 reply;
	struct alias	 alias;

	r->asking = NULL;
	reply = reply_make(550, "5.1.1", "<%s>: no such user here",
	    r->root.text);
	if (!is_required(n) || addr_is_null(&r->rules->postmaster)) {
		fail_member(r, n, !find_alias(n, &alias), reply);
		return;
	}
	fail(r, reply);
	enter(r, &r->rules->postmaster, false);
}

static bool
ask(struct resolve *r, const char **name)
{
	for (; r->variant < VARIANTS; r->variant++) {
		if (!variant(r->asking, r->variant, r->name))
			continue;
		*name = r->name;
		return true;
	}
	on_no_user(r);
	return false;
}

void
resolve_user(struct resolve *r, enum user_outcome outcome,
    struct span spelling)
{
	if (r->asking == NULL)
		return;
	if (outcome == USER_UNKNOWN) {
		r->variant++;
		return;
	}
	if (outcome == USER_FOUND && account_is_name(spelling)) {
		r->asking->user = span_dup(spelling);
		add_leaf(r, r->asking);
	} else {
		r->later = true;
	}
	r->asking = NULL;
	if (r->later && r->purpose == RESOLVE_TARGETS)
		finish(r);
}

/* ---- aliases ------------------------------------------------------------- */

/* The whole local part first, then without its extension. */
static bool
find_alias(const struct node *n, struct alias *found)
{
	char	*plus;
	char	 name[ADDR_LOCAL_MAX + 1];

	if (n->domain->aliases == NULL)
		return false;
	if (alias_find(n->domain->aliases, n->key, found))
		return true;
	(void)span_copy(span_of(n->key), name, sizeof name);
	plus = strchr(name, '+');
	if (plus == NULL || plus == name)
		return false;
	*plus = '\0';
	return alias_find(n->domain->aliases, name, found);
}

/* Is this the alias that is being expanded?  Then its user is meant. */
static bool
is_self(const struct resolve *r, const struct node *n)
{
	const struct node	*of;

	if (r->depth == 0)
		return false;
	of = r->stack[r->depth - 1].of;
	return of->domain == n->domain && strcmp(of->key, n->key) == 0;
}

static void
push(struct resolve *r, struct node *n, const struct alias *a)
{
	if (a->count == 0)
		fail_member(r, n, true, reply_make(451, "4.3.5",
		    "<%s>: nothing of this alias can be used",
		    r->root.text));
	else if (r->depth == ALIAS_DEPTH_MAX)
		fail_member(r, n, false, reply_make(451, "4.3.5",
		    "<%s>: aliases within aliases are too deep",
		    r->root.text));
	else
		r->stack[r->depth++] = (struct frame){ *a, 0, n };
}

static void
enter_local(struct resolve *r, struct node *n, bool final)
{
	struct alias	 alias;
	bool		 expands;

	expands = !final && !is_self(r, n) && find_alias(n, &alias);
	n->final = !expands;
	n = meet(r, n);
	if (n == NULL)
		return;
	if (expands) {
		push(r, n, &alias);
		return;
	}
	r->asking = n;
	r->variant = 0;
}

/* An address by itself may have a route in any domain; all others have. */
static const struct route_row *
find_route(const struct resolve *r, const struct addr *a, bool local)
{
	struct route_question	 q = { a, &r->sender, span_of("") };

	if (r->parameters != NULL)
		q.parameters = span_of(r->parameters);
	return local ? route_find_address(&r->rules->routes, &q) :
	    route_find(&r->rules->routes, &q);
}

static void
enter_distant(struct resolve *r, const struct addr *a,
    const struct route_row *route)
{
	struct node	*n = node_new(a, NULL);

	n->final = true;
	n->route = route;
	n = meet(r, n);
	if (n == NULL)
		return;
	if (route != NULL && route->destination[0] == '\0')
		fail_member(r, n, true, route->reply);
	else
		add_leaf(r, n);
}

/* `a` has a domain. */
static void
enter(struct resolve *r, const struct addr *a, bool final)
{
	const struct domain	*d = rules_find_domain(r->rules,
				    addr_domain(a));
	const struct route_row	*route = find_route(r, a, d != NULL);

	if (r->nmet == NODES_MAX) {
		give_up(r, reply_make(451, "4.3.5",
		    "<%s>: too many recipients", r->root.text));
		return;
	}
	if (d == NULL || route != NULL)
		enter_distant(r, a, route);
	else if (d->broken)
		r->later = true;
	else
		enter_local(r, node_new(a, d), final);
}

static void
enter_value(struct resolve *r, const struct node *of, struct alias_value v)
{
	struct reply		 reply;
	struct addr		 a;
	enum addr_status	 status = ADDR_SYNTAX;

	if (v.kind == ALIAS_ERROR) {
		if (alias_reply(span_of(v.text), &reply))
			fail(r, reply);
		return;
	}
	if (v.kind == ALIAS_NAME)
		status = addr_from(span_of(v.text),
		    span_of(of->domain->name), &a);
	else
		status = addr_parse(span_of(v.text), &a);
	if (status == ADDR_OK)
		enter(r, &a, v.final);
	else
		log_warning("alias %s: %s is no address in its domain",
		    of->address, v.text);
}

/* ---- the walk ------------------------------------------------------------ */

static void
step(struct resolve *r)
{
	struct frame	*f;

	if (r->depth == 0) {
		finish(r);
		return;
	}
	f = &r->stack[r->depth - 1];
	if (f->next == f->alias.count)
		r->depth--;
	else
		enter_value(r, f->of, alias_value(&f->alias, f->next++));
}

bool
resolve_next(struct resolve *r, const char **name)
{
	while (!r->over) {
		if (r->asking == NULL)
			step(r);
		else if (ask(r, name))
			return true;
	}
	return false;
}

/* <postmaster> has no domain: ours is meant. */
static bool
complete(struct resolve *r)
{
	const struct domain	*own = rules_own_domain(r->rules);
	struct addr		 bare = r->root;

	if (addr_domain(&r->root).len > 0)
		return true;
	return own != NULL && addr_from(addr_span(&bare), span_of(own->name),
	    &r->root) == ADDR_OK;
}

struct resolve *
resolve_new(const struct rules *rules, const struct route_question *q,
    enum resolve_purpose purpose, bool relay)
{
	const struct addr	*root = q->recipient;
	struct resolve		*r = xcalloc(1, sizeof *r);

	r->rules = rules;
	r->purpose = purpose;
	r->root = *root;
	if (rules->routes.nvalues > 0) {
		r->sender = *q->sender;
		r->parameters = span_dup(q->parameters);
	}
	if (addr_is_null(root) || !complete(r))
		give_up(r, reply_make(550, "5.1.1",
		    "<%s>: no such user here", root->text));
	else if (!relay &&
	    rules_find_domain(rules, addr_domain(&r->root)) == NULL)
		give_up(r, reply_make(550, "5.7.1", "<%s>: relaying denied",
		    root->text));
	else
		enter(r, &r->root, false);
	return r;
}

void
resolve_free(struct resolve *r)
{
	if (r == NULL)
		return;
	tdestroy(r->met, node_free);
	free(r->leaves);
	free(r->parameters);
	free(r);
}

const struct addr *
resolve_root(const struct resolve *r)
{
	return &r->root;
}

bool
resolve_is_forward(const struct resolve *r)
{
	size_t	 i;

	for (i = 0; i < r->depth; i++)
		if (r->stack[i].alias.count > 1)
			return false;
	return r->depth > 0 && r->count > 0 && r->leaves[0]->domain == NULL;
}

const struct reply *
resolve_reply(const struct resolve *r)
{
	return &r->reply;
}

size_t
resolve_count(const struct resolve *r)
{
	return r->count;
}

void
resolve_target(const struct resolve *r, size_t i, struct addr *recipient,
    char destination[DESTINATION_TEXT_MAX + 1])
{
	const struct node	*n = r->leaves[i];

	if (addr_parse(span_of(n->address), recipient) != ADDR_OK)
		fatal("%s was an address", n->address);
	if (n->alone)
		destination[0] = '\0';
	else if (n->domain != NULL)
		(void)snprintf(destination, DESTINATION_TEXT_MAX + 1,
		    "local:%s", n->user);
	else if (n->route != NULL)
		(void)span_copy(span_of(n->route->destination), destination,
		    DESTINATION_TEXT_MAX + 1);
	else
		rules_destination(addr_domain(recipient), destination);
}
