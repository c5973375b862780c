/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>

#include "shared/alloc.h"
#include "shared/log.h"
#include "smtpd/signer.h"

#define NAME		"relais"
#define PARAM_KEY	"relais-key"	/* the address of a struct key */

struct signer {
	OSSL_PROVIDER	*ours, *standard;
	struct signing	*asked;
};

enum kind { KEY_RSA, KEY_EC, KIND_COUNT };

static const char *const kinds[KIND_COUNT] = { "RSA", "EC" };

struct key {
	struct signer	*signer;
	enum kind	 kind;
	EVP_PKEY	*public;
	uint8_t		 name[KEY_NAME_SIZE];
	unsigned	 references;
};

/* ---- keys: what OpenSSL asks about them ---------------------------------- */

/* It is empty until it is imported, and then what was given there. */
struct holder {
	struct key	*key;
};

static void *
holder_new(void *provider)
{
	(void)provider;
	return xcalloc(1, sizeof(struct holder));
}

static void
key_release(struct key *k)
{
	if (k == NULL || --k->references > 0)
		return;
	EVP_PKEY_free(k->public);
	free(k);
}

static void
holder_free(void *arg)
{
	struct holder	*h = arg;

	if (h != NULL)
		key_release(h->key);
	free(h);
}

static int
holder_has(const void *arg, int selection)
{
	const struct holder	*h = arg;

	(void)selection;
	return h->key != NULL;
}

static int
holder_match(const void *a, const void *b, int selection)
{
	const struct holder	*x = a, *y = b;

	(void)selection;
	return x->key != NULL && y->key != NULL &&
	    EVP_PKEY_eq(x->key->public, y->key->public) == 1;
}

static int
holder_import(void *arg, int selection, const OSSL_PARAM params[])
{
	struct holder		*h = arg;
	const OSSL_PARAM	*p = OSSL_PARAM_locate_const(params,
				    PARAM_KEY);
	const void		*key;
	size_t			 size;

	(void)selection;
	if (p == NULL || h->key != NULL ||
	    !OSSL_PARAM_get_octet_ptr(p, &key, &size) ||
	    size != sizeof(*h->key))
		return 0;
	memcpy(&h->key, &key, sizeof(key));
	h->key->references++;
	return 1;
}

static const OSSL_PARAM *
import_types(int selection)
{
	static const OSSL_PARAM	 types[] = {
		OSSL_PARAM_octet_ptr(PARAM_KEY, NULL, 0), OSSL_PARAM_END
	};

	(void)selection;
	return types;
}

/* The public half alone, with which libssl compares key and certificate. */
static int
holder_export(void *arg, int selection, OSSL_CALLBACK *take, void *taker)
{
	struct holder	*h = arg;
	OSSL_PARAM	*params = NULL;
	int		 result;

	if (h->key == NULL || (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) ||
	    !EVP_PKEY_todata(h->key->public, EVP_PKEY_PUBLIC_KEY, &params))
		return 0;
	result = take(params, taker);
	OSSL_PARAM_free(params);
	return result;
}

static const OSSL_PARAM *
export_types(int selection)
{
	static const OSSL_PARAM	 none[] = { OSSL_PARAM_END };

	(void)selection;
	return none;
}

static int
set_number(OSSL_PARAM params[], const char *name, int value)
{
	OSSL_PARAM	*p = OSSL_PARAM_locate(params, name);

	return p == NULL || OSSL_PARAM_set_int(p, value);
}

static int
set_group(OSSL_PARAM params[], const struct key *k)
{
	OSSL_PARAM	*p = OSSL_PARAM_locate(params,
			    OSSL_PKEY_PARAM_GROUP_NAME);
	char		 group[64];
	size_t		 len;

	if (p == NULL || k->kind != KEY_EC)
		return 1;
	return EVP_PKEY_get_group_name(k->public, group, sizeof(group),
	    &len) && OSSL_PARAM_set_utf8_string(p, group);
}

static int
holder_params(void *arg, OSSL_PARAM params[])
{
	struct holder	*h = arg;
	const EVP_PKEY	*k;

	if (h->key == NULL)
		return 0;
	k = h->key->public;
	return set_number(params, OSSL_PKEY_PARAM_BITS,
	    EVP_PKEY_get_bits(k)) &&
	    set_number(params, OSSL_PKEY_PARAM_SECURITY_BITS,
	    EVP_PKEY_get_security_bits(k)) &&
	    set_number(params, OSSL_PKEY_PARAM_MAX_SIZE,
	    EVP_PKEY_get_size(k)) && set_group(params, h->key);
}

static const OSSL_PARAM *
holder_gettable(void *provider)
{
	static const OSSL_PARAM	 known[] = {
		OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_END
	};

	(void)provider;
	return known;
}

static const char *
ec_operation(int operation)
{
	return operation == OSSL_OP_SIGNATURE ? "ECDSA" : NULL;
}

static const char *
rsa_operation(int operation)
{
	return operation == OSSL_OP_SIGNATURE ? "RSA" : NULL;
}

#define CALL(id, function)	{ id, (void (*)(void))function }
#define KEYMGMT(table, operation)					\
static const OSSL_DISPATCH table[] = {					\
	CALL(OSSL_FUNC_KEYMGMT_NEW, holder_new),			\
	CALL(OSSL_FUNC_KEYMGMT_FREE, holder_free),			\
	CALL(OSSL_FUNC_KEYMGMT_HAS, holder_has),			\
	CALL(OSSL_FUNC_KEYMGMT_MATCH, holder_match),			\
	CALL(OSSL_FUNC_KEYMGMT_IMPORT, holder_import),			\
	CALL(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, import_types),		\
	CALL(OSSL_FUNC_KEYMGMT_EXPORT, holder_export),			\
	CALL(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, export_types),		\
	CALL(OSSL_FUNC_KEYMGMT_GET_PARAMS, holder_params),		\
	CALL(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, holder_gettable),	\
	CALL(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, operation),	\
	{ 0, NULL }							\
}

KEYMGMT(rsa_keys, rsa_operation);
KEYMGMT(ec_keys, ec_operation);

/* ---- signatures ---------------------------------------------------------- */

struct signature {
	struct key	*key;		/* or NULL, and no signing either */
	struct signing	*signing;
	int		 hash;		/* place in `hashes` */
	bool		 pss;
};

static const struct {
	const char	*names[2];
	uint16_t	 pkcs1, pss, ecdsa;
} hashes[] = {
	{ { "SHA256", "SHA2-256" }, 0x0401, 0x0804, 0x0403 },
	{ { "SHA384", "SHA2-384" }, 0x0501, 0x0805, 0x0503 },
	{ { "SHA512", "SHA2-512" }, 0x0601, 0x0806, 0x0603 },
};

static void *
signature_new(void *provider, const char *properties)
{
	(void)provider;
	(void)properties;
	return xcalloc(1, sizeof(struct signature));
}

static void
signature_free(void *arg)
{
	struct signature	*s = arg;

	if (s == NULL)
		return;
	key_release(s->key);
	free(s->signing);
	free(s);
}

static int
find_hash(const char *name)
{
	size_t	 i;

	for (i = 0; name != NULL && i < COUNT(hashes); i++)
		if (strcasecmp(name, hashes[i].names[0]) == 0 ||
		    strcasecmp(name, hashes[i].names[1]) == 0)
			return i;
	return -1;
}

/* The length of the salt is that of the hash in TLS, whoever signs. */
static int
signature_set(void *arg, const OSSL_PARAM params[])
{
	struct signature	*s = arg;
	const OSSL_PARAM	*p;
	int			 mode;

	p = params == NULL ? NULL : OSSL_PARAM_locate_const(params,
	    OSSL_SIGNATURE_PARAM_PAD_MODE);
	if (p == NULL)
		return 1;
	if (p->data_type == OSSL_PARAM_UTF8_STRING)
		mode = strcmp(p->data, OSSL_PKEY_RSA_PAD_MODE_PSS) == 0 ?
		    RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;
	else if (!OSSL_PARAM_get_int(p, &mode))
		return 0;
	s->pss = mode == RSA_PKCS1_PSS_PADDING;
	return s->pss || mode == RSA_PKCS1_PADDING;
}

static const OSSL_PARAM *
signature_settable(void *arg, void *provider)
{
	static const OSSL_PARAM	 known[] = {
		OSSL_PARAM_int(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL),
		OSSL_PARAM_int(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL),
		OSSL_PARAM_END
	};

	(void)arg;
	(void)provider;
	return known;
}

static int
signature_init(void *arg, const char *hash, void *key,
    const OSSL_PARAM params[])
{
	struct signature	*s = arg;
	struct holder		*h = key;

	if (h == NULL || h->key == NULL || s->key != NULL)
		return 0;
	s->key = h->key;
	s->key->references++;
	s->signing = xcalloc(1, sizeof(*s->signing));
	s->hash = find_hash(hash);
	s->pss = false;
	return s->hash != -1 && signature_set(s, params);
}

static uint16_t
scheme_of(const struct signature *s)
{
	if (s->key->kind == KEY_EC)
		return hashes[s->hash].ecdsa;
	return s->pss ? hashes[s->hash].pss : hashes[s->hash].pkcs1;
}

/* False when there is nobody to wake us. */
static bool
wait_for(struct signer *signer, struct signing *g)
{
	ASYNC_JOB		*job = ASYNC_get_current_job();
	ASYNC_callback_fn	 pausing = NULL;
	void			*arg;

	if (job == NULL || !ASYNC_WAIT_CTX_get_callback(
	    ASYNC_get_wait_ctx(job), &pausing, &arg) || pausing == NULL)
		return false;
	signer->asked = g;
	(void)pausing(arg);
	signer->asked = NULL;
	return ASYNC_pause_job();
}

/* All at once. */
static int
signature_sign(void *arg, unsigned char *into, size_t *len, size_t size,
    const unsigned char *what, size_t what_len)
{
	struct signature	*s = arg;
	struct signing		*g = s->signing;

	if (g == NULL || what_len > sizeof(g->content))
		return 0;
	if (into == NULL) {
		*len = EVP_PKEY_get_size(s->key->public);
		return 1;
	}
	memcpy(g->key, s->key->name, sizeof(g->key));
	g->scheme = scheme_of(s);
	memcpy(g->content, what, what_len);
	g->len = what_len;
	if (!wait_for(s->key->signer, g) || g->signature_len == 0 ||
	    g->signature_len > size)
		return 0;
	memcpy(into, g->signature, g->signature_len);
	*len = g->signature_len;
	return 1;
}

static const OSSL_DISPATCH signatures[] = {
	CALL(OSSL_FUNC_SIGNATURE_NEWCTX, signature_new),
	CALL(OSSL_FUNC_SIGNATURE_FREECTX, signature_free),
	CALL(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, signature_init),
	CALL(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, signature_sign),
	CALL(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, signature_set),
	CALL(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, signature_settable),
	{ 0, NULL }
};

/* ---- the provider -------------------------------------------------------- */

#define OURS	"provider=" NAME

static const OSSL_ALGORITHM *
query(void *provider, int operation, int *no_cache)
{
	static const OSSL_ALGORITHM	 keys[] = {
		{ "RSA:rsaEncryption:1.2.840.113549.1.1.1", OURS, rsa_keys,
		    NULL },
		{ "EC:id-ecPublicKey:1.2.840.10045.2.1", OURS, ec_keys, NULL },
		{ NULL, NULL, NULL, NULL }
	};
	static const OSSL_ALGORITHM	 signing[] = {
		{ "RSA:rsaEncryption:1.2.840.113549.1.1.1", OURS, signatures,
		    NULL },
		{ "ECDSA", OURS, signatures, NULL },
		{ NULL, NULL, NULL, NULL }
	};

	(void)provider;
	*no_cache = 0;
	if (operation == OSSL_OP_KEYMGMT)
		return keys;
	return operation == OSSL_OP_SIGNATURE ? signing : NULL;
}

static int
init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *core,
    const OSSL_DISPATCH **calls, void **context)
{
	static const OSSL_DISPATCH	 ours[] = {
		CALL(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query), { 0, NULL }
	};

	(void)handle;
	(void)core;
	*calls = ours;
	*context = NULL;
	return 1;
}

/*
 * The standard provider is preferred for all that is not ours alone; jobs are
 * bounded, because each has a stack.
 */
struct signer *
signer_new(void)
{
	struct signer	*s = xcalloc(1, sizeof(*s));

	s->standard = OSSL_PROVIDER_load(NULL, "default");
	if (s->standard == NULL ||
	    !OSSL_PROVIDER_add_builtin(NULL, NAME, init) ||
	    (s->ours = OSSL_PROVIDER_load(NULL, NAME)) == NULL ||
	    !EVP_set_default_properties(NULL, "?provider=default") ||
	    !ASYNC_init_thread(TLS_JOBS_MAX, 0))
		fatal("tls: OpenSSL does not begin");
	return s;
}

void
signer_free(struct signer *s)
{
	ASYNC_cleanup_thread();
	OSSL_PROVIDER_unload(s->ours);
	OSSL_PROVIDER_unload(s->standard);
	free(s);
}

/* ---- keys, of certificates ----------------------------------------------- */

static EVP_PKEY *
wrap(struct key *k)
{
	void		*address = k;
	OSSL_PARAM	 params[] = {
		OSSL_PARAM_construct_octet_ptr(PARAM_KEY, &address,
		    sizeof(*k)), OSSL_PARAM_END
	};
	EVP_PKEY_CTX	*c = EVP_PKEY_CTX_new_from_name(NULL, kinds[k->kind],
			    OURS);
	EVP_PKEY	*made = NULL;

	if (c == NULL || EVP_PKEY_fromdata_init(c) <= 0 ||
	    EVP_PKEY_fromdata(c, &made, EVP_PKEY_KEYPAIR, params) <= 0)
		made = NULL;
	EVP_PKEY_CTX_free(c);
	return made;
}

EVP_PKEY *
signer_key(struct signer *signer, X509 *certificate)
{
	EVP_PKEY	*public = X509_get0_pubkey(certificate), *made = NULL;
	struct key	*k;
	int		 i;

	for (i = 0; i < KIND_COUNT; i++)
		if (public != NULL && EVP_PKEY_is_a(public, kinds[i]))
			break;
	if (i == KIND_COUNT || !EVP_PKEY_up_ref(public))
		return NULL;
	k = xcalloc(1, sizeof(*k));
	k->signer = signer;
	k->kind = i;
	k->public = public;
	k->references = 1;
	if (pem_key_name(public, k->name))
		made = wrap(k);
	key_release(k);
	return made;
}

struct signing *
signer_asked(const struct signer *s)
{
	return s->asked;
}

void
signing_answer(struct signing *g, struct span signature)
{
	g->signature_len = 0;
	if (signature.len > sizeof(g->signature))
		return;
	memcpy(g->signature, signature.ptr, signature.len);
	g->signature_len = signature.len;
}
