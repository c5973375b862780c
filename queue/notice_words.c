/* SPDX-License-Identifier: ISC */
/*
 * What people read.  A text is filled in and wrapped here, so that phrases are
 * whole sentences: what happened, to whom, why, and what can be done; then what
 * was said, word by word, by whom.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "queue/notice_own.h"
#include "queue/notice_phrases.h"
#include "shared/id.h"
#include "shared/mime.h"
#include "shared/utf8.h"

enum {
	COLUMNS		= 72,
	INDENT		= 4,
	PARAGRAPH_MAX	= 8192,
	WORD_MAX	= 600,		/* octets of it in one line */
	SHORT_SIZE	= 24,
	DATE_TEXT_SIZE	= 96,
	LIFE_SIZE	= 40,
	SUBJECT_SIZE	= 200
};

enum value {
	VALUE_HOST, VALUE_DATE, VALUE_COUNT_OF, VALUE_SUBJECT, VALUE_ADDRESS,
	VALUE_LIFE, VALUE_ATTEMPTS, VALUE_CONTACT, VALUE_ID, VALUE_WEEKDAY,
	VALUE_DAY, VALUE_MONTH, VALUE_YEAR, VALUE_HOUR, VALUE_MINUTE,
	VALUE_COUNT
};

static const char *const	 names[VALUE_COUNT] = {
	"host", "date", "count", "subject", "address",
	"life", "attempts", "contact", "id", "weekday",
	"day", "month", "year", "hour", "minute"
};

struct page {
	const struct notice *notice;
	const struct phrases *phrases;
	enum notice_language language;
	struct buf	 text;
	bool		 done;
	struct span	 values[VALUE_COUNT];	/* for the next phrase */
};

static void
put(struct page *p, struct span s)
{
	if (!buf_put(&p->text, s))
		p->done = false;
}

/* ---- templates ----------------------------------------------------------- */

/* "{name}" off the head of `*s`. */
static bool
take_value(struct span *s, enum value *which)
{
	size_t		 end = span_index(*s, '}');
	struct span	 name = span_skip(span_head(*s, end), 1);
	unsigned	 i;

	if (s->ptr[0] != '{' || end == s->len)
		return false;
	for (i = 0; i < VALUE_COUNT; i++)
		if (span_is(name, names[i])) {
			*which = (enum value)i;
			*s = span_skip(*s, end + 1);
			return true;
		}
	return false;
}

/* The phrase with its values, which are cleaned of all that is no text. */
static void
fill(const struct page *p, const char *phrase, struct buf *out)
{
	struct span	 s = span_of(phrase);
	enum value	 which;

	while (s.len > 0) {
		if (take_value(&s, &which)) {
			notice_clean(p->values[which], true, out);
			continue;
		}
		(void)buf_put(out, s.ptr[0] == '~' ? span_of("\302\240") :
		    span_head(s, 1));
		s = span_skip(s, 1);
	}
}

/* The same into a small array, for a value of another. */
static struct span
fill_into(const struct page *p, const char *phrase, char *into, size_t size)
{
	struct buf	 out;
	struct span	 s;

	buf_init(&out, PARAGRAPH_MAX);
	fill(p, phrase, &out);
	s = span_head(buf_span(&out), size);
	memcpy(into, s.ptr, s.len);
	s.ptr = into;
	buf_clear(&out);
	return s;
}

/* ---- lines --------------------------------------------------------------- */

static size_t
width_of(struct span s)
{
	size_t	 i, n = 0;

	for (i = 0; i < s.len; i++)
		n += ((unsigned char)s.ptr[i] & 0xc0) != 0x80;
	return n;
}

static void
put_indent(struct page *p, unsigned indent)
{
	while (indent-- > 0)
		put(p, span_of(" "));
}

static void
wrap(struct page *p, struct span s, unsigned indent)
{
	struct span	 word, piece;
	size_t		 column = 0;

	while ((word = span_word(&s)).len > 0)
		while (word.len > 0) {
			piece = span_head(word, WORD_MAX);
			word = span_skip(word, piece.len);
			if (column > 0 &&
			    column + 1 + width_of(piece) > COLUMNS) {
				put(p, span_of("\r\n"));
				column = 0;
			}
			if (column == 0)
				put_indent(p, column = indent);
			else
				put(p, span_of(" "));
			put(p, piece);
			column += 1 + width_of(piece);
		}
	put(p, span_of("\r\n"));
}

static void
put_gap(struct page *p)
{
	put(p, span_of("\r\n"));
}

static void
put_phrase(struct page *p, const char *phrase, unsigned indent)
{
	struct buf	 out;

	buf_init(&out, PARAGRAPH_MAX);
	fill(p, phrase, &out);
	wrap(p, buf_span(&out), indent);
	buf_clear(&out);
}

static void
put_paragraph(struct page *p, const char *phrase, unsigned indent)
{
	put_gap(p);
	put_phrase(p, phrase, indent);
}

/* ---- values -------------------------------------------------------------- */

static struct span
number_text(uint64_t n, char into[SHORT_SIZE])
{
	(void)snprintf(into, SHORT_SIZE, "%llu", (unsigned long long)n);
	return span_of(into);
}

/* Days and months have names here, and the clock is that of Greenwich, which
 * needs no table of time zones. */
static void
set_date(struct page *p, uint64_t wall, char into[DATE_TEXT_SIZE])
{
	time_t		 t = (time_t)(wall / 1000000);
	char		 day[SHORT_SIZE], year[SHORT_SIZE], hour[SHORT_SIZE];
	char		 minute[SHORT_SIZE];
	struct tm	 tm;

	p->values[VALUE_DATE] = span_of("");
	if (gmtime_r(&t, &tm) == NULL)
		return;
	(void)snprintf(hour, sizeof hour, "%02d", tm.tm_hour);
	(void)snprintf(minute, sizeof minute, "%02d", tm.tm_min);
	p->values[VALUE_WEEKDAY] = span_of(p->phrases->weekdays[tm.tm_wday]);
	p->values[VALUE_DAY] = number_text((uint64_t)tm.tm_mday, day);
	p->values[VALUE_MONTH] = span_of(p->phrases->months[tm.tm_mon]);
	p->values[VALUE_YEAR] = number_text((uint64_t)tm.tm_year + 1900, year);
	p->values[VALUE_HOUR] = span_of(hour);
	p->values[VALUE_MINUTE] = span_of(minute);
	p->values[VALUE_DATE] = fill_into(p, p->phrases->date, into,
	    DATE_TEXT_SIZE);
}

/* "5 days", in the largest unit that tells it exactly. */
static void
set_life(struct page *p, uint32_t seconds, char into[LIFE_SIZE])
{
	static const uint32_t	 lengths[UNIT_COUNT] = { 86400, 3600, 60, 1 };
	unsigned		 i = 0;

	while (seconds % lengths[i] != 0)
		i++;
	seconds /= lengths[i];
	(void)snprintf(into, LIFE_SIZE, "%u %s", seconds,
	    p->phrases->units[i][seconds != 1]);
	p->values[VALUE_LIFE] = span_of(into);
}

/* " (3 attempts)", or nothing. */
static void
set_attempts(struct page *p, uint32_t count, char into[LIFE_SIZE])
{
	char	 number[SHORT_SIZE];

	p->values[VALUE_ATTEMPTS] = span_of("");
	if (count == 0)
		return;
	p->values[VALUE_COUNT_OF] = number_text(count, number);
	p->values[VALUE_ATTEMPTS] = fill_into(p,
	    p->phrases->attempts[count != 1], into, LIFE_SIZE);
}

/* ---- the message --------------------------------------------------------- */

static void
put_subject(struct page *p, struct span header)
{
	struct span	 field = notice_only_field(header, "Subject");
	char		 subject[SUBJECT_SIZE];

	if (field.len == 0 ||
	    !mime_read_words(field, subject, sizeof subject) ||
	    subject[0] == '\0')
		return;
	p->values[VALUE_SUBJECT] = span_of(subject);
	put_phrase(p, p->phrases->subject, INDENT);
}

static void
put_opening(struct page *p)
{
	static const enum phrase_opening	 openings[] = {
		[NOTICE_PLAIN] = PHRASE_OPENING_PLAIN,
		[NOTICE_DIGEST] = PHRASE_OPENING_DIGEST,
		[NOTICE_DOUBLE] = PHRASE_OPENING_DOUBLE
	};
	const struct notice	*n = p->notice;
	char			 count[SHORT_SIZE], date[DATE_TEXT_SIZE];

	p->values[VALUE_HOST] = span_of(n->hostname);
	p->values[VALUE_COUNT_OF] = number_text(n->message_count, count);
	put_phrase(p, p->phrases->opening[openings[n->kind]], 0);
	if (n->kind == NOTICE_DIGEST)
		return;
	put_gap(p);
	set_date(p, n->messages[0].arrived, date);
	put_phrase(p, p->phrases->sent, INDENT);
	put_subject(p, n->messages[0].header);
}

/* ---- recipients ---------------------------------------------------------- */

static bool
is_same_reply(const struct reply *a, const struct reply *b)
{
	return a->code == b->code && a->class == b->class &&
	    a->subject == b->subject && a->detail == b->detail &&
	    strcmp(a->text, b->text) == 0;
}

/* Is all that is said of one true of the other? */
static bool
is_alike(const struct notice_recipient *a, const struct notice_recipient *b)
{
	return a->action == b->action && a->expired == b->expired &&
	    a->attempts == b->attempts && a->until == b->until &&
	    is_same_reply(&a->reply, &b->reply) &&
	    span_equal(notice_host(a->relay), notice_host(b->relay));
}

/* One of the messages of a digest. */
static void
put_one_of_many(struct page *p, const struct notice_message *m)
{
	struct span	 name = notice_message_id(m->header);
	char		 id[ID_SIZE];

	put_subject(p, m->header);
	if (name.len > 0) {
		p->values[VALUE_ID] = name;
		put_phrase(p, "Message-ID: {id}", INDENT);
	}
	id_format(id, m->id);
	p->values[VALUE_ID] = span_of(id);
	put_phrase(p, p->phrases->number_of, INDENT);
}

static void
put_who(struct page *p, const struct notice_recipient *r)
{
	p->values[VALUE_ADDRESS] = r->address;
	put_phrase(p, "<{address}>", 0);
	p->values[VALUE_ADDRESS] = r->original;
	if (r->original.len > 0 && !span_equal(r->original, r->address))
		put_phrase(p, p->phrases->original, INDENT);
	if (p->notice->kind == NOTICE_DIGEST)
		put_one_of_many(p, &p->notice->messages[r->message]);
}

/* Seconds; that of the recipient's destination, if it says. */
static uint32_t
life_of(const struct page *p, const struct notice_recipient *r)
{
	enum { MICROSECONDS = 1000000 };
	uint64_t	 arrived = p->notice->messages[r->message].arrived;

	return r->until > arrived && r->until - arrived >= MICROSECONDS ?
	    (uint32_t)((r->until - arrived) / MICROSECONDS) :
	    p->notice->life;
}

/* Why, in one paragraph with how long it was tried for all that. */
static void
put_why(struct page *p, const struct notice_recipient *r, const char *why)
{
	char	 attempts[LIFE_SIZE], life[LIFE_SIZE], phrase[PARAGRAPH_MAX];
	bool	 expired = r->action == ACTION_FAILED && r->expired;

	if (!expired && why == NULL)
		return;
	set_attempts(p, r->attempts, attempts);
	set_life(p, life_of(p, r), life);
	(void)snprintf(phrase, sizeof phrase, "%s %s", expired ?
	    p->phrases->expired : "", why == NULL ? "" : why);
	put_paragraph(p, phrase, INDENT);
}

/* What was done so far of one that waits, and what will be. */
static void
put_efforts(struct page *p, const struct notice_recipient *r)
{
	char	 count[SHORT_SIZE], date[DATE_TEXT_SIZE];

	if (r->tried != 0) {
		set_date(p, r->tried, date);
		p->values[VALUE_COUNT_OF] = number_text(r->attempts, count);
		put_paragraph(p, r->attempts == 0 ? p->phrases->tried :
		    p->phrases->tried_often, INDENT);
	}
	if (r->until != 0) {
		set_date(p, r->until, date);
		put_paragraph(p, p->phrases->until, INDENT);
	}
}

/* Why, and what to do about it; a postmaster knows that. */
static void
put_reason(struct page *p, const struct notice_recipient *r)
{
	enum counsel	 counsel;
	const char	*why = phrase_reason(&r->reply, p->language, &counsel);

	put_why(p, r, why);
	if (r->action == ACTION_DELAYED)
		put_efforts(p, r);
	else if (p->phrases->counsels[counsel] != NULL &&
	    p->notice->kind != NOTICE_DOUBLE)
		put_paragraph(p, p->phrases->counsels[counsel], INDENT);
}

/* What was said, word by word. */
static void
put_said(struct page *p, const struct notice_recipient *r)
{
	struct span	 host = notice_host(r->relay);
	char		 said[SAID_SIZE];
	struct buf	 clean;

	if (r->reply.code == 0)
		return;
	p->values[VALUE_HOST] = host;
	put_paragraph(p, host.len == 0 ? p->phrases->said :
	    r->reply.class != 0 && r->reply.subject == 4 ?
	    p->phrases->said_network : p->phrases->said_host, INDENT);
	buf_init(&clean, SAID_SIZE);
	notice_clean(notice_said(&r->reply, said), false, &clean);
	wrap(p, buf_span(&clean), 2 * INDENT);
	buf_clear(&clean);
}

/* Those that follow each other and of whom the same is true are told of at
 * once. */
static void
put_recipients(struct page *p, enum notice_action action)
{
	const struct notice_recipient	*r, *last = NULL;
	size_t				 i;

	for (i = 0; i < p->notice->count; i++) {
		r = &p->notice->recipients[i];
		if (r->action != action)
			continue;
		if (last != NULL && !is_alike(last, r)) {
			if (action <= ACTION_DELAYED)
				put_reason(p, last);
			put_said(p, last);
			last = NULL;
		}
		if (last == NULL || p->notice->kind == NOTICE_DIGEST)
			put_gap(p);
		put_who(p, r);
		last = r;
	}
	if (action <= ACTION_DELAYED)
		put_reason(p, last);
	put_said(p, last);
}

static void
put_section(struct page *p, enum notice_action action)
{
	enum phrase_number	 number = PHRASE_NUMBER_ONE;
	size_t			 i, count = 0;

	for (i = 0; i < p->notice->count; i++)
		count += p->notice->recipients[i].action == action;
	if (count == 0)
		return;
	if (p->notice->kind == NOTICE_DIGEST)
		number = PHRASE_NUMBER_DIGEST;
	else if (count > 1)
		number = PHRASE_NUMBER_MANY;
	put_paragraph(p, p->phrases->came[action][number], 0);
	put_recipients(p, action);
}

/* ---- the end ------------------------------------------------------------- */

static const char *
returned_phrase(const struct page *p, enum notice_return returned)
{
	if (returned == RETURN_CONTENT)
		return p->phrases->returned_content;
	if (p->notice->kind == NOTICE_DIGEST)
		return p->phrases->returned_first;
	return p->notice->kind == NOTICE_DOUBLE ? p->phrases->returned_notice :
	    p->phrases->returned_header;
}

/* Whom to ask, and by which number. */
static void
put_help(struct page *p)
{
	const struct notice	*n = p->notice;
	char			 contact[HOST_TEXT_MAX + SHORT_SIZE];
	char			 id[ID_SIZE], phrase[PARAGRAPH_MAX];

	(void)snprintf(contact, sizeof contact, "postmaster@%s", n->hostname);
	p->values[VALUE_CONTACT] = n->contact.len > 0 ? n->contact :
	    span_of(contact);
	id_format(id, n->messages[0].id);
	p->values[VALUE_ID] = span_of(id);
	(void)snprintf(phrase, sizeof phrase, "%s %s",
	    n->kind == NOTICE_DOUBLE ? p->phrases->help_admin :
	    p->phrases->help, p->phrases->number);
	put_paragraph(p, n->kind == NOTICE_DIGEST ? p->phrases->help : phrase,
	    0);
}

static void
put_end(struct page *p, enum notice_return returned)
{
	put_gap(p);
	if (returned != RETURN_NOTHING)
		put_paragraph(p, returned_phrase(p, returned), 0);
	put_help(p);
}

/* ASCII as it is; else in what every relay takes. */
static void
put_part(struct notice_writer *w, const struct page *p)
{
	bool	 ascii = utf8_is_ascii(buf_span(&p->text));

	notice_part(w, ascii ? "text/plain; charset=us-ascii" :
	    "text/plain; charset=utf-8");
	notice_line(w, "Content-Language: %s", p->phrases->tag);
	if (!ascii)
		notice_line(w, "Content-Transfer-Encoding: quoted-printable");
	notice_line(w, "%s", "");
	if (ascii)
		notice_octets(w, buf_span(&p->text));
	else if (!mime_put_quoted(buf_span(&p->text), w->out))
		w->done = false;
	w->done = w->done && p->done;
}

void
notice_words(struct notice_writer *w)
{
	struct page	 p = { .notice = w->notice, .language = w->language,
			    .phrases = phrases_of(w->language), .done = true };
	unsigned	 i;

	for (i = 0; i < VALUE_COUNT; i++)
		p.values[i] = span_of("");
	buf_init(&p.text, NOTICE_MAX);
	put_opening(&p);
	for (i = 0; i < ACTION_COUNT; i++)
		put_section(&p, (enum notice_action)i);
	put_end(&p, w->returned);
	put_part(w, &p);
	buf_clear(&p.text);
}
