/* SPDX-License-Identifier: ISC */
/* The notices that the queue makes: what they say is what senders know. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "queue/spool.h"
#include "tests/sim/model.h"

enum { HEARD_MAX = 4096 };

static struct {
	uint64_t	 ids[HEARD_MAX];
	unsigned	 count;
	uint64_t	 again;		/* that tells of several messages */
} heard;

ssize_t	 __real_fd_pread_all(int, void *, size_t, off_t);

void
heard_notice(uint64_t id)
{
	if (heard.count > 0 && heard.ids[heard.count - 1] == id) {
		sim()->digests += heard.again != id;
		heard.again = id;
		return;
	}
	if (heard.count == HEARD_MAX)
		broken("%d notices in one turn", HEARD_MAX);
	heard.ids[heard.count++] = id;
}

/* Of a single leaf nothing is recorded: after a crash what was said of the leaf
 * is said of who it stands for. */
static struct node *
node_told(struct mail *m, const char *address)
{
	struct node	*n = node_of(m, address);
	char		 leaf[72];

	if (n->dead || !has_single_leaf(address, leaf))
		return n;
	return node_of(m, leaf);
}

static void
told_of_delay(const struct mail *m, struct node *n)
{
	sim()->delays++;
	if (++n->delayed > 1)
		broken("<%s> of message %u is told to be late twice",
		    n->address, m->number);
	if (n->noticed > 0)
		broken("<%s> of message %u has failed, and is late",
		    n->address, m->number);
}

/* One whose sender is told of it. */
static void
told_of(const char *address, bool is_delayed)
{
	unsigned	 number;
	struct mail	*m = NULL;
	struct node	*n;

	if (sscanf(address, "r%u.", &number) == 1)
		m = model_at(number);
	if (m == NULL)
		broken("a notice of <%s>, who is nobody", address);
	if (addr_is_null(&m->sender) || m->fate == FATE_NEVER ||
	    m->fate == FATE_OPEN)
		broken("a notice of message %u (%d)", number, m->fate);
	if (is_delayed) {
		told_of_delay(m, node_of(m, address));
		return;
	}
	n = node_told(m, address);
	if (++n->noticed > 1)
		broken("<%s> of message %u is told of twice", address,
		    number);
	if (!n->dead)
		broken("<%s> of message %u had not failed", address, number);
	if (n->delivered > 0 && n->excuses == 0)
		broken("<%s> has message %u, and its sender is told",
		    address, number);
}

/* A recipient's fields end with an empty line. */
static bool
is_delayed(const char *fields)
{
	const char	*end = strstr(fields, "\r\n\r\n");
	const char	*at = strstr(fields, "\nAction: delayed");

	return at != NULL && (end == NULL || at < end);
}

static void
read_text(struct mail *m)
{
	static const char	 mark[] = "\nFinal-Recipient: rfc822; ";
	const char		*p = m->text;
	char			 address[72];

	while ((p = strstr(p, mark)) != NULL) {
		p += sizeof mark - 1;
		if (sscanf(p, "%71[^\r\n]", address) != 1)
			broken("a notice names nobody");
		told_of(address, is_delayed(p));
	}
}

static bool
copy_content(struct message *qm, const struct mail *m)
{
	struct queue	*q = sim()->queue;
	int		 fd;
	bool		 good;

	if (qm != NULL && hot_copy(qm, 0, (size_t)m->size, m->text))
		return true;
	if (qm != NULL && qm->hot && !qm->filed)
		return __real_fd_pread_all(qm->place.fd, m->text,
		    (size_t)m->size, (off_t)qm->place.offset) ==
		    (ssize_t)m->size;
	fd = spool_open_message(&q->spool, m->id);
	good = fd != -1 && __real_fd_pread_all(fd, m->text, (size_t)m->size,
	    0) == (ssize_t)m->size;
	(void)close(fd);
	return good;
}

static void
learn(uint64_t id, uint64_t size, struct message *qm, struct span to)
{
	struct mail	*m = mail_find(id);
	char		 text[72];

	if (m != NULL && m->notice)
		return;
	m = mail_new();
	mail_has_id(m, id);
	m->notice = true;
	m->count = 1;
	m->size = size;
	m->fate = FATE_PROMISED;
	(void)addr_parse(span_of(""), &m->sender);
	m->text = own_new((size_t)size + 1);
	(void)span_copy(to, text, sizeof text);
	(void)node_of(m, text);
	note("notice %llx is message %u", (unsigned long long)id, m->number);
	if (!copy_content(qm, m))
		broken("notice %llx cannot be read", (unsigned long long)id);
	sim()->notices++;
	read_text(m);
}

static void
learn_cold(struct view *v, uint64_t id)
{
	struct recipient_row	 row;
	struct message_row	 m;
	int64_t			 number = -1;

	if (!view_message(v, id, &m) || !(m.flags & MESSAGE_NOTICE) ||
	    !view_next_recipient(v, id, &number, &row))
		return;
	learn(id, m.size, NULL, row.address);
}

static void
learn_hot(struct message *m)
{
	struct recipient	*r = RB_MIN(recipient_tree, &m->recipients);

	if (m->hot && (m->flags & MESSAGE_NOTICE) && r != NULL)
		learn(m->id, m->size, m, span_of(r->address));
}

void
notices_learn(void)
{
	struct queue	*q = sim()->queue;
	struct message	*m;
	struct view	 v;
	unsigned	 i;

	if (heard.count == 0)
		return;
	view_open(&v, q->index);
	for (i = 0; i < heard.count; i++) {
		m = message_find(q, heard.ids[i]);
		if (m != NULL && m->hot)
			learn_hot(m);
		else
			learn_cold(&v, heard.ids[i]);
		if (mail_find(heard.ids[i]) == NULL)
			broken("notice %llx is nowhere",
			    (unsigned long long)heard.ids[i]);
	}
	view_close(&v);
	heard.count = 0;
}

/* Those that a dead queue had made, and not told of. */
void
notices_find(void)
{
	struct queue		*q = sim()->queue;
	struct message		*m;
	struct message_row	 row;
	struct view		 v;
	uint64_t		 id = 0;

	heard.count = 0;
	RB_FOREACH(m, message_tree, &q->messages.tree)
		learn_hot(m);
	view_open(&v, q->index);
	while (view_next_message(&v, &id, &row))
		learn_cold(&v, id);
	view_close(&v);
}
