/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "lookup/sasl.h"
#include "shared/saslprep.h"

static const char *const names[SASL_COUNT] = {
	[SASL_PLAIN]		= "PLAIN",
	[SASL_LOGIN]		= "LOGIN",
	[SASL_SCRAM]		= "SCRAM-SHA-256",
	[SASL_SCRAM_PLUS]	= "SCRAM-SHA-256-PLUS",
};

bool
sasl_find(struct span name, enum sasl_mechanism *m)
{
	unsigned	 i;

	for (i = 0; i < SASL_COUNT; i++)
		if (span_is(name, names[i])) {
			*m = i;
			return true;
		}
	return false;
}

void
sasl_init(struct sasl *s, enum sasl_mechanism m, struct span binding,
    struct span data)
{
	memset(s, 0, sizeof *s);
	s->mechanism = m;
	if (data.len == 0 || data.len > sizeof s->binding_data ||
	    !span_copy(binding, s->binding, sizeof s->binding))
		return;
	memcpy(s->binding_data, data.ptr, data.len);
	s->binding_len = data.len;
}

void
sasl_clear(struct sasl *s)
{
	explicit_bzero(s, sizeof *s);
}

static enum sasl_want
say(struct sasl *s, const char *text)
{
	s->said_len = strlen(text);
	memcpy(s->said, text, s->said_len);
	return SASL_SAY;
}

/* ---- PLAIN --------------------------------------------------------------- */

/* [authzid] NUL authcid NUL passwd */
static enum sasl_want
hear_plain(struct sasl *s, struct span message)
{
	struct span	 as, name, password;
	char		 other[ACCOUNT_TEXT_MAX + 1];

	s->step = SASL_OVER;
	if (span_index(message, '\0') == message.len)
		return SASL_MALFORMED;
	message = span_cut(message, '\0', &as);
	if (span_index(message, '\0') == message.len)
		return SASL_MALFORMED;
	password = span_cut(message, '\0', &name);
	if (!saslprep(name, SASLPREP_COMPARED, s->name, sizeof s->name) ||
	    !saslprep(password, SASLPREP_COMPARED, s->password,
	    sizeof s->password))
		return SASL_MALFORMED;
	if (as.len == 0)
		return SASL_PASSWORD;
	if (!saslprep(as, SASLPREP_COMPARED, other, sizeof other))
		return SASL_MALFORMED;
	return strcmp(other, s->name) == 0 ? SASL_PASSWORD : SASL_BAD;
}

/* ---- LOGIN: no standard; draft-murchison-sasl-login ---------------------- */

static enum sasl_want
hear_login(struct sasl *s, struct span message)
{
	if (s->step == SASL_FIRST) {
		s->step = SASL_HEARS_PASSWORD;
		if (!saslprep(message, SASLPREP_COMPARED, s->name,
		    sizeof s->name))
			return SASL_MALFORMED;
		return say(s, "Password:");
	}
	s->step = SASL_OVER;
	if (!saslprep(message, SASLPREP_COMPARED, s->password,
	    sizeof s->password))
		return SASL_MALFORMED;
	return SASL_PASSWORD;
}

/* ---- all of them --------------------------------------------------------- */

enum sasl_want
sasl_begin(struct sasl *s)
{
	return say(s, s->mechanism == SASL_LOGIN ? "Username:" : "");
}

static enum sasl_want
hear_scram(struct sasl *s, struct span message)
{
	if (s->step == SASL_FIRST)
		return scram_first(s, message);
	if (s->step == SASL_PROOF)
		return scram_final(s, message);
	/* What we had to say last was heard. */
	s->step = SASL_OVER;
	return message.len == 0 ? SASL_GOOD : SASL_MALFORMED;
}

enum sasl_want
sasl_hear(struct sasl *s, struct span message)
{
	enum sasl_want	 want = SASL_MALFORMED;

	s->said_len = 0;
	if (s->step == SASL_OVER || message.len > SASL_MESSAGE_MAX)
		want = SASL_MALFORMED;
	else if (s->mechanism == SASL_PLAIN)
		want = hear_plain(s, message);
	else if (s->mechanism == SASL_LOGIN)
		want = hear_login(s, message);
	else
		want = hear_scram(s, message);
	if (want == SASL_MALFORMED || want == SASL_BAD)
		s->step = SASL_OVER;
	return want;
}
