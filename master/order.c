/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "master/order.h"
#include "master/reload.h"
#include "master/restart.h"
#include "master/suite.h"
#include "shared/alloc.h"
#include "shared/log.h"

/* A role that stops has its patience and may be killed then. */
enum { ROLE_TIME = CHILD_PATIENCE + 10 * 1000 };

/* As relais(8) exits. */
enum { REFUSED = 1 };

/* Whom others ask comes before them; control comes behind the answer, which
 * it has to pass on. */
static const enum role	 sequence[] = {
	ROLE_LOGGER, ROLE_KEYS, ROLE_USERS, ROLE_PASSWORDS, ROLE_DOVECOT,
	ROLE_LOOKUP, ROLE_RESOLVER, ROLE_CONNECTOR, ROLE_QUEUE, ROLE_REMOTE,
	ROLE_LOCAL, ROLE_MONITOR, ROLE_SMTPD
};

enum { ROLE_NAME_SIZE = 16 };	/* a blank, a name, a zero */

struct order {
	TAILQ_ENTRY(order) entry;
	bool		 reload;
	bool		 begun;
	pid_t		 asker;		/* which control; -1: nobody */
	uint64_t	 token;
	unsigned	 todo;		/* a mask of roles */
	unsigned	 renewed;	/* a mask of those that began anew */
	unsigned	 count;		/* of their processes */
	unsigned	 status;
	char		 why[REASON_TEXT_MAX + 1];
};

static void	 on_role_time(void *);

void
orders_init(struct suite *s)
{
	TAILQ_INIT(&s->orders);
	s->renewing = ROLE_COUNT;
	timer_init(&s->role_time, s->loop, on_role_time, s);
}

static void
order_free(struct suite *s, struct order *o)
{
	TAILQ_REMOVE(&s->orders, o, entry);
	free(o);
}

void
orders_clear(struct suite *s)
{
	struct order	*o;

	timer_clear(&s->role_time);
	while ((o = TAILQ_FIRST(&s->orders)) != NULL)
		order_free(s, o);
}

static void __attribute__((__format__(__printf__, 3, 4)))
fail(struct order *o, unsigned status, const char *fmt, ...)
{
	va_list	 ap;

	o->status = status;
	va_start(ap, fmt);
	vsnprintf(o->why, sizeof o->why, fmt, ap);
	va_end(ap);
}

/* ---- answers ------------------------------------------------------------ */

/* Another control than the one that asked knows of no question. */
static struct peer *
asker_of(struct suite *s, const struct order *o)
{
	struct child	*c = children_find(s, ROLE_CONTROL, 0);

	return c != NULL && c->pid == o->asker ? c->peer : NULL;
}

static void
answer(struct suite *s, const struct order *o)
{
	struct peer	*to = asker_of(s, o);
	struct msg	 m = { .type = o->reload ? MSG_RELOADED :
			    MSG_RESTARTED };

	if (to == NULL)
		return;
	if (o->reload) {
		m.reloaded.token = o->token;
		m.reloaded.count = o->count;
		m.reloaded.status = o->status;
		m.reloaded.text = span_of(o->why);
	} else {
		m.restarted.token = o->token;
		m.restarted.count = o->count;
		m.restarted.status = o->status;
		m.restarted.text = span_of(o->why);
	}
	peer_put(to, &m);
}

/* Lines of the configuration's reader: to who asked, and to the log. */
static void
tell_lines(struct suite *s, const struct order *o, struct span lines)
{
	struct peer	*to = asker_of(s, o);
	struct msg	 m = { .type = MSG_RELOAD_LINE };
	char		 text[CONFIG_NOTE_MAX + 1];
	struct span	 line;
	char		*p;

	m.reload_line.token = o->token;
	while (lines.len > 0) {
		lines = span_cut(lines, '\n', &line);
		if (line.len > CONFIG_NOTE_MAX)
			line = span_head(line, CONFIG_NOTE_MAX);
		(void)span_copy(line, text, sizeof text);
		for (p = text; *p != '\0'; p++)
			if ((unsigned char)*p < ' ' || *p == 0x7f)
				*p = '?';
		m.reload_line.text = span_of(text);
		if (to != NULL)
			peer_put(to, &m);
		if (o->status != 0)
			log_error("%s", text);
		else
			log_warning("%s", text);
	}
}

/* ---- one role after the other ------------------------------------------- */

static void
begin_reload(struct suite *s, struct order *o)
{
	struct reload	 r;

	reload(s, &r);
	o->todo = r.roles;
	if (r.status != EX_OK)
		fail(o, r.status, "%s", r.why);
	tell_lines(s, o, buf_span(&r.lines));
	if (r.status != EX_OK)
		log_error("reload: %s", r.why);
	buf_clear(&r.lines);
}

static void
renew(struct suite *s, struct order *o, enum role role)
{
	unsigned	 n = restart_role(s, role);

	o->todo &= ~(1u << role);
	o->renewed |= (unsigned)(n > 0) << role;
	o->count += n;
	if (n == 0 && restart_wanted(s, role) > 0)
		fail(o, EX_TEMPFAIL, "no other %s can begin now",
		    role_name(role));
	s->renewing = role;
	timer_in(&s->role_time, ROLE_TIME);
}

/* False when nothing is left but, perhaps, control. */
static bool
renew_next(struct suite *s, struct order *o)
{
	size_t	 i;

	for (i = 0; i < COUNT(sequence); i++)
		if (o->todo & 1u << sequence[i]) {
			renew(s, o, sequence[i]);
			return true;
		}
	return false;
}

static void
tell_done(const struct order *o)
{
	char	 names[ROLE_COUNT * ROLE_NAME_SIZE] = "";
	size_t	 len = 0;
	int	 role;

	for (role = 0; role < ROLE_COUNT; role++)
		if (o->renewed & 1u << role)
			len += (size_t)snprintf(names + len,
			    sizeof names - len, " %.*s", ROLE_NAME_SIZE - 2,
			    role_name(role));
	log_info("%s is done, processes that began anew: %u%s%s",
	    o->reload ? "reload" : "restart", o->count, len > 0 ? "," : "",
	    names);
}

static void
finish(struct suite *s, struct order *o)
{
	bool	 control = o->todo & 1u << ROLE_CONTROL;

	o->count += control;
	o->renewed |= (unsigned)control << ROLE_CONTROL;
	answer(s, o);
	if (o->status == 0 && (o->reload || o->count > 0))
		tell_done(o);
	else if (o->status != 0 && !o->reload)
		log_warning("restart: %s", o->why);
	if (control)
		renew(s, o, ROLE_CONTROL);
	order_free(s, o);
}

void
orders_go_on(struct suite *s)
{
	struct order	*o;

	while (s->phase == PHASE_RUNNING &&
	    (o = TAILQ_FIRST(&s->orders)) != NULL) {
		if (s->renewing != ROLE_COUNT &&
		    !restart_is_over(s, s->renewing))
			return;
		timer_unset(&s->role_time);
		s->renewing = ROLE_COUNT;
		if (o->reload && !o->begun)
			begin_reload(s, o);
		o->begun = true;
		if (!renew_next(s, o))
			finish(s, o);
	}
}

static void
on_role_time(void *arg)
{
	struct suite	*s = arg;
	struct order	*o = TAILQ_FIRST(&s->orders);

	if (o != NULL && o->begun)
		fail(o, EX_TEMPFAIL, "%s has not begun anew in time",
		    role_name(s->renewing));
	s->renewing = ROLE_COUNT;
	orders_go_on(s);
}

void
orders_failed(struct suite *s, const struct child *c)
{
	struct order	*o = TAILQ_FIRST(&s->orders);
	char		 label[LABEL_SIZE];

	log_error("%s ended before it served; the one before it goes on",
	    child_label(c, label));
	if (o != NULL && o->begun)
		fail(o, REFUSED, "the new %s ended at once, the old one goes "
		    "on", role_name(c->role));
}

/* ---- orders come -------------------------------------------------------- */

static struct order *
order_new(struct suite *s, const struct child *control, uint64_t token)
{
	struct order	*o = xcalloc(1, sizeof *o);

	o->asker = control != NULL ? control->pid : -1;
	o->token = token;
	TAILQ_INSERT_TAIL(&s->orders, o, entry);
	return o;
}

static void
refuse(struct suite *s, struct order *o, unsigned status, const char *why)
{
	fail(o, status, "%s", why);
	answer(s, o);
	order_free(s, o);
}

void
orders_restart(struct suite *s, struct child *control,
    const struct msg_restart *m)
{
	struct order	*o = order_new(s, control, m->token);

	if (s->phase != PHASE_RUNNING)
		refuse(s, o, EX_TEMPFAIL, "not while relais starts or stops");
	else if (m->role == ROLE_MASTER)
		refuse(s, o, REFUSED, "master ends with all others: stop and "
		    "start");
	else if (m->role == ROLE_AGENT)
		refuse(s, o, REFUSED, "agents belong to local, and end with "
		    "it");
	else {
		o->todo = 1u << m->role;
		orders_go_on(s);
	}
}

void
orders_reload(struct suite *s, struct child *control, uint64_t token)
{
	struct order	*o;

	if (control == NULL && s->phase != PHASE_RUNNING)
		return;
	TAILQ_FOREACH(o, &s->orders, entry)
		if (control == NULL && o->reload && !o->begun)
			return;		/* that one will see the same */
	o = order_new(s, control, token);
	o->reload = true;
	if (s->phase != PHASE_RUNNING)
		refuse(s, o, EX_TEMPFAIL, "not while relais starts or stops");
	else
		orders_go_on(s);
}
