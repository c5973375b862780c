/* SPDX-License-Identifier: ISC */
/* What keys signs, and all that it does not. */
#include <sys/mman.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "keys/sign.h"
#include "shared/alloc.h"
#include "shared/fd.h"

#define CONTEXT		"TLS 1.3, server CertificateVerify"

enum { ROOM = SIGN_CONTENT_MAX + 1, RANDOMS = 64, HEAD = 64 + 34 };

static char	 octets[ROOM];

/* ---- contents ------------------------------------------------------------ */

static struct span
verify_of(size_t hash)
{
	memset(octets, 0xa5, sizeof octets);
	memset(octets, ' ', 64);
	memcpy(octets + 64, CONTEXT, sizeof CONTEXT);
	return span_make(octets, HEAD + hash);
}

static const struct {
	int	 group;
	size_t	 size;
	int	 first;			/* octet of its points, -1: any */
} groups[] = {
	{ 23, 65, 4 }, { 24, 97, 4 }, { 25, 133, 4 }, { 29, 32, -1 },
	{ 30, 56, -1 }
};

static struct span
exchange_of(int group, size_t size)
{
	memset(octets, 0xa5, sizeof octets);
	octets[RANDOMS] = 3;
	octets[RANDOMS + 1] = group >> 8;
	octets[RANDOMS + 2] = group;
	octets[RANDOMS + 3] = size;
	octets[RANDOMS + 4] = 4;
	return span_make(octets, RANDOMS + 4 + size);
}

START_TEST(a_verify_has_one_of_two_lengths)
{
	size_t	 n;

	(void)verify_of(32);
	for (n = 0; n < ROOM; n++)
		ck_assert_msg((content_kind(span_make(octets, n)) ==
		    CONTENT_VERIFY) == (n == HEAD + 32 || n == HEAD + 48),
		    "%zu octets", n);
}
END_TEST

START_TEST(each_bit_before_the_hash_counts)
{
	struct span	 s = verify_of(_i == 0 ? 32 : 48);
	unsigned	 bit;

	ck_assert_int_eq(content_kind(s), CONTENT_VERIFY);
	for (bit = 0; bit < 8 * s.len; bit++) {
		octets[bit / 8] ^= 1 << bit % 8;
		ck_assert_msg((content_kind(s) == CONTENT_VERIFY) ==
		    (bit >= 8 * HEAD), "bit %u", bit);
		octets[bit / 8] ^= 1 << bit % 8;
	}
}
END_TEST

/* RFC 8446 section 4.4.3; and words of TLS 1.2, whose digests were signed. */
START_TEST(what_a_client_signs_is_refused)
{
	static const char *const	 contexts[] = {
		"TLS 1.3, client CertificateVerify",
		"TLS 1.3, server certificateVerify",
		"TLS 1.2, server CertificateVerify",
		"TLS 1.3, exported authenticators "
	};
	struct span			 s = verify_of(32);
	size_t				 i;

	for (i = 0; i < COUNT(contexts); i++) {
		memcpy(octets + 64, contexts[i], strlen(contexts[i]) + 1);
		ck_assert_int_eq(content_kind(s), CONTENT_NONE);
	}
}
END_TEST

START_TEST(a_point_has_the_size_of_its_group)
{
	struct span	 s;
	size_t		 said, is;

	for (said = 0; said < 256; said++) {
		s = exchange_of(groups[_i].group, said);
		for (is = 0; is < ROOM; is++)
			ck_assert_msg((content_kind(span_make(octets, is)) ==
			    CONTENT_EXCHANGE) == (said == groups[_i].size &&
			    is == RANDOMS + 4 + said), "%zu, %zu octets",
			    said, is);
		ck_assert_uint_eq(s.len, RANDOMS + 4 + said);
	}
}
END_TEST

START_TEST(a_point_is_not_compressed)
{
	struct span	 s = exchange_of(groups[_i].group, groups[_i].size);
	int		 first;

	for (first = 0; first < 256; first++) {
		octets[RANDOMS + 4] = first;
		ck_assert_msg((content_kind(s) == CONTENT_EXCHANGE) ==
		    (groups[_i].first == -1 || first == groups[_i].first),
		    "first octet %d", first);
	}
}
END_TEST

START_TEST(no_other_group_is_signed)
{
	size_t	 size = groups[_i].size;
	int	 group;

	for (group = 0; group < 65536; group++)
		ck_assert_msg((content_kind(exchange_of(group, size)) ==
		    CONTENT_EXCHANGE) == (group == groups[_i].group),
		    "group %d", group);
}
END_TEST

/* explicit_prime, explicit_char2, and what never was. */
START_TEST(a_curve_is_named)
{
	struct span	 s = exchange_of(groups[_i].group, groups[_i].size);
	int		 type;

	for (type = 0; type < 256; type++) {
		octets[RANDOMS] = type;
		ck_assert_int_eq(content_kind(s), type == 3 ?
		    CONTENT_EXCHANGE : CONTENT_NONE);
	}
}
END_TEST

/* RFC 5246 section 7.4.3: p, g and Ys, each behind its length. */
START_TEST(finite_fields_are_refused)
{
	static const unsigned char	 head[] = { 0, 96 };
	size_t				 n;

	memset(octets, 0xa5, sizeof octets);
	memcpy(octets + RANDOMS, head, sizeof head);
	for (n = 0; n < ROOM; n++)
		ck_assert_int_eq(content_kind(span_make(octets, n)),
		    CONTENT_NONE);
}
END_TEST

/* No handshake and no digest of one is taken for what a server signs. */
START_TEST(digests_and_transcripts_are_refused)
{
	static const unsigned char	 firsts[] = { 0, 1, 2, 0x14, 0x30 };
	size_t				 i, n;

	for (i = 0; i < COUNT(firsts); i++) {
		memset(octets, 0xa5, sizeof octets);
		octets[0] = firsts[i];
		for (n = 0; n < ROOM; n++)
			ck_assert_int_eq(content_kind(span_make(octets, n)),
			    CONTENT_NONE);
	}
}
END_TEST

/* ---- schemes ------------------------------------------------------------- */

static const struct {
	unsigned	 number;
	bool		 verify;
	int		 curve;		/* 0: RSA; else its bits */
	int		 padding;
	const char	*digest;
} schemes[] = {
	{ 0x0401, false, 0, RSA_PKCS1_PADDING, "SHA256" },
	{ 0x0501, false, 0, RSA_PKCS1_PADDING, "SHA384" },
	{ 0x0601, false, 0, RSA_PKCS1_PADDING, "SHA512" },
	{ 0x0804, true, 0, RSA_PKCS1_PSS_PADDING, "SHA256" },
	{ 0x0805, true, 0, RSA_PKCS1_PSS_PADDING, "SHA384" },
	{ 0x0806, true, 0, RSA_PKCS1_PSS_PADDING, "SHA512" },
	{ 0x0403, true, 256, 0, "SHA256" },
	{ 0x0503, true, 384, 0, "SHA384" },
	{ 0x0603, true, 521, 0, "SHA512" },
};

static int
row_of(unsigned scheme)
{
	size_t	 i;

	for (i = 0; i < COUNT(schemes); i++)
		if (schemes[i].number == scheme)
			return i;
	return -1;
}

START_TEST(no_other_scheme_is_known)
{
	const struct scheme	*s;
	unsigned		 n;
	int			 row;

	for (n = 0; n < 65536; n++) {
		s = scheme_find(n);
		row = row_of(n);
		ck_assert_msg((s != NULL) == (row != -1), "scheme %04x", n);
		if (s == NULL)
			continue;
		ck_assert(!scheme_suits(s, CONTENT_NONE));
		ck_assert(scheme_suits(s, CONTENT_EXCHANGE));
		ck_assert(scheme_suits(s, CONTENT_VERIFY) ==
		    schemes[row].verify);
	}
}
END_TEST

/* ---- keys ---------------------------------------------------------------- */

static const char	*const kinds[] = { "RSA", "P-256", "P-384", "P-521" };
static const int	 bits_of[] = { 0, 256, 384, 521 };
static EVP_PKEY		*pkeys[COUNT(kinds)];
static struct store	 store;

static int
file_of(EVP_PKEY *key, const EVP_CIPHER *cipher)
{
	int	 fd = memfd_create("key", MFD_CLOEXEC);
	FILE	*f = fdopen(dup(fd), "w");

	ck_assert_int_eq(PEM_write_PrivateKey(f, key, cipher,
	    (const unsigned char *)"secret", cipher != NULL ? 6 : 0, NULL,
	    NULL), 1);
	fclose(f);
	return fd;
}

static const char *
add(EVP_PKEY *key, uint32_t generation, unsigned number)
{
	struct msg_conf_key	 m = { .generation = generation,
				    .number = number };
	const char		*why;
	int			 fd = file_of(key, NULL);

	why = store_add(&store, &m, fd);
	fd_close(&fd);
	return why;
}

static void
set_up(void)
{
	size_t	 i;

	for (i = 0; i < COUNT(kinds); i++) {
		pkeys[i] = i == 0 ? EVP_RSA_gen(2048) : EVP_EC_gen(kinds[i]);
		ck_assert_ptr_null(add(pkeys[i], 1, i));
	}
	ck_assert(store_turn(&store, 1, COUNT(kinds)));
}

static void
tear_down(void)
{
	size_t	 i;

	store_clear(&store);
	for (i = 0; i < COUNT(kinds); i++)
		EVP_PKEY_free(pkeys[i]);
}

static bool
verifies(EVP_PKEY *key, int row, struct span content,
    const struct signature *s)
{
	EVP_MD_CTX	*c = EVP_MD_CTX_new();
	EVP_PKEY_CTX	*p;
	bool		 good;

	good = EVP_DigestVerifyInit_ex(c, &p, schemes[row].digest, NULL, NULL,
	    key, NULL) == 1;
	if (schemes[row].padding != 0)
		EVP_PKEY_CTX_set_rsa_padding(p, schemes[row].padding);
	if (schemes[row].padding == RSA_PKCS1_PSS_PADDING)
		EVP_PKEY_CTX_set_rsa_pss_saltlen(p, RSA_PSS_SALTLEN_DIGEST);
	good = good && EVP_DigestVerify(c, s->octets, s->len,
	    (const unsigned char *)content.ptr, content.len) == 1;
	EVP_MD_CTX_free(c);
	return good;
}

/* Does RFC 8446, or 5246 and 8422, let this key do it? */
static bool
is_right(int row, size_t kind, bool verify)
{
	if ((schemes[row].curve == 0) != (kind == 0))
		return false;
	if (!verify)
		return true;
	return schemes[row].verify &&
	    (kind == 0 || schemes[row].curve == bits_of[kind]);
}

static void
try_all(struct span content, bool verify)
{
	uint8_t			 name[KEY_NAME_SIZE];
	struct msg_sign		 m = { .content = content };
	struct signature	 s;
	size_t			 kind, row;
	const char		*why;

	for (kind = 0; kind < COUNT(kinds); kind++)
		for (row = 0; row < COUNT(schemes); row++) {
			ck_assert(pem_key_name(pkeys[kind], name));
			m.key = span_make(name, sizeof name);
			m.scheme = schemes[row].number;
			why = sign(&store, &m, &s);
			ck_assert_msg((why == NULL) ==
			    is_right(row, kind, verify), "%s, %04x: %s",
			    kinds[kind], schemes[row].number, why);
			if (why == NULL)
				ck_assert(verifies(pkeys[kind], row, content,
				    &s));
		}
}

START_TEST(a_key_signs_by_its_own_schemes)
{
	try_all(verify_of(32), true);
	try_all(verify_of(48), true);
	try_all(exchange_of(29, 32), false);
	try_all(exchange_of(23, 65), false);
}
END_TEST

START_TEST(nothing_else_is_signed)
{
	uint8_t			 name[KEY_NAME_SIZE];
	struct msg_sign		 m = { .scheme = 0x0403 };
	struct signature	 s;
	size_t			 n;

	ck_assert(pem_key_name(pkeys[1], name));
	m.key = span_make(name, sizeof name);
	memset(octets, ' ', sizeof octets);
	for (n = 0; n < ROOM; n++) {
		m.content = span_make(octets, n);
		ck_assert_str_eq(sign(&store, &m, &s),
		    "not what a server signs");
	}
	m.content = verify_of(32);
	ck_assert_ptr_null(sign(&store, &m, &s));
	m.scheme = 0x0203;
	ck_assert_str_eq(sign(&store, &m, &s), "not with this scheme");
	m.scheme = 0x0403;
	for (n = 0; n < 8 * sizeof name; n++) {
		name[n / 8] ^= 1 << n % 8;
		ck_assert_str_eq(sign(&store, &m, &s), "no such key");
		name[n / 8] ^= 1 << n % 8;
	}
	for (n = 0; n < sizeof name; n++) {
		m.key.len = n;
		ck_assert_str_eq(sign(&store, &m, &s), "no such key");
	}
}
END_TEST

static bool
is_known(EVP_PKEY *key)
{
	uint8_t	 name[KEY_NAME_SIZE];

	return pem_key_name(key, name) &&
	    store_find(&store, span_make(name, sizeof name)) != NULL;
}

START_TEST(the_generation_before_stays_and_no_other)
{
	EVP_PKEY	*new = EVP_EC_gen("P-256");

	ck_assert_ptr_null(add(new, 2, 0));
	ck_assert(!is_known(new));
	ck_assert(store_turn(&store, 2, 1));
	ck_assert(is_known(new) && is_known(pkeys[0]) && is_known(pkeys[3]));
	ck_assert_ptr_null(add(new, 3, 0));
	ck_assert(store_turn(&store, 3, 1));
	ck_assert(is_known(new) && !is_known(pkeys[0]) &&
	    !is_known(pkeys[3]));
	EVP_PKEY_free(new);
}
END_TEST

START_TEST(half_a_generation_changes_nothing)
{
	EVP_PKEY	*new = EVP_EC_gen("P-256");

	ck_assert_ptr_null(add(new, 2, 0));
	ck_assert(!store_turn(&store, 2, 2));
	ck_assert(!store_turn(&store, 2, 1));
	ck_assert_ptr_null(add(new, 3, 0));
	ck_assert(!store_turn(&store, 4, 1));
	ck_assert(!store_turn(&store, 5, 0));
	ck_assert(!is_known(new) && is_known(pkeys[0]));
	EVP_PKEY_free(new);
}
END_TEST

static EVP_PKEY *
of_type(const char *type, size_t bits)
{
	if (strcmp(type, "RSA") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, type, bits);
	if (strcmp(type, "ED25519") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, type);
	return EVP_EC_gen(type);
}

static const struct {
	const char	*type;
	size_t		 bits;
	const char	*why;
} weak[] = {
	{ "RSA", 1024, "expected an RSA key of 2048 to 8192 bits" },
	{ "RSA", 2047, "expected an RSA key of 2048 to 8192 bits" },
	{ "P-224", 0, "expected an ECDSA key on P-256, P-384 or P-521" },
	{ "secp256k1", 0, "expected an ECDSA key on P-256, P-384 or P-521" },
	{ "ED25519", 0, "expected an RSA or ECDSA key" },
};

START_TEST(a_weak_or_strange_key_is_refused)
{
	EVP_PKEY	*key = of_type(weak[_i].type, weak[_i].bits);
	const char	*why = add(key, 2, 0);

	ck_assert_ptr_nonnull(why);
	ck_assert_str_eq(why, weak[_i].why);
	EVP_PKEY_free(key);
}
END_TEST

START_TEST(a_key_with_a_passphrase_is_refused)
{
	struct msg_conf_key	 m = { .generation = 2 };
	int			 fd = file_of(pkeys[1], EVP_aes_128_cbc());

	ck_assert_str_eq(store_add(&store, &m, fd),
	    "expected a key without a passphrase");
	ck_assert_int_eq(ftruncate(fd, 40), 0);
	ck_assert_str_eq(store_add(&store, &m, fd),
	    "expected a private key in PEM");
	ck_assert_int_eq(ftruncate(fd, CERTIFICATE_FILE_MAX + 1), 0);
	ck_assert_str_eq(store_add(&store, &m, fd), "File too large");
	fd_close(&fd);
	ck_assert_str_eq(store_add(&store, &m, fd), "Bad file descriptor");
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("keys");
	TCase	*contents = tcase_create("contents");
	TCase	*tc = tcase_create("keys");
	SRunner	*r;
	int	 failed;

	tcase_add_test(contents, a_verify_has_one_of_two_lengths);
	tcase_add_loop_test(contents, each_bit_before_the_hash_counts, 0, 2);
	tcase_add_test(contents, what_a_client_signs_is_refused);
	tcase_add_loop_test(contents, a_point_has_the_size_of_its_group, 0,
	    COUNT(groups));
	tcase_add_loop_test(contents, a_point_is_not_compressed, 0,
	    COUNT(groups));
	tcase_add_loop_test(contents, no_other_group_is_signed, 0,
	    COUNT(groups));
	tcase_add_loop_test(contents, a_curve_is_named, 0, COUNT(groups));
	tcase_add_test(contents, finite_fields_are_refused);
	tcase_add_test(contents, digests_and_transcripts_are_refused);
	tcase_add_test(contents, no_other_scheme_is_known);
	suite_add_tcase(s, contents);
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_key_signs_by_its_own_schemes);
	tcase_add_test(tc, nothing_else_is_signed);
	tcase_add_test(tc, the_generation_before_stays_and_no_other);
	tcase_add_test(tc, half_a_generation_changes_nothing);
	tcase_add_loop_test(tc, a_weak_or_strange_key_is_refused, 0,
	    COUNT(weak));
	tcase_add_test(tc, a_key_with_a_passphrase_is_refused);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
