/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "master/confer.h"
#include "master/reload.h"
#include "master/restart.h"
#include "master/suite.h"
#include "shared/alloc.h"
#include "shared/log.h"

enum { REFUSED = 1 };

/* ---- what cannot change ------------------------------------------------- */

/* Queue has its root there, relais(8) its sockets: both stay. */
static void
keep_path(const struct suite *s, struct config_notes *notes,
    const char *keyword, char *now, const char *before)
{
	if (strcmp(now, before) == 0)
		return;
	config_warning(notes, s->file, 0, "%s stays %s until relais is "
	    "stopped and started", keyword, before);
	memcpy(now, before, strlen(before) + 1);
}

static void
keep_what_stays(const struct suite *s, struct config *c,
    struct config_notes *notes)
{
	keep_path(s, notes, "spool", c->spool, s->config->spool);
	keep_path(s, notes, "runtime", c->runtime, s->config->runtime);
	if (c->log.said && c->log.kind == LOG_TO_STDERR &&
	    !s->has_stderr) {
		config_warning(notes, s->file, 0, "log stderr waits until "
		    "relais is stopped and started");
		c->log = s->config->log;
	}
}

/* ---- what has changed --------------------------------------------------- */

static bool
differs(const struct child *c, struct span picture)
{
	return c->pid != -1 && !c->draining &&
	    !span_equal(buf_span(&c->picture), picture);
}

/* False: what a role would have to hear cannot be had. */
static bool
look_at_role(struct suite *s, enum role role, unsigned *roles)
{
	struct child	*c;
	struct buf	 picture;
	bool		 good;

	buf_init(&picture, PICTURE_MAX);
	good = confer_picture(s, role, &picture);
	TAILQ_FOREACH(c, &s->children, entry)
		if (good && c->role == role &&
		    differs(c, buf_span(&picture)))
			*roles |= 1u << role;
	if (restart_present(s, role) != restart_wanted(s, role))
		*roles |= 1u << role;
	buf_clear(&picture);
	return good;
}

static bool
look_at_all(struct suite *s, unsigned *roles)
{
	enum role	 role;

	*roles = 0;
	for (role = ROLE_MASTER + 1; role < ROLE_COUNT; role++)
		if (role != ROLE_AGENT && !look_at_role(s, role, roles))
			return false;
	return true;
}

/* ---- the new one -------------------------------------------------------- */

/* What was in force, for as long as it may have to come back. */
struct before {
	struct config	*config;
	struct listeners listeners;
};

static void
put_in_force(struct suite *s, struct config *c,
    const struct listeners *listeners)
{
	s->config = c;
	*s->listeners = *listeners;
	suite_choose_log(s);
}

static bool
adopt(struct suite *s, struct config *c, struct reload *r)
{
	struct before		*b = xcalloc(1, sizeof *b);
	struct listeners	*next = xcalloc(1, sizeof *next);
	bool			 good = false;

	b->config = s->config;
	if (!listeners_prepare(next, s->listeners, c)) {
		snprintf(r->why, sizeof r->why, "%s", next->why);
		goto out;
	}
	b->listeners = *s->listeners;
	put_in_force(s, c, next);
	good = look_at_all(s, &r->roles);
	if (good) {
		listeners_commit(s->listeners, &b->listeners);
		tls_adopt(s, b->config);
		confer_again(s, r->roles);
	} else {
		put_in_force(s, b->config, &b->listeners);
		listeners_cancel(next);
		snprintf(r->why, sizeof r->why, "a file that it names cannot "
		    "be read, see the log; the one before holds");
	}
out:
	if (good)
		config_free(b->config);
	free(next);
	free(b);
	return good;
}

void
reload(struct suite *s, struct reload *r)
{
	struct config		*c = config_new();
	struct config_notes	 notes;
	bool			 good;

	r->roles = 0;
	r->why[0] = '\0';
	r->status = EX_OK;
	config_notes_init(&notes);
	good = config_load(c, s->file, &notes);
	if (!good) {
		r->status = EX_CONFIG;
		snprintf(r->why, sizeof r->why, "the configuration has "
		    "errors; the one before holds");
	} else {
		keep_what_stays(s, c, &notes);
		good = adopt(s, c, r);
		r->status = good ? EX_OK : REFUSED;
	}
	if (!good)
		config_free(c);
	/* The lines go over to who asked. */
	r->lines = notes.nerrors > 0 ? notes.errors : notes.warnings;
	buf_clear(notes.nerrors > 0 ? &notes.warnings : &notes.errors);
}
