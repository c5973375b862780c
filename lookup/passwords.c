/* SPDX-License-Identifier: ISC */
/*
 * passwords judges who knows one.  It is a program of its own so that hashes
 * are where no stranger is parsed but by the few lines of a mechanism, and
 * because crypt(3) takes its time on purpose: one password is looked at in
 * each turn, so that whoever waits for something else does not wait long.
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "lookup/password.h"
#include "lookup/sasl.h"
#include "shared/alloc.h"
#include "shared/base64.h"
#include "shared/log.h"
#include "shared/program.h"

struct dialog {
	TAILQ_ENTRY(dialog) entry;
	uint64_t	 token;
	bool		 waits;		/* for its password to be looked at */
	struct sasl	 sasl;
};

static struct {
	struct loop		*loop;
	struct peer		*lookup;
	struct passwords	*table;		/* NULL: none could be read */
	uint8_t			 secret[PASSWORDS_SECRET];
	TAILQ_HEAD(, dialog)	 dialogs;
	struct timer		 work;
} judge;

static unsigned
credit(enum role role)
{
	return role == ROLE_LOOKUP ? JUDGES_MAX : 0;
}

/* What a library does at its first use is done with rights; what any of them
 * frees is overwritten. */
static void
before_drop(struct process *p)
{
	enum { NOT_SECRET = 0x5a };
	uint8_t	 hash[SCRAM_HASH];

	(void)p;
	(void)mallopt(M_PERTURB, NOT_SECRET);
	scram_hmac("", 0, span_of(""), hash);
	scram_hash("", 0, hash);
	arc4random_buf(judge.secret, sizeof judge.secret);
}

/* ---- dialogs ------------------------------------------------------------- */

static struct dialog *
dialog_find(uint64_t token)
{
	struct dialog	*d;

	TAILQ_FOREACH(d, &judge.dialogs, entry)
		if (d->token == token)
			return d;
	return NULL;
}

static void
dialog_free(struct dialog *d)
{
	TAILQ_REMOVE(&judge.dialogs, d, entry);
	sasl_clear(&d->sasl);
	free(d);
}

static void
judged(uint64_t token, enum judged_outcome outcome, const char *name)
{
	struct msg	 m = { .type = MSG_JUDGED };

	m.judged.token = token;
	m.judged.outcome = outcome;
	m.judged.identity = span_of(outcome == JUDGED_GOOD ? name : "");
	m.judged.account = span_of(name);
	if (judge.lookup != NULL)
		peer_put(judge.lookup, &m);
}

static void
end(struct dialog *d, enum judged_outcome outcome)
{
	judged(d->token, outcome, d->sasl.name);
	dialog_free(d);
}

static void
say(const struct dialog *d)
{
	struct msg	 m = { .type = MSG_JUDGE_SAYS };

	m.judge_says.token = d->token;
	m.judge_says.data = span_make(d->sasl.said, d->sasl.said_len);
	if (judge.lookup != NULL)
		peer_put(judge.lookup, &m);
}

static enum sasl_want
give_key(struct dialog *d)
{
	struct scram_key	 key;
	uint8_t			 drawn[SASL_NONCE];
	struct buf		 nonce;
	enum sasl_want		 want;

	passwords_key(judge.table, d->sasl.name, &key);
	arc4random_buf(drawn, sizeof drawn);
	buf_init(&nonce, SASL_MESSAGE_MAX);
	(void)base64_put(&nonce, span_make(drawn, sizeof drawn));
	want = sasl_key(&d->sasl, &key, buf_span(&nonce));
	buf_clear(&nonce);
	explicit_bzero(&key, sizeof key);
	return want;
}

static void
go_on(struct dialog *d, enum sasl_want want)
{
	if (judge.table == NULL) {
		end(d, JUDGED_LATER);
		return;
	}
	if (want == SASL_KEY)
		want = give_key(d);
	if (want == SASL_SAY)
		say(d);
	else if (want == SASL_PASSWORD) {
		d->waits = true;
		timer_in(&judge.work, 0);
	} else
		end(d, want == SASL_GOOD ? JUDGED_GOOD :
		    want == SASL_BAD ? JUDGED_BAD : JUDGED_MALFORMED);
}

/* The next that waits, first come, first served. */
static struct dialog *
next_waiting(void)
{
	struct dialog	*d;

	TAILQ_FOREACH(d, &judge.dialogs, entry)
		if (d->waits)
			return d;
	return NULL;
}

static void
on_work(void *arg)
{
	struct dialog	*d = next_waiting();

	(void)arg;
	if (d == NULL)
		return;
	if (judge.table == NULL)
		end(d, JUDGED_LATER);
	else if (passwords_check(judge.table, d->sasl.name,
	    d->sasl.password))
		end(d, JUDGED_GOOD);
	else
		end(d, JUDGED_BAD);
	if (next_waiting() != NULL)
		timer_in(&judge.work, 0);
}

static void
after_drop(struct process *p)
{
	judge.loop = process_loop(p);
	TAILQ_INIT(&judge.dialogs);
	timer_init(&judge.work, judge.loop, on_work, NULL);
}

/* ---- lookup -------------------------------------------------------------- */

static void
tell_what_we_can(void)
{
	struct msg	 m = { .type = MSG_JUDGE_CAN };
	const char	*all = "";

	if (judge.table != NULL && passwords_has_scram(judge.table))
		all = "SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN";
	else if (judge.table != NULL && passwords_accounts(judge.table) > 0)
		all = "PLAIN LOGIN";
	m.judge_can.mechanisms = span_of(all);
	if (judge.lookup != NULL)
		peer_put(judge.lookup, &m);
}

static void
found(struct peer *peer)
{
	if (peer_role(peer) != ROLE_LOOKUP)
		return;
	judge.lookup = peer;
	tell_what_we_can();
}

static void
lost(struct peer *peer)
{
	struct dialog	*d;

	if (peer != judge.lookup)
		return;
	judge.lookup = NULL;
	while ((d = TAILQ_FIRST(&judge.dialogs)) != NULL)
		dialog_free(d);
}

static void
on_judge(struct peer *from, struct msg *m)
{
	const struct msg_judge	*j = &m->judge;
	enum sasl_mechanism	 mechanism;
	struct dialog		*d;

	if (dialog_find(j->token) != NULL) {
		peer_accuse(from, "asks twice by one token");
		return;
	}
	if (sasl_find(j->mechanism, &mechanism)) {
		d = xcalloc(1, sizeof *d);
		d->token = j->token;
		sasl_init(&d->sasl, mechanism, j->binding, j->binding_data);
		TAILQ_INSERT_TAIL(&judge.dialogs, d, entry);
		go_on(d, j->has_initial ? sasl_hear(&d->sasl, j->initial) :
		    sasl_begin(&d->sasl));
	} else
		judged(j->token, JUDGED_MALFORMED, "");
	span_wipe(j->initial);
}

/* Of a dialog that has ended meanwhile, nothing is wanted any more. */
static void
on_judge_hears(struct peer *from, struct msg *m)
{
	const struct msg_judge_hears	*h = &m->judge_hears;
	struct dialog			*d = dialog_find(h->token);

	(void)from;
	if (d != NULL && h->cancelled)
		end(d, JUDGED_CANCELLED);
	else if (d != NULL && !d->waits)
		go_on(d, sasl_hear(&d->sasl, h->data));
	span_wipe(h->data);
}

/* ---- the file ------------------------------------------------------------ */

/* A file that cannot be read is no reason to let nobody in. */
static void
on_conf_passwords(struct peer *master, struct msg *m)
{
	char			*path = span_dup(m->conf_passwords.path);
	struct passwords	*table = NULL;

	(void)master;
	if (m->nfds > 0)
		table = passwords_read(m->fds[0], path);
	if (table == NULL)
		log_error("%s: %s%s", path, errno == ENOBUFS ?
		    "too large for a file of passwords" : strerror(errno),
		    judge.table != NULL ? "; the one before holds" : "");
	else {
		passwords_set_secret(table, judge.secret);
		passwords_free(judge.table);
		judge.table = table;
		log_info("%s: %zu accounts, %u warnings", path,
		    passwords_accounts(table), passwords_warnings(table));
		tell_what_we_can();
	}
	free(path);
}

static const struct route	 inbox[] = {
	{ MSG_CONF_PASSWORDS,	on_conf_passwords },
	{ MSG_JUDGE,		on_judge },
	{ MSG_JUDGE_HEARS,	on_judge_hears },
	{ MSG_COUNT,		NULL }
};

static const struct program	 program = {
	.role = ROLE_PASSWORDS,
	.credit = credit,
	.before_drop = before_drop,
	.after_drop = after_drop,
	.found = found,
	.lost = lost,
	.inbox = inbox
};

int
main(int argc, char **argv)
{
	return program_run(&program, argc, argv);
}
