/* SPDX-License-Identifier: ISC */
#ifndef SHARED_PROGRAM_H
#define SHARED_PROGRAM_H

#include "shared/loop.h"
#include "shared/peer.h"
#include "shared/priv.h"

/*
 * A program is a description.  program_run alone knows the order: hear BOOT
 * from master, read what needs rights (before_drop), chroot, groups, gid, uid,
 * verify that they cannot come back, no-new-privs, limits, Landlock, prepare
 * (after_drop), seccomp, then the loop.
 *
 * It answers FREED, HELLO, BOOT, WIRE, STOP, DRAIN, PING and START itself; the
 * rest of what comes goes to the inbox.  All hooks may be NULL, but for `stop`
 * in programs that have something to finish.  A row that is allowed by ipc.def
 * and is not in the inbox is ignored.
 */
struct process;

struct route {
	enum msg_type	type;		/* MSG_COUNT ends the list */
	void		(*handle)(struct peer *, struct msg *);
};

struct program {
	enum role	 role;
	struct priv	 priv;		/* the walls: shared/priv.h */

	/* ASKs that each neighbour of `role` may have unanswered with us */
	unsigned	 (*credit)(enum role);

	/* With rights, before the walls; BOOT is at hand.  May read files. */
	void		(*before_drop)(struct process *);

	/* Behind Landlock and uid, before seccomp; threads start here. */
	void		(*after_drop)(struct process *);

	/* All of the configuration and all first pairs have come. */
	void		(*start)(void);

	/* A neighbour said HELLO; it is gone (its peer is freed behind the
	 * call; answers that it owed will not come). */
	void		(*found)(struct peer *);
	void		(*lost)(struct peer *);

	/* A slot of the ring towards this neighbour is free again. */
	void		(*freed)(struct peer *);

	/* End in order: finish, then process_exit.  NULL: exit at once.  Comes
	 * also when master is gone. */
	void		(*stop)(void);

	/* A successor serves: take nothing new, finish what runs however long
	 * it takes, then process_exit.  `stop` may follow.  NULL: as stop. */
	void		(*drain)(void);

	void		(*end_of_turn)(void);	/* before peers are flushed */

	/* logger only: a socket on which a process sends its lines; the
	 * descriptor is the hook's. */
	void		(*log_source)(struct process *, int fd, enum role,
			    unsigned instance, struct span name);

	const struct route *inbox;
};

/* main() of every program but master: returns its exit status. */
int	 program_run(const struct program *, int argc, char **argv);

/*
 * For before_drop alone.  The agent says whom to become (borrowed until
 * program_run has dropped), and which files Landlock leaves besides those of
 * its description: absolute paths, copied.
 */
void	 process_become(struct process *, const struct priv_identity *);
void	 process_allow(struct process *, const char *path, unsigned access);

/* Likewise: its connections may have a source address. */
void	 process_may_bind(struct process *);

/* For the programs' hooks. */
struct loop		*process_loop(struct process *);
const struct msg_boot	*process_boot(const struct process *);

/* The neighbour (any instance, NULL when absent); all of one role. */
struct peer	*process_peer(struct process *, enum role);
struct peer	*process_next_peer(struct process *, enum role,
		    struct peer *after);
struct peer	*process_master(struct process *);

/* Is there a neighbour of this role whose HELLO has not come yet? */
bool		 process_expects(struct process *, enum role);

/* STOP, and the same program is started anew at once. */
bool		 process_has_successor(const struct process *);
void		 process_exit(struct process *, int status);

/* Closes the pair with a neighbour; `lost` is not called.  For local, which
 * sends idle agents home. */
void		 process_dismiss(struct process *, struct peer *);

#endif
