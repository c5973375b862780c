/* SPDX-License-Identifier: ISC */
#ifndef TESTS_SCHEDULE_WORLD_H
#define TESTS_SCHEDULE_WORLD_H

#include "tests/sim/peer.h"
#include "tests/sim/sim.h"

/*
 * A small world, drawn from a seed: who sends what to whom and when, what is at
 * home in each destination, how long everything takes, and when queue and
 * remote are begun anew.  Times are nanoseconds of the simulation's clock.
 */
enum {
	PLACES_MAX = 12, POSTS_MAX = 48, ADDRESSEES_MAX = 8, SENDERS = 4,
	REMOTES = 2, COURIERS = REMOTES + 1, STROKES_MAX = 4,
	LEVELS = 3,			/* priorities of messages */
	LINES = (SENDERS + 1) * LEVELS,
	PASSING = 2,			/* jobs of another one meanwhile */
	BEGUN_MAX = 512			/* jobs that rates look back to */
};
#define SECONDS		((int64_t)1000000000)
#define HOUR		(60 * 60 * SECONDS)

/* What a destination does. */
enum habit {
	TAKES, TAKES_SLOWLY,
	PUTS_OFF,		/* 4xx for each recipient */
	GREYLISTS,		/* the same, in the beginning */
	IS_BUSY,		/* 4xx for the whole connection */
	REFUSES,		/* 5xx */
	IS_DEAD,		/* no connection, at once */
	HANGS,			/* likewise, after a long time */
	HANGS_LATE,		/* silent behind its greeting */
	HABITS
};

/* As CONF_DESTINATION says it: 0, as usual.  Of a place: what is so. */
struct manner {
	char		 pattern[24];
	uint32_t	 retry_first, retry_max, life, notice_life;
	unsigned	 window_first, window, recipients, priority;
	unsigned	 share;		/* percent; of a place: jobs */
	unsigned	 per_second, per_hour;
};

struct closing {
	uint32_t	 failures;
	int64_t		 until;
};

struct host {
	char		 name[40];
	bool		 local;
	enum habit	 habits[2];	/* before and behind `turn` */
	int64_t		 turn;
	int64_t		 greets, takes, hangs;
	struct manner	 manner;

	/* as the wires show it */
	unsigned	 running[COURIERS];
	struct closing	 least, most;	/* if queue forgot it; if not */
	int64_t		 answered;	/* 0: not in this life */
	int64_t		 quiet;		/* no job since */
	bool		 owed;		/* one, but for a slot */
	unsigned	 passed[PLACES_MAX];	/* jobs of others meanwhile */
	struct {
		unsigned	 size, good;
	} window;
	int64_t		 begun[BEGUN_MAX];	/* the latest jobs */
	unsigned	 nbegun;		/* in this life */
	unsigned	 all, served[LINES];	/* jobs of each line, and */
	unsigned	 before[LINES][LINES];	/* when one came */
	unsigned	 since[LINES];		/* of all, when it had one */
	unsigned	 begins[LINES];		/* of all, when one came */
	bool		 waits[LINES];
	unsigned	 needs[LINES];		/* turns until the next */
};

enum end { IS_UNSENT, WAITS, RUNS, IS_DELIVERED, IS_REFUSED, IS_EXPIRED };

struct party {
	struct post	*post;
	unsigned	 number;
	struct host	*place;
	enum end	 end;
	unsigned	 attempts, noticed;
	int64_t		 due;		/* not before */
	int64_t		 owed;		/* not much later */
	bool		 suspect;	/* a deliverer died over it */
	bool		 astray;	/* queue may not know its place */
};

struct post {
	uint64_t	 id, size;
	int64_t		 when;		/* it is sent */
	unsigned	 sender;	/* SENDERS: nobody */
	unsigned	 line;		/* of it, and its priority */
	bool		 stored;
	int64_t		 since;		/* that it is */
	unsigned	 count;
	struct party to[ADDRESSEES_MAX];
};

enum stroke { QUEUE_CRASHES, QUEUE_ENDS, QUEUE_IS_REPLACED, REMOTE_DIES,
	STROKES };

struct world {
	uint32_t	 retry_first, retry_max, life, notice_life;
	unsigned	 remotes, slots;
	bool		 journal, mannered, paced, urges, heavy;
	struct host	 places[PLACES_MAX];	/* the first: of senders */
	unsigned	 nplaces;
	struct manner	 manners[PLACES_MAX + 2];
	unsigned	 nmanners;
	struct manner	 usual;
	struct post	 posts[POSTS_MAX];
	unsigned	 nposts;
	struct {
		int64_t		 when;
		enum stroke	 what;
	} strokes[STROKES_MAX];
	unsigned	 nstrokes, struck;
	int64_t		 end;		/* all must be over then */
	int64_t		 longest;	/* a job can take */
};

struct world	*world(void);
void		 world_draw(void);
void		 manners_draw(void);
enum habit	 place_habit(const struct host *);
struct host	*place_named(const char *name);
struct post	*post_with(uint64_t id);
bool		 is_over(const struct party *);

/* ---- neighbours ---------------------------------------------------------- */

void		 feed_join(void);		/* master, smtpd, lookup */
void		 feed_queue_died(void);
bool		 feed_next(int64_t *when);	/* what is sent next */
void		 feed_due(void);
void		 feed_answer(void);	/* what lookup was asked */

void		 couriers_join(void);
void		 couriers_queue_died(void);
bool		 couriers_next(int64_t *when);
void		 couriers_due(void);
void		 courier_dies(void);
unsigned	 courier_doubts(unsigned courier);
unsigned	 courier_free(unsigned courier);	/* slots */
unsigned	 couriers_silent(const struct host *);	/* jobs */
bool		 couriers_have_notice(void);	/* which may be a suspect */

/* ---- claims -------------------------------------------------------------- */

bool		 place_is_proven(const struct host *);

/* A job is handed out, for a sender's mail; a recipient in it; its end. */
void		 claim_job(struct host *, unsigned courier);
void		 claim_turn(struct host *, const struct post *);
void		 claim_recipient(struct party *);
void		 claim_done(struct host *, unsigned courier,
		    const struct msg_done *);

/* Who had a job is gone, and what was in it waits again; `fatal`: perhaps that
 * was its death.  All of a courier. */
void		 claim_lost(struct party **, unsigned n, bool fatal);
void		 claim_gone(unsigned courier);

/* What became of a recipient; its sender was told of it. */
void		 claim_end(struct party *, enum end);
void		 claim_later(struct party *, bool old);
void		 claim_told(const char *address);

/* ---- what a place may have, and memory ----------------------------------- */

void		 ceilings_begin(struct host *);
void		 ceilings_job(struct host *, unsigned others);
void		 ceilings_done(struct host *, const struct msg_done *);
void		 ceilings_idle(struct host *);	/* no job is left */
void		 ceilings_hold(void);

/* When its rates let the next one go, at the latest; how much longer somebody
 * may wait for them in memory. */
int64_t		 ceilings_paced(const struct host *);
int64_t		 ceilings_patience(const struct host *);

/* ---- lines --------------------------------------------------------------- */

void		 lines_forget(struct host *);	/* nobody waits in any */

/* Behind each turn; behind all of an event; when a queue has begun; when all
 * should be over. */
void		 claims_lines(void);
void		 claims_hold(void);
void		 claims_begin(void);
bool		 claims_are_over(void);
void		 claims_end(void);

#endif
