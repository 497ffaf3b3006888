// SPDX-License-Identifier: LGPL-2.1-or-later
/* Percentiles, the ledger's sums, and reports in JSON and text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/random.h"
#include "engine/report.h"

/* ---- percentiles ---- */

/* By the definition: the smallest value that enough values do not exceed. */
static uint64_t percentile_by_count(const uint64_t *values, size_t n, uint32_t permille)
{
	for (size_t i = 0; i < n; i++) {
		size_t not_above = 0;

		while (not_above < n && values[not_above] <= values[i])
			not_above++;
		if (not_above * 1000 >= n * permille)
			return values[i];
	}
	return 0;
}

static void percentiles_follow_the_definition(void **state)
{
	static const uint32_t permille[] = { 1, 10, 500, 501, 900, 990, 999, 1000 };
	uint64_t values[300];
	struct random random;

	(void)state;
	random_seed(&random, 1);
	for (size_t n = 0; n < sizeof(values) / sizeof(*values); n++) {
		/* Steps of 0 to 2, so that there are ties. */
		values[n] = (n ? values[n - 1] : 5) + random_below(&random, 3);
		for (size_t i = 0; i < sizeof(permille) / sizeof(*permille); i++)
			assert_int_equal(engine_percentile(values, n + 1, permille[i]),
					 percentile_by_count(values, n + 1, permille[i]));
	}
	assert_int_equal(engine_percentile(values, 0, 500), 0);
}

/* ---- a ledger with round numbers ---- */

static void make_ledger(struct ledger *l)
{
	*l = (struct ledger) {
		.charging = TERRACE_CHARGING_DECLARED,
		.n_tiers = 2,
		.tiers = {
			/* Not in the order of the ranks. */
			{
				.name = "hbf0",
				.rank = 2,
				.capacity_bytes = 1000000,
				.class[TERRACE_CLASS_WEIGHTS] = {
					.model_read_bytes = 600,
					.model_in_bytes = 50,
					.model_energy_uj = 3000000,
				},
				.busy_ns = 1000000000,
				.migration_uj = 500000,
				.idle_uj = 1500000,
				.load_bytes = 77,
				.wears = true,
				.host_bytes = 50,
				.media_bytes = 51,
				.cycles_milli = 2500,
				.lifetime = { .seconds = 864000, .valid = 1, .extrapolated = 1 },
				.flash = true,
				.real_sealed_bytes = 4096,
				.real_programmed_bytes = 6144,
			},
			{
				.name = "hbm0",
				.rank = 0,
				.class = {
					[TERRACE_CLASS_KV] = {
						.model_read_bytes = 100,
						.model_write_bytes = 200,
						.model_out_bytes = 50,
						.model_energy_uj = 1000000,
					},
				},
				.idle_uj = 2000000,
			},
		},
		.accel_uj = 12000000,
		.migrations = 3,
		.real_checked_bytes = 88,
	};
}

static void ledger_adds_up(void **state)
{
	const struct ledger empty = { .n_tiers = 1 };
	struct ledger l;

	(void)state;
	make_ledger(&l);
	assert_int_equal(ledger_served_bytes(&l.tiers[0]), 600);
	assert_int_equal(ledger_served_bytes(&l.tiers[1]), 300);
	assert_true(ledger_rank0_share(&l) > 0.3333 && ledger_rank0_share(&l) < 0.3334);
	assert_int_equal(ledger_memory_uj(&l), 8000000);
	assert_int_equal(ledger_flash_bytes(&l), 51);
	assert_int_equal(ledger_moved_bytes(&l), 50);
	assert_true(ledger_rank0_share(&empty) == 0);
	assert_int_equal(ledger_memory_uj(&empty), 0);
	/* Sums stop at the largest number. */
	l.tiers[0].idle_uj = UINT64_MAX;
	assert_int_equal(ledger_memory_uj(&l), UINT64_MAX);
}

static void names_charging(void **state)
{
	(void)state;
	assert_string_equal(ledger_charging_name(TERRACE_CHARGING_DECLARED), "declared");
	assert_string_equal(ledger_charging_name(TERRACE_CHARGING_OBSERVED), "observed");
	assert_string_equal(ledger_charging_name(TERRACE_CHARGING_SAMPLED), "sampled");
	assert_string_equal(ledger_charging_name(99), "unknown");
}

/* ---- reports ---- */

static uint64_t ttft[] = { 1000000000, 2000000000, 3000000000, 4000000000 };
static uint64_t tpot[] = { 10000000 };

static const struct engine_result result = {
	.requests = 6,
	.sched = {
		.arrived = 6,
		.finished = 4,
		.rejected = 1,
		.prompt_tokens = 400,
		.cached_tokens = 100,
		.prefilled_tokens = 300,
		.produced_tokens = 40,
	},
	.steps = 20,
	.prefill_steps = 5,
	.model_ns = 2000000000,
	.serial_ns = 3000000000,
	.compute_ns = 500000000,
	.wall_ns = 7000000000,
	.now_ns = 4000000000,
	.load = { .model_ns = 250000000 },
	.ttft_ns = ttft,
	.n_ttft = 4,
	.tpot_ns = tpot,
	.n_tpot = 1,
};

static void make_run(struct report_run *run, const struct ledger *l)
{
	*run = (struct report_run) {
		.trace = "a.jsonl",
		.model = "llama",
		.tiers = "t.ini",
		.policy = "lru",
		.scale_shift = 10,
		.bad_lines = 9,
		.result = &result,
		.ledger = l,
	};
}

struct expected {
	const char *name;
	double value;
	const char *unit;
	const char *basis;
};

static void check_figures(const json_t *figures, const struct expected *x, size_t n,
			  const char *charging)
{
	for (size_t i = 0; i < n; i++) {
		const json_t *f = json_object_get(figures, x[i].name);
		double value = json_number_value(json_object_get(f, "value"));

		if (!f)
			fail_msg("no figure %s", x[i].name);
		if (fabs(value - x[i].value) > 0.000001 * x[i].value)
			fail_msg("%s is %g, not %g", x[i].name, value, x[i].value);
		assert_string_equal(json_string_value(json_object_get(f, "unit")), x[i].unit);
		assert_string_equal(json_string_value(json_object_get(f, "charging")), charging);
		assert_string_equal(json_string_value(json_object_get(f, "basis")), x[i].basis);
	}
}

static void json_has_every_figure(void **state)
{
	static const struct expected all[] = {
		{ "tokens_per_second", 10, "token/s", "modelled" },
		{ "tokens_per_busy_second", 20, "token/s", "modelled" },
		{ "ttft_p50", 2, "s", "modelled" },
		{ "ttft_p90", 4, "s", "modelled" },
		{ "ttft_p99", 4, "s", "modelled" },
		{ "tpot_p50", 0.01, "s", "modelled" },
		{ "time", 4, "s", "modelled" },
		{ "busy_time", 2, "s", "modelled" },
		{ "busy_time_serial", 3, "s", "modelled" },
		{ "compute_time", 0.5, "s", "modelled" },
		{ "load_time", 0.25, "s", "modelled" },
		{ "wall_time", 7, "s", "measured" },
		{ "rank0_share", 1.0 / 3, "1", "modelled" },
		{ "prefix_cached_share", 0.25, "1", "modelled" },
		{ "migrations", 3, "1", "modelled" },
		{ "migrated_bytes", 50, "byte", "modelled" },
		{ "memory_energy", 8, "J", "modelled" },
		{ "total_energy", 20, "J", "modelled" },
		{ "memory_energy_per_token", 0.2, "J/token", "modelled" },
		{ "total_energy_per_token", 0.5, "J/token", "modelled" },
		{ "flash_bytes_written", 51, "byte", "modelled" },
		{ "checked_bytes", 88, "byte", "measured" },
	};
	static const struct expected tier[] = {
		{ "capacity", 1000000, "byte", "modelled" },
		{ "served_bytes", 600, "byte", "modelled" },
		{ "bandwidth", 300, "byte/s", "modelled" },
		{ "busy_share", 0.5, "1", "modelled" },
		{ "load_bytes", 77, "byte", "modelled" },
		{ "idle_energy", 1.5, "J", "modelled" },
		{ "migration_energy", 0.5, "J", "modelled" },
		{ "written_bytes", 50, "byte", "modelled" },
		{ "media_bytes", 51, "byte", "modelled" },
		{ "write_amplification", 1.02, "1", "modelled" },
		{ "pe_cycles", 2.5, "1", "modelled" },
		{ "lifetime_extrapolated", 10, "day", "modelled" },
		{ "flash_sealed_bytes", 4096, "byte", "measured" },
		{ "flash_programmed_bytes", 6144, "byte", "measured" },
		{ "flash_writes_per_sealed_byte", 1.5, "1", "measured" },
	};
	static const struct expected class[] = {
		{ "read_bytes", 100, "byte", "modelled" },
		{ "write_bytes", 200, "byte", "modelled" },
		{ "read_bandwidth", 50, "byte/s", "modelled" },
		{ "write_bandwidth", 100, "byte/s", "modelled" },
		{ "moved_in_bytes", 0, "byte", "modelled" },
		{ "moved_out_bytes", 50, "byte", "modelled" },
		{ "access_energy", 1, "J", "modelled" },
	};
	const json_t *tiers, *hbf, *hbm, *classes;
	struct report_run run;
	struct ledger l;
	json_t *json;

	(void)state;
	make_ledger(&l);
	make_run(&run, &l);
	json = report_json(&run);
	assert_non_null(json);
	check_figures(json_object_get(json, "figures"), all, sizeof(all) / sizeof(*all),
		      "declared");
	assert_int_equal(json_integer_value(json_object_get(json, "scale")), 1024);
	assert_string_equal(json_string_value(json_object_get(json, "policy")), "lru");
	assert_true(json_is_false(json_object_get(json, "interrupted")));

	tiers = json_object_get(json, "tier");
	assert_int_equal(json_array_size(tiers), 2);
	hbf = json_array_get(tiers, 0);
	hbm = json_array_get(tiers, 1);
	assert_string_equal(json_string_value(json_object_get(hbf, "name")), "hbf0");
	check_figures(json_object_get(hbf, "figures"), tier, sizeof(tier) / sizeof(*tier),
		      "declared");
	assert_null(json_object_get(json_object_get(hbm, "figures"), "media_bytes"));
	assert_null(json_object_get(json_object_get(hbm, "figures"), "flash_sealed_bytes"));
	/* Classes that nothing touched are left out. */
	classes = json_object_get(hbm, "class");
	assert_int_equal(json_array_size(classes), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(classes, 0),
							      "class")), "kv");
	check_figures(json_object_get(json_array_get(classes, 0), "figures"), class,
		      sizeof(class) / sizeof(*class), "declared");
	json_decref(json);
}

static json_int_t request_count(const json_t *json, const char *name)
{
	const json_t *value = json_object_get(json_object_get(json, "requests"), name);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static void json_counts_requests(void **state)
{
	struct report_run run;
	struct ledger l;
	json_t *json;

	(void)state;
	make_ledger(&l);
	make_run(&run, &l);
	json = report_json(&run);
	assert_non_null(json);
	assert_int_equal(request_count(json, "trace"), 6);
	assert_int_equal(request_count(json, "finished"), 4);
	assert_int_equal(request_count(json, "rejected"), 1);
	assert_int_equal(request_count(json, "malformed_lines"), 9);
	assert_int_equal(request_count(json, "produced_tokens"), 40);
	assert_int_equal(request_count(json, "prefill_steps"), 5);
	json_decref(json);
}

/* What does not exist is null, never 0, and every label says what was done. */
static void empty_runs_have_no_percentiles(void **state)
{
	static const char *const none[] = { "ttft_p50", "tpot_p99", "tokens_per_second",
					    "total_energy_per_token", "wall_time",
					    "checked_bytes" };
	const struct engine_result nothing = { .interrupted = true };
	const json_t *figures;
	struct report_run run;
	struct ledger l;
	const char *name;
	json_t *figure;
	json_t *json;

	(void)state;
	make_ledger(&l);
	l.charging = TERRACE_CHARGING_SAMPLED;
	l.tiers[0].lifetime.valid = 0;
	l.tiers[0].real_sealed_bytes = 0;
	l.simulated = true;
	make_run(&run, &l);
	run.result = &nothing;
	json = report_json(&run);
	assert_non_null(json);
	assert_true(json_is_true(json_object_get(json, "interrupted")));
	figures = json_object_get(json, "figures");
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		assert_true(json_is_null(json_object_get(json_object_get(figures, none[i]),
							 "value")));
	json_object_foreach((json_t *)figures, name, figure)
		assert_string_equal(json_string_value(json_object_get(figure, "charging")),
				    "sampled");
	figures = json_object_get(json_array_get(json_object_get(json, "tier"), 0), "figures");
	assert_true(json_is_null(json_object_get(json_object_get(figures,
								 "lifetime_extrapolated"),
						 "value")));
	figure = json_object_get(figures, "flash_writes_per_sealed_byte");
	assert_non_null(figure);
	assert_true(json_is_null(json_object_get(figure, "value")));
	json_decref(json);
}

/* Every figure of the JSON has a line with its labels in the text. */
static void text_says_the_same(void **state)
{
	struct report_run run;
	struct ledger l;
	const char *name;
	json_t *figure;
	char *text = NULL;
	size_t size;
	json_t *json;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	if (!f) {
		fail_msg("no memory for a text");
		return;
	}
	make_ledger(&l);
	make_run(&run, &l);
	assert_int_equal(report_text(f, &run), 0);
	fclose(f);
	json = report_json(&run);
	assert_non_null(json);
	json_object_foreach(json_object_get(json, "figures"), name, figure) {
		char words[64];
		const char *line;

		snprintf(words, sizeof(words), "\n%s ", name);
		for (char *c = words; *c; c++)
			*c = *c == '_' ? ' ' : *c;
		line = strstr(text, words);
		line = line ? strstr(line, "declared, ") : NULL;
		if (!line) {
			fail_msg("no line for %s", name);
			continue;
		}
		assert_int_equal(strncmp(line + 10, json_string_value(json_object_get(figure,
										      "basis")),
					 8), 0);
	}
	assert_non_null(strstr(text, "6 requests: 4 finished, 1 rejected, 1 not finished"));
	assert_non_null(strstr(text, "tier hbf0, rank 2"));
	assert_non_null(strstr(text, "class kv"));
	json_decref(json);
	free(text);
}

/* A file that cannot be written is an error, not a silent loss. */
static void full_disk_is_an_error(void **state)
{
	FILE *f = fopen("/dev/full", "w");
	struct report_run run;
	struct ledger l;

	(void)state;
	if (!f) {
		fail_msg("/dev/full cannot be opened");
		return;
	}
	setvbuf(f, NULL, _IONBF, 0);
	make_ledger(&l);
	make_run(&run, &l);
	assert_true(report_text(f, &run) < 0);
	fclose(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percentiles_follow_the_definition),
		cmocka_unit_test(ledger_adds_up),
		cmocka_unit_test(names_charging),
		cmocka_unit_test(json_has_every_figure),
		cmocka_unit_test(json_counts_requests),
		cmocka_unit_test(empty_runs_have_no_percentiles),
		cmocka_unit_test(text_says_the_same),
		cmocka_unit_test(full_disk_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
