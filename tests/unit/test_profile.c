// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reading profile files, and the profiles of this project. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glob.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>

#include "engine/profile.h"

#include "ini_fixture.h"

/* A profile that is complete but for what a test adds. */
#define HEAD								\
	"[profile]\n"							\
	"name = test-1.x\n"						\
	"description = a memory for tests\n"				\
	"capacity_bytes = 512e9\n"					\
	"capacity_bytes.source = published: a data sheet\n"		\
	"read_bps = 1.638e12\n"						\
	"read_bps.source = assumed: because\n"				\
	"write_bps = 48000000000\n"					\
	"write_bps.source = published: a paper\n"

static int read_text(void **state, struct engine_profile *p, struct engine_error *e,
		     const char *text)
{
	struct ini_fixture *f = *state;

	ini_fixture_text(f, "test.ini", "%s", text);
	memset(e, 0, sizeof(*e));
	return engine_profile_read(f->path, p, e);
}

/* The text is refused with a sentence that holds all of the words. */
static void check_refused(void **state, const char *text, const char *const *words)
{
	struct engine_profile p;
	struct engine_error e;

	assert_int_equal(read_text(state, &p, &e, text), -EINVAL);
	for (; *words; words++)
		if (!strstr(e.text, *words))
			fail_msg("'%s' does not hold '%s'", e.text, *words);
}

#define CHECK_REFUSED(text, ...) \
	check_refused(state, text, (const char *const []) { __VA_ARGS__, NULL })

static const struct engine_source *source_of(const struct engine_profile *p, const char *name)
{
	return &p->sources[engine_profile_find(name)->index];
}

static void test_read(void **state)
{
	struct engine_profile p;
	struct engine_error e;

	assert_int_equal(read_text(state, &p, &e, "# a comment\n" HEAD
				   "page_read_ns = 2e1\n"
				   "page_read_ns.source = published: one,\n"
				   "  two and\n"
				   "\tthree\n"), 0);
	assert_string_equal(p.name, "test-1.x");
	assert_string_equal(p.description, "a memory for tests");
	assert_int_equal(p.model.capacity_bytes, 512000000000);
	assert_int_equal(p.model.read_bps, 1638000000000);
	assert_int_equal(p.model.write_bps, 48000000000);
	assert_int_equal(p.model.page_read_ns, 20);
	assert_int_equal(p.model.channels, 1);
	assert_true(source_of(&p, "capacity_bytes")->published);
	assert_true(source_of(&p, "capacity_bytes")->given);
	assert_string_equal(source_of(&p, "capacity_bytes")->text, "a data sheet");
	assert_false(source_of(&p, "read_bps")->published);
	assert_string_equal(source_of(&p, "page_read_ns")->text, "one, two and three");
	assert_false(source_of(&p, "channels")->given);
}

static void test_fields(void **state)
{
	struct tmodel_profile p;
	size_t i;

	(void)state;
	tmodel_profile_init(&p);
	p.lifetime_s = 12345;
	for (i = 0; i < ENGINE_PROFILE_FIELDS; i++) {
		const struct engine_profile_field *field = &engine_profile_fields[i];

		assert_ptr_equal(engine_profile_find(field->name), field);
		if (strcmp(field->name, "lifetime_s"))
			assert_int_equal(*engine_profile_value(&p, field->index), field->initial);
		else
			assert_int_equal(*engine_profile_value(&p, field->index), 12345);
	}
	assert_null(engine_profile_find("no_such_field"));
}

static void test_unknown_key(void **state)
{
	CHECK_REFUSED(HEAD "\npage_red_ns = 3\n", "test.ini:11:", "'page_red_ns'", "'page_read_ns'");
	CHECK_REFUSED(HEAD "chanels.source = assumed: x\n", ":10:", "'chanels'", "'channels'");
	CHECK_REFUSED("[profile]\nnam = x\n", ":2:", "'nam'", "'name'");
	CHECK_REFUSED("[profil]\nname = x\n", ":2:", "[profil]", "[profile]");
	CHECK_REFUSED("name = x\n", ":1:", "[]");
	CHECK_REFUSED(HEAD ".source = assumed: x\n", ":10:", "'.source'");
}

static void test_values(void **state)
{
	CHECK_REFUSED(HEAD "channels = 65\n", ":10:", "channels", "65", "from 1 to 64");
	CHECK_REFUSED(HEAD "channels = 0\n", ":10:", "channels is 0", "from 1 to 64");
	CHECK_REFUSED(HEAD "channels = many\n", ":10:", "'many'", "number");
	CHECK_REFUSED(HEAD "channels = -1\n", ":10:", "'-1'", "number");
	CHECK_REFUSED(HEAD "channels = 1.5\n", ":10:", "1.5", "whole");
	CHECK_REFUSED(HEAD "channels = 16 k\n", ":10:", "'16 k'");
	CHECK_REFUSED(HEAD "channels = 0x10\n", ":10:", "'0x10'");
	CHECK_REFUSED(HEAD "channels = 1e\n", ":10:", "'1e'");
	CHECK_REFUSED(HEAD "channels =\n", ":10:", "''");
	CHECK_REFUSED(HEAD "idle_uw = 18446744073709551616\n", ":10:", "from 0 to 1000000000");
	CHECK_REFUSED(HEAD "idle_uw = 1e99999999999\n", ":10:", "1e99999999999");
	CHECK_REFUSED(HEAD "idle_uw = 1e-99999999999\n", ":10:", "1e-99999999999");
	CHECK_REFUSED(HEAD "channels = 2\nchannels.source = assumed: x\nchannels = 2\n",
		      ":12:", "channels", "second time");
	CHECK_REFUSED(HEAD "channels = 1\n 6\n", ":11:", "channels goes on");
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t value;
	} numbers[] = {
		{ "0", 0 }, { "0e9", 0 }, { "7", 7 }, { "007", 7 }, { "1e9", 1000000000 },
		{ "1E3", 1000 }, { "1e+3", 1000 }, { "1.5e1", 15 }, { "1500e-2", 15 },
		{ "12.000", 12 }, { "0.000001e6", 1 }, { "0.0", 0 }, { "0e99", 0 },
	};
	struct engine_profile p;
	struct engine_error e;
	char text[1024];
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		snprintf(text, sizeof(text), HEAD "idle_uw = %s\nidle_uw.source = assumed: x\n",
			 numbers[i].text);
		assert_int_equal(read_text(state, &p, &e, text), 0);
		assert_int_equal(p.model.idle_uw, numbers[i].value);
	}
}

static void test_sources(void **state)
{
	CHECK_REFUSED(HEAD "channels = 2\n", ":10:", "channels has no source");
	CHECK_REFUSED(HEAD "channels.source = assumed: x\n", ":10:", "channels", "no value");
	CHECK_REFUSED(HEAD "channels = 2\nchannels.source = measured: x\n", ":11:",
		      "channels.source", "'published: ...'", "'assumed: ...'");
	CHECK_REFUSED(HEAD "channels = 2\nchannels.source = published:\n", ":11:",
		      "channels.source");
	CHECK_REFUSED(HEAD "read_bps.source = published: other\n", ":10:", "read_bps.source",
		      "second time");
}

static void test_missing(void **state)
{
	CHECK_REFUSED("", "no name");
	CHECK_REFUSED("[profile]\nname = a\n", "no description");
	CHECK_REFUSED("[profile]\nname = a/b\ndescription = x\n", "name 'a/b'");
	CHECK_REFUSED("[profile]\nname = a\ndescription = x\n", "capacity_bytes is missing");
	CHECK_REFUSED(HEAD "name = other\n", ":10:", "name is given a second time");
}

static void test_relations(void **state)
{
	CHECK_REFUSED(HEAD "read_granule_bytes = 48\nread_granule_bytes.source = assumed: x\n",
		      "test.ini:", "read_granule_bytes is 48", "power of two");
	CHECK_REFUSED(HEAD "erase_block_bytes = 8192\nerase_block_bytes.source = assumed: x\n",
		      "erase_block_bytes is 8192", "without page_bytes");
	CHECK_REFUSED(HEAD "page_bytes = 4096\npage_bytes.source = assumed: x\n"
		      "erase_block_bytes = 5000\nerase_block_bytes.source = assumed: x\n",
		      "erase_block_bytes is 5000", "multiple of page_bytes, 4096");
}

static void test_malformed(void **state)
{
	struct ini_fixture *f = *state;
	struct engine_profile p;
	struct engine_error e;
	char text[2048];

	CHECK_REFUSED(HEAD "just words\n", ":10:", "[section]");
	CHECK_REFUSED("[profile\n", ":1:", "[section]");
	/* The first of two mistakes is named, whoever finds it. */
	CHECK_REFUSED("[profile]\nwords\nbad_key = 1\n", ":2:");
	CHECK_REFUSED("[profile]\nbad_key = 1\nwords\n", ":2:", "bad_key");
	snprintf(text, sizeof(text), HEAD "idle_uw.source = assumed: %0500d\n", 1);
	CHECK_REFUSED(text, ":10:", "more than");
	ini_fixture_write(f, "nul.ini", "[profile]\nname = a\0b\ndescription = x\n", 37);
	assert_int_equal(engine_profile_read(f->path, &p, &e), -EINVAL);
	assert_non_null(strstr(e.text, "nul.ini:2:"));
}

static void test_too_long(void **state)
{
	char text[4096];
	int used;

	snprintf(text, sizeof(text), "[profile]\nname = %064d\n", 1);
	CHECK_REFUSED(text, ":2:", "text of name has more than 63");
	used = snprintf(text, sizeof(text), HEAD "channels = 2\nchannels.source = assumed: x\n");
	for (int i = 0; i < 6; i++)
		used += snprintf(text + used, sizeof(text) - used, "  %0100d\n", i);
	CHECK_REFUSED(text, ":17:", "text of channels has more than 511");
}

static void test_files(void **state)
{
	struct ini_fixture *f = *state;
	struct engine_profile p;
	struct engine_error e;

	assert_int_equal(engine_profile_read("/no/such/file.ini", &p, &e), -ENOENT);
	assert_non_null(strstr(e.text, "/no/such/file.ini"));
	assert_int_equal(engine_profile_read(f->folder, &p, &e), -EISDIR);
	assert_non_null(strstr(e.text, f->folder));
	/* Nobody has to want the sentence. */
	assert_int_equal(engine_profile_read(f->folder, &p, NULL), -EISDIR);
}

/* The checkout's profiles can be read and are named after their files. */
static void test_shipped(void **state)
{
	struct engine_profile p;
	struct engine_error e;
	glob_t files;
	size_t i;

	(void)state;
	assert_int_equal(glob("user/profiles/*.ini", 0, NULL, &files), 0);
	assert_true(files.gl_pathc >= 10);
	for (i = 0; i < files.gl_pathc; i++) {
		char name[ENGINE_PROFILE_NAME_MAX + 4];

		if (engine_profile_read(files.gl_pathv[i], &p, &e))
			fail_msg("%s", e.text);
		snprintf(name, sizeof(name), "%s.ini", p.name);
		assert_string_equal(basename(files.gl_pathv[i]), name);
	}
	globfree(&files);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, ini_fixture_begin, ini_fixture_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_read), TEST(test_unknown_key), TEST(test_values), TEST(test_numbers),
		TEST(test_sources), TEST(test_missing), TEST(test_relations),
		TEST(test_malformed), TEST(test_too_long), TEST(test_files),
		cmocka_unit_test(test_fields), cmocka_unit_test(test_shipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
