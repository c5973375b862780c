/* SPDX-License-Identifier: ISC */
/*
 * Which messages are meant: options and ids of the command line, to the words
 * of a request (README.md).
 */
#include <stdio.h>
#include <string.h>

#include "control/relais.h"
#include "shared/buf.h"
#include "shared/clock.h"
#include "shared/id.h"
#include "shared/log.h"
#include "shared/unit.h"
#include "shared/xtext.h"

static bool
put_word(struct buf *b, const char *key, struct span value)
{
	char	 text[ADMIN_LINE_MAX];

	if (xtext_encode(value, text, sizeof text) &&
	    buf_printf(b, " %s=%s", key, text))
		return true;
	log_error("what is asked for is too long");
	return false;
}

static bool
put_number(struct buf *b, const char *key, uint64_t n)
{
	char	 text[32];

	(void)snprintf(text, sizeof text, "%llu", (unsigned long long)n);
	return put_word(b, key, span_of(text));
}

static bool
put_text(struct buf *b, const char *key, const char *value)
{
	if (*value != '\0' && span_is_text(span_of(value)))
		return put_word(b, key, span_of(value));
	log_error("this is not a %s", key);
	return false;
}

/* A host or domain stands between the kind and the port of a destination; who
 * writes more has all of it in mind. */
static bool
put_destination(struct buf *b, const char *key, const char *value)
{
	char	 text[DESTINATION_TEXT_MAX + 1];
	bool	 is_path = value[0] == '/';
	int	 n;

	if (*value == '\0' || !span_is_text(span_of(value)) ||
	    (value[0] != '[' && strchr(value, ':') != NULL))
		return put_text(b, key, value);
	n = snprintf(text, sizeof text, "*:%s%s", value, is_path ? "*" : ":*");
	return put_text(b, key, n >= (int)sizeof text ? "" : text);
}

/* A time ago, to a moment. */
static bool
put_time(struct buf *b, const char *key, const char *value)
{
	uint64_t	 ms, now = clock_wall();

	if (unit_parse(span_of(value), unit_times(), &ms) &&
	    ms < now / 1000)
		return put_number(b, key, now - 1000 * ms);
	log_error("expected a time such as 2h or 3d, not \"%s\"", value);
	return false;
}

static bool
put_size(struct buf *b, const char *key, const char *value)
{
	uint64_t	 n;

	if ((unit_parse(span_of(value), unit_sizes(), &n) ||
	    span_parse_u64(span_of(value), UINT64_MAX, &n)) && n > 0)
		return put_number(b, key, n);
	log_error("expected a size such as 64K, not \"%s\"", value);
	return false;
}

static const struct condition {
	const char	*key;
	bool		(*put)(struct buf *, const char *key, const char *);
} conditions[OPTION_FILTERS] = {
	[OPTION_SENDER]		= { "sender",		put_text },
	[OPTION_RECIPIENT]	= { "recipient",	put_text },
	[OPTION_DESTINATION]	= { "destination",	put_destination },
	[OPTION_IDENTITY]	= { "identity",		put_text },
	[OPTION_REASON]		= { "reason",		put_text },
	[OPTION_OLDER]		= { "before",		put_time },
	[OPTION_NEWER]		= { "since",		put_time },
	[OPTION_LARGER]		= { "larger",		put_size },
	[OPTION_SMALLER]	= { "smaller",		put_size },
	[OPTION_STATE]		= { "state",		put_text }
};

static bool
put_conditions(const struct relais *r, struct buf *b)
{
	unsigned	 i;

	for (i = 0; i < OPTION_FILTERS; i++)
		if ((r->said & OPTION_BIT(i)) != 0 &&
		    !conditions[i].put(b, conditions[i].key, r->values[i]))
			return false;
	return true;
}

/* In the spelling of the log, with `id` NULL none. */
static bool
put_id(struct buf *b, const char *id)
{
	uint64_t	 number;
	char		 text[ID_SIZE];

	if (id == NULL)
		return true;
	if (!id_parse(span_of(id), &number) || number == 0) {
		log_error("%s: this is not a message's id", id);
		return false;
	}
	id_format(text, number);
	return put_word(b, "id", span_of(text));
}

static int
ask_one(const struct relais *r, struct request *q, const char *verb,
    const char *id)
{
	struct buf	 b;
	int		 status = RELAIS_USAGE;
	uint64_t	 count = 0;

	buf_init(&b, ADMIN_LINE_MAX);
	if (buf_printf(&b, "%s", verb) && put_conditions(r, &b) &&
	    put_id(&b, id) && buf_put(&b, span_make("\n", 2))) {
		q->text = buf_span(&b).ptr;
		status = relais_request(r, q, &count);
		q->text = NULL;
	}
	q->count += count;
	buf_clear(&b);
	if (status != RELAIS_DONE || id == NULL || q->rows > 0)
		return status;
	log_error("%s: no such message%s", id,
	    (r->said & FILTER_OPTIONS) != 0 ? " that is so" : "");
	return RELAIS_NONE;
}

int
relais_ask(const struct relais *r, struct request *q, const char *verb,
    char *const *ids)
{
	int	 status, result = RELAIS_DONE;

	if (*ids == NULL || relais_means_all(ids))
		return ask_one(r, q, verb, NULL);
	for (; *ids != NULL; ids++) {
		status = ask_one(r, q, verb, *ids);
		if (result == RELAIS_DONE)
			result = status;
		if (status == RELAIS_NOT_RUNNING || status == RELAIS_LATER)
			break;
	}
	return result;
}

bool
relais_means_all(char *const *ids)
{
	return *ids != NULL && strcmp(*ids, "ALL") == 0 && ids[1] == NULL;
}

int
relais_order(const struct relais *r, struct request *q, const char *verb,
    char *const *ids)
{
	char			 all[ADMIN_LINE_MAX];
	bool			 narrow = (r->said & FILTER_OPTIONS) != 0;

	if (*ids == NULL && !narrow) {
		log_error("expected ids, conditions, or ALL");
		return RELAIS_USAGE;
	}
	if (!relais_means_all(ids))
		return relais_ask(r, q, verb, ids);
	if (narrow) {
		log_error("expected either ALL, or conditions");
		return RELAIS_USAGE;
	}
	(void)snprintf(all, sizeof all, "%s ALL", verb);
	return ask_one(r, q, all, NULL);
}
