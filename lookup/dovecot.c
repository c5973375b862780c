/* SPDX-License-Identifier: ISC */
/*
 * dovecot asks Dovecot who knows a password, by the protocol of its
 * authentication, over the one socket that it can reach: its root is the
 * directory of that socket.  What Dovecot says is not believed to be sound;
 * nonsense ends that connection, and another is made in a while.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "lookup/dovecot_dialog.h"
#include "lookup/dovecot_line.h"
#include "shared/alloc.h"
#include "shared/base64.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "shared/program.h"
#include "shared/stream.h"

enum {
	OUT_MAX		= JUDGES_MAX * 2 * DOVECOT_LINE_MAX,
	NAME_SIZE	= 108,		/* unix(7) */
	GREETINGS_MAX	= 256,		/* lines before DONE */
	AGE_TO_END	= 40 * 1000,	/* master has started by then */
	NOT_SECRET	= 0x5a		/* what is in memory that was freed */
};

/* Those that others have as well, best first. */
static const char *const	 known[] = {
	"SCRAM-SHA-256", "PLAIN", "LOGIN"
};

static struct {
	struct process	*process;
	struct loop	*loop;
	struct peer	*lookup;
	struct instant	 begun;
	bool		 is_absent;	/* there was no such directory */
	char		 socket[NAME_SIZE];
	char		*path;		/* as it was told, for the log */
	struct stream	*stream;
	bool		 ready;		/* DONE came */
	bool		 told;		/* that it is away */
	unsigned	 greetings;
	unsigned	 has;		/* mask of `known` */
	int64_t		 wait;		/* before the next connection */
	struct timer	 again;
	struct timer	 patience;
	struct dialogs	 dialogs;
} dovecot;

static unsigned
credit(enum role role)
{
	return role == ROLE_LOOKUP ? JUDGES_MAX : 0;
}

/* ---- lookup is told ------------------------------------------------------ */

static void
tell_what_it_can(void)
{
	struct msg	 m = { .type = MSG_JUDGE_CAN };
	char		 names[REASON_TEXT_MAX];
	size_t		 i, n = 0;

	names[0] = '\0';
	for (i = 0; dovecot.ready && i < COUNT(known); i++)
		if (dovecot.has & 1u << i)
			n += (size_t)snprintf(names + n, sizeof names - n,
			    "%s%s", n > 0 ? " " : "", known[i]);
	m.judge_can.mechanisms = span_of(names);
	if (dovecot.lookup != NULL)
		peer_put(dovecot.lookup, &m);
}

static void
judged(uint64_t token, enum judged_outcome outcome, const char *user)
{
	struct msg	 m = { .type = MSG_JUDGED };

	m.judged.token = token;
	m.judged.outcome = outcome;
	m.judged.identity = span_of(outcome == JUDGED_GOOD ? user : "");
	m.judged.account = span_of(user);
	if (dovecot.lookup != NULL)
		peer_put(dovecot.lookup, &m);
}

/* ---- dialogs ------------------------------------------------------------- */

static void
end(struct dialog *d, enum judged_outcome outcome, const char *user)
{
	judged(d->token, outcome, user);
	dialogs_remove(&dovecot.dialogs, d);
}

/* A client that is asked has the time that smtpd gives it. */
static void
set_patience(void)
{
	struct dialog	*d = dialogs_next_due(&dovecot.dialogs);

	if (d != NULL)
		timer_set(&dovecot.patience, d->until);
	else if (dovecot.ready || dovecot.stream == NULL)
		timer_unset(&dovecot.patience);
}

static void
await(struct dialog *d)
{
	dialogs_await(&dovecot.dialogs, d,
	    clock_after(loop_now(dovecot.loop), DOVECOT_TIME));
	set_patience();
}

/* ---- the connection ------------------------------------------------------ */

/*
 * A directory that was not there, or is another one by now, is seen by the
 * next process; during a start of the suite an end would be the end of all.
 */
static bool
should_begin_anew(int error)
{
	return (dovecot.is_absent || error == ENOENT) &&
	    clock_ms_between(dovecot.begun, clock_now()) >= AGE_TO_END;
}

static void
try_later(int error, const char *what)
{
	if (!dovecot.told)
		log_warning("%s: %s; nobody can log in until it is back",
		    dovecot.path, error != 0 ? strerror(error) : what);
	dovecot.told = true;
	if (should_begin_anew(error)) {
		process_exit(dovecot.process, EX_TEMPFAIL);
		return;
	}
	timer_in(&dovecot.again, dovecot.wait);
	dovecot.wait *= 2;
	if (dovecot.wait > DOVECOT_MAX)
		dovecot.wait = DOVECOT_MAX;
}

/* All that were asked hear of it: nobody can know what would have come. */
static void
lose(int error, const char *what)
{
	struct dialog	*d;
	bool		 was_ready = dovecot.ready;

	stream_free(dovecot.stream);
	dovecot.stream = NULL;
	dovecot.ready = false;
	dovecot.has = 0;
	while ((d = dialogs_first(&dovecot.dialogs)) != NULL)
		end(d, JUDGED_LATER, "");
	set_patience();
	if (was_ready)
		tell_what_it_can();
	try_later(error, what);
}

static void
on_patience(void *arg)
{
	(void)arg;
	lose(ETIMEDOUT, NULL);
}

static void
on_closed(void *arg, int error)
{
	(void)arg;
	lose(error, "Dovecot has ended the connection");
}

/* ---- what Dovecot says --------------------------------------------------- */

/* Each gives NULL, or what is wrong. */
static const char *
hear_mech(const struct dovecot_line *l)
{
	size_t	 i;

	for (i = 0; !dovecot.ready && i < COUNT(known); i++)
		if (span_is(l->text, known[i]))
			dovecot.has |= 1u << i;
	return NULL;
}

static const char *
hear_done(const struct dovecot_line *l)
{
	(void)l;
	if (dovecot.ready)
		return "Dovecot says DONE twice";
	dovecot.ready = true;
	dovecot.wait = DOVECOT_FIRST;
	set_patience();
	if (dovecot.told)
		log_info("%s: Dovecot is back", dovecot.path);
	dovecot.told = false;
	tell_what_it_can();
	return NULL;
}

/* The number of a dialog that was cancelled is nobody's. */
static const char *
hear_ok(const struct dovecot_line *l)
{
	struct dialog	*d = dialogs_find_number(&dovecot.dialogs, l->number);

	if (d == NULL)
		return NULL;
	if (strlen(l->user) > USER_TEXT_MAX) {
		log_warning("%s: a name of more than %d octets cannot log in",
		    dovecot.path, USER_TEXT_MAX);
		end(d, JUDGED_BAD, l->user);
	} else
		end(d, JUDGED_GOOD, l->user);
	set_patience();
	return NULL;
}

static const char *
hear_fail(const struct dovecot_line *l)
{
	struct dialog	*d = dialogs_find_number(&dovecot.dialogs, l->number);

	if (d != NULL)
		end(d, l->temporary ? JUDGED_LATER : JUDGED_BAD, l->user);
	set_patience();
	return NULL;
}

static const char *
hear_cont(const struct dovecot_line *l)
{
	char		 data[LOGIN_OCTETS_MAX];
	struct dialog	*d = dialogs_find_number(&dovecot.dialogs, l->number);
	struct msg	 m = { .type = MSG_JUDGE_SAYS };
	size_t		 n;

	if (!base64_take(l->text, data, sizeof data, &n))
		return "Dovecot says what is not base64";
	if (d == NULL)
		return NULL;
	if (d->asked)
		return "Dovecot asks twice";
	d->asked = true;
	m.judge_says.token = d->token;
	m.judge_says.data = span_make(data, n);
	if (dovecot.lookup != NULL)
		peer_put(dovecot.lookup, &m);
	set_patience();
	return NULL;
}

static const char *
hear_other(const struct dovecot_line *l)
{
	(void)l;
	return NULL;
}

static const char	*(*const hears[])(const struct dovecot_line *) = {
	[DOVECOT_VERSION]	= hear_other,
	[DOVECOT_MECH]		= hear_mech,
	[DOVECOT_DONE]		= hear_done,
	[DOVECOT_OK]		= hear_ok,
	[DOVECOT_CONT]		= hear_cont,
	[DOVECOT_FAIL]		= hear_fail,
	[DOVECOT_OTHER]		= hear_other,
};

static const char *
hear(struct span text)
{
	struct dovecot_line	 l;

	if (!dovecot_parse(text, &l))
		return "Dovecot says what its protocol does not have";
	if (!dovecot.ready && ++dovecot.greetings > GREETINGS_MAX)
		return "Dovecot has no end of greetings";
	if (dovecot.greetings == 1 && l.command != DOVECOT_VERSION)
		return "Dovecot does not begin with its version";
	if (!dovecot.ready && (l.command == DOVECOT_OK ||
	    l.command == DOVECOT_CONT || l.command == DOVECOT_FAIL))
		return "Dovecot answers what nobody asked";
	return hears[l.command](&l);
}

static void
on_readable(void *arg)
{
	struct buf	*in = stream_in(dovecot.stream);
	struct span	 held, line;
	const char	*wrong = NULL;

	(void)arg;
	while (wrong == NULL) {
		held = buf_span(in);
		span_cut(held, '\n', &line);
		if (line.len > DOVECOT_LINE_MAX)
			wrong = "Dovecot says a line that is too long";
		else if (line.len == held.len)
			return;
		else {
			wrong = hear(line);
			if (wrong == NULL)
				buf_drop(in, line.len + 1);
		}
	}
	lose(0, wrong);
}

static const struct stream_calls	 calls = {
	on_readable, NULL, on_closed
};

static const struct stream_limits	 limits = {
	.in = 2 * DOVECOT_LINE_MAX, .out = OUT_MAX
};

static void
on_again(void *arg)
{
	struct sockaddr_un	 at = { .sun_family = AF_UNIX };
	int			 fd = -1, error = ENOENT;

	(void)arg;
	(void)span_copy(span_of(dovecot.socket), at.sun_path,
	    sizeof at.sun_path);
	if (!dovecot.is_absent) {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
		    SOCK_NONBLOCK, 0);
		if (fd == -1 || connect(fd, (struct sockaddr *)&at,
		    sizeof at) == -1) {
			error = errno;
			fd_close(&fd);
		}
	}
	if (fd == -1) {
		try_later(error, NULL);
		return;
	}
	dovecot.stream = stream_new(dovecot.loop, fd, &limits, &calls, NULL);
	dovecot.greetings = 0;
	timer_in(&dovecot.patience, DOVECOT_TIME);
	(void)dovecot_put_hello(stream_out(dovecot.stream), getpid());
	(void)stream_put(dovecot.stream, span_of(""));
}

/* ---- what lookup says ---------------------------------------------------- */

/* A line that Dovecot would not take, or that the stream does not. */
static bool
send_line(struct buf *line)
{
	bool	 good = buf_len(line) > 0 &&
		    stream_put(dovecot.stream, buf_span(line));

	span_wipe(buf_span(line));
	buf_clear(line);
	return good;
}

static bool
ask(const struct dialog *d, const struct msg_judge *j)
{
	struct dovecot_request	 r = { d->number, j->mechanism, j->address,
				    j->has_initial, j->initial };
	struct buf		 line;

	buf_init(&line, DOVECOT_LINE_MAX);
	if (!dovecot_put_auth(&line, &r))
		buf_drop(&line, buf_len(&line));
	return send_line(&line);
}

static bool
has(struct span mechanism)
{
	size_t	 i;

	for (i = 0; i < COUNT(known); i++)
		if (dovecot.has & 1u << i && span_is(mechanism, known[i]))
			return true;
	return false;
}

static void
on_judge(struct peer *from, struct msg *m)
{
	const struct msg_judge	*j = &m->judge;
	struct dialog		*d;

	if (dialogs_find_token(&dovecot.dialogs, j->token) != NULL)
		peer_accuse(from, "asks twice by one token");
	else if (!dovecot.ready)
		judged(j->token, JUDGED_LATER, "");
	else if (!has(j->mechanism))
		judged(j->token, JUDGED_MALFORMED, "");
	else {
		d = dialogs_add(&dovecot.dialogs, j->token);
		await(d);
		if (!ask(d, j))
			end(d, JUDGED_MALFORMED, "");
	}
	span_wipe(j->initial);
}

static void
cancel(struct dialog *d)
{
	struct buf	 line;

	buf_init(&line, DOVECOT_LINE_MAX);
	(void)dovecot_put_cancel(&line, d->number);
	(void)send_line(&line);
	end(d, JUDGED_CANCELLED, "");
	set_patience();
}

/* Only what Dovecot asked for is answered. */
static void
on_judge_hears(struct peer *from, struct msg *m)
{
	const struct msg_judge_hears	*h = &m->judge_hears;
	struct dialog			*d;
	struct buf			 line;

	(void)from;
	d = dialogs_find_token(&dovecot.dialogs, h->token);
	if (d != NULL && h->cancelled)
		cancel(d);
	else if (d != NULL && d->asked) {
		buf_init(&line, DOVECOT_LINE_MAX);
		if (!dovecot_put_cont(&line, d->number, h->data))
			buf_drop(&line, buf_len(&line));
		await(d);
		if (!send_line(&line))
			end(d, JUDGED_MALFORMED, "");
	}
	span_wipe(h->data);
}

static void
found(struct peer *peer)
{
	if (peer_role(peer) != ROLE_LOOKUP)
		return;
	dovecot.lookup = peer;
	tell_what_it_can();
}

static void
lost(struct peer *peer)
{
	struct dialog	*d;

	if (peer != dovecot.lookup)
		return;
	dovecot.lookup = NULL;
	while ((d = dialogs_first(&dovecot.dialogs)) != NULL)
		cancel(d);
}

/* ---- the program --------------------------------------------------------- */

/* Without its root a process has no walls, and nothing to do either. */
static void
before_drop(struct process *p)
{
	const struct msg_boot	*boot = process_boot(p);
	struct priv_identity	 who = { boot->uid, boot->gid, NULL, "/",
				    boot->flags & BOOT_UNPRIVILEGED };
	char			*root = span_dup(boot->root);
	struct stat		 st;

	dovecot.process = p;
	(void)mallopt(M_PERTURB, NOT_SECRET);
	if (stat(root, &st) == -1 || !S_ISDIR(st.st_mode)) {
		dovecot.is_absent = true;
		process_become(p, &who);
	}
	free(root);
}

static void
after_drop(struct process *p)
{
	dovecot.loop = process_loop(p);
	dovecot.begun = clock_now();
	dovecot.wait = DOVECOT_FIRST;
	dialogs_init(&dovecot.dialogs);
	timer_init(&dovecot.again, dovecot.loop, on_again, NULL);
	timer_init(&dovecot.patience, dovecot.loop, on_patience, NULL);
}

/* The root is the socket's directory, so its last name is all of its path. */
static void
on_conf_dovecot(struct peer *master, struct msg *m)
{
	struct span	 path = m->conf_dovecot.path, name = path;

	(void)master;
	if (dovecot.path != NULL)
		return;
	while (span_index(name, '/') < name.len)
		name = span_skip(name, span_index(name, '/') + 1);
	if (name.len == 0 || !span_copy(name, dovecot.socket,
	    sizeof dovecot.socket))
		fatal("a socket has no name, or one that is too long");
	dovecot.path = span_dup(path);
	timer_in(&dovecot.again, 0);
}

static const struct route	 inbox[] = {
	{ MSG_CONF_DOVECOT,	on_conf_dovecot },
	{ MSG_JUDGE,		on_judge },
	{ MSG_JUDGE_HEARS,	on_judge_hears },
	{ MSG_COUNT,		NULL }
};

static const struct program	 program = {
	.role = ROLE_DOVECOT,
	.priv = { .calls = PRIV_UNIX },
	.credit = credit,
	.before_drop = before_drop,
	.after_drop = after_drop,
	.found = found,
	.lost = lost,
	.inbox = inbox
};

int
main(int argc, char **argv)
{
	return program_run(&program, argc, argv);
}
