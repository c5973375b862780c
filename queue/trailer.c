/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>

#include "queue/pack.h"
#include "queue/queue_limits.h"
#include "queue/trailer.h"
#include "shared/alloc.h"
#include "shared/crc.h"
#include "shared/fd.h"

enum {
	VERSION		= 1,
	TAIL_SIZE	= 24,
	TAIL_SUMMED	= 12,		/* of it, before its checksum */
	HEAD_SIZE	= 16,		/* of the body, before the letter */
	CHECK_STEP	= 65536
};

static const char	 magic[] = "RELAISv1";

static void
encode_body(const struct trailer *t, struct buf *into)
{
	char		 head[HEAD_SIZE];
	struct pack	 p;

	pack_init(&p, head, sizeof head);
	pack_u32(&p, VERSION);
	pack_u64(&p, t->lineage);
	pack_u32(&p, t->crc);
	(void)buf_put(into, pack_span(&p));
	letter_pack(t->letter, into);
}

void
trailer_encode(const struct trailer *t, struct buf *into)
{
	char		 tail[TAIL_SIZE];
	struct pack	 p;
	uint32_t	 sum;

	encode_body(t, into);
	pack_init(&p, tail, sizeof tail);
	pack_u64(&p, t->letter->size);
	pack_u32(&p, buf_len(into));
	sum = crc32c(0, buf_span(into));
	pack_u32(&p, crc32c(sum, span_make(tail, TAIL_SUMMED)));
	pack_octets(&p, span_of(magic));
	(void)buf_put(into, pack_span(&p));
}

static bool
decode_body(struct span body, struct trailer *t)
{
	struct unpack	 u;

	unpack_init(&u, body);
	if (unpack_u32(&u) != VERSION)
		return false;
	t->lineage = unpack_u64(&u);
	t->crc = unpack_u32(&u);
	return letter_unpack(&u, t->letter) && unpack_ended(&u);
}

static int
bad(void)
{
	errno = EBADMSG;
	return -1;
}

static int
read_all(int fd, void *into, size_t n, off_t at)
{
	ssize_t	 got = fd_pread_all(fd, into, n, at);

	if (got == -1)
		return -1;
	return (size_t)got == n ? 0 : bad();
}

/* Where the body lies, if the tail and the file's size agree. */
static int
find_body(int fd, char tail[TAIL_SIZE], uint64_t *at, uint32_t *length)
{
	struct stat	 st;
	struct unpack	 u;
	uint64_t	 end;

	if (fstat(fd, &st) == -1)
		return -1;
	if (!S_ISREG(st.st_mode) || st.st_size < TAIL_SIZE)
		return bad();
	end = (uint64_t)st.st_size - TAIL_SIZE;
	if (read_all(fd, tail, TAIL_SIZE, (off_t)end) == -1)
		return -1;
	unpack_init(&u, span_make(tail, TAIL_SIZE));
	*at = unpack_u64(&u);
	*length = unpack_u32(&u);
	(void)unpack_u32(&u);
	if (!span_equal(u.rest, span_of(magic)) ||
	    *length > TRAILER_BODY_MAX || *at > end || end - *at != *length)
		return bad();
	return 0;
}

static int
decode(struct span body, const char tail[TAIL_SIZE], struct trailer *t)
{
	struct unpack	 u;
	uint32_t	 sum = crc32c(0, body);

	unpack_init(&u, span_make(tail + TAIL_SUMMED, sizeof sum));
	if (unpack_u32(&u) != crc32c(sum, span_make(tail, TAIL_SUMMED)))
		return bad();
	return decode_body(body, t) ? 0 : bad();
}

int
trailer_read(int fd, struct trailer *t)
{
	struct addr	 nobody = { .len = 0 };
	char		 tail[TAIL_SIZE], *body;
	uint64_t	 at = 0;
	uint32_t	 length = 0;
	int		 result = -1;

	if (find_body(fd, tail, &at, &length) == -1)
		return -1;
	body = xcalloc(1, length + 1);
	t->letter = letter_new(0, &nobody);
	if (read_all(fd, body, length, (off_t)at) == 0)
		result = decode(span_make(body, length), tail, t);
	if (result == 0 && t->letter->size != at)
		result = bad();
	if (result == -1)
		letter_free(t->letter);
	free(body);
	return result;
}

int
trailer_check_content(int fd, const struct trailer *t)
{
	char		*step = xcalloc(1, CHECK_STEP);
	uint64_t	 at, size = t->letter->size;
	uint32_t	 sum = 0;
	size_t		 n;
	int		 result = 0;

	for (at = 0; result == 0 && at < size; at += n) {
		n = size - at < CHECK_STEP ? size - at : CHECK_STEP;
		result = read_all(fd, step, n, (off_t)at);
		sum = crc32c(sum, span_make(step, n));
	}
	free(step);
	if (result == 0 && sum != t->crc)
		return bad();
	return result;
}
