/* SPDX-License-Identifier: ISC */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include "control/admin.h"

/* What the files of control share. */
struct peer	*control_queue(void);		/* NULL while it starts */
struct session	*control_session(struct peer *, uint64_t token,
		    enum msg_type asked);	/* whose ASK this answers */

struct session	*control_next(struct session *, enum msg_type asked);

/* control_queue.c: orders about messages, and what queue answers. */
void	 control_order(struct session *, struct span words);
void	 control_next_part(struct session *);
void	 control_content(struct session *, struct span arg);
void	 control_next_content(struct session *);
void	 on_ordered_one(struct peer *, struct msg *);
void	 on_ordered(struct peer *, struct msg *);
void	 on_shown(struct peer *, struct msg *);

/* control_import.c: a message of another machine. */
void	 control_import(struct session *, struct span words);
void	 on_freed(struct peer *, struct msg *);
void	 on_opened(struct peer *, struct msg *);
void	 on_stored(struct peer *, struct msg *);

#endif
