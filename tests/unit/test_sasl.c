/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "lookup/sasl.h"
#include "shared/alloc.h"
#include "shared/base64.h"
#include "shared/saslprep.h"

/* A literal with its NULs. */
#define LITERAL(text)	{ (text), sizeof(text) - 1 }

/* RFC 7677 section 3. */
#define CLIENT_FIRST	"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
#define NONCE		"%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define SERVER_FIRST	"r=rOprNGfwEbeRWgbNEkqO" NONCE \
			",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
#define CLIENT_FINAL	"c=biws,r=rOprNGfwEbeRWgbNEkqO" NONCE \
			",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
#define SERVER_FINAL	"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
#define KEY		"4096,W22ZaJ0SNY7soEsUEjb6gQ==," \
			"WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=," \
			"wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

static struct scram_key
key_of(const char *text)
{
	struct scram_key	 k;

	ck_assert(scram_key_parse(&k, span_of(text)));
	return k;
}

static void
begin(struct sasl *s, const char *mechanism, const char *binding,
    struct span data)
{
	enum sasl_mechanism	 m;

	ck_assert(sasl_find(span_of(mechanism), &m));
	sasl_init(s, m, span_of(binding), data);
}

static struct span
said(const struct sasl *s)
{
	return span_make(s->said, s->said_len);
}

/* ---- PLAIN --------------------------------------------------------------- */

static const struct {
	const char	*claim;
	struct span	 message;
	enum sasl_want	 want;
	const char	*name, *password;
} plains[] = {
	{ "RFC 4616 section 4, first", LITERAL("\0tim\0tanstaaftanstaaf"),
	    SASL_PASSWORD, "tim", "tanstaaftanstaaf" },
	{ "RFC 4616 section 4, second", LITERAL("Ursel\0Kurt\0xipj3plmq"),
	    SASL_BAD, "Kurt", NULL },
	{ "as himself", LITERAL("tim\0tim\0x"), SASL_PASSWORD, "tim", "x" },
	{ "non-ASCII", LITERAL("\0g\xc3\xbcnter\0\xc2\xaa"), SASL_PASSWORD,
	    "g\xc3\xbcnter", "a" },
	{ "nothing", LITERAL(""), SASL_MALFORMED, NULL, NULL },
	{ "no NUL", LITERAL("tim"), SASL_MALFORMED, NULL, NULL },
	{ "one NUL", LITERAL("tim\0x"), SASL_MALFORMED, NULL, NULL },
	{ "three NULs", LITERAL("\0tim\0x\0"), SASL_MALFORMED, NULL, NULL },
	{ "no name", LITERAL("\0\0x"), SASL_MALFORMED, NULL, NULL },
	{ "no password", LITERAL("\0tim\0"), SASL_MALFORMED, NULL, NULL },
	{ "not UTF-8", LITERAL("\0tim\0\xff"), SASL_MALFORMED, NULL, NULL },
	{ "a name of two lines", LITERAL("\0ti\nm\0x"), SASL_MALFORMED, NULL,
	    NULL },
	{ "a control in another", LITERAL("\1\0tim\0x"), SASL_MALFORMED,
	    NULL, NULL },
};

START_TEST(plain_is_three_words)
{
	struct sasl	 s;

	begin(&s, "PLAIN", "", span_of(""));
	ck_assert_msg(sasl_hear(&s, plains[_i].message) == plains[_i].want,
	    "%s", plains[_i].claim);
	if (plains[_i].name != NULL)
		ck_assert_str_eq(s.name, plains[_i].name);
	if (plains[_i].password != NULL)
		ck_assert_str_eq(s.password, plains[_i].password);
	ck_assert_int_eq(sasl_hear(&s, plains[0].message), SASL_MALFORMED);
}
END_TEST

START_TEST(plain_without_a_first_word_is_asked)
{
	struct sasl	 s;

	begin(&s, "PLAIN", "", span_of(""));
	ck_assert_int_eq(sasl_begin(&s), SASL_SAY);
	ck_assert_uint_eq(s.said_len, 0);
	ck_assert_int_eq(sasl_hear(&s, plains[0].message), SASL_PASSWORD);
}
END_TEST

START_TEST(what_is_too_long_is_not_looked_at)
{
	struct sasl	 s;
	char		 long_one[SASL_MESSAGE_MAX + 1];

	memset(long_one, 'x', sizeof long_one);
	long_one[0] = long_one[4] = '\0';
	begin(&s, "PLAIN", "", span_of(""));
	ck_assert_int_eq(sasl_hear(&s, span_make(long_one, sizeof long_one)),
	    SASL_MALFORMED);
	begin(&s, "PLAIN", "", span_of(""));
	ck_assert_int_eq(sasl_hear(&s, span_make(long_one,
	    sizeof long_one - 1)), SASL_PASSWORD);
	long_one[4] = 'x';
	long_one[ACCOUNT_TEXT_MAX + 2] = '\0';
	begin(&s, "PLAIN", "", span_of(""));
	ck_assert_int_eq(sasl_hear(&s, span_make(long_one,
	    sizeof long_one - 1)), SASL_MALFORMED);
	begin(&s, "LOGIN", "", span_of(""));
	ck_assert_int_eq(sasl_hear(&s, span_make(long_one + 5, 300)),
	    SASL_MALFORMED);
}
END_TEST

/* ---- LOGIN --------------------------------------------------------------- */

START_TEST(login_asks_twice)
{
	struct sasl	 s;

	begin(&s, "LOGIN", "", span_of(""));
	ck_assert_int_eq(sasl_begin(&s), SASL_SAY);
	ck_assert(span_is(said(&s), "Username:"));
	ck_assert_int_eq(sasl_hear(&s, span_of("tim")), SASL_SAY);
	ck_assert(span_is(said(&s), "Password:"));
	ck_assert_int_eq(sasl_hear(&s, span_of("x y")), SASL_PASSWORD);
	ck_assert_str_eq(s.name, "tim");
	ck_assert_str_eq(s.password, "x y");
	ck_assert_int_eq(sasl_hear(&s, span_of("x")), SASL_MALFORMED);
	begin(&s, "LOGIN", "", span_of(""));
	ck_assert_int_eq(sasl_hear(&s, span_of("")), SASL_MALFORMED);
	ck_assert_int_eq(sasl_hear(&s, span_of("x")), SASL_MALFORMED);
	begin(&s, "LOGIN", "", span_of(""));
	ck_assert_int_eq(sasl_hear(&s, span_of("tim")), SASL_SAY);
	ck_assert_int_eq(sasl_hear(&s, span_make("a\0b", 3)), SASL_MALFORMED);
}
END_TEST

/* ---- SCRAM --------------------------------------------------------------- */

START_TEST(a_key_is_made_and_written)
{
	struct scram_key	 k = key_of(KEY), made = k;
	struct buf		 b;

	memset(made.stored, 0, sizeof made.stored);
	memset(made.server, 0, sizeof made.server);
	scram_key_make(&made, span_of("pencil"));
	ck_assert(memcmp(made.stored, k.stored, SCRAM_HASH) == 0);
	ck_assert(memcmp(made.server, k.server, SCRAM_HASH) == 0);
	ck_assert(scram_key_opens(&k, span_of("pencil")));
	ck_assert(!scram_key_opens(&k, span_of("Pencil")));
	ck_assert(!scram_key_opens(&k, span_of("")));
	buf_init(&b, 512);
	ck_assert(scram_key_put(&k, &b));
	ck_assert(span_is(buf_span(&b), KEY));
	buf_clear(&b);
}
END_TEST

START_TEST(a_key_that_is_cut_or_has_more_is_none)
{
	struct scram_key	 k;
	struct span		 text = span_of(KEY);
	size_t			 i;

	for (i = 0; i < text.len; i++)
		ck_assert(!scram_key_parse(&k, span_head(text, i)));
	ck_assert(!scram_key_parse(&k, span_of(KEY ",")));
	ck_assert(!scram_key_parse(&k, span_of("0" ",c2FsdA==,"
	    "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,"
	    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=")));
	ck_assert(!scram_key_parse(&k, span_of("1000001" ",c2FsdA==,"
	    "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,"
	    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=")));
}
END_TEST

/* How far these two messages get; SASL_GOOD with all said. */
static enum sasl_want
talk(struct sasl *s, struct span first, struct span final)
{
	struct scram_key	 k = key_of(KEY);
	enum sasl_want		 want = sasl_hear(s, first);

	if (want == SASL_KEY)
		want = sasl_key(s, &k, span_of(NONCE));
	if (want == SASL_SAY)
		want = sasl_hear(s, final);
	return want == SASL_SAY ? sasl_hear(s, span_of("")) : want;
}

START_TEST(scram_is_as_rfc_7677_has_it)
{
	struct scram_key	 k = key_of(KEY);
	struct sasl		 s;

	begin(&s, "SCRAM-SHA-256", "", span_of(""));
	ck_assert_int_eq(sasl_begin(&s), SASL_SAY);
	ck_assert_int_eq(sasl_hear(&s, span_of(CLIENT_FIRST)), SASL_KEY);
	ck_assert_str_eq(s.name, "user");
	ck_assert_int_eq(sasl_key(&s, &k, span_of(NONCE)), SASL_SAY);
	ck_assert(span_is(said(&s), SERVER_FIRST));
	ck_assert_int_eq(sasl_hear(&s, span_of(CLIENT_FINAL)), SASL_SAY);
	ck_assert(span_is(said(&s), SERVER_FINAL));
	ck_assert_int_eq(sasl_hear(&s, span_of("")), SASL_GOOD);
	ck_assert_int_eq(sasl_hear(&s, span_of("")), SASL_MALFORMED);
	begin(&s, "SCRAM-SHA-256", "", span_of(""));
	ck_assert_int_eq(talk(&s, span_of(CLIENT_FIRST),
	    span_of(CLIENT_FINAL)), SASL_GOOD);
}
END_TEST

START_TEST(what_we_said_last_wants_no_answer)
{
	struct scram_key	 k = key_of(KEY);
	struct sasl		 s;

	begin(&s, "SCRAM-SHA-256", "", span_of(""));
	ck_assert_int_eq(sasl_hear(&s, span_of(CLIENT_FIRST)), SASL_KEY);
	ck_assert_int_eq(sasl_key(&s, &k, span_of(NONCE)), SASL_SAY);
	ck_assert_int_eq(sasl_hear(&s, span_of(CLIENT_FINAL)), SASL_SAY);
	ck_assert_int_eq(sasl_hear(&s, span_of("x")), SASL_MALFORMED);
	ck_assert_int_eq(sasl_hear(&s, span_of("")), SASL_MALFORMED);
}
END_TEST

/* Another octet, or an end, in either message: all 256 values at each place
 * of the last, which proves the first. */
START_TEST(nothing_else_succeeds)
{
	struct span	 first = span_of(CLIENT_FIRST);
	struct span	 final = span_of(CLIENT_FINAL);
	char		 changed[256];
	struct sasl	 s;
	size_t		 i;
	unsigned	 c;

	for (i = 0; i < first.len; i++) {
		begin(&s, "SCRAM-SHA-256", "", span_of(""));
		ck_assert_int_ne(talk(&s, span_head(first, i), final),
		    SASL_GOOD);
	}
	for (i = 0; i < final.len; i++) {
		begin(&s, "SCRAM-SHA-256", "", span_of(""));
		ck_assert_int_ne(talk(&s, first, span_head(final, i)),
		    SASL_GOOD);
	}
	for (i = 0; i < first.len; i++)
		for (c = 0; c < 256; c++) {
			memcpy(changed, first.ptr, first.len);
			if (changed[i] == (char)c)
				continue;
			changed[i] = c;
			begin(&s, "SCRAM-SHA-256", "", span_of(""));
			ck_assert_int_ne(talk(&s, span_make(changed,
			    first.len), final), SASL_GOOD);
		}
	for (i = 0; i < final.len; i++)
		for (c = 0; c < 256; c++) {
			memcpy(changed, final.ptr, final.len);
			if (changed[i] == (char)c)
				continue;
			changed[i] = c;
			begin(&s, "SCRAM-SHA-256", "", span_of(""));
			ck_assert_int_ne(talk(&s, first, span_make(changed,
			    final.len)), SASL_GOOD);
		}
}
END_TEST

/* ---- SCRAM: a client of its own ------------------------------------------ */

/* client-final of somebody who knows the password. */
static struct span
prove(const struct sasl *s, const char *bare, struct span bound,
    char into[1024])
{
	struct scram_key	 k = s->key;
	uint8_t			 salted[32], client[32], stored[32], sign[32];
	struct buf		 b, text;
	unsigned		 i, n;

	buf_init(&b, 1024);
	buf_init(&text, 4096);
	ck_assert(buf_put(&b, span_of("c=")) && base64_put(&b, bound));
	ck_assert(buf_printf(&b, ",r=%.*s", (int)s->nonce_len,
	    s->server + s->nonce_at));
	ck_assert(buf_printf(&text, "%s,%.*s,%.*s", bare,
	    (int)s->server_len, s->server, (int)buf_len(&b),
	    buf_span(&b).ptr));
	PKCS5_PBKDF2_HMAC("pencil", 6, k.salt, k.salt_len, k.iterations,
	    EVP_sha256(), 32, salted);
	HMAC(EVP_sha256(), salted, 32, (const unsigned char *)"Client Key",
	    10, client, &n);
	EVP_Digest(client, 32, stored, &n, EVP_sha256(), NULL);
	HMAC(EVP_sha256(), stored, 32,
	    (const unsigned char *)buf_span(&text).ptr, buf_len(&text), sign,
	    &n);
	for (i = 0; i < 32; i++)
		client[i] ^= sign[i];
	ck_assert(buf_put(&b, span_of(",p=")) &&
	    base64_put(&b, span_make(client, 32)));
	n = buf_len(&b);
	memcpy(into, buf_span(&b).ptr, n);
	buf_clear(&b);
	buf_clear(&text);
	return span_make(into, n);
}

#define BARE	"n=user,r=abc"
#define DATA	"\1\2\3\4"

/* What a client says first, what it binds to, and what comes of it when its
 * proof is right. */
static const struct {
	const char	*claim, *mechanism, *binding, *header, *bare;
	struct span	 bound;
	enum sasl_want	 want;
} talks[] = {
	{ "no binding", "SCRAM-SHA-256", "", "n,,", BARE,
	    LITERAL("n,,"), SASL_GOOD },
	{ "no binding, and we could", "SCRAM-SHA-256", "tls-exporter",
	    "n,,", BARE, LITERAL("n,,"), SASL_GOOD },
	{ "it could, and we cannot", "SCRAM-SHA-256", "", "y,,", BARE,
	    LITERAL("y,,"), SASL_GOOD },
	{ "it could, and was told that we cannot", "SCRAM-SHA-256",
	    "tls-exporter", "y,,", BARE, LITERAL("y,,"), SASL_MALFORMED },
	{ "another flag is signed", "SCRAM-SHA-256", "", "y,,", BARE,
	    LITERAL("n,,"), SASL_BAD },
	{ "bound", "SCRAM-SHA-256-PLUS", "tls-exporter",
	    "p=tls-exporter,,", BARE, LITERAL("p=tls-exporter,," DATA),
	    SASL_GOOD },
	{ "bound to the certificate", "SCRAM-SHA-256-PLUS",
	    "tls-server-end-point", "p=tls-server-end-point,,", BARE,
	    LITERAL("p=tls-server-end-point,," DATA), SASL_GOOD },
	{ "bound to another connection", "SCRAM-SHA-256-PLUS",
	    "tls-exporter", "p=tls-exporter,,", BARE,
	    LITERAL("p=tls-exporter,,\1\2\3\5"), SASL_BAD },
	{ "bound to nothing", "SCRAM-SHA-256-PLUS", "tls-exporter",
	    "p=tls-exporter,,", BARE, LITERAL("p=tls-exporter,,"),
	    SASL_BAD },
	{ "bound to too much", "SCRAM-SHA-256-PLUS", "tls-exporter",
	    "p=tls-exporter,,", BARE,
	    LITERAL("p=tls-exporter,," DATA "\0"), SASL_BAD },
	{ "of another type", "SCRAM-SHA-256-PLUS", "tls-exporter",
	    "p=tls-unique,,", BARE, LITERAL("p=tls-unique,," DATA),
	    SASL_MALFORMED },
	{ "-PLUS unbound", "SCRAM-SHA-256-PLUS", "tls-exporter", "n,,",
	    BARE, LITERAL("n,,"), SASL_MALFORMED },
	{ "-PLUS that could", "SCRAM-SHA-256-PLUS", "tls-exporter", "y,,",
	    BARE, LITERAL("y,,"), SASL_MALFORMED },
	{ "-PLUS without TLS", "SCRAM-SHA-256-PLUS", "",
	    "p=tls-exporter,,", BARE, LITERAL("p=tls-exporter,,"),
	    SASL_MALFORMED },
	{ "-PLUS without a type", "SCRAM-SHA-256-PLUS", "", "p=,,", BARE,
	    LITERAL("p=,,"), SASL_MALFORMED },
	{ "bound without -PLUS", "SCRAM-SHA-256", "tls-exporter",
	    "p=tls-exporter,,", BARE, LITERAL("p=tls-exporter,," DATA),
	    SASL_MALFORMED },
	{ "as himself", "SCRAM-SHA-256", "", "n,a=user,", BARE,
	    LITERAL("n,a=user,"), SASL_GOOD },
	{ "as another", "SCRAM-SHA-256", "", "n,a=root,", BARE,
	    LITERAL("n,a=root,"), SASL_BAD },
	{ "as nobody else", "SCRAM-SHA-256", "", "n,a=,", BARE,
	    LITERAL("n,a=,"), SASL_GOOD },
	{ "as whom?", "SCRAM-SHA-256", "", "n,user,", BARE,
	    LITERAL("n,user,"), SASL_MALFORMED },
	{ "no header", "SCRAM-SHA-256", "", "", BARE, LITERAL(""),
	    SASL_MALFORMED },
	{ "half a header", "SCRAM-SHA-256", "", "n,", BARE, LITERAL("n,"),
	    SASL_MALFORMED },
	{ "a flag in upper case", "SCRAM-SHA-256", "", "N,,", BARE,
	    LITERAL("N,,"), SASL_MALFORMED },
	{ "an extension that must be known", "SCRAM-SHA-256", "", "n,,",
	    "m=x," BARE, LITERAL("n,,"), SASL_MALFORMED },
	{ "one that need not", "SCRAM-SHA-256", "", "n,,", BARE ",x=1,y=2",
	    LITERAL("n,,"), SASL_GOOD },
	{ "one without a value", "SCRAM-SHA-256", "", "n,,", BARE ",x=",
	    LITERAL("n,,"), SASL_MALFORMED },
	{ "a comma at the end", "SCRAM-SHA-256", "", "n,,", BARE ",",
	    LITERAL("n,,"), SASL_MALFORMED },
	{ "no nonce", "SCRAM-SHA-256", "", "n,,", "n=user", LITERAL("n,,"),
	    SASL_MALFORMED },
	{ "an empty nonce", "SCRAM-SHA-256", "", "n,,", "n=user,r=",
	    LITERAL("n,,"), SASL_MALFORMED },
	{ "a blank nonce", "SCRAM-SHA-256", "", "n,,", "n=user,r=a b",
	    LITERAL("n,,"), SASL_MALFORMED },
	{ "no name", "SCRAM-SHA-256", "", "n,,", "n=,r=abc",
	    LITERAL("n,,"), SASL_MALFORMED },
	{ "an equals sign alone", "SCRAM-SHA-256", "", "n,,",
	    "n=us=er,r=abc", LITERAL("n,,"), SASL_MALFORMED },
	{ "an escape in lower case", "SCRAM-SHA-256", "", "n,,",
	    "n=us=3der,r=abc", LITERAL("n,,"), SASL_MALFORMED },
	{ "half an escape", "SCRAM-SHA-256", "", "n,,", "n=user=3,r=abc",
	    LITERAL("n,,"), SASL_MALFORMED },
	{ "names in another order", "SCRAM-SHA-256", "", "n,,",
	    "r=abc,n=user", LITERAL("n,,"), SASL_MALFORMED },
};

START_TEST(scram_binds_and_escapes)
{
	struct scram_key	 k = key_of(KEY);
	char			 first[256], final[1024];
	struct sasl		 s;
	enum sasl_want		 want;

	begin(&s, talks[_i].mechanism, talks[_i].binding,
	    span_of(talks[_i].binding[0] != '\0' ? DATA : ""));
	snprintf(first, sizeof first, "%s%s", talks[_i].header,
	    talks[_i].bare);
	want = sasl_hear(&s, span_of(first));
	if (want == SASL_KEY)
		want = sasl_key(&s, &k, span_of("server"));
	if (want == SASL_SAY)
		want = sasl_hear(&s, prove(&s, talks[_i].bare,
		    talks[_i].bound, final));
	if (want == SASL_SAY)
		want = sasl_hear(&s, span_of(""));
	ck_assert_msg(want == talks[_i].want, "%s: %d", talks[_i].claim,
	    want);
}
END_TEST

START_TEST(names_are_unescaped)
{
	struct sasl	 s;

	begin(&s, "SCRAM-SHA-256", "", span_of(""));
	ck_assert_int_eq(sasl_hear(&s, span_of("n,a=a=2Cb=3Dc,"
	    "n=a=2Cb=3Dc,r=x")), SASL_KEY);
	ck_assert_str_eq(s.name, "a,b=c");
}
END_TEST

START_TEST(unknown_mechanisms_are_not_found)
{
	enum sasl_mechanism	 m;

	ck_assert(!sasl_find(span_of("plain"), &m));
	ck_assert(!sasl_find(span_of("SCRAM-SHA-1"), &m));
	ck_assert(!sasl_find(span_of(""), &m));
	ck_assert(!sasl_find(span_of("PLAINS"), &m));
}
END_TEST

/* ---- SASLprep ------------------------------------------------------------ */

/* RFC 4013 section 3, and what is no UTF-8. */
static const struct {
	const char	*text, *is;
} preps[] = {
	{ "I\xc2\xadX", "IX" }, { "user", "user" }, { "USER", "USER" },
	{ "\xc2\xaa", "a" }, { "\xe2\x85\xa8", "IX" }, { "\x07", NULL },
	{ "\xd8\xa7" "1", NULL }, { "", NULL }, { "\xc2\xad", NULL },
	{ "a\xc2\xa0" "b", "a b" }, { "\x80", NULL }, { "\xc2", NULL },
	{ "\xc0\x80", NULL }, { "\xe0\x80\x80", NULL },
	{ "\xed\xa0\x80", NULL }, { "\xf4\x90\x80\x80", NULL },
	{ "\xf5\x80\x80\x80", NULL }, { "\xe2\x82", NULL },
	{ "p\xc3\xa4ss", "p\xc3\xa4ss" }, { "pa\xcc\x88ss", "p\xc3\xa4ss" },
	{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
};

START_TEST(texts_are_prepared)
{
	char	 into[64];
	bool	 good = saslprep(span_of(preps[_i].text),
		    SASLPREP_COMPARED, into, sizeof into);

	ck_assert_msg(good == (preps[_i].is != NULL), "%d", _i);
	ck_assert_str_eq(into, good ? preps[_i].is : "");
}
END_TEST

START_TEST(what_grows_is_refused_at_the_ceiling)
{
	char	 into[8];

	/* One character of three octets becomes 18 of them. */
	ck_assert(!saslprep(span_of("\xef\xb7\xba"), SASLPREP_COMPARED, into,
	    sizeof into));
	ck_assert(!saslprep(span_of("12345678"), SASLPREP_COMPARED, into,
	    sizeof into));
	ck_assert(saslprep(span_of("1234567"), SASLPREP_COMPARED, into,
	    sizeof into));
	/* Not assigned in Unicode 3.2. */
	ck_assert(!saslprep(span_of("\xf0\x9f\x98\x80"), SASLPREP_KEPT, into,
	    sizeof into));
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("sasl");
	TCase	*tc = tcase_create("sasl");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, plain_is_three_words, 0, COUNT(plains));
	tcase_add_test(tc, plain_without_a_first_word_is_asked);
	tcase_add_test(tc, what_is_too_long_is_not_looked_at);
	tcase_add_test(tc, login_asks_twice);
	tcase_add_test(tc, a_key_is_made_and_written);
	tcase_add_test(tc, a_key_that_is_cut_or_has_more_is_none);
	tcase_add_test(tc, scram_is_as_rfc_7677_has_it);
	tcase_add_test(tc, what_we_said_last_wants_no_answer);
	tcase_add_test(tc, nothing_else_succeeds);
	tcase_add_loop_test(tc, scram_binds_and_escapes, 0, COUNT(talks));
	tcase_add_test(tc, names_are_unescaped);
	tcase_add_test(tc, unknown_mechanisms_are_not_found);
	tcase_add_loop_test(tc, texts_are_prepared, 0, COUNT(preps));
	tcase_add_test(tc, what_grows_is_refused_at_the_ceiling);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
