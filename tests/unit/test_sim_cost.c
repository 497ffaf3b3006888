// SPDX-License-Identifier: LGPL-2.1-or-later
/* Prices and what a run costs by them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/cost.h"

#define YEAR		31557600.0
#define SHIPPED		"user/prices/2026-11.ini"

static struct prices simple(void)
{
	struct prices p = { 0 };

	p.value[PRICES_LIFE_YEARS] = 4;
	p.value[PRICES_UTILISATION] = 0.5;
	p.value[PRICES_PUE] = 1.5;
	p.value[PRICES_ELECTRICITY] = 0.1;
	p.value[PRICES_GRID] = 400;
	p.value[PRICES_ACCELERATOR_USD] = 900;
	p.value[PRICES_ACCELERATOR_KG] = 90;
	p.value[PRICES_SERVER_USD] = 100;
	p.value[PRICES_SERVER_KG] = 10;
	p.value[PRICES_MEMORY_FIRST + 2 * PRICES_HBM] = 10;
	p.value[PRICES_MEMORY_FIRST + 2 * PRICES_HBM + 1] = 100;
	p.value[PRICES_MEMORY_FIRST + 2 * PRICES_HBF] = 1;
	p.value[PRICES_MEMORY_FIRST + 2 * PRICES_HBF + 1] = 20;
	return p;
}

static void near(double value, double right)
{
	const double part = 1 / 1e12;

	assert_float_equal(value, right, right * part + part);
}

/* A working year of four lives of which half is worked: half of everything. */
static void test_time(void **state)
{
	struct cost_usage u = {
		.seconds = YEAR, .accelerators = 2,
		.tiers = { { .gb = 50, .kind = PRICES_HBM } }, .n_tiers = 1,
	};
	struct prices p = simple();
	struct cost c;

	(void)state;
	cost_of(&u, &p, &c);
	near(c.time_usd, (2 * 1000 + 500) / 2.0);
	near(c.embodied_time_g, (2 * 100e3 + 5000) / 2.0);
	near(c.usd, c.time_usd);
	near(c.g, c.embodied_time_g);
	assert_true(c.wear_usd == 0 && c.energy_usd == 0 && c.operational_g == 0);
}

static void test_energy(void **state)
{
	struct cost_usage u = { .joules = 7.2e6 };
	struct prices p = simple();
	struct cost c;

	(void)state;
	cost_of(&u, &p, &c);
	near(c.energy_usd, 2 * 1.5 * 0.1);
	near(c.operational_g, 2 * 1.5 * 400);
	near(c.usd, c.energy_usd);
	near(c.g, c.operational_g);
}

/* Flash is paid by wear alone, and twice the writes are twice the share. */
static void test_wear(void **state)
{
	struct cost_usage u = {
		.seconds = YEAR,
		.tiers = { { .gb = 512, .kind = PRICES_HBF, .wears = true,
			     .life_used = 0.25 } },
		.n_tiers = 1,
	};
	struct prices p = simple();
	struct cost once, twice;

	(void)state;
	cost_of(&u, &p, &once);
	near(once.wear_usd, 128);
	near(once.embodied_wear_g, 512 * 20 / 4.0);
	assert_true(once.time_usd == 0 && once.embodied_time_g == 0);
	u.tiers[0].life_used *= 2;
	u.seconds *= 10;
	cost_of(&u, &p, &twice);
	near(twice.wear_usd, 2 * once.wear_usd);
	near(twice.embodied_wear_g, 2 * once.embodied_wear_g);
	near(twice.usd, twice.wear_usd);
}

static void test_shipped(void **state)
{
	struct engine_error e;
	struct prices p;
	size_t i;

	(void)state;
	assert_int_equal(prices_read(SHIPPED, &p, &e), 0);
	assert_string_equal(p.name, "2026-11");
	for (i = 0; i < PRICES_KEYS; i++)
		assert_true(p.source[i].given && *p.source[i].text);
	assert_true(prices_memory_usd(&p, PRICES_HBM) >
		    prices_memory_usd(&p, PRICES_HBF));
}

static void test_kinds(void **state)
{
	(void)state;
	assert_int_equal(prices_memory_kind("hbm4"), PRICES_HBM);
	assert_int_equal(prices_memory_kind("hbf-son"), PRICES_HBF);
	assert_int_equal(prices_memory_kind("cxl-ddr5-x8"), PRICES_DDR);
	assert_int_equal(prices_memory_kind("ddr5"), PRICES_DDR);
	assert_int_equal(prices_memory_kind("lpddr5x"), PRICES_LPDDR);
	assert_int_equal(prices_memory_kind("nvme-tlc"), PRICES_NAND);
	assert_int_equal(prices_memory_kind("optane-pmem"), PRICES_MEMORY_KINDS);
}

/* The shipped file with each line that begins with @without left out, @with at its end. */
static int read_changed(const char *without, const char *with, struct engine_error *e)
{
	char path[] = "/tmp/prices.XXXXXX", line[1024];
	FILE *from = fopen(SHIPPED, "r"), *to;
	struct prices p;
	int fd, err;

	fd = mkstemp(path);
	assert_true(from && fd >= 0);
	to = fdopen(fd, "w");
	while (fgets(line, sizeof(line), from))
		if (strncmp(line, without, strlen(without)))
			fputs(line, to);
	fprintf(to, "\n%s\n", with);
	fclose(from);
	fclose(to);
	err = prices_read(path, &p, e);
	unlink(path);
	return err;
}

static void refused(const char *without, const char *with, const char *why)
{
	struct engine_error e = { "" };

	assert_int_equal(read_changed(without, with, &e), -EINVAL);
	if (!strstr(e.text, why))
		fail_msg("'%s' does not say '%s'", e.text, why);
}

static void test_malformed(void **state)
{
	struct engine_error e;

	(void)state;
	assert_int_equal(read_changed("#", "", &e), 0);
	refused("pue", "", "pue is missing");
	refused("pue =", "pue = 0.9", "from 1 to 10");
	refused("pue =", "pue = much", "no number");
	refused("pue =", "pue = nan", "no number");
	refused("pue.source", "", "pue has no source");
	refused("pue.source", "pue.source = my own", "published");
	refused("#", "PUE = 2", "nearest one is 'pue'");
	refused("[prices]", "", "section");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_energy),
		cmocka_unit_test(test_wear),
		cmocka_unit_test(test_shipped),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
