/* SPDX-License-Identifier: ISC */
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/anchors.h"

static char	 path[] = "/tmp/relais-test.XXXXXX";

const char *
anchors_write(void)
{
	EVP_PKEY	*key = EVP_EC_gen("P-256");
	X509		*x = X509_new();
	int		 fd = mkstemp(path);
	FILE		*f = fd == -1 ? NULL : fdopen(fd, "w");
	bool		 done;

	X509_set_version(x, 2);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	X509_sign(x, key, EVP_sha256());
	done = f != NULL && PEM_write_X509(f, x) && fclose(f) == 0;
	X509_free(x);
	EVP_PKEY_free(key);
	return done ? path : NULL;
}
