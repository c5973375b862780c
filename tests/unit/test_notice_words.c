/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "queue/notice_phrases.h"
#include "shared/alloc.h"
#include "shared/utf8.h"

/* Phrases are pointers to text, and nothing else. */
enum { PHRASES = sizeof(struct phrases) / sizeof(const char *) };

static const char *
phrase_at(enum notice_language language, size_t i)
{
	const char	*phrase;

	memcpy(&phrase, (const char *)phrases_of(language) +
	    i * sizeof phrase, sizeof phrase);
	return phrase;
}

static const char *const	 values[] = {
	"{host}", "{date}", "{count}", "{subject}", "{address}", "{life}",
	"{attempts}", "{contact}", "{id}", "{weekday}", "{day}", "{month}",
	"{year}", "{hour}", "{minute}"
};

/* How many values are in it; each is a known one. */
static size_t
count_values(const char *phrase)
{
	const char	*p = phrase;
	size_t		 n = 0, i;

	for (; (p = strchr(p, '{')) != NULL; p++, n++) {
		for (i = 0; i < COUNT(values); i++)
			if (strncmp(p, values[i], strlen(values[i])) == 0)
				break;
		ck_assert_msg(i < COUNT(values), "%s", phrase);
	}
	return n;
}

START_TEST(each_phrase_is_there_in_each_language)
{
	const char	*english, *french;
	size_t		 i, j;

	ck_assert_uint_eq(sizeof(struct phrases) % sizeof english, 0);
	for (i = 0; i < PHRASES; i++) {
		english = phrase_at(NOTICE_ENGLISH, i);
		french = phrase_at(NOTICE_FRENCH, i);
		ck_assert((english == NULL) == (french == NULL));
		if (english == NULL)
			continue;
		ck_assert_uint_eq(count_values(english), count_values(french));
		for (j = 0; j < COUNT(values); j++)
			ck_assert_msg((strstr(english, values[j]) == NULL) ==
			    (strstr(french, values[j]) == NULL), "%s",
			    english);
	}
}
END_TEST

/* Only words of the French need more than ASCII, and all of it is UTF-8. */
START_TEST(english_is_ascii_and_french_has_its_spaces)
{
	static const char *const	 wrong[] = {
		" :", " ;", " ?", " !", " \302\273", "\302\253 ", "%"
	};
	const char	*french;
	size_t		 i, j;

	for (i = 0; i < PHRASES; i++) {
		if ((french = phrase_at(NOTICE_FRENCH, i)) == NULL)
			continue;
		ck_assert(utf8_is_ascii(span_of(phrase_at(NOTICE_ENGLISH,
		    i))));
		ck_assert(utf8_is_valid(span_of(french)));
		for (j = 0; j < COUNT(wrong); j++)
			ck_assert_msg(strstr(french, wrong[j]) == NULL, "%s",
			    french);
	}
}
END_TEST

static const struct {
	unsigned	 code;
	const char	*enhanced;
	enum counsel	 counsel;
	const char	*english, *french;	/* parts of it */
} reasons[] = {
	{ 550, "5.1.1", COUNSEL_SPELLING, "no mailbox with this address",
	    "pas de bo\303\256te aux lettres" },
	{ 550, "5.1.2", COUNSEL_DOMAIN, "does not exist", "n'existe pas" },
	{ 550, "5.1.5", COUNSEL_SPELLING, "does not accept this address",
	    "n'accepte pas cette adresse" },
	{ 556, "5.1.10", COUNSEL_DOMAIN, "no mail at all", "aucun courrier" },
	{ 552, "5.2.2", COUNSEL_FULL, "mailbox is full", "est pleine" },
	{ 452, "4.2.2", COUNSEL_FULL, "mailbox is full", "est pleine" },
	{ 552, "5.2.3", COUNSEL_SIZE, "larger than the recipient's mailbox",
	    "plus volumineux" },
	{ 552, "5.3.4", COUNSEL_SIZE, "larger than the recipient's mail sys",
	    "plus volumineux" },
	{ 550, "5.4.4", COUNSEL_DOMAIN, "No way is known", "Aucun chemin" },
	{ 554, "5.4.6", COUNSEL_HELP, "round in a circle", "en rond" },
	{ 451, "4.4.1", COUNSEL_LATER, "does not answer", "ne r\303\251pond" },
	{ 550, "5.7.1", COUNSEL_RULES, "by its rules", "selon ses r\303\250" },
	{ 550, "5.7.99", COUNSEL_RULES, "by its rules", "selon ses r" },
	{ 550, "5.7.10", COUNSEL_HELP, "encrypted", "chiffr\303\251" },
	{ 550, "5.7.30", COUNSEL_HELP, "encrypted", "chiffr\303\251" },
	{ 550, "5.7.23", COUNSEL_HELP, "comes from you", "vient de vous" },
	{ 550, "5.9.9", COUNSEL_RULES, "refuses your message", "refuse" },
	{ 550, "5.0.0", COUNSEL_RULES, "refuses your message", "refuse" },
	{ 550, NULL, COUNSEL_RULES, "refuses your message", "refuse" },
	{ 421, NULL, COUNSEL_LATER, "not take the message now", "l'instant" },
	{ 250, "2.0.0", COUNSEL_NONE, NULL, NULL },
	{ 0, NULL, COUNSEL_NONE, NULL, NULL },
};

START_TEST(a_code_means_something_to_people)
{
	struct reply	 r = { .code = 0 };
	enum counsel	 counsel;
	const char	*why;

	if (reasons[_i].code != 0)
		r = reply_make(reasons[_i].code, reasons[_i].enhanced, "x");
	why = phrase_reason(&r, NOTICE_ENGLISH, &counsel);
	ck_assert_int_eq(counsel, reasons[_i].counsel);
	ck_assert((why == NULL) == (reasons[_i].english == NULL));
	if (why == NULL)
		return;
	ck_assert_msg(strstr(why, reasons[_i].english) != NULL, "%s", why);
	why = phrase_reason(&r, NOTICE_FRENCH, &counsel);
	ck_assert_msg(strstr(why, reasons[_i].french) != NULL, "%s", why);
}
END_TEST

/* Whatever code there may be: there is a sentence, and it is one. */
START_TEST(each_code_has_its_sentence)
{
	struct reply	 r = reply_make(550, "5.0.0", "x");
	enum counsel	 counsel;
	const char	*why[NOTICE_LANGUAGE_COUNT];
	unsigned	 language;

	for (r.subject = 0; r.subject < 120; r.subject++)
		for (r.detail = 0; r.detail < 120; r.detail++)
			for (language = 0; language < NOTICE_LANGUAGE_COUNT;
			    language++) {
				why[language] = phrase_reason(&r,
				    (enum notice_language)language, &counsel);
				ck_assert_ptr_nonnull(why[language]);
				ck_assert(counsel != COUNSEL_NONE);
				ck_assert(utf8_is_valid(span_of(
				    why[language])));
				ck_assert(why[language][strlen(
				    why[language]) - 1] == '.');
			}
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("notice_words");
	TCase	*tc = tcase_create("notice_words");
	SRunner	*r;
	int	 failed;

	tcase_add_test(tc, each_phrase_is_there_in_each_language);
	tcase_add_test(tc, english_is_ascii_and_french_has_its_spaces);
	tcase_add_loop_test(tc, a_code_means_something_to_people, 0,
	    COUNT(reasons));
	tcase_add_test(tc, each_code_has_its_sentence);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
