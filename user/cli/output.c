// SPDX-License-Identifier: LGPL-2.1-or-later
/* Numbers with their units, JSON. */
#include "cli/output.h"

#include "cli/commands.h"

struct unit {
	const char *name;
	double size;
};

/* The largest unit that is not larger than the number; the first is written without decimals. */
static void format_unit(char out[UNIT_MAX], uint64_t value, const struct unit *units, size_t n)
{
	size_t i = 0;

	while (i + 1 < n && value >= units[i + 1].size)
		i++;
	if (i)
		snprintf(out, UNIT_MAX, "%.2f %s", value / units[i].size, units[i].name);
	else
		snprintf(out, UNIT_MAX, "%llu %s", (unsigned long long)value, units[0].name);
}

#define FORMAT(out, value, ...)								\
	do {										\
		static const struct unit units[] = { __VA_ARGS__ };			\
											\
		format_unit(out, value, units, sizeof(units) / sizeof(units[0]));	\
	} while (0)

void format_bytes(char out[UNIT_MAX], uint64_t bytes)
{
	FORMAT(out, bytes, { "B", 1 }, { "KiB", 0x1p10 }, { "MiB", 0x1p20 }, { "GiB", 0x1p30 },
	       { "TiB", 0x1p40 }, { "PiB", 0x1p50 });
}

void format_decimal_bytes(char out[UNIT_MAX], double bytes)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	size_t i = 0;

	/* what four digits round up to the next unit is written in it */
	while (i + 1 < sizeof(units) / sizeof(units[0]) && (bytes >= 999.95 || bytes <= -999.95)) {
		bytes /= 1000;
		i++;
	}
	snprintf(out, UNIT_MAX, "%.4g %s", bytes, units[i]);
}

void format_bandwidth(char out[UNIT_MAX], uint64_t bytes_per_second)
{
	FORMAT(out, bytes_per_second, { "B/s", 1 }, { "kB/s", 1e3 }, { "MB/s", 1e6 },
	       { "GB/s", 1e9 });
}

void format_time(char out[UNIT_MAX], uint64_t ns)
{
	FORMAT(out, ns, { "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 });
}

void format_energy(char out[UNIT_MAX], uint64_t uj)
{
	FORMAT(out, uj, { "uJ", 1 }, { "mJ", 1e3 }, { "J", 1e6 }, { "kJ", 1e9 });
}

void format_lifetime(char out[UNIT_MAX], uint64_t seconds)
{
	if (seconds == UINT64_MAX)
		snprintf(out, UNIT_MAX, "unlimited");
	else
		FORMAT(out, seconds, { "s", 1 }, { "days", 86400 }, { "years", 31557600 });
}

json_t *json_amount(uint64_t value)
{
	return value > INT64_MAX ? json_null() : json_integer(value);
}

int print_json(json_t *value)
{
	int failed;

	if (!value)
		return command_failed("no memory to write JSON: free some and try again");
	failed = json_dumpf(value, stdout, JSON_INDENT(2));
	json_decref(value);
	putchar('\n');
	return failed ? command_failed("cannot write JSON: is the disk full or the reader gone?") :
	       STATUS_DONE;
}
