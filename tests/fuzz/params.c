/* SPDX-License-Identifier: ISC */
/* The parameters of MAIL and RCPT: smtpd/params. */
#include <stdio.h>
#include <string.h>

#include "smtpd/params.h"
#include "tests/fuzz/fuzz.h"

static void
check_again(const struct mail_params *p, const struct mail_rules *rules)
{
	struct mail_params	 again;
	struct reply		 why;
	char			 text[64 + DSN_MAIL_MAX];
	char			 words[DSN_MAIL_MAX + 1];

	(void)dsn_mail_words(p->ret, p->envid, words);
	(void)snprintf(text, sizeof text, "size=%llu\tBody=%s %s %s",
	    (unsigned long long)p->size, p->eight_bit ? "8bitmime" : "7bit",
	    p->has_author ? "auth=<>" : "", words);
	fuzz_claim(params_parse(span_of(text), rules, &again, &why),
	    "parameters, printed, are parsed");
	fuzz_claim(again.size == p->size && again.eight_bit == p->eight_bit &&
	    again.has_author == p->has_author && again.ret == p->ret &&
	    span_equal(again.envid, p->envid), "to the same");
}

/* What is taken may stand in a row of ours, and comes back the same. */
static void
check_rcpt(struct span input)
{
	struct rcpt_params	 p, again;
	struct reply		 why;
	struct span		 words;
	char			 text[RCPT_PARAMETERS_MAX + 1];

	if (!params_parse_rcpt(input, &p, &why)) {
		fuzz_claim(reply_is_refusal(&why), "what is wrong is refused");
		return;
	}
	words = dsn_rcpt_words(p.notify, p.orcpt, text);
	fuzz_claim(span_is_text(words), "words are text");
	fuzz_claim(params_parse_rcpt(words, &again, &why),
	    "parameters, written, are parsed");
	fuzz_claim(again.notify == p.notify &&
	    span_equal(again.orcpt, p.orcpt), "to the same");
}

void
fuzz_one(struct span input)
{
	uint8_t			 choice = fuzz_choice(&input);
	const struct mail_rules	 rules = { choice % 4 == 0 ? 0 : choice,
				    choice % 2 };
	struct mail_params	 p;
	struct reply		 why;
	struct buf		 b;

	check_rcpt(input);
	if (params_parse(input, &rules, &p, &why)) {
		fuzz_claim(rules.size_max == 0 ||
		    p.size <= rules.size_max,
		    "a size is a ceiling");
		check_again(&p, &rules);
		return;
	}
	fuzz_claim(reply_is_refusal(&why) && why.class == 5,
	    "what is wrong is refused");
	buf_init(&b, 4096);
	fuzz_claim(reply_put(&why, &b) && fuzz_replies(buf_span(&b)) == 1,
	    "in a reply");
	buf_clear(&b);
}
