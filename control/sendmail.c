/* SPDX-License-Identifier: ISC */
/*
 * sendmail(8), mailq(1) and newaliases(8): a client of the suite with no
 * rights of its own.  It speaks SMTP to RUNTIME/submit, where the kernel
 * tells who calls.
 */
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "control/author.h"
#include "control/compose.h"
#include "control/options.h"
#include "control/runtime.h"
#include "control/submit.h"
#include "shared/clock.h"
#include "shared/fd.h"
#include "shared/log.h"

enum { COMPOSED_MAX = LETTER_HEADER_MAX + 4096, PROXY_SIZE = 16384 };

/* What one run of MODE_DELIVER or MODE_VERIFY holds. */
struct delivery {
	const struct options *options;
	char		**recipients;	/* of the command line */
	struct author	 author;
	struct letter	 letter;
	struct server	 server;
	struct recipients to;
	struct buf	 header;
};

static int
usage(void)
{
	fputs("usage: sendmail [-Gitv] [-B type] [-b mode] [-F name] "
	    "[-f sender] [-N notify] [-R full|hdrs] [-V envid] "
	    "[recipient ...]\n", stderr);
	return EX_USAGE;
}

/* ---- other programs, other modes ---------------------------------------- */

static int
become(const char *path, const char *word, const char *second,
    const char *third)
{
	char	*argv[] = { (char *)path, (char *)word, (char *)second,
		    (char *)third, NULL };

	execv(path, argv);
	log_error("%s: %m", path);
	return EX_OSFILE;
}

static int
explain_aliases(void)
{
	fputs("newaliases: alias files are read when relais starts, and "
	    "again at `relais reload`\n", stderr);
	return EX_UNAVAILABLE;
}

/* Copies what is there, one read; false at the end of `from`. */
static bool
copy_some(int from, int to)
{
	char	 octets[PROXY_SIZE];
	ssize_t	 n = read(from, octets, sizeof(octets));

	if (n == -1 && errno == EINTR)
		return true;
	return n > 0 && fd_write_all(to, octets, n) == 0;
}

/* Standard input and output become the connection. */
static int
speak_smtp(void)
{
	int		 fd = runtime_connect(runtime_directory(), "submit",
			    SERVER_PATIENCE);
	struct pollfd	 ends[] = { { fd, POLLIN, 0 }, { 0, POLLIN, 0 } };

	if (fd == -1) {
		printf("421 4.3.2 relais is not running\r\n");
		return EX_TEMPFAIL;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	for (;;) {
		if (poll(ends, 2, -1) == -1 && errno != EINTR)
			return EX_OSERR;
		if (ends[0].revents != 0 && !copy_some(fd, STDOUT_FILENO))
			return EX_OK;
		if (ends[1].revents != 0 && !copy_some(STDIN_FILENO, fd)) {
			(void)shutdown(fd, SHUT_WR);
			ends[1].fd = -1;
		}
	}
}

/* ---- a message ---------------------------------------------------------- */

static int
read_letter(struct delivery *d)
{
	switch (letter_read(&d->letter, STDIN_FILENO, d->options->dot_ends)) {
	case LETTER_OK:
		return EX_OK;
	case LETTER_HEADER_TOO_LARGE:
		log_error("the header is too large");
		return EX_DATAERR;
	case LETTER_READ_FAILED:
		log_error("standard input: %m");
		return EX_IOERR;
	case LETTER_SPOOL_FAILED:
		log_error("temporary file: %m");
		return EX_CANTCREAT;
	}
	return EX_SOFTWARE;
}

static int
connect_server(struct delivery *d)
{
	const char	*runtime = runtime_directory();

	if (server_open(&d->server, runtime, d->options->verbose) == -1) {
		log_error("relais is not running (%s/submit: %m)", runtime);
		return EX_TEMPFAIL;
	}
	if (d->author.origin[0] == '\0')
		(void)snprintf(d->author.origin, sizeof(d->author.origin),
		    "%s", d->server.host);
	return EX_OK;
}

static int
complain(enum recipients_status status, struct span where)
{
	if (status == RECIPIENTS_TOO_MANY)
		log_error("more than %d recipients", RECIPIENTS_MAX);
	else
		log_error("%.*s: not an address", (int)where.len, where.ptr);
	return EX_DATAERR;
}

static int
find_recipients(struct delivery *d)
{
	enum recipients_status	 status = RECIPIENTS_OK;
	struct span		 where = span_of("");
	char			**to;

	recipients_init(&d->to, d->author.origin);
	for (to = d->recipients; *to != NULL && status == RECIPIENTS_OK; to++) {
		where = span_of(*to);
		status = recipients_add(&d->to, where);
	}
	if (status == RECIPIENTS_OK && d->options->from_header)
		status = recipients_from_header(&d->to,
		    buf_span(&d->letter.header), &where);
	if (status != RECIPIENTS_OK)
		return complain(status, where);
	if (d->to.count > 0)
		return EX_OK;
	log_error("no recipients");
	return d->options->from_header ? EX_DATAERR : EX_USAGE;
}

/* The envelope's sender, and who stands in a From that is missing. */
static int
find_sender(struct delivery *d, struct addr *sender, struct addr *from)
{
	const char	*given = d->options->sender;

	if (addr_from(span_of(d->author.login), span_of(d->author.origin),
	    from) != ADDR_OK) {
		log_error("%s@%s: not an address", d->author.login,
		    d->author.origin);
		return EX_DATAERR;
	}
	*sender = *from;
	if (given == NULL)
		return EX_OK;
	if (!recipients_one(span_of(given), d->author.origin, sender)) {
		log_error("%s: not an address", given);
		return EX_USAGE;
	}
	if (!addr_is_null(sender))
		*from = *sender;
	return EX_OK;
}

static bool
compose(struct delivery *d, const struct addr *from)
{
	struct compose	 c = { .from = *from, .name = d->author.name,
			    .host = d->author.origin, .now = clock_wall(),
			    .drops_bcc = d->options->from_header };
	struct span	 header = buf_span(&d->letter.header);

	if (d->options->gateway)
		return buf_put(&d->header, header);
	return compose_header(&c, header, &d->header);
}

static int
hand_over(struct delivery *d)
{
	struct submission	 m = { .recipients = &d->to };
	struct addr		 from;
	int			 status = find_sender(d, &m.sender, &from);

	if (status != EX_OK)
		return status;
	status = find_recipients(d);
	if (status != EX_OK)
		return status;
	if (!compose(d, &from)) {
		log_error("the header is too large");
		return EX_DATAERR;
	}
	(void)dsn_mail_words(d->options->ret, span_of(d->options->envid),
	    m.mail_words);
	(void)dsn_rcpt_words(d->options->notify, span_of(""), m.rcpt_words);
	m.header = buf_span(&d->header);
	m.is_8bit = d->letter.has_8bit || d->options->is_8bit;
	if (d->options->mode == MODE_DELIVER)
		m.letter = &d->letter;
	return submit(&d->server, &m);
}

/* All input is read before the server is asked: it waits for nobody. */
static int
deliver(const struct options *o, char **recipients)
{
	struct delivery	 d = { .options = o, .recipients = recipients };
	int		 status = EX_OK;

	if (*recipients == NULL && !o->from_header) {
		log_error("no recipients");
		return EX_USAGE;
	}
	letter_init(&d.letter);
	buf_init(&d.header, COMPOSED_MAX);
	author_find(&d.author, o->name);
	if (o->mode == MODE_DELIVER)
		status = read_letter(&d);
	if (status == EX_OK)
		status = connect_server(&d);
	if (status == EX_OK)
		status = hand_over(&d);
	server_close(&d.server);
	recipients_clear(&d.to);
	buf_clear(&d.header);
	letter_clear(&d.letter);
	return status;
}

/*
 * A caller may have closed these: what is then said to standard error must not
 * go into the connection, that would have its number.  Write only, so that a
 * standard input that is closed is not taken for an empty message.
 */
static void
open_standard(void)
{
	int	 fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 && open("/dev/null",
		    O_WRONLY) == -1)
			_exit(EX_OSERR);
}

int
main(int argc, char **argv)
{
	struct options	 o;

	open_standard();
	log_name("sendmail");
	if (argc == 0 || !options_read(&o, argc, argv))
		return usage();
	switch (o.mode) {
	case MODE_DELIVER:
	case MODE_VERIFY:
		return deliver(&o, argv + o.first);
	case MODE_SMTP:
		return speak_smtp();
	case MODE_MAILQ:
		return become(SBINDIR "/relais", "queue", "list",
		    o.json ? "--json" : NULL);
	case MODE_RETRY:
		return become(SBINDIR "/relais", "queue", "retry", o.retry);
	case MODE_START:
		return become(SBINDIR "/relais", "start", NULL, NULL);
	case MODE_FOREGROUND:
		return become(SBINDIR "/relais-master", "-d", NULL, NULL);
	case MODE_NEWALIASES:
		return explain_aliases();
	case MODE_NOTHING:
		return EX_OK;
	case MODE_TEST:
		break;
	}
	log_error("this mode is not there");
	return EX_UNAVAILABLE;
}
