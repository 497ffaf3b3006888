// SPDX-License-Identifier: LGPL-2.1-or-later
/* Tables of published and computed figures: how figures are read and compared, and arithmetic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ini_fixture.h"
#include "sim/table.h"

#define EXACT	0.000000000001

static void near_to(double ours, double expected)
{
	if (!(fabs(ours - expected) <= EXACT * fabs(expected)))
		fail_msg("%.12g is not %.12g", ours, expected);
}

/* ---- what is published ---- */

static void test_ranges(void **state)
{
	static const struct {
		const char *text;
		struct table_range right;
	} cases[] = {
		{ "48", { 48, 48, 1 } },
		{ "0.08", { 0.08, 0.08, 0.01 } },
		{ "< 80", { -INFINITY, 80, 1 } },
		{ "> 20.5", { 20.5, INFINITY, 0.1 } },
		{ "10 to 100", { 10, 100, 1 } },
		{ "0.5 to 1.25", { 0.5, 1.25, 0.01 } },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct table_range r = table_range(cases[i].text);

		assert_true(r.low == cases[i].right.low);
		assert_true(r.high == cases[i].right.high);
		near_to(r.step, cases[i].right.step);
	}
}

static void test_words(void **state)
{
	static const char *const words[] = { "low", "very low", "", "up to 4", "4x", "10 to many",
					     "< many", "one to 2" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		assert_true(isnan(table_range(words[i]).low));
		assert_true(isnan(table_range(words[i]).high));
	}
}

static void test_verdicts(void **state)
{
	static const struct {
		const char *published;
		double computed;
		const char *words;
		enum table_verdict verdict;
		double difference;
	} cases[] = {
		{ NULL, 5, "", TABLE_COMPUTED, NAN },
		{ "41", 40.95, "", TABLE_AGREES, 0 },
		{ "41", 40.4, "", TABLE_DIFFERS, 40.4 / 41 - 1 },
		{ "41", 82, "", TABLE_DIFFERS, 1 },
		{ "0.1", 0.08, "", TABLE_AGREES, 0 },
		{ "< 80", 3, "", TABLE_AGREES, 0 },
		{ "< 80", 100, "", TABLE_DIFFERS, 0.25 },
		{ "> 20.5", 20.475, "", TABLE_AGREES, 0 },
		{ "> 20.5", 10.25, "", TABLE_DIFFERS, -0.5 },
		{ "2 to 5", 4, "", TABLE_AGREES, 0 },
		{ "2 to 5", 1, "", TABLE_DIFFERS, -0.5 },
		{ "2 to 5", 10, "", TABLE_DIFFERS, 1 },
		{ "low", 4, "", TABLE_QUOTED, NAN },
		{ "low", NAN, "low", TABLE_AGREES, NAN },
		{ "low", NAN, "high", TABLE_DIFFERS, NAN },
		{ "4", NAN, "", TABLE_QUOTED, NAN },
		{ "4", INFINITY, "", TABLE_DIFFERS, INFINITY },
	};
	double difference;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct table_row r = { .published = cases[i].published,
					     .computed = cases[i].computed,
					     .words = cases[i].words };

		assert_int_equal(table_verdict(&r, &difference), cases[i].verdict);
		assert_int_equal(table_verdict(&r, NULL), cases[i].verdict);
		if (isnan(cases[i].difference))
			assert_true(isnan(difference));
		else if (isinf(cases[i].difference))
			assert_true(isinf(difference));
		else
			near_to(difference, cases[i].difference);
	}
}

/* ---- arithmetic ---- */

static struct table *computed(const struct table_definition *d, const char *path)
{
	struct table *t = calloc(1, sizeof(*t));
	struct engine_error e = { 0 };

	assert_non_null(t);
	if (table_inputs_read(path, d->groups, &t->in, &e) || d->compute(t, &e))
		fail_msg("%s", e.text);
	return t;
}

/* The row of a figure; of several the first whose computation's text begins so. */
static const struct table_row *find_row(const struct table *t, const char *subject,
					const char *figure, const char *basis)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (!strcmp(t->row[i].subject, subject) && !strcmp(t->row[i].figure, figure) &&
		    !strncmp(t->row[i].basis, basis, strlen(basis)))
			return &t->row[i];
	fail_msg("there is no row %s, %s, %s", subject, figure, basis);
	return NULL;
}

/*
 * 1 GB at 1 GB/s: 1 W idle, (1000 + 250) fJ x 8e9 bit/s = 0.01 W. 100 cycles of 1 GB by 0.5 GB/s,
 * twice amplified: 100 s.
 */
static const char profile[] =
	"[profile]\nname = small\ndescription = small\n"
	"capacity_bytes = 1e9\ncapacity_bytes.source = assumed: test\n"
	"read_bps = 1e9\nread_bps.source = assumed: test\n"
	"write_bps = 0.5e9\nwrite_bps.source = assumed: test\n"
	"read_latency_ns = 300\nread_latency_ns.source = assumed: test\n"
	"page_read_ns = 2000\npage_read_ns.source = assumed: test\n"
	"page_bytes = 8192\npage_bytes.source = assumed: test\n"
	"erase_block_bytes = 8192\nerase_block_bytes.source = assumed: test\n"
	"read_granule_bytes = 64\nread_granule_bytes.source = assumed: test\n"
	"read_fj_per_bit = 1000\nread_fj_per_bit.source = assumed: test\n"
	"link_fj_per_bit = 250\nlink_fj_per_bit.source = assumed: test\n"
	"idle_uw = 1e6\nidle_uw.source = assumed: test\n"
	"endurance_cycles = 100\nendurance_cycles.source = assumed: test\n"
	"waf_permille = 2000\nwaf_permille.source = assumed: test\n"
	"retention_s = 7200\nretention_s.source = assumed: test\n";

/* All keys of a section, with the same published figure. */
static void append_memory(char *text, size_t size, const char *section)
{
	static const char *const names[] = { "capacity_gb", "read_gbps", "watts", "gbps_per_watt",
					     "gb_per_watt", "read_latency_ns", "read_bytes",
					     "write_endurance" };
	size_t i, n = strlen(text);

	n += (size_t)snprintf(text + n, size - n, "[%s]\nprofile = small\n"
			      "profile.source = assumed: test\n", section);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		n += (size_t)snprintf(text + n, size - n, "%s = %s\n%s.source = published: test\n",
				      names[i], i == 2 ? "4" : "10", names[i]);
	assert_in_range(n, 1, size - 1);
}

static void test_memories(void **state)
{
	struct ini_fixture *f = *state;
	char text[8192] = "[table]\nname = memories\ndescription = test\n";
	static const char *const sections[] = { "hbf", "hbm4", "ddr5", "lpddr5", "flash" };
	struct table *t;
	size_t i;

	for (i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		append_memory(text, sizeof(text), sections[i]);
	ini_fixture_text(f, "small.ini", "%s", profile);
	ini_fixture_text(f, "memories.ini", "%s", text);
	setenv("TERRACE_PROFILES", f->folder, 1);
	t = computed(&table_memories, f->path);
	unsetenv("TERRACE_PROFILES");
	near_to(find_row(t, "hbf", "bandwidth per watt", "published")->computed, 2.5);
	near_to(find_row(t, "hbf", "capacity", "")->computed, 1);
	near_to(find_row(t, "hbf", "power", "")->computed, 1.01);
	near_to(find_row(t, "hbf", "model's capacity per watt", "")->computed, 1 / 1.01);
	near_to(find_row(t, "hbf", "read latency", "")->computed, 2300);
	near_to(find_row(t, "hbf", "life of writing non-stop", "")->computed, 100 / 86400.0);
	near_to(find_row(t, "hbf", "data kept without rewrite", "")->computed, 2);
	assert_string_equal(find_row(t, "hbf", "write endurance", "")->words, "low");
	assert_int_equal(table_verdict(find_row(t, "hbf", "write endurance", ""), NULL),
			 TABLE_DIFFERS);
	free(t);
}

/*
 * 405,853,388,800 weights of a byte; 126 layers x 2 x 8 heads x 128 x 2 bytes = 516,096 a token.
 * 8 x 192e9 / (8 x 192e9 - 405853388800 - 516096 x 2^20).
 */
static void test_h3(void **state)
{
	const double fixed = 405853388800.0 + 516096.0 * 1048576, all = 8 * 192e9;
	const double request = 2048 * 516096.0;
	struct table *t = computed(&table_h3, "user/tables/h3.ini");
	double hbm = 192e9 / 8e12, hbf = fixed / 8 / 8e12, ops, gain;

	(void)state;
	near_to(find_row(t, "1M", "shared KV", "")->computed, 516096.0 * 1048576 / 1e12);
	near_to(find_row(t, "1M", "batch", "")->computed, all / (all - fixed));
	/* Two operations for each weight but those of the embedding, 128256 x 16384. */
	ops = 2 * (405853388800.0 - 128256.0 * 16384) / 4.5e15;
	gain = find_row(t, "1M", "throughput", "")->computed;
	if (fabs(gain / (all / (all - fixed) * (hbm + ops * (all - fixed) / request / 8) /
			 (hbm + hbf + ops * all / request / 8)) - 1) > 1 / 1e4)
		fail_msg("%.12g", gain);
	near_to(find_row(t, "1M", "throughput per watt", "")->computed, gain * 1000 / 2280);
	free(t);
}

/* 126 layers of 7 matrices and the lm_head; fused, of 4. Each waits 10 us. */
static void test_sandisk(void **state)
{
	struct table *t = computed(&table_sandisk, "user/tables/sandisk.ini");
	double bytes = 126 * (2 * 16384.0 * 16384 + 2 * 16384 * 1024 + 3 * 16384.0 * 53248) +
		       128256 * 16384.0;
	double seconds = bytes / 1638e9, slower;

	(void)state;
	slower = find_row(t, "fused kernels", "slower than HBM", "505 kernels, tR 10 us")->computed;
	assert_true(fabs(slower / (505 * 1 / 1e5 / seconds * 100) - 1) < 1 / 1e4);
	slower = find_row(t, "one by one", "slower than HBM", "883 kernels, tR 10 us")->computed;
	assert_true(fabs(slower / (883 * 1 / 1e5 / seconds * 100) - 1) < 1 / 1e4);
	near_to(find_row(t, "generation_2", "energy per bit", "")->computed, 4);
	/* 512 GB a day for 1826.25 days: 1 cycle a day, 2 % amplified. */
	near_to(find_row(t, "stack", "wear of refresh", "")->computed, 1826.25 * 1.02 / 1e5 * 100);
	free(t);
}

/* Weights of 141,107,462,144 bytes but the embedding, 1,846.5 tokens of 327,680 bytes, 64 times. */
static void test_bottlenecks(void **state)
{
	struct table *t = computed(&table_bottlenecks, "user/tables/bottlenecks.ini");
	const struct table_row *memory = find_row(t, "conventional", "memory bandwidth", "");
	double least = (141107462144.0 - 2.0 * 128256 * 8192 + 64 * 1846.0 * 327680) / 8 / 3.35e12;
	double ms = strtod(memory->basis, NULL);

	(void)state;
	/* Activations and the KV that is written come on top. */
	assert_true(ms >= least * 1e3 * 0.999);
	assert_true(ms <= least * 1e3 * 1.05);
	assert_string_equal(memory->words, "primary");
	/* 70,553,706,496 x 2 bytes, and 64 x 2033 tokens: 183.7 GB of 640. */
	memory = find_row(t, "conventional", "memory capacity", "");
	assert_memory_equal(memory->basis, "183.7 GB", 8);
	free(t);
}

/* Three PNM shards of 32 GB, 1103 PIM shards of 64 MB; a tenth of HBM's energy is its link. */
static void test_near(void **state)
{
	struct table *t = computed(&table_near, "user/tables/near.ini");

	(void)state;
	near_to(find_row(t, "pnm", "shards of the model", "")->computed, 3);
	near_to(find_row(t, "pim", "shards of the model", "")->computed, 1103);
	near_to(find_row(t, "pim", "pieces of a layer", "")->computed, 14);
	near_to(find_row(t, "pnm, base die", "bandwidth per watt", "")->computed, 3000 / 2700.0);
	near_to(find_row(t, "pim", "bandwidth per watt", "")->computed, 3000 / (2700 * 0.35));
	/* 2 x 32768 x 8 x 128 bytes / (2 x 64 x (128 + 4)) */
	near_to(find_row(t, "pnm, module", "attention's link bytes", "")->computed,
		2.0 * 32768 * 8 * 128 / (2 * 64 * 132));
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test_setup_teardown(test_memories, ini_fixture_begin,
						ini_fixture_end),
		cmocka_unit_test(test_h3),
		cmocka_unit_test(test_sandisk),
		cmocka_unit_test(test_bottlenecks),
		cmocka_unit_test(test_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
