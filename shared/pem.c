/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "shared/alloc.h"
#include "shared/log.h"
#include "shared/pem.h"

enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 8192, GROUP_NAME_SIZE = 32 };

/* ---- memory -------------------------------------------------------------- */

static void *
take(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return malloc(size);
}

static void
give_back(void *old, const char *file, int line)
{
	(void)file;
	(void)line;
	if (old != NULL)
		explicit_bzero(old, malloc_usable_size(old));
	free(old);
}

/* Never in place: what realloc(3) leaves behind would not be wiped. */
static void *
take_other(void *old, size_t size, const char *file, int line)
{
	size_t	 had = old != NULL ? malloc_usable_size(old) : 0;
	void	*new = size > 0 ? malloc(size) : NULL;

	if (new == NULL && size > 0)
		return NULL;
	if (new != NULL && old != NULL)
		memcpy(new, old, had < size ? had : size);
	give_back(old, file, line);
	return new;
}

void
pem_prepare(void)
{
	(void)CRYPTO_set_mem_functions(take, take_other, give_back);
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		fatal("libcrypto cannot begin");
}

/* ---- files --------------------------------------------------------------- */

static bool
read_all(int fd, char *into, size_t len)
{
	ssize_t	 n;

	while (len > 0) {
		n = read(fd, into, len);
		if (n == 0)
			errno = EIO;
		if (n == 0 || (n == -1 && errno != EINTR))
			return false;
		into += n > 0 ? n : 0;
		len -= n > 0 ? n : 0;
	}
	return true;
}

/* Who may open no file may not ask for its size either, but may seek. */
char *
pem_read(int fd, size_t max, size_t *len)
{
	off_t	 size = lseek(fd, 0, SEEK_END);
	char	*text;

	if (size == -1 || lseek(fd, 0, SEEK_SET) == -1)
		return NULL;
	if ((uint64_t)size > max) {
		errno = EFBIG;
		return NULL;
	}
	text = xcalloc(1, size + 1);
	*len = size;
	if (read_all(fd, text, *len))
		return text;
	explicit_bzero(text, *len);
	free(text);
	return NULL;
}

/* ---- keys ---------------------------------------------------------------- */

/* Nobody is there who could type a passphrase. */
static int
on_passphrase(char *into, int size, int writing, void *arg)
{
	bool	*asked = arg;

	(void)into;
	(void)size;
	(void)writing;
	*asked = true;
	return -1;
}

static bool
is_good_curve(const EVP_PKEY *key)
{
	static const char *const	 curves[] = {
		"prime256v1", "secp384r1", "secp521r1"
	};
	char				 name[GROUP_NAME_SIZE];
	size_t				 i, len;

	if (EVP_PKEY_get_group_name(key, name, sizeof name, &len) != 1)
		return false;
	for (i = 0; i < COUNT(curves); i++)
		if (strcmp(name, curves[i]) == 0)
			return true;
	return false;
}

static const char *
what_is_wrong(const EVP_PKEY *key)
{
	int	 bits = EVP_PKEY_get_bits(key);

	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
		return bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX ? NULL :
		    "expected an RSA key of 2048 to 8192 bits";
	case EVP_PKEY_EC:
		return is_good_curve(key) ? NULL :
		    "expected an ECDSA key on P-256, P-384 or P-521";
	default:
		return "expected an RSA or ECDSA key";
	}
}

EVP_PKEY *
pem_key(struct span pem, const char **why)
{
	BIO		*in = BIO_new_mem_buf(pem.ptr, pem.len);
	EVP_PKEY	*key;
	bool		 asked = false;

	if (in == NULL)
		fatal("out of memory");
	key = PEM_read_bio_PrivateKey(in, NULL, on_passphrase, &asked);
	BIO_free(in);
	ERR_clear_error();
	if (key != NULL)
		*why = what_is_wrong(key);
	else if (asked)
		*why = "expected a key without a passphrase";
	else
		*why = "expected a private key in PEM";
	if (*why == NULL)
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

unsigned
pem_add_anchors(struct span pem, X509_STORE *store)
{
	BIO		*in = BIO_new_mem_buf(pem.ptr, pem.len);
	X509		*c;
	unsigned	 n = 0;

	if (in == NULL)
		fatal("out of memory");
	while ((c = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
		n += X509_STORE_add_cert(store, c) == 1;
		X509_free(c);
	}
	BIO_free(in);
	ERR_clear_error();
	return n;
}

bool
pem_key_name(const EVP_PKEY *key, uint8_t name[KEY_NAME_SIZE])
{
	unsigned char	*der = NULL;
	int		 len = i2d_PUBKEY(key, &der);
	bool		 good;

	good = len > 0 && EVP_Digest(der, len, name, NULL, EVP_sha256(),
	    NULL) == 1;
	OPENSSL_free(der);
	ERR_clear_error();
	return good;
}
