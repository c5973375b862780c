/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "queue/change.h"
#include "queue/queue.h"
#include "shared/alloc.h"
#include "shared/log.h"

struct change *
change_new(enum change_kind kind, void (*finished)(struct change *))
{
	struct change	*c = xcalloc(1, sizeof *c);

	c->kind = kind;
	c->finished = finished;
	c->by = -1;
	STAILQ_INIT(&c->content);
	STAILQ_INIT(&c->rows);
	return c;
}

void
change_free(struct change *c)
{
	if (c == NULL)
		return;
	timer_clear(&c->again);
	letter_free(c->letter);
	file_free(c->file);
	pieces_clear(&c->content);
	pieces_clear(&c->rows);
	free(c->numbers);
	free(c->name);
	free(c);
}

void
change_add_row(struct change *c, const struct recipient_row *r)
{
	char		 raw[ROW_MAX];
	struct pack	 p;
	struct piece	*row;

	pack_init(&p, raw, sizeof raw);
	recipient_row_encode(r, &p);
	if (p.failed)
		fatal("a recipient's row is too long");
	row = piece_new(p.len);
	memcpy(row->data, raw, p.len);
	STAILQ_INSERT_TAIL(&c->rows, row, entry);
}

static void
on_again(void *arg)
{
	struct change	*c = arg;

	c->error = 0;
	jobs_put(queue_state()->spiller, &c->job);
}

static void
try_again(struct change *c)
{
	char	 id[ID_SIZE];

	id_format(id, c->id);
	log_error("%s: not recorded, tried again: %s", id,
	    strerror(c->error));
	c->patience = c->patience == 0 ? CHANGE_AGAIN : c->patience * 2;
	if (c->patience > LOOK_MAX)
		c->patience = LOOK_MAX;
	timer_in(&c->again, c->patience);
}

static void
on_back(struct job *job)
{
	struct change	*c = (struct change *)job;
	struct queue	*q = queue_state();

	if (c->error == 0 || c->kind == CHANGE_STREAM ||
	    c->kind == CHANGE_STORE)
		c->finished(c);
	else
		try_again(c);
	queue_check_end(q);
}

void
change_put(struct queue *q, struct change *c)
{
	c->job.done = on_back;
	if (c->again.loop == NULL)
		timer_init(&c->again, q->loop, on_again, c);
	jobs_put(q->spiller, &c->job);
}
