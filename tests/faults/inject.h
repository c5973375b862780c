/* SPDX-License-Identifier: ISC */
#ifndef TESTS_FAULTS_INJECT_H
#define TESTS_FAULTS_INJECT_H

#include <sys/types.h>
#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

/*
 * What is to happen at a system call of a program, and the processes that are
 * watched for it.
 */
enum {
	NAME_MAX_ROLE = 32,
	RULES_MAX = 32,
	WHAT_MAX = 512,
	ARGUMENTS = 6
};

enum call_kind {
	CALL_FD,	/* the first argument is a descriptor */
	CALL_PATH,	/* ... a path */
	CALL_AT,	/* ... a descriptor, the second a path */
	CALL_OTHER
};

struct call {
	const char	*name;
	long		 number;
	enum call_kind	 kind;
	bool		 disk;		/* it changes what is on disk */
	int		 count;		/* which argument is a size; 0: none */
};

/* The table; NULL: none of that name, or number. */
const struct call	*call_by_name(const char *);
const struct call	*call_by_number(uint64_t);

enum action { ACT_KILL_BEFORE, ACT_KILL_AFTER, ACT_ERROR, ACT_SHORT };

struct rule {
	bool			 is_set;
	char			 role[NAME_MAX_ROLE];
	const struct call	*call;		/* NULL: all of the disk */
	char			 filter[64];	/* part of its file's name */
	unsigned long		 when, count, seen;
	enum action		 action;
	int			 error;
};

struct tracee {
	LIST_ENTRY(tracee) entry;
	pid_t		 tid, tgid;
	char		 role[NAME_MAX_ROLE];
	const struct call *call;	/* if a rule is for it */
	struct rule	*rule;		/* what is to be done at its end */
	int		 error;		/* to be told then */
	char		 what[WHAT_MAX];	/* the file it is about */
};

/* Registers: the arguments of the call that is about to be made, and the
 * result of the one that was.  False when the tracee is gone. */
bool	 registers_spoil(pid_t, const struct call *);
bool	 registers_shorten(pid_t, const struct call *, uint64_t count);
bool	 registers_fail(pid_t, int error);

/* "/spool/queue/journal/00", or what can be told. */
void	 call_describe(const struct tracee *, const struct call *,
	    const uint64_t args[ARGUMENTS], char into[WHAT_MAX]);

#endif
