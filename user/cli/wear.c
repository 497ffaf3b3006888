// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/wear.h"

#include <errno.h>
#include <string.h>
#include <terrace/terrace.h>

#include "cli/output.h"
#include "cli/sysfs.h"

#define S_PER_DAY	86400.0

static int read_profile(const char *tier, struct wear_values *w)
{
	const struct {
		const char *key;
		uint64_t *to;
	} settings[] = {
		{ "endurance_cycles", &w->endurance_cycles },
		{ "capacity_bytes", &w->capacity_bytes },
		{ "waf_permille", &w->waf_permille },
		{ "lifetime_s", &w->target_s },
	};
	size_t i;
	int err = 0;

	for (i = 0; !err && i < sizeof(settings) / sizeof(settings[0]); i++)
		err = sysfs_setting(tier, settings[i].key, settings[i].to);
	return err ? err : w->endurance_cycles ? 0 : -ENODATA;
}

static int read_left(const char *tier, struct wear_values *w)
{
	char attribute[64], classes[SYSFS_VALUE_MAX];
	int err = sysfs_read(tier, "classes", classes);
	uint32_t i;

	for (i = 0; i < TERRACE_CLASSES && !err; i++) {
		const char *name = terrace_class_name(i);

		w->held[i] = strstr(classes, name);
		snprintf(attribute, sizeof(attribute), "write_budget_left_%s_bytes", name);
		err = sysfs_number(tier, attribute, &w->left_bytes[i]);
	}
	return err ? err : sysfs_number(tier, "write_budget_debt_bytes", &w->debt_bytes);
}

int wear_read(const char *tier, struct wear_values *w)
{
	uint64_t extrapolated = 0;
	int err;

	*w = (struct wear_values) { 0 };
	err = read_profile(tier, w);
	if (!err)
		err = sysfs_number(tier, "write_budget_bytes_per_day", &w->budget_bytes);
	if (!err)
		err = sysfs_number(tier, "wear_cycles_milli", &w->cycles_milli);
	if (!err)
		err = read_left(tier, w);
	if (err)
		return err;
	err = sysfs_number(tier, "lifetime_seconds", &w->lifetime_s);
	if (!err)
		err = sysfs_number(tier, "lifetime_extrapolated", &extrapolated);
	w->lifetime_known = !err;
	w->extrapolated = extrapolated;
	return err == -ENODATA ? 0 : err;
}

static void print_budget(FILE *f, const struct wear_values *w)
{
	char capacity[UNIT_MAX], budget[UNIT_MAX];

	if (w->budget_bytes == UINT64_MAX) {
		fprintf(f, "write budget: unlimited, the profile has no lifetime target\n");
		return;
	}
	format_decimal_bytes(capacity, (double)w->capacity_bytes);
	format_decimal_bytes(budget, (double)w->budget_bytes);
	fprintf(f, "write budget: %s x %llu cycles / (%g x %.0f days) = %s a day\n", capacity,
		(unsigned long long)w->endurance_cycles, (double)w->waf_permille / 1000,
		(double)w->target_s / S_PER_DAY, budget);
}

static void print_left(FILE *f, const struct wear_values *w)
{
	const char *between = "write budget left: ";
	char bytes[UNIT_MAX];
	uint32_t i;

	if (w->budget_bytes == UINT64_MAX)
		return;
	for (i = 0; i < TERRACE_CLASSES; i++) {
		if (!w->held[i])
			continue;
		format_decimal_bytes(bytes, (double)w->left_bytes[i]);
		fprintf(f, "%s%s of %s", between, bytes, terrace_class_name(i));
		between = ", ";
	}
	if (w->debt_bytes) {
		format_decimal_bytes(bytes, (double)w->debt_bytes);
		fprintf(f, ", %s spent beyond it", bytes);
	}
	fputc('\n', f);
}

/* The rate is what the kernel divided by: it says only what came out. */
static void print_lifetime(FILE *f, const struct wear_values *w)
{
	double used = (double)w->cycles_milli / 1000;
	double left = (double)w->endurance_cycles - used;
	char lifetime[UNIT_MAX];

	if (!w->lifetime_known) {
		fprintf(f, "lifetime: not known before the first model minute is over\n");
		return;
	}
	fprintf(f, "lifetime: (%llu - %.12g) cycles left / ",
		(unsigned long long)w->endurance_cycles, used);
	format_lifetime(lifetime, w->lifetime_s);
	if (w->lifetime_s == UINT64_MAX)
		fprintf(f, "0 cycles a day = %s", lifetime);
	else if (!w->lifetime_s || left <= 0)
		fprintf(f, "the cycles of the last day = none");
	else
		fprintf(f, "%.3g cycles a day = %s", left * S_PER_DAY / (double)w->lifetime_s,
			lifetime);
	fprintf(f, "%s\n", w->extrapolated ? ", extrapolated from less than a model day" : "");
}

void wear_print(FILE *f, const struct wear_values *w)
{
	print_budget(f, w);
	print_left(f, w);
	print_lifetime(f, w);
}
