/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <stdio.h>
#include <stdlib.h>

#include <openssl/x509v3.h>

#include "shared/log.h"
#include "shared/pem.h"
#include "remote/trust.h"

X509_STORE *
trust_read(int fd, const char **why)
{
	X509_STORE	*store;
	size_t		 len;
	char		*text = pem_read(fd, ANCHORS_FILE_MAX, &len);

	*why = "expected certificates in PEM, of at most 16 MiB";
	if (text == NULL)
		return NULL;
	store = X509_STORE_new();
	if (store == NULL)
		fatal("tls: no memory");
	if (pem_add_anchors(span_make(text, len), store) == 0) {
		X509_STORE_free(store);
		store = NULL;
	}
	free(text);
	return store;
}

static void
expect_names(X509_VERIFY_PARAM *p, const struct destination *to)
{
	char	 below[sizeof to->name + 1];

	(void)snprintf(below, sizeof below, ".%s", to->name);
	if (!X509_VERIFY_PARAM_set1_host(p, to->name, 0) ||
	    (to->kind == DESTINATION_MX &&
	    !X509_VERIFY_PARAM_add1_host(p, below, 0)))
		fatal("tls: no memory");
}

void
trust_expect(SSL *ssl, const struct destination *to)
{
	X509_VERIFY_PARAM	*p = SSL_get0_param(ssl);

	X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
	    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (to->family == AF_UNSPEC)
		expect_names(p, to);
	else if (!X509_VERIFY_PARAM_set1_ip(p, to->address,
	    to->family == AF_INET ? 4 : 16))
		fatal("tls: no memory");
	SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
}

const char *
trust_reason(const SSL *ssl)
{
	long	 result = SSL_get_verify_result(ssl);

	if (!(SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER) ||
	    result == X509_V_OK)
		return NULL;
	return X509_verify_cert_error_string(result);
}

bool
trust_holds(const SSL *ssl)
{
	return (SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER) &&
	    SSL_get0_peer_certificate(ssl) != NULL &&
	    SSL_get_verify_result(ssl) == X509_V_OK;
}
