// SPDX-License-Identifier: LGPL-2.1-or-later
/* Models and accelerators by name, and accelerators' files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "ini_fixture.h"
#include "sim/accelerators.h"
#include "sim/models.h"
#include "sim/named_file.h"

static void plain_names(void **state)
{
	char long_name[300], plain[PLAIN_NAME_MAX];

	(void)state;
	plain_name("meta-llama/Llama-2_7b.Chat", plain);
	assert_string_equal(plain, "llama27bchat");
	plain_name("", plain);
	assert_string_equal(plain, "");
	plain_name("a/", plain);
	assert_string_equal(plain, "");
	memset(long_name, 'X', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	plain_name(long_name, plain);
	assert_int_equal(strlen(plain), PLAIN_NAME_MAX - 1);
}

static void finds_models(void **state)
{
	static const char *const names[] = {
		"llama-2-7b", "meta-llama/Llama-2-7b-hf", "llama2_7b", "Llama-2-7B",
	};
	struct engine_error e = {};
	struct model_config m;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (sim_model_find(names[i], MODEL_BF16, &m, &e))
			fail_msg("%s", e.text);
		assert_string_equal(m.name, "llama-2-7b");
	}
	assert_int_equal(sim_model_find("llama-2-8b", MODEL_BF16, &m, &e), -ENOENT);
	assert_non_null(strstr(e.text, "'llama-2-8b'"));
	assert_int_equal(sim_model_find("hf", MODEL_BF16, &m, &e), -ENOENT);
	assert_int_equal(sim_model_find("", MODEL_BF16, &m, &e), -ENOENT);
}

/* Of the folders of the variable the first that has it counts; a bad file is an error. */
static void searches_folders(void **state)
{
	struct ini_fixture *f = *state;
	struct engine_error e = {};
	struct model_config m;

	assert_int_equal(setenv("TERRACE_MODELS", f->folder, 1), 0);
	ini_fixture_text(f, "Llama_2-70B-HF.json", "{");
	assert_int_equal(sim_model_find("llama-2-70b", MODEL_BF16, &m, &e), -EINVAL);
	assert_non_null(strstr(e.text, "Llama_2-70B-HF.json"));
	assert_int_equal(sim_model_find("llama-2-7b", MODEL_BF16, &m, &e), 0);
	unsetenv("TERRACE_MODELS");
}

static void finds_accelerators(void **state)
{
	static const struct {
		const char *name;
		const char *found;
		uint64_t bandwidth;
	} rows[] = {
		{ "A100-80GB-330W", "A100-80GB", 2039000000000 },
		{ "A100_80GB_GPU", "A100-80GB", 2039000000000 },
		{ "a100-40gb", "A100-40GB", 1555000000000 },
		{ "H100_GPU", "H100-SXM", 3350000000000 },
		{ "H200-SXM-141GB", "H200", 4800000000000 },
		{ "MI250X-1GCD", "MI250X-1GCD", 1638400000000 },
		{ "LLM-Viewer nvidia_H100_SXM", "LLM-Viewer-nvidia_H100_SXM", 3072000000000 },
	};
	struct engine_error e = {};
	struct accelerator a;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (accelerator_find(rows[i].name, &a, &e))
			fail_msg("%s", e.text);
		assert_string_equal(a.name, rows[i].found);
		assert_int_equal(a.bandwidth_bps, rows[i].bandwidth);
	}
	assert_int_equal(accelerator_find("A100-60GB", &a, &e), -ENOENT);
	assert_int_equal(accelerator_find("", &a, &e), -ENOENT);
}

/* Every file can be read, its names are its alone, and fewer bits are never slower. */
static void all_accelerators_are_sound(void **state)
{
	struct engine_error e = {};
	struct accelerator a, found;
	glob_t files;
	size_t i;

	(void)state;
	assert_int_equal(glob("user/accelerators/*.ini", 0, NULL, &files), 0);
	assert_true(files.gl_pathc >= 18);
	for (i = 0; i < files.gl_pathc; i++) {
		if (accelerator_read(files.gl_pathv[i], &a, &e) ||
		    accelerator_find(a.name, &found, &e))
			fail_msg("%s", e.text);
		assert_string_equal(found.name, a.name);
		assert_true(a.peak_ops[ACCELERATOR_BF16] > 0);
		assert_true(!a.peak_ops[ACCELERATOR_FP8] ||
			    a.peak_ops[ACCELERATOR_FP8] >= a.peak_ops[ACCELERATOR_BF16]);
		assert_true(!a.peak_ops[ACCELERATOR_FP4] ||
			    a.peak_ops[ACCELERATOR_FP4] >= a.peak_ops[ACCELERATOR_FP8]);
	}
	globfree(&files);
}

#define BEGIN	"[accelerator]\nname = x\ndescription = d\n"
#define SPEED	"bandwidth_bps = 1e12\nbandwidth_bps.source = assumed: a test\n"

static void reads_a_file(void **state)
{
	struct ini_fixture *f = *state;
	struct engine_error e = {};
	struct accelerator a;

	ini_fixture_text(f, "x.ini", "%s", BEGIN "aliases = y, The Z,\n  w\n"
			 "peak_fp8_ops = 2.5e15\npeak_fp8_ops.source = published: a sheet\n"
			 "  that goes on\n" SPEED);
	if (accelerator_read(f->path, &a, &e))
		fail_msg("%s", e.text);
	assert_int_equal(a.peak_ops[ACCELERATOR_FP8], 2500000000000000);
	assert_int_equal(a.peak_ops[ACCELERATOR_BF16], 0);
	assert_int_equal(a.capacity_bytes, 0);
	assert_int_equal(setenv("TERRACE_ACCELERATORS", f->folder, 1), 0);
	assert_int_equal(accelerator_find("THE-Z", &a, &e), 0);
	assert_string_equal(a.name, "x");
	assert_int_equal(accelerator_find("W", &a, &e), 0);
	assert_int_equal(accelerator_find("B200", &a, &e), 0);
	ini_fixture_text(f, "a.ini", "[accelerator]\nname = a\n");
	assert_int_equal(accelerator_find("B200", &a, &e), -EINVAL);
	unsetenv("TERRACE_ACCELERATORS");
}

static void refuses_bad_files(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} rows[] = {
		{ "", "there is no name" },
		{ "[accelerator]\nname = x\n" SPEED, "there is no description" },
		{ BEGIN, "bandwidth_bps is missing" },
		{ "[profile]\nname = x\n", "no section [profile]" },
		{ BEGIN SPEED "name = y\n", "name is given a second time" },
		{ BEGIN SPEED "bandwidth_bps = 2e12\n", "bandwidth_bps is given a second time" },
		{ BEGIN SPEED "bandwidth_bps.source = assumed: b\n", "given a second time" },
		{ BEGIN "bandwidth_bps = 1e12\n", "add a line bandwidth_bps.source" },
		{ BEGIN SPEED "tdp_watts.source = assumed: a\n", "add tdp_watts" },
		{ BEGIN "bandwidth_bps = 1e12\nbandwidth_bps.source = I know\n",
		  "must be 'published: ...' or 'assumed: ...'" },
		{ BEGIN "bandwidth_bps = 1e12\nbandwidth_bps.source = published:\n",
		  "must be 'published: ...' or 'assumed: ...'" },
		{ BEGIN "bandwidth_bps = fast\n", "bandwidth_bps" },
		{ BEGIN "bandwidth_bps = 0\n", "bandwidth_bps" },
		{ BEGIN "bandwidth_bps = -1\n", "bandwidth_bps" },
		{ BEGIN "bandwidth_bps = 1e30\n", "bandwidth_bps" },
		{ BEGIN "peak_bf16 = 1e12\n", "the nearest one is 'peak_bf16_ops'" },
		{ BEGIN "bandwidth_bps.sources = assumed: a\n", "has no key" },
		{ BEGIN "nonsense\n", "" },
	};
	struct ini_fixture *f = *state;
	struct accelerator a;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct engine_error e = {};

		ini_fixture_text(f, "bad.ini", "%s", rows[i].text);
		assert_int_equal(accelerator_read(f->path, &a, &e), -EINVAL);
		if (!strstr(e.text, rows[i].why) || !*e.text)
			fail_msg("'%s' does not say '%s'", e.text, rows[i].why);
	}
	assert_int_equal(accelerator_read("/nonexistent.ini", &a, NULL), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_names),
		cmocka_unit_test(finds_models),
		cmocka_unit_test_setup_teardown(searches_folders, ini_fixture_begin,
						ini_fixture_end),
		cmocka_unit_test(finds_accelerators),
		cmocka_unit_test(all_accelerators_are_sound),
		cmocka_unit_test_setup_teardown(reads_a_file, ini_fixture_begin, ini_fixture_end),
		cmocka_unit_test_setup_teardown(refuses_bad_files, ini_fixture_begin,
						ini_fixture_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
