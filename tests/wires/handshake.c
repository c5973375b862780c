/* SPDX-License-Identifier: ISC */
/*
 * smtpd with a hostile keys: a certificate, and clients that begin a handshake,
 * in which it has to ask.  What comes of it they do not look at.
 */
#include <sys/mman.h>
#include <sys/socket.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "shared/fd.h"
#include "shared/log.h"
#include "tests/wires/rig.h"

static X509 *
certificate(EVP_PKEY *key)
{
	X509	*x = X509_new();

	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 24 * 3600);
	X509_set_pubkey(x, key);
	if (X509_sign(x, key, EVP_sha256()) == 0)
		fatal("no certificate");
	return x;
}

void
handshake_configure(struct rig *r)
{
	struct msg	 m = { .type = MSG_CONF_CERTIFICATE, .nfds = 1 };
	EVP_PKEY	*key = EVP_EC_gen("P-256");
	X509		*x = certificate(key);
	FILE		*f;

	m.fds[0] = memfd_create("certificate", MFD_CLOEXEC);
	f = fdopen(dup(m.fds[0]), "w");
	if (f == NULL || PEM_write_X509(f, x) != 1 || fclose(f) == EOF ||
	    lseek(m.fds[0], 0, SEEK_SET) == -1)
		fatal("no certificate");
	m.conf_certificate.generation = 1;
	m.conf_certificate.path = span_of("/certificate");
	rig_tell(r, &m);
	fd_close(&m.fds[0]);
	m = (struct msg){ .type = MSG_CONF_TLS };
	m.conf_tls.generation = m.conf_tls.count = 1;
	m.conf_tls.minimum = TLS1_2_VERSION;
	rig_tell(r, &m);
	X509_free(x);
	EVP_PKEY_free(key);
}

/* A ClientHello of either version. */
void
handshake_begin(struct rig *r, int fd)
{
	SSL_CTX	*c = SSL_CTX_new(TLS_client_method());
	SSL	*s;
	char	*hello;
	long	 len;

	if (dice_below(&r->dice, 2))
		SSL_CTX_set_max_proto_version(c, TLS1_2_VERSION);
	s = SSL_new(c);
	SSL_set_bio(s, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	(void)SSL_connect(s);
	len = BIO_get_mem_data(SSL_get_wbio(s), &hello);
	(void)send(fd, hello, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	SSL_free(s);
	SSL_CTX_free(c);
}
