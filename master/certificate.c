/* SPDX-License-Identifier: ISC */
/*
 * The files of the tls blocks: read once, looked at, and what was looked at is
 * what the processes get, whatever becomes of the files meanwhile.
 */
#include <sys/stat.h>
#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "master/config.h"
#include "shared/fd.h"
#include "shared/log.h"
#include "shared/pem.h"

enum { SOON_DAYS = 7, CHAIN_MAX = 16 };

#define GROUP	"relais"	/* may read secrets */

struct reading {
	const char		*file;
	struct config_notes	*notes;
	const struct config_tls	*tls;
	X509			*chain[CHAIN_MAX];
	unsigned		 length;
};

#define ERROR(r, path, what) \
	config_error((r)->notes, (r)->file, (r)->tls->line, "%s: %s", path, \
	    what)
#define WARNING(r, path, what) \
	config_warning((r)->notes, (r)->file, (r)->tls->line, "%s: %s", path, \
	    what)

/* ---- files --------------------------------------------------------------- */

static bool
is_group_of_secrets(gid_t gid)
{
	const struct group	*g;

	if (gid == 0 || gid == getegid())
		return true;
	g = getgrnam(GROUP);
	return g != NULL && g->gr_gid == gid;
}

/* Whoever reads the key can be us; whoever writes it can put another there. */
static void
check_secrecy(const struct reading *r, const char *path, const struct stat *st)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		ERROR(r, path, "expected root to be its owner");
	else if ((st->st_mode & (S_IWGRP | S_IRWXO)) != 0)
		ERROR(r, path, "expected a key that others can neither read "
		    "nor write, mode 600 or 640");
	else if ((st->st_mode & S_IRGRP) != 0 &&
	    !is_group_of_secrets(st->st_gid))
		WARNING(r, path, "another group than root or " GROUP
		    " can read this key");
}

static bool
read_file(const struct reading *r, const char *path, bool secret,
    struct config_pem *into)
{
	struct stat	 st;
	int		 fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd == -1 || fstat(fd, &st) == -1)
		ERROR(r, path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		ERROR(r, path, "expected a regular file");
	else {
		if (secret)
			check_secrecy(r, path, &st);
		into->text = pem_read(fd, CERTIFICATE_FILE_MAX, &into->len);
		if (into->text == NULL)
			ERROR(r, path, strerror(errno));
	}
	fd_close(&fd);
	return into->text != NULL;
}

/* ---- certificates -------------------------------------------------------- */

static void
take_chain(struct reading *r, const struct config_pem *pem)
{
	BIO	*in = BIO_new_mem_buf(pem->text, pem->len);

	if (in == NULL)
		fatal("out of memory");
	while (r->length < CHAIN_MAX && (r->chain[r->length] =
	    PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL)
		r->length++;
	if (r->length == CHAIN_MAX)
		ERROR(r, r->tls->certificate, "expected fewer certificates");
	else if (r->length == 0 ||
	    ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		ERROR(r, r->tls->certificate, "expected certificates in PEM");
	ERR_clear_error();
	BIO_free(in);
}

static void
drop_chain(struct reading *r)
{
	while (r->length > 0)
		X509_free(r->chain[--r->length]);
}

static void
check_dates(const struct reading *r, X509 *cert)
{
	const char	*path = r->tls->certificate;
	time_t		 soon = time(NULL) + SOON_DAYS * 24 * 3600;

	if (X509_cmp_current_time(X509_get0_notBefore(cert)) > 0)
		WARNING(r, path, "this certificate is not valid yet");
	if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0)
		WARNING(r, path, "this certificate has expired");
	else if (X509_cmp_time(X509_get0_notAfter(cert), &soon) < 0)
		WARNING(r, path, "this certificate expires within a week");
}

/* Each vouches for the one before it: RFC 5246 section 7.4.2. */
static void
check_order(const struct reading *r)
{
	unsigned	 i;

	for (i = 1; i < r->length; i++)
		if (X509_check_issued(r->chain[i], r->chain[i - 1]) !=
		    X509_V_OK) {
			WARNING(r, r->tls->certificate, "expected each "
			    "certificate to vouch for the one before it");
			break;
		}
	ERR_clear_error();
}

static void
check_names(const struct reading *r, X509 *cert)
{
	STACK_OF(GENERAL_NAME)	*names;

	names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	if (names == NULL)
		WARNING(r, r->tls->certificate, "this certificate has no "
		    "subjectAltName: no client can tell whose it is");
	GENERAL_NAMES_free(names);
	ERR_clear_error();
}

/* Here an admin sees it; a process that got it would have it. */
static bool
has_private_key(const struct config_pem *pem)
{
	return memmem(pem->text, pem->len, "PRIVATE KEY-----", 16) != NULL;
}

static void
check_pair(struct reading *r)
{
	const struct config_tls	*t = r->tls;
	const char		*why;
	EVP_PKEY		*key;

	if (has_private_key(&t->certificate_pem)) {
		ERROR(r, t->certificate, "expected no private key among "
		    "certificates");
		return;
	}
	take_chain(r, &t->certificate_pem);
	key = pem_key(span_make(t->key_pem.text, t->key_pem.len), &why);
	if (key == NULL)
		ERROR(r, t->key, why);
	else if (r->length > 0 &&
	    X509_check_private_key(r->chain[0], key) != 1)
		ERROR(r, t->key, "this is not the key of the certificate");
	ERR_clear_error();
	EVP_PKEY_free(key);
	if (r->length == 0)
		return;
	check_dates(r, r->chain[0]);
	check_names(r, r->chain[0]);
	check_order(r);
}

void
config_read_certificates(struct config *c, const char *file,
    struct config_notes *notes)
{
	struct reading		 r = { file, notes, NULL, { NULL }, 0 };
	struct config_tls	*t;
	unsigned		 i;

	if (c->ntls > 0)
		pem_prepare();
	for (i = 0; i < c->ntls; i++) {
		r.tls = t = &c->tls[i];
		if (t->certificate[0] == '\0' || t->key[0] == '\0')
			continue;	/* which was told */
		if (read_file(&r, t->certificate, false,
		    &t->certificate_pem) &&
		    read_file(&r, t->key, true, &t->key_pem))
			check_pair(&r);
		drop_chain(&r);
	}
}
