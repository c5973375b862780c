/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "tests/model/model.h"

/* RFC 5321 section 4.1.4: what a transaction was is gone. */
static void
end_transaction(struct world *w)
{
	w->mail = w->chunks = false;
	w->accepted = w->refused = 0;
}

static struct expected
greet(struct world *w, unsigned code)
{
	if (code == 250) {
		end_transaction(w);
		w->greeted = true;
	}
	return (struct expected){ .code = code };
}

static struct expected
mail(struct world *w, unsigned code)
{
	if (!w->greeted || w->mail)
		return (struct expected){ .code = 503 };
	w->mail = code == 250;
	return (struct expected){ .code = code };
}

static struct expected
rcpt(struct world *w, unsigned code)
{
	if (!w->mail || w->chunks)
		return (struct expected){ .code = 503 };
	w->accepted += code == 250;
	w->refused += code != 250;
	return (struct expected){ .code = code };
}

/* RFC 5321 section 3.3: 503 or 554 when nobody was accepted. */
static struct expected
data(struct world *w, const struct word *word)
{
	bool	 reads = word->content != NULL;

	if (!w->mail || w->chunks)
		return (struct expected){ .code = 503 };
	if (!reads && word->code == 501)
		return (struct expected){ .code = 501 };
	if (w->accepted == 0)
		return (struct expected){ .code = 503, .other = 554 };
	if (!reads)
		return (struct expected){ .code = word->code };
	end_transaction(w);
	return (struct expected){ .code = 354, .final = word->code };
}

/* RFC 3030 section 2.  Without a size nobody knows what is content. */
static struct expected
bdat(struct world *w, const struct word *word)
{
	struct expected	 e = { .code = word->code };

	if (word->code == 501) {
		w->closed = true;
		return e;
	}
	if (!w->mail)
		return (struct expected){ .code = 503 };
	if (w->accepted == 0)
		e = (struct expected){ .code = 503, .other = 554 };
	w->chunks = true;
	if (strstr(word->text, "LAST") != NULL)
		end_transaction(w);
	return e;
}

/* RFC 4954 section 4: once, and not amid a transaction. */
static struct expected
auth(struct world *w, const struct word *word)
{
	if (word->code == 500 && word->content == NULL)
		return (struct expected){ .code = 500 };	/* too long */
	if (w->login && word->code == 501)
		return (struct expected){ .code = 503, .other = 501 };
	if (!w->greeted || w->mail || w->login)
		return (struct expected){ .code = 503 };
	w->login = word->code == 235;
	if (word->content != NULL)
		return (struct expected){ .code = 334, .final = word->code };
	return (struct expected){ .code = word->code };
}

/* RFC 4954 section 6: what 530 may be said to.  A command that is not in its
 * place may hear 503 all the same. */
static bool
needs_login(const struct word *word)
{
	return word->verb == VERB_MAIL || word->verb == VERB_RCPT ||
	    word->verb == VERB_DATA || word->verb == VERB_VRFY ||
	    word->verb == VERB_EXPN ||
	    (word->verb == VERB_BDAT && word->code != 501);
}

struct expected
model_hear(struct world *w, const struct word *word)
{
	if (w->auth_first && !w->login && needs_login(word))
		return (struct expected){ .code = 530, .other = 503 };
	switch (word->verb) {
	case VERB_EHLO:
	case VERB_HELO:
		return greet(w, word->code);
	case VERB_MAIL:
		return mail(w, word->code);
	case VERB_RCPT:
		return rcpt(w, word->code);
	case VERB_DATA:
		return data(w, word);
	case VERB_BDAT:
		return bdat(w, word);
	case VERB_AUTH:
		return auth(w, word);
	case VERB_RSET:
		if (word->code == 250)
			end_transaction(w);
		break;
	case VERB_QUIT:
		w->closed = word->code == 221;
		break;
	default:		/* welcome everywhere, and changes nothing */
		break;
	}
	return (struct expected){ .code = word->code };
}
