/* SPDX-License-Identifier: ISC */
/* Files of certificates and keys, good and bad. */
#include <sys/stat.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "master/config.h"
#include "shared/alloc.h"

enum { DAY = 24 * 3600, PATH_SIZE = 64 };

static char			 folder[] = "/tmp/relais-tls.XXXXXX";
static char			 cert_path[PATH_SIZE], key_path[PATH_SIZE];
static EVP_PKEY			*key, *other;
static struct config		*config;
static struct config_notes	 notes;

static void
set_up(void)
{
	memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(cert_path, sizeof cert_path, "%s/cert", folder);
	snprintf(key_path, sizeof key_path, "%s/key", folder);
	key = EVP_EC_gen("P-256");
	other = EVP_EC_gen("P-256");
}

static void
tear_down(void)
{
	config_free(config);
	config = NULL;
	config_notes_clear(&notes);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
	(void)unlink(cert_path);
	(void)unlink(key_path);
	(void)rmdir(folder);
}

static X509 *
certificate(const char *subject, const char *issuer, long begin, long end)
{
	X509		*x = X509_new();
	X509_NAME	*name = X509_NAME_new();
	X509_EXTENSION	*names;

	X509_set_version(x, 2);
	X509_gmtime_adj(X509_getm_notBefore(x), begin);
	X509_gmtime_adj(X509_getm_notAfter(x), end);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)subject, -1, -1, 0);
	X509_set_subject_name(x, name);
	X509_NAME_free(name);
	name = X509_NAME_new();
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)issuer, -1, -1, 0);
	X509_set_issuer_name(x, name);
	X509_NAME_free(name);
	X509_set_pubkey(x, key);
	if (strcmp(subject, "nameless") != 0) {
		names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
		    "DNS:mail.example.org");
		X509_add_ext(x, names, -1);
		X509_EXTENSION_free(names);
	}
	X509_sign(x, key, EVP_sha256());
	return x;
}

static void
put_certificate(FILE *f, const char *subject, const char *issuer, long begin,
    long end)
{
	X509	*x = certificate(subject, issuer, begin, end);

	PEM_write_X509(f, x);
	X509_free(x);
}

static void
write_key(const char *path, EVP_PKEY *k, const EVP_CIPHER *cipher, int mode)
{
	FILE	*f = fopen(path, "a");

	PEM_write_PrivateKey(f, k, cipher, (const unsigned char *)"secret",
	    cipher != NULL ? 6 : 0, NULL, NULL);
	fclose(f);
	ck_assert_int_eq(chmod(path, mode), 0);
}

/* ---- all that may be wrong ----------------------------------------------- */

static void
good(FILE *f)
{
	put_certificate(f, "mail", "ca", -DAY, 90 * DAY);
	put_certificate(f, "ca", "root", -DAY, 90 * DAY);
	write_key(key_path, key, NULL, 0600);
}

static void
no_certificate(FILE *f)
{
	fputs("nothing\n", f);
	write_key(key_path, key, NULL, 0600);
}

static void
cut_certificate(FILE *f)
{
	put_certificate(f, "mail", "ca", -DAY, 90 * DAY);
	fputs("-----BEGIN CERTIFICATE-----\nMIIB\n", f);
	write_key(key_path, key, NULL, 0600);
}

static void
key_among_certificates(FILE *f)
{
	put_certificate(f, "mail", "ca", -DAY, 90 * DAY);
	fflush(f);
	write_key(cert_path, key, NULL, 0600);
	write_key(key_path, key, NULL, 0600);
}

static void
other_key(FILE *f)
{
	put_certificate(f, "mail", "ca", -DAY, 90 * DAY);
	write_key(key_path, other, NULL, 0600);
}

static void
key_with_passphrase(FILE *f)
{
	put_certificate(f, "mail", "ca", -DAY, 90 * DAY);
	write_key(key_path, key, EVP_aes_128_cbc(), 0600);
}

static void
no_key(FILE *f)
{
	put_certificate(f, "mail", "ca", -DAY, 90 * DAY);
}

static void
key_for_all(FILE *f)
{
	put_certificate(f, "mail", "ca", -DAY, 90 * DAY);
	write_key(key_path, key, NULL, 0604);
}

static void
key_of_a_group(FILE *f)
{
	put_certificate(f, "mail", "ca", -DAY, 90 * DAY);
	write_key(key_path, key, NULL, 0660);
}

static void
expired(FILE *f)
{
	put_certificate(f, "mail", "ca", -9 * DAY, -DAY);
	write_key(key_path, key, NULL, 0640);
}

static void
early(FILE *f)
{
	put_certificate(f, "mail", "ca", DAY, 90 * DAY);
	write_key(key_path, key, NULL, 0400);
}

static void
expires_soon(FILE *f)
{
	put_certificate(f, "mail", "ca", -DAY, 2 * DAY);
	write_key(key_path, key, NULL, 0600);
}

static void
nameless(FILE *f)
{
	put_certificate(f, "nameless", "ca", -DAY, 90 * DAY);
	write_key(key_path, key, NULL, 0600);
}

static void
disorder(FILE *f)
{
	put_certificate(f, "mail", "ca", -DAY, 90 * DAY);
	put_certificate(f, "root", "root", -DAY, 90 * DAY);
	put_certificate(f, "ca", "root", -DAY, 90 * DAY);
	write_key(key_path, key, NULL, 0600);
}

static const struct {
	void		(*make)(FILE *);
	const char	*error, *warning;
} files[] = {
	{ good, "", "" },
	{ no_certificate, "/cert: expected certificates in PEM\n", "" },
	{ cut_certificate, "/cert: expected certificates in PEM\n", "" },
	{ key_among_certificates, "/cert: expected no private key among "
	    "certificates\n", "" },
	{ other_key, "/key: this is not the key of the certificate\n", "" },
	{ key_with_passphrase, "/key: expected a key without a passphrase\n",
	    "" },
	{ no_key, "/key: No such file or directory\n", "" },
	{ key_for_all, "/key: expected a key that others can neither read "
	    "nor write, mode 600 or 640\n", "" },
	{ key_of_a_group, "/key: expected a key that others can neither read "
	    "nor write, mode 600 or 640\n", "" },
	{ expired, "", "/cert: this certificate has expired\n" },
	{ early, "", "/cert: this certificate is not valid yet\n" },
	{ expires_soon, "", "/cert: this certificate expires within a "
	    "week\n" },
	{ nameless, "", "/cert: this certificate has no subjectAltName: no "
	    "client can tell whose it is\n" },
	{ disorder, "", "/cert: expected each certificate to vouch for the "
	    "one before it\n" },
};

/* "conf:1: FOLDER" and what is expected, and nothing else. */
static bool
says(struct span notes_of, const char *expected)
{
	char	 head[PATH_SIZE];

	if (expected[0] == '\0')
		return notes_of.len == 0;
	snprintf(head, sizeof head, "conf:1: %s", folder);
	return span_starts(notes_of, head) &&
	    span_is(span_skip(notes_of, strlen(head)), expected);
}

static void
read_files(void)
{
	char	 text[300];

	snprintf(text, sizeof text, "tls {\ncertificate %s\nkey %s\n}\n",
	    cert_path, key_path);
	config_notes_init(&notes);
	config = config_new();
	ck_assert(config_parse(config, "conf", span_of(text), &notes));
	config_read_certificates(config, "conf", &notes);
}

START_TEST(files_are_looked_at)
{
	FILE		*f = fopen(cert_path, "w");
	struct span	 errors, warnings;

	files[_i].make(f);
	fclose(f);
	read_files();
	errors = buf_span(&notes.errors);
	warnings = buf_span(&notes.warnings);
	ck_assert_msg(says(errors, files[_i].error), "%.*s", (int)errors.len,
	    errors.ptr);
	ck_assert_msg(says(warnings, files[_i].warning), "%.*s",
	    (int)warnings.len, warnings.ptr);
}
END_TEST

START_TEST(what_was_read_stays)
{
	FILE	*f = fopen(cert_path, "w");

	good(f);
	fclose(f);
	read_files();
	ck_assert_uint_eq(notes.nerrors, 0);
	ck_assert_int_eq(truncate(key_path, 0), 0);
	ck_assert_uint_gt(config->tls[0].key_pem.len, 100);
	ck_assert(span_starts(span_make(config->tls[0].certificate_pem.text,
	    config->tls[0].certificate_pem.len), "-----BEGIN CERT"));
}
END_TEST

int
main(void)
{
	Suite	*suite = suite_create("certificate");
	TCase	*tc = tcase_create("certificate");
	SRunner	*runner = srunner_create(suite);
	int	 failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, files_are_looked_at, 0, COUNT(files));
	tcase_add_test(tc, what_was_read_stays);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
