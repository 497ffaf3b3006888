// SPDX-License-Identifier: LGPL-2.1-or-later
/* The report at the end of the program: what its steps cost, one JSON object. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "preload/preload.h"

static void print_steps(FILE *out, const char *name, const struct step_sums *sums)
{
	fprintf(out, "\"%s\": {\"steps\": %llu, \"tokens\": %llu, \"flops\": %llu, \"model_ns\": %llu, \"wall_ns\": %llu}",
		name, (unsigned long long)sums->steps, (unsigned long long)sums->tokens,
		(unsigned long long)sums->flops, (unsigned long long)sums->model_ns,
		(unsigned long long)sums->wall_ns);
}

static void print_entry(FILE *out, struct terrace_session *s, uint32_t tier, uint32_t class_id,
			const struct terrace_ledger_entry *e, const char **before)
{
	struct terrace_tier_info info;

	if (!e->model_read_bytes && !e->model_write_bytes && !e->model_in_bytes &&
	    !e->model_out_bytes)
		return;
	if (terrace_tier_get(s, tier, &info))
		return;
	fprintf(out, "%s{\"tier\": \"%s\", \"class\": \"%s\", \"model_read_bytes\": %llu, \"model_write_bytes\": %llu, \"model_in_bytes\": %llu, \"model_out_bytes\": %llu, \"model_energy_uj\": %llu}",
		*before, info.name, terrace_class_name(class_id),
		(unsigned long long)e->model_read_bytes, (unsigned long long)e->model_write_bytes,
		(unsigned long long)e->model_in_bytes, (unsigned long long)e->model_out_bytes,
		(unsigned long long)e->model_energy_uj);
	*before = ", ";
}

static void print_report(FILE *out, struct terrace_session *s)
{
	static const char * const charging[] = { "observed", "sampled" };
	struct terrace_ledger ledger;
	const char *before = "";

	fprintf(out, "{\"pid\": %d, \"charging\": \"%s\", ", getpid(),
		charging[preload_settings.sample_period > 1]);
	print_steps(out, "prefill", &steps_sums[TERRACE_STEP_PREFILL]);
	fputs(", ", out);
	print_steps(out, "decode", &steps_sums[TERRACE_STEP_DECODE]);
	fputs(", \"ledger\": [", out);
	if (!terrace_session_ledger(s, &ledger))
		for (uint32_t t = 0; t < TERRACE_TIERS_MAX; t++)
			for (uint32_t c = 0; c < TERRACE_CLASSES; c++)
				print_entry(out, s, t, c, &ledger.entry[t][c], &before);
	fputs("]}\n", out);
}

/* Appended: a program may run others, and each has a line of its own. */
__attribute__((destructor)) static void report_write(void)
{
	struct terrace_session *s = preload_settings.report ? device_open_session() : NULL;
	static char line[32768];	/* one write */
	FILE *out;

	if (!s)
		return;
	preload_enter();
	out = fopen(preload_settings.report, "ae");
	if (out && !setvbuf(out, line, _IOFBF, sizeof(line)))
		print_report(out, s);
	if (!out || fclose(out))
		say("the report cannot be written to %s: %s", preload_settings.report,
		    strerror(errno));
	preload_leave();
}
