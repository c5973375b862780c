/* SPDX-License-Identifier: ISC */
#include <check.h>

#include "tests/unit/cache_stub.h"

static struct instant	 now;
static struct stub	 stub;
static struct {
	void	(*answered)(void *, const struct dns_answer *);
	void	*arg;
} questions[STUB_ASKED_MAX];

struct stub *
stub_open(void)
{
	now.ns = 0;
	stub = (struct stub){ .cache = cache_new(NULL, NULL) };
	return &stub;
}

void
stub_pass(int64_t ms)
{
	now = clock_after(now, ms);
}

struct instant
loop_now(const struct loop *loop)
{
	(void)loop;
	return now;
}

void
dns_ask(struct dns *dns, const struct packet_name *name, unsigned type,
    void (*answered)(void *, const struct dns_answer *), void *arg)
{
	unsigned	 i = stub.asked++ % STUB_ASKED_MAX;

	(void)dns;
	stub.name = *name;
	stub.type = type;
	questions[i].answered = answered;
	questions[i].arg = arg;
}

void
stub_answer(unsigned i, const struct buf *reply, bool secure)
{
	struct dns_answer	 a = { span_of(""), secure };

	if (i >= stub.asked)
		ck_abort();
	if (reply != NULL)
		a.reply = buf_span(reply);
	i %= STUB_ASKED_MAX;
	questions[i].answered(questions[i].arg, &a);
}
