/* SPDX-License-Identifier: ISC */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lookup/alias.h"
#include "shared/alloc.h"

static struct alias_table *
parse(const char *text)
{
	char			*copy = xstrdup(text);
	struct alias_table	*t = alias_parse(copy, strlen(copy), "test",
				    NULL);

	free(copy);
	return t;
}

/* All values of one entry: "N:name" or "A:address" or "E:reply", with a
 * backslash before what is final, parted by one space. */
static const char *
values(const struct alias_table *t, const char *name)
{
	static char		 line[4096];
	struct alias_value	 v;
	struct alias		 a;
	size_t			 i, n = 0;

	if (!alias_find(t, name, &a))
		return "none";
	line[0] = '\0';
	for (i = 0; i < a.count; i++) {
		v = alias_value(&a, i);
		n += snprintf(line + n, sizeof line - n, "%s%c:%s%s",
		    i > 0 ? " " : "", "NAE"[v.kind], v.final ? "\\" : "",
		    v.text);
	}
	return line;
}

static const struct {
	const char	*claim, *text, *name, *values;
	unsigned	 warnings;
} entries[] = {
	{ "one value", "root: alice\n", "root", "N:alice", 0 },
	{ "no end of line", "root: alice", "root", "N:alice", 0 },
	{ "lines end in CRLF", "root: alice\r\nx: y\r\n", "root", "N:alice",
	    0 },
	{ "several values", "a: b, c@d.example ,e\n", "a",
	    "N:b A:c@d.example N:e", 0 },
	{ "white space before the colon", "a  : b\n", "a", "N:b", 0 },
	{ "names are folded", "PostMaster: Root\n", "postmaster", "N:Root",
	    0 },
	{ "an entry goes on", "a: b,\n\tc,\n   d\n", "a", "N:b N:c N:d", 0 },
	{ "a value on the next line", "a:\n  b\n", "a", "N:b", 0 },
	{ "a comment within", "a: b,\n# c,\n  # d\n\n  e\n", "a", "N:b N:e",
	    0 },
	{ "comments before", "# x: y\n   # z\n\na: b\n", "a", "N:b", 0 },
	{ "no comment behind a value", "a: b # c\n", "a", "", 1 },
	{ "commas too many", "a: b,, c,\n", "a", "N:b N:c", 0 },
	{ "a quoted name", "\"John Doe\": b\n", "john doe", "N:b", 0 },
	{ "a quoted value", "a: \"john doe\", b\n", "a", "N:john doe N:b",
	    0 },
	{ "a comma in quotes", "a: \"x,y\"@d.example, b\n", "a",
	    "A:\"x,y\"@d.example N:b", 0 },
	{ "a backslash in quotes", "a: \"x\\\"y\"\n", "a", "N:x\"y", 0 },
	{ "an end of expansion", "a: \\a, \\b@d.example\n", "a",
	    "N:\\a A:\\b@d.example", 0 },
	{ "an extension", "a+x: b+y\n", "a+x", "N:b+y", 0 },
	{ "an error", "a: error:550 5.1.6 gone, for good\n", "a",
	    "E:550 5.1.6 gone, for good", 0 },
	{ "a quoted error", "a: \"error:450 later\", b\n", "a",
	    "E:450 later N:b", 0 },
	{ "an error that is none", "a: error:250 fine\n", "a", "", 1 },
	{ "an error of two classes", "a: error:550 4.1.1 x\n", "a", "", 1 },
	{ "a command", "a: \"|/bin/cat, x\", b\n", "a", "N:b", 1 },
	{ "a command, half quoted", "a: |\"/bin/cat, x\", b\n", "a", "N:b",
	    1 },
	{ "a file", "a: /dev/null\n", "a", "", 1 },
	{ "an included file", "a: :include:/etc/list\n", "a", "", 1 },
	{ "a missing comma", "a: b c, d\n", "a", "N:d", 1 },
	{ "no address", "a: b@, @c, d\n", "a", "N:d", 2 },
	{ "nothing behind a backslash", "a: \\, b\n", "a", "N:b", 1 },
	{ "an open quote", "a: \"b, c\n  d\n", "a", "N:d", 1 },
	{ "no value", "a:\nb: c\n", "a", "", 1 },
	{ "a line that is no entry", "nonsense\na: b\n", "a", "N:b", 1 },
	{ "a name with a domain", "x@y.example: z\na: b\n", "a", "N:b", 1 },
	{ "a name with a space", "x y: z\na: b\n", "a", "N:b", 1 },
	{ "no name", ": z\na: b\n", "a", "N:b", 1 },
	{ "it goes on before it begins", "  x: y\na: b\n", "a", "N:b", 1 },
	{ "a control character", "a: b\001c, d\n", "a", "N:d", 1 },
	{ "beyond ASCII", "a: b\303\244, d\n", "a", "N:d", 1 },
	{ "the first of two stands", "a: b\nc: d\nA: e\n", "a", "N:b", 1 },
	{ "absent", "a: b\n", "b", "none", 0 },
	{ "empty file", "", "a", "none", 0 },
};

START_TEST(an_entry_is_what_the_file_says)
{
	struct alias_table	*t = parse(entries[_i].text);

	ck_assert_msg(strcmp(values(t, entries[_i].name),
	    entries[_i].values) == 0, "%s: \"%s\"", entries[_i].claim,
	    values(t, entries[_i].name));
	ck_assert_msg(alias_warnings(t) == entries[_i].warnings,
	    "%s: %u warnings", entries[_i].claim, alias_warnings(t));
	alias_free(t);
}
END_TEST

START_TEST(a_nul_ends_nothing)
{
	char			 text[] = "a: b\0c, d\n";
	struct alias_table	*t = alias_parse(text, sizeof text - 1,
				    "test", NULL);

	ck_assert_str_eq(values(t, "a"), "N:d");
	ck_assert_uint_eq(alias_warnings(t), 1);
	alias_free(t);
}
END_TEST

START_TEST(every_name_of_many_is_found)
{
	enum { MANY = 5000 };
	char			*text = xcalloc(MANY, 32), name[16], value[16];
	struct alias_table	*t;
	size_t			 i, n = 0;

	for (i = 0; i < MANY; i++)
		n += snprintf(text + n, 32, "n%zu: v%zu\n", i * 7919 % MANY,
		    i * 7919 % MANY);
	t = alias_parse(text, n, "test", NULL);
	ck_assert_uint_eq(alias_count(t), MANY);
	ck_assert_uint_eq(alias_warnings(t), 0);
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "n%zu", i);
		snprintf(value, sizeof value, "N:v%zu", i);
		ck_assert_str_eq(values(t, name), value);
	}
	alias_free(t);
	free(text);
}
END_TEST

/* Whatever a prefix of a file cuts through, what is read is well-formed. */
START_TEST(a_file_may_end_anywhere)
{
	static const char	 text[] = "# c\na: \"|x, y\", b,\n \\c\n"
				    "\"d e\" : error:550 5.1.1 no\nf: g@h.i\n";
	struct alias_table	*t;
	size_t			 len;
	char			*copy;

	for (len = 0; len < sizeof text; len++) {
		copy = xcalloc(1, len + 1);
		memcpy(copy, text, len);
		t = alias_parse(copy, len, "test", NULL);
		ck_assert_uint_le(alias_count(t), 3);
		alias_free(t);
		free(copy);
	}
}
END_TEST

START_TEST(a_file_is_read_from_its_descriptor)
{
	struct alias_table	*t;
	int			 fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(write(fds[1], "a: b\n", 5), 5);
	close(fds[1]);
	t = alias_read(fds[0], "test", NULL);
	ck_assert_ptr_nonnull(t);
	ck_assert_str_eq(values(t, "a"), "N:b");
	alias_free(t);
	close(fds[0]);
	ck_assert_ptr_null(alias_read(fds[0], "test", NULL));
	ck_assert_int_eq(errno, EBADF);
}
END_TEST

START_TEST(a_file_above_the_ceiling_is_refused)
{
	char	 name[] = "/tmp/test_alias.XXXXXX";
	int	 fd = mkstemp(name);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(unlink(name), 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)ALIAS_FILE_MAX + 1), 0);
	ck_assert_ptr_null(alias_read(fd, "test", NULL));
	ck_assert_int_eq(errno, ENOBUFS);
	close(fd);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("alias");
	TCase	*tc = tcase_create("alias");
	SRunner	*r;
	int	 failed;

	tcase_add_loop_test(tc, an_entry_is_what_the_file_says, 0,
	    COUNT(entries));
	tcase_add_test(tc, a_nul_ends_nothing);
	tcase_add_test(tc, every_name_of_many_is_found);
	tcase_add_test(tc, a_file_may_end_anywhere);
	tcase_add_test(tc, a_file_is_read_from_its_descriptor);
	tcase_add_test(tc, a_file_above_the_ceiling_is_refused);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
