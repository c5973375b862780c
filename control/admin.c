/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/admin.h"
#include "shared/alloc.h"
#include "shared/clock.h"
#include "shared/fd.h"
#include "shared/log.h"

enum { ACCEPTS_TURN = 16, ACCEPT_PAUSE = 1000 };

struct admin {
	struct loop	*loop;
	const struct verb *verbs;
	int		 fd;
	struct watch	 watch;
	struct timer	 pause;		/* accept failed: not at once again */
	TAILQ_HEAD(, session) sessions;
	unsigned	 count;
	void		(*done)(void);	/* set: it is to end */
	struct timer	 stop;
};

/* Nobody is accepted while the house is full, or descriptors are short. */
static void
watch_listener(struct admin *a)
{
	bool	 wanted = a->count < ADMIN_SESSIONS_MAX &&
		    !timer_is_set(&a->pause) && a->done == NULL;

	if (a->fd != -1)
		watch_want(&a->watch, wanted ? LOOP_READ : 0);
}

/* Told once, while the token still says whether somebody is to answer. */
static void
tell_gone(struct session *s)
{
	void	(*gone)(struct session *) = s->gone;

	s->gone = NULL;
	s->input = NULL;
	if (gone != NULL)
		gone(s);
}

static void
session_free(struct session *s)
{
	struct admin	*a = s->admin;

	tell_gone(s);
	waiter_clear(&s->waiter);
	timer_clear(&s->timer);
	stream_free(s->stream);
	free(s->query);
	TAILQ_REMOVE(&a->sessions, s, entry);
	a->count--;
	free(s);
	watch_listener(a);
	if (a->done != NULL && a->count == 0)
		a->done();
}

/* ---- answers ------------------------------------------------------------ */

static void
finish(struct session *s)
{
	s->ending = true;
	tell_gone(s);
	s->token = 0;
	waiter_clear(&s->waiter);
	timer_in(&s->timer, ADMIN_READ_TIME);
	stream_finish(s->stream);
}

static bool
put(struct session *s, struct span octets)
{
	s->told = clock_now();
	if (stream_put(s->stream, octets))
		return true;
	log_warning("a client with too many rows waiting is let go");
	session_free(s);
	return false;
}

bool
session_octets(struct session *s, struct span octets)
{
	return put(s, octets);
}

bool
session_row(struct session *s, const char *fmt, ...)
{
	char	*row;
	va_list	 ap;
	int	 len;
	bool	 fits;

	va_start(ap, fmt);
	len = vasprintf(&row, fmt, ap);
	va_end(ap);
	if (len == -1)
		fatal("no memory for a row");
	row[len] = '\n';
	fits = put(s, span_make(row, len + 1));
	free(row);
	return fits;
}

void
session_ok(struct session *s, uint64_t count)
{
	if (session_row(s, "ok\t%llu", (unsigned long long)count))
		finish(s);
}

void
session_err(struct session *s, int status, const char *text)
{
	if (session_row(s, "err\t%d\t%s", status, text))
		finish(s);
}

/* ---- questions to neighbours -------------------------------------------- */

static void
try_ask(void *arg)
{
	struct session	*s = arg;

	if (!peer_ask(s->peer, &s->ask))
		peer_wait(s->peer, &s->waiter, try_ask, s);
}

void
session_ask(struct session *s, struct peer *to, uint64_t *token)
{
	s->wanted = to == NULL ? token : NULL;
	if (to == NULL) {
		timer_in(&s->timer, ADMIN_START_TIME);
		return;
	}
	s->peer = to;
	s->token = *token = peer_token(to);
	timer_in(&s->timer, s->patience > 0 ? s->patience : ADMIN_IDLE);
	try_ask(s);
}

bool
session_query(struct session *s, struct span words)
{
	const char	*wrong;

	s->query = xcalloc(1, sizeof *s->query);
	wrong = query_parse(s->query, words);
	if (wrong != NULL)
		session_err(s, ADMIN_ERR_USAGE, wrong);
	return wrong == NULL;
}

bool
session_page_end(struct session *s, uint64_t next)
{
	if (next == 0)
		return true;
	if (next <= s->query->after) {
		peer_accuse(s->peer, "lists in circles");
		return false;
	}
	s->query->after = next;
	session_answered(s);
	return false;
}

/* Who waits for rows that are rare is not to believe us gone. */
void
session_answered(struct session *s)
{
	s->token = 0;
	timer_in(&s->timer, ADMIN_READ_TIME);
	if (clock_ms_between(s->told, clock_now()) > ADMIN_QUIET &&
	    !session_row(s, "wait"))
		return;
	if (s->verb->more != NULL && stream_waiting(s->stream) == 0)
		s->verb->more(s);
}

struct session *
admin_find(struct admin *a, uint64_t token)
{
	struct session	*s;

	TAILQ_FOREACH(s, &a->sessions, entry)
		if (s->token == token && token != 0)
			return s;
	return NULL;
}

struct session *
admin_answered(struct admin *a, struct peer *peer, uint64_t token,
    enum msg_type asked)
{
	struct session	*s = admin_find(a, token);

	if (s == NULL || s->ask.type == asked)
		return s;
	peer_accuse(peer, "answers another question");
	return NULL;
}

struct session *
admin_next(struct admin *a, struct session *s, enum msg_type asked)
{
	s = s == NULL ? TAILQ_FIRST(&a->sessions) : TAILQ_NEXT(s, entry);
	while (s != NULL && (s->token == 0 || s->ask.type != asked))
		s = TAILQ_NEXT(s, entry);
	return s;
}

void
admin_found(struct admin *a, struct peer *peer)
{
	struct session	*s, *next;

	for (s = TAILQ_FIRST(&a->sessions); s != NULL; s = next) {
		next = TAILQ_NEXT(s, entry);
		if (s->wanted != NULL)
			session_ask(s, peer, s->wanted);
	}
}

void
admin_lost(struct admin *a, const struct peer *peer)
{
	struct session	*s, *next;

	for (s = TAILQ_FIRST(&a->sessions); s != NULL; s = next) {
		next = TAILQ_NEXT(s, entry);
		if (s->token == 0 || s->peer != peer)
			continue;
		s->token = 0;
		session_err(s, ADMIN_ERR_LATER,
		    "who was asked ended; try again");
	}
}

/* ---- clients ------------------------------------------------------------ */

static const struct verb *
find_verb(const struct verb *v, struct span line, struct span *arg)
{
	for (; v->words != NULL; v++) {
		if (!span_starts(line, v->words))
			continue;
		*arg = span_skip(line, strlen(v->words));
		if (arg->len > 0 && arg->ptr[0] != ' ')
			continue;
		*arg = span_trim(*arg);
		return v;
	}
	return NULL;
}

static void
run_line(struct session *s, struct span line)
{
	struct span	 arg;

	s->verb = find_verb(s->admin->verbs, line, &arg);
	if (s->verb == NULL)
		session_err(s, ADMIN_ERR_USAGE, "no such request");
	else
		s->verb->run(s, arg);
}

/* What comes behind the first line is not read but by who asks for it. */
static void
take_line(struct session *s)
{
	struct span	 in = buf_span(stream_in(s->stream));
	char		 copy[ADMIN_LINE_MAX];
	struct span	 line;

	(void)span_cut(in, '\n', &line);
	if (line.len < in.len) {
		memcpy(copy, line.ptr, line.len);
		buf_drop(stream_in(s->stream), line.len + 1);
		stream_hold(s->stream, true);
		run_line(s, span_trim(span_make(copy, line.len)));
	} else if (in.len == ADMIN_LINE_MAX)
		session_err(s, ADMIN_ERR_USAGE, "the line is too long");
}

static void
on_readable(void *arg)
{
	struct session	*s = arg;

	if (s->input != NULL)
		s->input(s);
	else if (!s->ending && s->verb == NULL)
		take_line(s);
}

static void
on_drained(void *arg)
{
	struct session	*s = arg;

	if (!s->ending && s->token == 0 && s->verb != NULL &&
	    s->verb->more != NULL)
		s->verb->more(s);
}

static void
on_closed(void *arg, int error)
{
	(void)error;
	session_free(arg);
}

static void
on_timeout(void *arg)
{
	struct session	*s = arg;

	if (s->wanted != NULL)
		session_err(s, ADMIN_ERR_LATER,
		    "who could answer is starting; try again");
	else if (s->token != 0)
		session_err(s, ADMIN_ERR_LATER, "no answer in time");
	else
		session_free(s);
}

static void
session_new(struct admin *a, int fd)
{
	static const struct stream_limits	 limits = {
		ADMIN_LINE_MAX, ADMIN_OUT_MAX
	};
	static const struct stream_calls	 calls = {
		on_readable, on_drained, on_closed
	};
	struct ucred	 who;
	socklen_t	 len = sizeof(who);
	struct session	*s = xcalloc(1, sizeof(*s));

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == -1)
		who.uid = -1;
	s->uid = who.uid;
	s->told = clock_now();
	s->admin = a;
	s->stream = stream_new(a->loop, fd, &limits, &calls, s);
	timer_init(&s->timer, a->loop, on_timeout, s);
	timer_in(&s->timer, ADMIN_IDLE);
	TAILQ_INSERT_TAIL(&a->sessions, s, entry);
	a->count++;
}

/* ---- the listener ------------------------------------------------------- */

static void
on_accept(void *arg, unsigned events)
{
	struct admin	*a = arg;
	int		 i, fd;

	(void)events;
	for (i = 0; i < ACCEPTS_TURN && a->count < ADMIN_SESSIONS_MAX; i++) {
		fd = accept4(a->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd != -1) {
			session_new(a, fd);
			continue;
		}
		if (errno != EAGAIN && errno != EINTR &&
		    errno != ECONNABORTED) {
			log_warning("accept: %s", strerror(errno));
			timer_in(&a->pause, ACCEPT_PAUSE);
		}
		break;
	}
	watch_listener(a);
}

static void
on_pause_over(void *arg)
{
	watch_listener(arg);
}

/* A caller who has come and not yet spoken is left to our successor's care:
 * his line is a moment away, or he has none. */
static void
hurry(struct session *s)
{
	if (s->verb == NULL && !s->ending)
		timer_in(&s->timer, ACCEPT_PAUSE);
}

static void
on_stop_time(void *arg)
{
	struct admin	*a = arg;

	a->done();
}

void
admin_stop(struct admin *a, void (*done)(void))
{
	struct session	*s;

	a->done = done;
	watch_listener(a);
	TAILQ_FOREACH(s, &a->sessions, entry)
		hurry(s);
	timer_init(&a->stop, a->loop, on_stop_time, a);
	timer_in(&a->stop, ADMIN_STOP_TIME);
	if (a->count == 0)
		done();
}

struct admin *
admin_new(struct loop *loop, const struct verb *verbs)
{
	struct admin	*a = xcalloc(1, sizeof(*a));

	a->loop = loop;
	a->verbs = verbs;
	a->fd = -1;
	timer_init(&a->pause, loop, on_pause_over, a);
	TAILQ_INIT(&a->sessions);
	return a;
}

void
admin_listen(struct admin *a, int fd)
{
	if (a->fd != -1)
		watch_clear(&a->watch);
	fd_close(&a->fd);
	a->fd = fd;
	if (fd_nonblock(fd) == -1)
		fatal("listener: %s", strerror(errno));
	watch_init(&a->watch, a->loop, fd, on_accept, a);
	watch_listener(a);
}
