/* SPDX-License-Identifier: ISC */
#ifndef CONTROL_SINK_H
#define CONTROL_SINK_H

#include "shared/buf.h"
#include "shared/ipc.h"
#include "shared/loop.h"

/*
 * Where log lines go in the end: a file, standard error, or syslog's socket.
 * Lines gather, and leave with sink_flush.  What cannot leave now (no sink
 * yet, syslog gone, disk full, a terminal that stands still) is kept up to a
 * ceiling; then the sink is full, and whoever fills it stops reading.
 */
enum {
	SINK_LINES_MAX	= 1 << 20,
	SINK_PACKET_LINES = 1024,	/* that are taken apart */
	SINK_HOST_SIZE	= 65
};

struct sink_line {
	int64_t		 wall;		/* when it came */
	uint32_t	 pid;		/* 0: not known */
	enum role	 role;
	struct span	 text;
};

struct sink {
	struct loop	*loop;
	enum log_kind	 kind;
	int		 fd;		/* -1: none */
	void		(*lost)(int error);	/* syslog went away */
	char		 host[SINK_HOST_SIZE];

	/* sink.c's own */
	struct watch	 watch;
	struct timer	 retry;
	bool		 may_block;	/* not a file: wait till writable */
	bool		 writable;
	int		 error;		/* of the last write */
	struct buf	 lines;		/* records */
	struct buf	 out;		/* text; the first line may be cut */
};

/* With rights: reads the time zone and the host's name. */
void	 sink_prepare(struct sink *);
void	 sink_init(struct sink *, struct loop *, void (*lost)(int));

/* Takes the descriptor and leaves the older one. */
void	 sink_open(struct sink *, enum log_kind, int fd);

/* Keeps a line, escaped once more. */
void	 sink_put(struct sink *, const struct sink_line *);

/* A packet of LOG_PACKET_MAX octets in SINK_PACKET_LINES lines might not fit,
 * and none is to be read. */
bool	 sink_is_full(const struct sink *);
bool	 sink_is_empty(const struct sink *);
void	 sink_flush(struct sink *);

/* A line as it is written, with its end; false when it does not fit. */
bool	 sink_format(const struct sink *, const struct sink_line *,
	    struct buf *);

#endif
