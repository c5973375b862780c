/* SPDX-License-Identifier: ISC */
#ifndef SHARED_STREAM_TLS_H
#define SHARED_STREAM_TLS_H

#include <openssl/ssl.h>

#include "shared/stream.h"

/*
 * TLS on a stream, as the server or as the client.  The handshake runs in the
 * event loop; then plain text comes out of stream_in and goes into stream_out,
 * in at most one read and one write a turn.  It never becomes plain again:
 * close_notify is the end of file; whatever is not TLS is an error.  Ours is
 * said when the stream ends in order.  The end of the connection without one
 * is the end of file to a server, whose clients are in a hurry; to a client,
 * whose reply may have been cut, it is ECONNRESET.
 *
 * `done`: the handshake is over; NULL, or why it failed, which lives as long
 * as the call; the stream ends behind it then, with an error.  Of a server with
 * SSL_MODE_ASYNC it may stop: `suspended`, an operation of its was paused;
 * `crowded`, there was no job for it.  Both go on with stream_tls_resume.  A
 * stream that is freed while suspended resumes once more, and nothing of it is
 * sent: what it waits for has to be answered, or refused, before.
 *
 * Memory of an idle one is that of its SSL, without buffers.
 */
struct stream_tls_calls {
	void	(*done)(void *arg, const char *why);
	void	(*suspended)(void *arg);
	void	(*crowded)(void *arg);
};

/* What the streams of a program share; not before BIO_meth_free of it may they
 * be gone. */
BIO_METHOD	*stream_tls_method(void);

/*
 * Takes the SSL, which is new.  What waits in the output leaves first, as it
 * is; what waits in the input is what the client begins its handshake with, so
 * that whoever has had plain text looks there before.
 */
void	 stream_tls_accept(struct stream *, SSL *, BIO_METHOD *,
	    const struct stream_tls_calls *, void *arg);

/* The same as the client.  Of what waits in the input nothing may have come in
 * plain text: whoever has had such looks there before. */
void	 stream_tls_connect(struct stream *, SSL *, BIO_METHOD *,
	    const struct stream_tls_calls *, void *arg);

void	 stream_tls_resume(struct stream *);

/* Borrowed; NULL without TLS. */
SSL	*stream_tls(const struct stream *);

#endif
