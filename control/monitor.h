/* SPDX-License-Identifier: ISC */
#ifndef CONTROL_MONITOR_H
#define CONTROL_MONITOR_H

#include "control/admin.h"

/* What the files of monitor share. */
struct peer	*monitor_queue(void);		/* NULL while it starts */
struct session	*monitor_session(struct peer *, uint64_t token,
		    enum msg_type asked);	/* whose ASK this answers */

/* monitor_queue.c: requests about messages, and what queue answers. */
void	 monitor_list(struct session *, struct span arg);
void	 monitor_next_page(struct session *);
void	 monitor_count(struct session *, struct span arg);
void	 monitor_next_tally(struct session *);
void	 monitor_show(struct session *, struct span arg);
void	 monitor_history(struct session *, struct span arg);
void	 on_listed(struct peer *, struct msg *);
void	 on_listed_rcpt(struct peer *, struct msg *);
void	 on_list_end(struct peer *, struct msg *);
void	 on_tallied(struct peer *, struct msg *);
void	 on_event(struct peer *, struct msg *);
void	 on_history_end(struct peer *, struct msg *);

/* A reply of several lines becomes one. */
void	 monitor_flatten(const struct reply *, char into[REPLY_TEXT_MAX + 4]);

#endif
