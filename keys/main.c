/* SPDX-License-Identifier: ISC */
/*
 * keys: holds the private keys of TLS, and signs what a TLS server signs.  No
 * octet of a stranger's is read here but those that are signed, and no key
 * leaves.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <sysexits.h>

#include "keys/sign.h"
#include "shared/alloc.h"
#include "shared/log.h"
#include "shared/program.h"

/* What one smtpd has asked for. */
struct worker {
	uint64_t	 signatures, refusals;
	uint64_t	 connections;	/* as it says */
};

static struct {
	struct process	*process;
	struct store	 store;
	uint64_t	 signatures, refusals;
} keys;

/* ---- from master --------------------------------------------------------- */

static void
on_conf_key(struct peer *master, struct msg *m)
{
	const char	*why = store_add(&keys.store, &m->conf_key,
			    m->nfds > 0 ? m->fds[0] : -1);

	(void)master;
	if (why != NULL)
		log_error("%.*s: %s", (int)m->conf_key.path.len,
		    m->conf_key.path.ptr, why);
}

static void
on_conf_tls(struct peer *master, struct msg *m)
{
	struct msg	 ready = { .type = MSG_KEYS_READY };
	uint32_t	 generation = m->conf_tls.generation;

	if (!store_turn(&keys.store, generation, m->conf_tls.count)) {
		log_error("the keys of generation %u are not whole; those "
		    "before them stay", generation);
		return;
	}
	ready.keys_ready.generation = generation;
	peer_put(master, &ready);
}

/* ---- from smtpd ---------------------------------------------------------- */

static unsigned
credit(enum role role)
{
	return role == ROLE_SMTPD ? SIGNS_MAX : 0;
}

static void
found(struct peer *p)
{
	peer_set_data(p, xcalloc(1, sizeof(struct worker)));
}

static void
tell(const struct peer *p, const struct worker *w)
{
	if (w->signatures + w->refusals > 0)
		log_info("smtpd %u: signatures=%" PRIu64 ", refused=%" PRIu64
		    ", connections=%" PRIu64, peer_instance(p), w->signatures,
		    w->refusals, w->connections);
}

static void
lost(struct peer *p)
{
	struct worker	*w = peer_data(p);

	if (w != NULL)
		tell(p, w);
	free(w);
	peer_set_data(p, NULL);
}

/* A worker that goes on asking fills no log: the 1st, 2nd, 4th, 8th ... */
static void
refuse(const struct peer *p, struct worker *w, const char *why)
{
	keys.refusals++;
	w->refusals++;
	if ((w->refusals & (w->refusals - 1)) == 0)
		log_warning("smtpd %u: signature %" PRIu64 " refused: %s",
		    peer_instance(p), w->refusals, why);
}

static const char *
decide(struct worker *w, const struct msg_sign *m, struct signature *into)
{
	const char	*why;

	if (m->connections < w->connections)
		return "its connections become fewer";
	w->connections = m->connections;
	if (w->signatures >= w->connections + SIGNS_ABOVE)
		return "more signatures than connections";
	why = sign(&keys.store, m, into);
	w->signatures += why == NULL;
	keys.signatures += why == NULL;
	return why;
}

static void
on_sign(struct peer *p, struct msg *m)
{
	struct worker		*w = peer_data(p);
	struct msg		 answer = { .type = MSG_SIGNATURE };
	struct signature	 signature;
	const char		*why = decide(w, &m->sign, &signature);

	if (why != NULL) {
		signature.len = 0;
		refuse(p, w, why);
	}
	answer.signature.token = m->sign.token;
	answer.signature.signature = span_make(signature.octets,
	    signature.len);
	peer_put(p, &answer);
}

/* ---- beginning and end --------------------------------------------------- */

static void
after_drop(struct process *p)
{
	keys.process = p;
	sign_prepare();
}

static void
stop(void)
{
	struct peer	*p = NULL;

	while ((p = process_next_peer(keys.process, ROLE_SMTPD, p)) != NULL)
		if (peer_data(p) != NULL)
			tell(p, peer_data(p));
	log_info("signatures=%" PRIu64 ", refused=%" PRIu64, keys.signatures,
	    keys.refusals);
	store_clear(&keys.store);
	process_exit(keys.process, EX_OK);
}

static const struct route inbox[] = {
	{ MSG_CONF_KEY,	on_conf_key },
	{ MSG_CONF_TLS,	on_conf_tls },
	{ MSG_SIGN,	on_sign },
	{ MSG_COUNT,	NULL }
};

static const struct program program = {
	.role = ROLE_KEYS,
	.priv = { .files = 128 },
	.credit = credit,
	.after_drop = after_drop,
	.found = found,
	.lost = lost,
	.stop = stop,
	.inbox = inbox
};

int
main(int argc, char **argv)
{
	return program_run(&program, argc, argv);
}
