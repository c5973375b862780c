/* SPDX-License-Identifier: ISC */
/*
 * What is said to a question, as it ought to be.  The hostile neighbour uses
 * the same words, and its frames are changed on their way.
 */
#include <string.h>

#include "shared/alloc.h"
#include "tests/wires/rig.h"

/* ---- answers ------------------------------------------------------------- */

static void
on_rcpt(struct rig *r, struct wire *w, struct msg *m)
{
	struct msg	 a = { .type = MSG_VERDICT };

	a.verdict.token = m->rcpt.token;
	a.verdict.reply = dice_one_in(&r->dice, 8) ?
	    reply_make(550, "5.1.1", "no") : reply_make(250, "2.1.5", "Ok");
	wire_say(r, w, &a);
}

static void
on_verify(struct rig *r, struct wire *w, struct msg *m)
{
	struct msg	 a = { .type = MSG_MEMBER };
	unsigned	 n = m->verify.expand ? dice_below(&r->dice, 120) : 0;

	a.member.token = m->verify.token;
	a.member.address = m->verify.address;
	while (n-- > 0)
		wire_say(r, w, &a);
	a = (struct msg){ .type = MSG_VERDICT };
	a.verdict.token = m->verify.token;
	a.verdict.reply = reply_make(250, "2.1.5", "<a@example.org>");
	wire_say(r, w, &a);
}

static void
on_admit(struct rig *r, struct wire *w, struct msg *m)
{
	struct msg	 a = { .type = MSG_ADMITTED };

	a.admitted.token = m->admit.token;
	a.admitted.reply = dice_one_in(&r->dice, 16) ?
	    reply_make(421, "4.7.0", "Limit connections") :
	    reply_make(250, NULL, "Ok");
	wire_say(r, w, &a);
}

static void
on_admitted(struct rig *r, struct wire *w, struct msg *m)
{
	struct msg	 a = { .type = MSG_LEFT };

	a.left.token = m->admitted.token;
	a.left.errors = dice_below(&r->dice, 3);
	wire_say(r, w, &a);
}

static void
on_open(struct rig *r, struct wire *w, struct msg *m)
{
	struct msg	 a = { .type = MSG_OPENED };

	a.opened.token = a.opened.message = m->open.token;
	wire_say(r, w, &a);
}

static void
on_content(struct rig *r, struct wire *w, struct msg *m)
{
	struct msg	 a = { .type = MSG_FREED };

	a.freed.slot = m->content.slot;
	wire_say(r, w, &a);
}

static void
put_stored(struct rig *r, struct wire *w, uint64_t token,
    enum stored_outcome outcome)
{
	struct msg	 a = { .type = MSG_STORED };

	a.stored.token = a.stored.message = token;
	a.stored.outcome = outcome;
	wire_say(r, w, &a);
}

static void
on_unsure(struct rig *r, struct wire *w, struct msg *m)
{
	struct msg	 a = { .type = MSG_STORED };

	a.stored.token = m->unsure.token;
	a.stored.message = m->unsure.message;
	a.stored.outcome = dice_one_in(&r->dice, 2) ? STORED_OK :
	    STORED_FAILED;
	wire_say(r, w, &a);
}

static void
on_end(struct rig *r, struct wire *w, struct msg *m)
{
	put_stored(r, w, m->end.token, STORED_OK);
}

static void
on_abort(struct rig *r, struct wire *w, struct msg *m)
{
	put_stored(r, w, m->abort.token, STORED_ABORTED);
}

static const char *const ways[] = {
	"local:jones", "local:brown", "host:[127.0.0.1]:9",
	"host:a.example:25", "mx:b.example:25"
};

static void
on_expand(struct rig *r, struct wire *w, struct msg *m)
{
	unsigned	 i, n = dice_one_in(&r->dice, 4) ?
			    dice_below(&r->dice, 4) : 1;
	struct msg	 a = { .type = MSG_TARGET };

	a.target.token = m->expand.token;
	a.target.recipient = m->expand.recipient;
	for (i = 0; i < n; i++) {
		a.target.destination = span_of(ways[dice_below(&r->dice,
		    COUNT(ways))]);
		wire_say(r, w, &a);
	}
	a = (struct msg){ .type = MSG_EXPANDED };
	a.expanded.token = m->expand.token;
	a.expanded.count = n;
	a.expanded.reply = n > 0 ? reply_make(250, "2.1.5", "Ok") :
	    reply_make(550, "5.1.1", "no such user here");
	wire_say(r, w, &a);
}

static void
on_user(struct rig *r, struct wire *w, struct msg *m)
{
	struct msg	 a = { .type = MSG_USER_IS };

	a.user_is.token = m->user.token;
	a.user_is.outcome = USER_FOUND;
	a.user_is.name = m->user.name;
	wire_say(r, w, &a);
}

static void
on_resolve(struct rig *r, struct wire *w, struct msg *m)
{
	struct msg	 a = { .type = MSG_ADDRESS };

	a.address.token = m->resolve.token;
	a.address.host = m->resolve.name;
	a.address.address = span_make("\x7f\0\0\1", 4);
	wire_say(r, w, &a);
	a = (struct msg){ .type = MSG_RESOLVED };
	a.resolved.token = m->resolve.token;
	a.resolved.count = 1;
	wire_say(r, w, &a);
}

static void
on_name_of(struct rig *r, struct wire *w, struct msg *m)
{
	struct msg	 a = { .type = MSG_NAMED };

	a.named.token = m->name_of.token;
	a.named.outcome = dice_below(&r->dice, NAMED_OUTCOME_COUNT);
	a.named.name = span_of(a.named.outcome == NAMED_FOUND ?
	    "client.example" : "");
	wire_say(r, w, &a);
}

/* ---- logins -------------------------------------------------------------- */

static void
on_challenge(struct rig *r, struct wire *w, struct msg *m)
{
	struct msg	 a = { .type = MSG_RESPONSE };

	a.response.token = m->challenge.token;
	a.response.cancelled = dice_one_in(&r->dice, 4);
	a.response.data = span_of("response");
	wire_say(r, w, &a);
}

/* ---- deliveries ---------------------------------------------------------- */

static void
on_job(struct rig *r, struct wire *w, struct msg *m)
{
	struct msg	 a = { .type = MSG_WANT };

	w->token = m->job.token;
	w->message = m->job.message;
	w->left = m->job.recipients;
	a.want.token = w->token;
	wire_say(r, w, &a);
}

static void
on_job_rcpt(struct rig *r, struct wire *w, struct msg *m)
{
	struct msg	 a = { .type = MSG_RESULT };
	unsigned	 code = dice_one_in(&r->dice, 4) ? 550 : 250;

	a.result.message = w->message;
	a.result.number = m->job_rcpt.number;
	a.result.reply = dice_one_in(&r->dice, 6) ?
	    reply_make(451, "4.0.0", "later") : reply_make(code,
	    code == 250 ? "2.0.0" : "5.0.0", "so");
	a.result.relay = span_of("a[127.0.0.1]:25");
	wire_say(r, w, &a);
	if (w->left == 0 || --w->left > 0)
		return;
	a = (struct msg){ .type = MSG_DONE };
	a.done.token = w->token;
	a.done.reachable = 1;
	a.done.why = reply_make(250, "2.0.0", "done");
	wire_say(r, w, &a);
}

static void
on_result(struct rig *r, struct wire *w, struct msg *m)
{
	struct msg	 a = { .type = MSG_RECORDED };

	a.recorded.message = m->result.message;
	a.recorded.number = m->result.number;
	wire_say(r, w, &a);
}

static void
on_want(struct rig *r, struct wire *w, struct msg *m)
{
	uint64_t	 size = w->size;
	struct msg	 a = { .type = MSG_CHUNK };
	int		 slot = w->out != NULL ? ring_take(w->out) : -1;

	a.chunk.token = m->want.token;
	a.chunk.offset = m->want.offset;
	if (slot == -1 && w == r->hostile)
		slot = dice_below(&r->dice, 8);
	if (slot == -1)
		a.chunk.failed = 1;
	else if (m->want.offset < size) {
		a.chunk.slot = slot;
		a.chunk.length = size - m->want.offset < RING_SLOT ?
		    size - m->want.offset : RING_SLOT;
	} else
		(void)ring_give_back(w->out, slot);
	wire_say(r, w, &a);
}

static void
put_delivered(struct rig *r, struct wire *w)
{
	struct msg	 a = { .type = MSG_DELIVERED };

	a.delivered.token = w->token;
	a.delivered.reply = reply_make(250, "2.0.0", "delivered");
	wire_say(r, w, &a);
}

static void
on_deliver(struct rig *r, struct wire *w, struct msg *m)
{
	struct msg	 a = { .type = MSG_WANT };

	w->token = m->deliver.token;
	w->size = m->deliver.size;
	if (w->size == 0) {
		put_delivered(r, w);
		return;
	}
	a.want.token = w->token;
	wire_say(r, w, &a);
}

static void
on_chunk(struct rig *r, struct wire *w, struct msg *m)
{
	struct msg	 a = { .type = MSG_FREED };

	a.freed.slot = m->chunk.slot;
	if (m->chunk.length > 0 && !m->chunk.failed)
		wire_say(r, w, &a);
	if (w->role != ROLE_AGENT)
		return;
	if (m->chunk.offset + m->chunk.length >= w->size) {
		put_delivered(r, w);
		return;
	}
	a = (struct msg){ .type = MSG_WANT };
	a.want.token = w->token;
	a.want.offset = m->chunk.offset + m->chunk.length;
	wire_say(r, w, &a);
}

/* ---- admins -------------------------------------------------------------- */

static void
on_list(struct rig *r, struct wire *w, struct msg *m)
{
	struct msg	 a = { .type = MSG_LISTED };

	a.listed.token = m->list.token;
	a.listed.message = m->list.after + 1;
	a.listed.client = a.listed.identity = span_of("c");
	wire_say(r, w, &a);
	a = (struct msg){ .type = MSG_LISTED_RCPT };
	a.listed_rcpt.token = m->list.token;
	a.listed_rcpt.message = m->list.after + 1;
	a.listed_rcpt.destination = span_of("local:jones");
	a.listed_rcpt.reply = reply_make(451, "4.0.0", "later");
	wire_say(r, w, &a);
	a = (struct msg){ .type = MSG_LIST_END };
	a.list_end.token = m->list.token;
	a.list_end.next = dice_below(&r->dice, 4) ? m->list.after + 1 : 0;
	wire_say(r, w, &a);
}

static void
on_retry(struct rig *r, struct wire *w, struct msg *m)
{
	struct msg	 a = { .type = MSG_RETRIED };

	a.retried.token = m->retry.token;
	a.retried.count = 1;
	wire_say(r, w, &a);
}

static void
on_sign(struct rig *r, struct wire *w, struct msg *m)
{
	static const char	 octets[72];
	struct msg		 a = { .type = MSG_SIGNATURE };

	a.signature.token = m->sign.token;
	a.signature.signature = span_make(octets, dice_below(&r->dice,
	    sizeof octets));
	wire_say(r, w, &a);
}

static void
on_signature(struct rig *r, struct wire *w, struct msg *m)
{
	signing_hear(r, &m->signature, w == r->hostile && r->wild);
}

static void
on_hello(struct rig *r, struct wire *w, struct msg *m)
{
	struct msg	 a = { .type = MSG_READY };

	(void)m;
	if (w->role == ROLE_PASSWORDS || w->role == ROLE_DOVECOT)
		judging_greet(r, w);
	if (r->program == ROLE_QUEUE &&
	    (w->role == ROLE_REMOTE || w->role == ROLE_LOCAL))
		wire_say(r, w, &a);
}

static void	 (*const answers[MSG_COUNT])(struct rig *, struct wire *,
		    struct msg *) = {
	[MSG_HELLO]	= on_hello,
	[MSG_RCPT]	= on_rcpt,
	[MSG_VERIFY]	= on_verify,
	[MSG_ADMIT]	= on_admit,
	[MSG_ADMITTED]	= on_admitted,
	[MSG_OPEN]	= on_open,
	[MSG_CONTENT]	= on_content,
	[MSG_END]	= on_end,
	[MSG_ABORT]	= on_abort,
	[MSG_UNSURE]	= on_unsure,
	[MSG_EXPAND]	= on_expand,
	[MSG_USER]	= on_user,
	[MSG_CHALLENGE]	= on_challenge,
	[MSG_RESOLVE]	= on_resolve,
	[MSG_NAME_OF]	= on_name_of,
	[MSG_JOB]	= on_job,
	[MSG_JOB_RCPT]	= on_job_rcpt,
	[MSG_RESULT]	= on_result,
	[MSG_WANT]	= on_want,
	[MSG_DELIVER]	= on_deliver,
	[MSG_CHUNK]	= on_chunk,
	[MSG_LIST]	= on_list,
	[MSG_RETRY]	= on_retry,
	[MSG_LOGIN]	= judging_on_login,
	[MSG_RESPONSE]	= judging_on_response,
	[MSG_JUDGE]	= judging_on_judge,
	[MSG_JUDGE_HEARS] = judging_on_hears,
	[MSG_JUDGE_SAYS] = judging_on_says,
	[MSG_SIGN]	= on_sign,
	[MSG_SIGNATURE]	= on_signature,
};

void
answer(struct rig *r, struct wire *w, struct msg *m)
{
	if (answers[m->type] != NULL)
		answers[m->type](r, w, m);
}
