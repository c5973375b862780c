/* SPDX-License-Identifier: ISC */
/* The parameters of MAIL: smtpd/params. */
#include <stdio.h>
#include <string.h>

#include "smtpd/params.h"
#include "tests/fuzz/fuzz.h"

static void
check_again(const struct mail_params *p, uint64_t size_max)
{
	struct mail_params	 again;
	struct reply		 why;
	char			 text[64];

	(void)snprintf(text, sizeof text, "size=%llu\tBody=%s ",
	    (unsigned long long)p->size, p->eight_bit ? "8bitmime" : "7bit");
	fuzz_claim(params_parse(span_of(text), size_max, &again, &why),
	    "parameters, printed, are parsed");
	fuzz_claim(again.size == p->size && again.eight_bit == p->eight_bit,
	    "to the same");
}

void
fuzz_one(struct span input)
{
	uint8_t			 choice = fuzz_choice(&input);
	uint64_t		 size_max = choice % 4 == 0 ? 0 : choice;
	struct mail_params	 p;
	struct reply		 why;
	struct buf		 b;

	if (params_parse(input, size_max, &p, &why)) {
		fuzz_claim(size_max == 0 || p.size <= size_max,
		    "a size is a ceiling");
		check_again(&p, size_max);
		return;
	}
	fuzz_claim(reply_is_refusal(&why) && why.class == 5,
	    "what is wrong is refused");
	buf_init(&b, 4096);
	fuzz_claim(reply_put(&why, &b) && fuzz_replies(buf_span(&b)) == 1,
	    "in a reply");
	buf_clear(&b);
}
