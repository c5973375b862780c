/* SPDX-License-Identifier: ISC */
/*
 * relais-master: the only process that stays root.  It reads the
 * configuration, binds the listeners, starts all other programs, wires them
 * to each other and watches them.  It parses no mail and talks to no
 * stranger.
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "master/daemon.h"
#include "master/rebuild.h"
#include "master/stop.h"
#include "master/suite.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "shared/priv.h"

static struct {
	const char		*file;
	const char		*programs;
	bool			 check, foreground, rebuild, verbose;

	struct places		 places;
	struct listeners	 listeners;
	struct suite		 suite;
	struct loop		*loop;
	struct watch		 signals;
	int			 signal_fd;
	int			 starter;	/* who waits for our word */
	int			 pidfile;
	char			 folder[PATH_MAX];	/* of programs */
	char			 path[PATH_MAX];	/* of the file */
} master = {
	.file = SYSCONFDIR "/relais.conf",
	.programs = LIBEXECDIR,
	.signal_fd = -1,
	.starter = -1,
	.pidfile = -1,
	.suite = { .stderr_fd = -1, .log_end = -1 },
};

/* ---- the configuration -------------------------------------------------- */

static int
load(void)
{
	struct config_notes	 notes;
	struct span		 text;
	bool			 good;

	config_notes_init(&notes);
	master.suite.config = config_new();
	good = config_load(master.suite.config, master.file, &notes);
	text = buf_span(&notes.errors);
	fd_write_all(STDERR_FILENO, text.ptr, text.len);
	text = buf_span(&notes.warnings);
	if (good && master.check) {
		while (text.len > 0) {
			struct span	 line;

			text = span_cut(text, '\n', &line);
			fprintf(stderr, "warning: %.*s\n", (int)line.len,
			    line.ptr);
		}
		printf("%s: no errors\n", master.file);
	}
	config_notes_clear(&notes);
	return good ? EX_OK : EX_CONFIG;
}

static const char *
directory_of(const char *path)
{
	return path[0] == '/' ? "" : ".";
}

/* What happens next may change the directory; the programs are found now, and
 * the file, which may be another one behind the same name later. */
static int
find_paths(void)
{
	char	 here[PATH_MAX];

	if (realpath(master.programs, master.folder) == NULL) {
		log_error("%s: %s", master.programs, strerror(errno));
		return EX_UNAVAILABLE;
	}
	here[0] = '\0';
	if (*directory_of(master.file) != '\0' &&
	    getcwd(here, sizeof here - 1) == NULL) {
		log_error("%s: %s", master.file, strerror(errno));
		return EX_OSERR;
	}
	if (snprintf(master.path, sizeof master.path, "%s%s%s", here,
	    here[0] == '\0' ? "" : "/", master.file) >=
	    (int)sizeof master.path) {
		log_error("%s: %s", master.file, strerror(ENAMETOOLONG));
		return EX_OSERR;
	}
	return EX_OK;
}

/* ---- signals ------------------------------------------------------------ */

static void
on_signal(uint32_t number)
{
	switch (number) {
	case SIGCHLD:
		children_reap(&master.suite);
		break;
	case SIGHUP:
		orders_reload(&master.suite, NULL, 0);
		break;
	default:
		stop_begin(&master.suite);
	}
}

static void
on_signals(void *arg, unsigned events)
{
	struct signalfd_siginfo	 info;

	(void)arg;
	(void)events;
	while (read(master.signal_fd, &info, sizeof info) ==
	    (ssize_t)sizeof info)
		on_signal(info.ssi_signo);
}

static void
take_signals(void)
{
	sigset_t	 set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_SETMASK, &set, NULL) == -1 ||
	    (master.signal_fd = signalfd(-1, &set,
	    SFD_CLOEXEC | SFD_NONBLOCK)) == -1)
		fatal("signals: %s", strerror(errno));
	watch_init(&master.signals, master.loop, master.signal_fd, on_signals,
	    NULL);
	watch_want(&master.signals, LOOP_READ);
}

/* ---- the suite ---------------------------------------------------------- */

static void
on_ready(void)
{
	log_info("ready, relais %s, pid %d", RELAIS_VERSION, (int)getpid());
	if (master.places.unprivileged)
		log_warning("without root no process changes its root or its "
		    "user");
	if (priv_landlock_version() == 0)
		log_warning("this kernel has no Landlock: files are guarded "
		    "by user and root directory alone");
	daemon_tell(&master.starter, EX_OK);
}

/* Nobody gains rights below us, no memory goes to disk, and children may have
 * as many descriptors as the machine allows. */
static void
protect(void)
{
	struct rlimit	 none = { 0, 0 }, files;

	umask(077);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    setrlimit(RLIMIT_CORE, &none) == -1)
		fatal("no-new-privs: %s", strerror(errno));
#ifndef SANITIZED
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		fatal("no dumps: %s", strerror(errno));
#endif
	if (getrlimit(RLIMIT_NOFILE, &files) == -1)
		fatal("limit of descriptors: %s", strerror(errno));
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) == -1)
		fatal("limit of descriptors: %s", strerror(errno));
}

static void
describe(struct suite *s)
{
	s->file = master.path;
	s->places = &master.places;
	s->listeners = &master.listeners;
	s->programs = master.folder;
	s->verbose = master.verbose;
	s->ready = on_ready;
	s->foreground = master.foreground;
	suite_choose_log(s);
}

/* Standard input is nothing's; standard error is the logger's, if it is to
 * write there, and kept for it before the background begins. */
static int
settle_descriptors(struct suite *s)
{
	bool	 keep = master.foreground || s->log_kind == LOG_TO_STDERR;
	int	 null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null == -1 || dup2(null, STDIN_FILENO) == -1) {
		log_error("/dev/null: %s", strerror(errno));
		return EX_OSERR;
	}
	if (!keep) {
		s->stderr_fd = null;
		return EX_OK;
	}
	fd_close(&null);
	s->has_stderr = true;
	s->stderr_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	return s->stderr_fd == -1 ? EX_OSERR : EX_OK;
}

static int
serve(void)
{
	struct suite	*s = &master.suite;

	master.loop = loop_new();
	suite_init(s, master.loop);
	take_signals();
	if (master.foreground || master.verbose)
		log_info("starting");
	suite_start(s);
	loop_run(master.loop);
	suite_clear(s);
	watch_clear(&master.signals);
	fd_close(&master.signal_fd);
	loop_free(master.loop);
	return s->failed || master.starter != -1 ? EX_UNAVAILABLE : EX_OK;
}

/* All that must be there before the first child. */
static int
run(void)
{
	const struct config	*config = master.suite.config;
	char			 runtime[RUNTIME_PATH_MAX + 1];
	int			 status = EX_CANTCREAT;

	(void)span_copy(span_of(config->runtime), runtime, sizeof runtime);

	if (chdir("/") == -1)
		return EX_OSERR;
	protect();
	if (places_make(&master.places, config) &&
	    (master.pidfile = pidfile_take(runtime)) != -1 &&
	    listeners_open(&master.listeners, config))
		status = serve();
	if (master.pidfile != -1)
		listeners_close(&master.listeners);
	pidfile_drop(&master.pidfile, runtime);
	return status;
}

static int
start(void)
{
	int	 status;

	if (!places_find(&master.places, master.suite.config))
		return EX_CONFIG;
	if ((status = find_paths()) != EX_OK)
		return status;
	describe(&master.suite);
	if ((status = settle_descriptors(&master.suite)) != EX_OK)
		return status;
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return EX_OSERR;
	if (!master.foreground &&
	    (master.starter = daemon_detach()) == -1) {
		log_error("background: %s", strerror(errno));
		return EX_OSERR;
	}
	status = run();
	daemon_tell(&master.starter, status);
	return status;
}

static int
usage(void)
{
	fputs("usage: relais-master [-dnRv] [-f FILE] [-p PROGRAMS]\n", stderr);
	return EX_USAGE;
}

static int
options(int argc, char **argv)
{
	int	 c;

	while ((c = getopt(argc, argv, "df:np:Rv")) != -1)
		switch (c) {
		case 'd':
			master.foreground = true;
			break;
		case 'f':
			master.file = optarg;
			break;
		case 'n':
			master.check = true;
			break;
		case 'p':
			master.programs = optarg;
			break;
		case 'R':
			master.rebuild = true;
			break;
		case 'v':
			master.verbose = true;
			break;
		default:
			return usage();
		}
	return optind == argc ? EX_OK : usage();
}

int
main(int argc, char **argv)
{
	int	 status;

	log_name("master");
	if ((status = options(argc, argv)) != EX_OK)
		return status;
	status = load();
	if (status == EX_OK && master.rebuild)
		status = rebuild(master.suite.config->spool);
	else if (status == EX_OK && !master.check)
		status = start();
	fd_close(&master.suite.stderr_fd);
	config_free(master.suite.config);
	return status;
}
