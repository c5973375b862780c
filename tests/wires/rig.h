/* SPDX-License-Identifier: ISC */
#ifndef TESTS_WIRES_RIG_H
#define TESTS_WIRES_RIG_H

#include <sys/types.h>

#include "shared/pem.h"
#include "shared/ring.h"
#include "tests/wires/forge.h"

/*
 * One real program, and the rig in the place of master and of all its
 * neighbours.  One neighbour is hostile; the others answer as they should,
 * and must never lose their pair for what the hostile one said.
 */
enum { WIRES_MAX = 96, CLIENTS_MAX = 16, WAIT = 2000, LINE_SIZE = 512,
	CREDIT = 64 };

/* Our end of a pair; `role` is who we play. */
struct wire {
	int		 fd;		/* -1: the pair has ended */
	enum role	 role;
	unsigned	 instance;
	bool		 greeted;	/* the program's HELLO came */
	unsigned	 credit;
	struct ring	*out, *in;
	unsigned	 answers;	/* that came */
	char		 name[USER_TEXT_MAX + 1];

	/* a conversation: the JOB or DELIVER in hand */
	uint64_t	 token, message, size;
	uint32_t	 left;
	uint32_t	 slot;		/* of our ring, the next */
};

/* A client of smtpd, control or monitor, or remote's server. */
struct client {
	int		 fd;		/* -1: none */
	bool		 content;	/* the 354 was answered */
	bool		 slow;		/* it stops amid its content */
	bool		 serves;	/* it is remote's server */
	unsigned	 octets;	/* that came */
};

struct rig {
	enum role	 program;
	enum role	 enemy;
	const char	*programs, *scratch;
	pid_t		 pid;
	int		 status;	/* once pid is -1 */
	int		 control, log;
	char		 line[LINE_SIZE];	/* the last that was logged */
	char		 user[USER_TEXT_MAX + 1];

	struct wire	*wires[WIRES_MAX];
	unsigned	 nwires;
	struct wire	*hostile;
	struct wire	*struck;	/* that was hostile, and must end */
	unsigned	 serial;	/* of instances */
	unsigned	 grants;	/* credit for the program; 0: CREDIT */

	int		 listener;	/* the program's, or remote's server */
	unsigned	 port;
	struct client	 clients[CLIENTS_MAX];

	struct dice	 dice;
	struct hints	 hints;
	bool		 wild;		/* the hostile one changes frames */
	bool		 mute;		/* it answers nothing */
	struct buf	 held;		/* what it says with its next frame */

	EVP_PKEY	*key;		/* that keys is told of */
	uint8_t		 key_name[KEY_NAME_SIZE];
	size_t		 signature;	/* the last one's length */

	unsigned	 accused[ROLE_COUNT];
	unsigned long	 frames, ended, accusations;
	unsigned	 passed, failed;
};

/* Starts the program and says HELLO, BOOT, the configuration, and START if
 * `begun`; stops it and takes all away. */
void	 rig_start(struct rig *, bool begun);
void	 rig_begin(struct rig *);
void	 rig_stop(struct rig *);
bool	 rig_lives(struct rig *);	/* else `status` is set */

/* The control pair. */
void	 rig_tell(struct rig *, const struct msg *);

/* A new pair between the program and `role`. */
struct wire	*wire_new(struct rig *, enum role, unsigned instance,
		    const char *name);
struct wire	*wire_find(struct rig *, enum role, unsigned instance);
void	 wire_free(struct rig *, struct wire *);
void	 wire_greet(struct rig *, struct wire *);
bool	 wire_send(struct rig *, struct wire *, struct span frame,
	    const int *fds, unsigned nfds);

/* Says a row; what the hostile one says may be changed. */
void	 wire_say(struct rig *, struct wire *, const struct msg *);

/* One look at all that came, waiting at most `ms`. */
void	 rig_turn(struct rig *, int ms);
bool	 rig_until(struct rig *, bool (*done)(struct rig *, void *), void *);

void	 rig_check(struct rig *, bool good, const char *fmt, ...)
	    __attribute__((__format__(__printf__, 3, 4)));

/* clients.c */
void	 client_start(struct rig *);
void	 client_start_slow(struct rig *, unsigned i);
void	 client_go_on(struct rig *, const char *text);
void	 clients_close(struct rig *);
void	 client_listen(struct rig *);	/* makes `listener` */
int	 client_open(struct rig *);
void	 client_ready(struct rig *, struct client *);
void	 server_accept(struct rig *);

/* answers.c: what an honest neighbour says to what it hears, and by itself. */
void	 answer(struct rig *, struct wire *, struct msg *);
void	 converse(struct rig *, struct wire *);

/* signing.c: keys' part of what stands above. */
void	 signing_configure(struct rig *);
void	 signing_ask(const struct rig *, uint64_t token, struct msg_sign *);
void	 signing_hear(struct rig *, const struct msg_signature *,
	    bool was_changed);

/* wishes.c: part of directed.c. */
void	 smtpd_to_keys(struct rig *);

/* handshake.c: smtpd with TLS, where keys is the hostile one. */
void	 handshake_configure(struct rig *);
void	 handshake_begin(struct rig *, int fd);

/* programs.c: what the program is told at first, and how it is roused. */
void	 program_configure(struct rig *);
void	 program_boot(struct rig *, struct msg_boot *);
void	 program_wire(struct rig *);	/* all honest neighbours */
void	 program_rouse(struct rig *);
void	 program_probe(struct rig *, const char *when);

/* directed.c: what a mind would try, not a dice. */
void	 directed(struct rig *);

/* hostile.c: a new hostile neighbour; an agent, which ends with its pair and
 * may do so at any moment, is started anew, and its status looked at. */
void	 new_pair(struct rig *, bool greets);
bool	 may_end(const struct rig *);
void	 revive(struct rig *);

/* judging.c: lookup and those who judge passwords. */
void	 judging_configure(struct rig *);
void	 judging_configure_dovecot(struct rig *);
void	 judging_ask(struct rig *, uint64_t token, struct msg_judge *);
void	 judging_on_login(struct rig *, struct wire *, struct msg *);
void	 judging_on_response(struct rig *, struct wire *, struct msg *);
void	 judging_greet(struct rig *, struct wire *);
void	 judging_on_judge(struct rig *, struct wire *, struct msg *);
void	 judging_on_hears(struct rig *, struct wire *, struct msg *);
void	 judging_on_says(struct rig *, struct wire *, struct msg *);

/* wild.c: conversations with a dice; a probe, once clients whose questions
 * were swallowed have been let go; KiB that the program holds. */
void	 run_wild(struct rig *, unsigned long frames);
void	 probe_anew(struct rig *, const char *when);
unsigned long	 memory_of(const struct rig *);

#endif
