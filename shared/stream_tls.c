/* SPDX-License-Identifier: ISC */
/*
 * OpenSSL speaks through a BIO of ours.  It receives at most once between two
 * looks at the loop, so that a client cannot keep us here, and a read that
 * stops for want of input costs no system call to find that out.
 */
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "shared/alloc.h"
#include "shared/log.h"
#include "shared/stream_layer.h"
#include "shared/stream_tls.h"

enum { RECORD = 16384 };		/* plain text of one: RFC 8446 5.1 */

struct stream_tls {
	struct stream_layer	 layer;
	struct stream		*stream;
	SSL			*ssl;
	const struct stream_tls_calls *calls;
	void			*arg;
	struct buf		 early;		/* came before its turn */
	int			 fd;		/* the stream's */
	int			 error;		/* what ended it: errno */
	size_t			 retry;		/* octets of a blocked write */
	bool			 received;	/* in this turn */
	bool			 ended;		/* the socket has */
	bool			 dead;		/* nothing may be sent */
};

static struct stream_tls *
of(struct stream_layer *l)
{
	return (struct stream_tls *)l;
}

/* ---- the BIO ------------------------------------------------------------ */

static int
take_early(struct stream_tls *t, char *into, size_t size)
{
	struct span	 early = span_head(buf_span(&t->early), size);

	memcpy(into, early.ptr, early.len);
	buf_drop(&t->early, early.len);
	buf_trim(&t->early);
	return early.len;
}

static bool
is_for_later(int error)
{
	return error == EAGAIN || error == EINTR;
}

static int
bio_read(BIO *b, char *into, int size)
{
	struct stream_tls	*t = BIO_get_data(b);
	ssize_t			 n;

	BIO_clear_retry_flags(b);
	if (size <= 0)
		return 0;
	if (buf_len(&t->early) > 0)
		return take_early(t, into, size);
	if (t->received) {
		BIO_set_retry_read(b);
		return -1;
	}
	t->received = true;
	n = recv(t->fd, into, size, MSG_DONTWAIT);
	if (n == -1 && is_for_later(errno))
		BIO_set_retry_read(b);
	else if (n == -1)
		t->error = errno;
	else if (n == 0)
		t->ended = true;
	return n;
}

static int
bio_write(BIO *b, const char *from, int size)
{
	struct stream_tls	*t = BIO_get_data(b);
	ssize_t			 n;

	BIO_clear_retry_flags(b);
	if (t->dead)
		return -1;
	n = send(t->fd, from, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n == -1 && is_for_later(errno))
		BIO_set_retry_write(b);
	else if (n == -1)
		t->error = errno;
	return n;
}

static long
bio_ctrl(BIO *b, int what, long number, void *pointer)
{
	struct stream_tls	*t = BIO_get_data(b);

	(void)number;
	(void)pointer;
	if (what == BIO_CTRL_EOF)
		return t->ended;
	return what == BIO_CTRL_FLUSH;
}

BIO_METHOD *
stream_tls_method(void)
{
	BIO_METHOD	*m = BIO_meth_new(BIO_TYPE_SOURCE_SINK | 0x7f,
			    "stream");

	if (m == NULL || !BIO_meth_set_read(m, bio_read) ||
	    !BIO_meth_set_write(m, bio_write) ||
	    !BIO_meth_set_ctrl(m, bio_ctrl))
		fatal("tls: no memory");
	return m;
}

/* ---- the handshake ------------------------------------------------------ */

static void
fail(struct stream_tls *t, int how)
{
	const char	*why = ERR_reason_error_string(ERR_peek_error());

	if (t->error == 0)
		t->error = t->ended ? ECONNRESET : EPROTO;
	if (how == SSL_ERROR_SYSCALL || why == NULL)
		why = t->ended ? "lost connection" : strerror(t->error);
	stream_layer_moved(t->stream, t->error);
	t->calls->done(t->arg, why);
	ERR_clear_error();
}

static void
open_up(struct stream_tls *t)
{
	SSL_clear_mode(t->ssl, SSL_MODE_ASYNC);
	t->layer.open = true;
	t->layer.more = SSL_has_pending(t->ssl);
	stream_layer_moved(t->stream, 0);
	t->calls->done(t->arg, NULL);
}

static void
shake_hands(struct stream_tls *t)
{
	int	 result;

	t->layer.want = 0;
	t->received = false;
	ERR_clear_error();
	result = SSL_do_handshake(t->ssl);
	if (result == 1) {
		open_up(t);
		return;
	}
	stream_layer_moved(t->stream, 0);
	result = SSL_get_error(t->ssl, result);
	switch (result) {
	case SSL_ERROR_WANT_READ:
		t->layer.want = LOOP_READ;
		break;
	case SSL_ERROR_WANT_WRITE:
		t->layer.want = LOOP_WRITE;
		break;
	case SSL_ERROR_WANT_ASYNC:
		t->calls->suspended(t->arg);
		break;
	case SSL_ERROR_WANT_ASYNC_JOB:
		t->calls->crowded(t->arg);
		break;
	default:
		fail(t, result);
	}
}

static void
begin(struct stream_layer *l, int fd)
{
	struct stream_tls	*t = of(l);

	t->fd = fd;
	shake_hands(t);
}

static void
go_on(struct stream_layer *l)
{
	shake_hands(of(l));
}

/* ---- plain text --------------------------------------------------------- */

/* A read has ended for another reason than that there is no room. */
static int
stopped(struct stream_tls *t, int how)
{
	switch (how) {
	case SSL_ERROR_WANT_WRITE:
		t->layer.want = LOOP_WRITE;
		return EAGAIN;
	case SSL_ERROR_WANT_READ:
		return EAGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		if (t->ended)
			t->error = ECONNRESET;
		else if (t->error == 0)
			t->error = EPROTO;
		return t->error;
	}
}

/* What comes in front of an error or the end is given first. */
static ssize_t
tls_read(struct stream_layer *l, void *into, size_t size)
{
	struct stream_tls	*t = of(l);
	size_t			 done = 0, n;
	int			 error;

	t->received = false;
	l->want = 0;
	l->more = false;
	while (done < size) {
		ERR_clear_error();
		if (SSL_read_ex(t->ssl, (char *)into + done, size - done, &n)) {
			done += n;
			continue;
		}
		error = stopped(t, SSL_get_error(t->ssl, 0));
		if (done > 0) {
			l->more = error != EAGAIN;
			return done;
		}
		errno = error;
		return error == 0 ? 0 : -1;
	}
	l->more = true;
	return done;
}

/* A write that blocked is tried again with as much as before. */
static ssize_t
tls_write(struct stream_layer *l, struct span what)
{
	struct stream_tls	*t = of(l);
	size_t			 n = what.len < RECORD ? what.len : RECORD;
	size_t			 done;

	if (t->retry > 0)
		n = t->retry;
	ERR_clear_error();
	if (SSL_write_ex(t->ssl, what.ptr, n, &done)) {
		t->retry = 0;
		return done;
	}
	switch (SSL_get_error(t->ssl, 0)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		t->retry = n;
		errno = EAGAIN;
		return -1;
	default:
		if (t->error == 0)
			t->error = EPIPE;
		errno = t->error;
		return -1;
	}
}

static void
tls_finish(struct stream_layer *l)
{
	struct stream_tls	*t = of(l);

	if (t->error == 0)
		(void)SSL_shutdown(t->ssl);
	ERR_clear_error();
}

/* A job that is paused has to end, for its stack refers to the SSL. */
static void
tls_free(struct stream_layer *l)
{
	struct stream_tls	*t = of(l);

	t->dead = true;
	if (SSL_waiting_for_async(t->ssl))
		(void)SSL_do_handshake(t->ssl);
	SSL_free(t->ssl);
	ERR_clear_error();
	buf_clear(&t->early);
	free(t);
}

static const struct stream_layer_calls tls_calls = {
	begin, go_on, tls_read, tls_write, tls_finish, tls_free
};

/* ---- for the owner ------------------------------------------------------ */

static struct stream_tls *
find(const struct stream *s)
{
	struct stream_layer	*l = stream_layer(s);

	return l != NULL && l->calls == &tls_calls ? of(l) : NULL;
}

static void
put(struct stream *s, struct stream_tls *t, BIO_METHOD *method)
{
	struct buf	*in = stream_in(s);
	BIO		*bio = BIO_new(method);

	if (bio == NULL)
		fatal("tls: no memory");
	t->layer.calls = &tls_calls;
	t->stream = s;
	t->early = *in;
	buf_init(in, t->early.max);
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	SSL_set_bio(t->ssl, bio, bio);
	SSL_set_mode(t->ssl, SSL_MODE_RELEASE_BUFFERS |
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_set_read_ahead(t->ssl, 1);
	stream_put_layer(s, &t->layer);
}

static struct stream_tls *
make(SSL *ssl, const struct stream_tls_calls *calls, void *arg)
{
	struct stream_tls	*t = xcalloc(1, sizeof(*t));

	t->ssl = ssl;
	t->calls = calls;
	t->arg = arg;
	return t;
}

void
stream_tls_accept(struct stream *s, SSL *ssl, BIO_METHOD *method,
    const struct stream_tls_calls *calls, void *arg)
{
	SSL_set_accept_state(ssl);
	SSL_set_options(ssl, SSL_OP_IGNORE_UNEXPECTED_EOF);
	put(s, make(ssl, calls, arg), method);
}

void
stream_tls_connect(struct stream *s, SSL *ssl, BIO_METHOD *method,
    const struct stream_tls_calls *calls, void *arg)
{
	SSL_set_connect_state(ssl);
	put(s, make(ssl, calls, arg), method);
}

void
stream_tls_resume(struct stream *s)
{
	struct stream_tls	*t = find(s);

	if (t != NULL && !t->layer.open && t->error == 0)
		shake_hands(t);
}

SSL *
stream_tls(const struct stream *s)
{
	struct stream_tls	*t = find(s);

	return t == NULL ? NULL : t->ssl;
}
