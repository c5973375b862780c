/* SPDX-License-Identifier: ISC */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "shared/alloc.h"
#include "shared/limits.h"
#include "shared/pem.h"
#include "smtpd/certificate.h"

/* ---- names --------------------------------------------------------------- */

/* A host's name, perhaps with a wildcard for its first label; nothing else,
 * NUL above all. */
static bool
is_name(struct span s)
{
	size_t	 i;
	char	 c;

	if (span_starts(s, "*."))
		s = span_skip(s, 2);
	if (s.len == 0 || s.len > HOST_TEXT_MAX)
		return false;
	for (i = 0; i < s.len; i++) {
		c = s.ptr[i] | 0x20;
		if ((c < 'a' || c > 'z') && (s.ptr[i] < '0' ||
		    s.ptr[i] > '9') && s.ptr[i] != '-' && s.ptr[i] != '.' &&
		    s.ptr[i] != '_')
			return false;
	}
	return true;
}

static void
add_name(struct certificate *c, struct span name)
{
	char	*at;

	if (!is_name(name) || c->count == TLS_NAMES_MAX)
		return;
	c->names = xreallocarray(c->names, c->count + 1, sizeof(char *));
	c->names[c->count++] = at = span_dup(name);
	for (; *at != '\0'; at++)
		*at = tolower((unsigned char)*at);
}

static void
take_names(struct certificate *c)
{
	GENERAL_NAMES	*all = X509_get_ext_d2i(c->own, NID_subject_alt_name,
			    NULL, NULL);
	GENERAL_NAME	*name;
	int		 i;

	for (i = 0; i < sk_GENERAL_NAME_num(all); i++) {
		name = sk_GENERAL_NAME_value(all, i);
		if (name->type == GEN_DNS)
			add_name(c, span_make(
			    ASN1_STRING_get0_data(name->d.dNSName),
			    ASN1_STRING_length(name->d.dNSName)));
	}
	GENERAL_NAMES_free(all);
}

bool
certificate_has(const struct certificate *c, const char *name)
{
	size_t	 i;

	for (i = 0; i < c->count; i++)
		if (strcmp(c->names[i], name) == 0)
			return true;
	return false;
}

static bool
has_all_of(const struct certificate *c, const struct certificate *other)
{
	size_t	 i;

	for (i = 0; i < other->count; i++)
		if (!certificate_has(c, other->names[i]))
			return false;
	return true;
}

bool
certificate_is_like(const struct certificate *a, const struct certificate *b)
{
	return has_all_of(a, b) && has_all_of(b, a);
}

/* ---- the file ------------------------------------------------------------ */

/* A passphrase is nobody's to give. */
static int
no_passphrase(char *into, int size, int writing, void *arg)
{
	(void)into;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static bool
parse(struct certificate *c, BIO *from)
{
	X509	*next;

	c->own = PEM_read_bio_X509(from, NULL, no_passphrase, NULL);
	c->chain = sk_X509_new_null();
	if (c->own == NULL || c->chain == NULL ||
	    X509_get0_pubkey(c->own) == NULL)
		return false;
	while ((next = PEM_read_bio_X509(from, NULL, no_passphrase, NULL)))
		if (!sk_X509_push(c->chain, next))
			return false;
	return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

bool
certificate_read(struct certificate *c, int fd, const char **why)
{
	size_t		 len;
	char		*text = pem_read(fd, CERTIFICATE_FILE_MAX, &len);
	BIO		*bio;
	bool		 good = false;

	*c = (struct certificate){ 0 };
	*why = "cannot be read";
	if (text != NULL) {
		*why = "has no certificate, or a damaged one";
		bio = BIO_new_mem_buf(text, len);
		good = bio != NULL && parse(c, bio);
		BIO_free(bio);
	}
	ERR_clear_error();
	free(text);
	if (good)
		take_names(c);
	else
		certificate_clear(c);
	return good;
}

void
certificate_clear(struct certificate *c)
{
	size_t	 i;

	for (i = 0; i < c->count; i++)
		free(c->names[i]);
	free(c->names);
	X509_free(c->own);
	sk_X509_pop_free(c->chain, X509_free);
	*c = (struct certificate){ 0 };
}
