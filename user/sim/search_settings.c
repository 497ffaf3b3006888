// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a search was asked for, and the defaults it took. */
#include "sim/search_settings.h"

#include <stdio.h>

static void set(struct run_settings *out, const char *name, bool is_default, const char *value)
{
	struct run_setting *s = &out->setting[out->n++];

	s->name = name;
	s->is_default = is_default;
	snprintf(s->value, sizeof(s->value), "%s", value);
}

static void set_text(struct run_settings *out, const struct run_args *args, enum run_text which,
		     const char *otherwise)
{
	const char *given = run_args_text(args, which);

	set(out, run_args_text_name(which), !given, given ?: otherwise);
}

static void set_number(struct run_settings *out, const char *name, bool is_default, double value,
		       const char *unit)
{
	char text[64];

	snprintf(text, sizeof(text), "%.10g%s", value, unit);
	set(out, name, is_default, text);
}

/* What a trace says is no default. */
static void set_load(const struct search *s, const struct run_args *args,
		     struct run_settings *out)
{
	if (run_args_text(args, RUN_TRACE))
		set(out, run_args_text_name(RUN_TRACE), false, run_args_text(args, RUN_TRACE));
	set_number(out, "input", false, s->load.input, " tokens");
	set_number(out, "output", false, s->load.output, " tokens");
	if (s->load.rate > 0)
		set_number(out, "rate", false, s->load.rate, " requests/s");
	else
		set(out, "rate", true, "any");
}

void search_settings(const struct search *s, const struct run_args *args, struct run_settings *out)
{
	static const struct {
		enum run_number which;
		const char *unit;
	} numbers[] = {
		{ RUN_DEVICES, "" },	       { RUN_TP, "" },
		{ RUN_PP, "" },		       { RUN_DP, "" },
		{ RUN_EP, "" },		       { RUN_OVERHEAD, " us a step" },
		{ RUN_BANDWIDTH, " permille" }, { RUN_MAX_STEP_TOKENS, "" },
		{ RUN_BLOCK_TOKENS, "" },      { RUN_SLO_TTFT, " ms" },
		{ RUN_SLO_TPOT, " ms" },
	};
	size_t i;

	out->n = 0;
	set_load(s, args, out);
	set(out, run_args_text_name(RUN_MODEL), false, s->model->name);
	set_text(out, args, RUN_DTYPE, "bf16");
	set_text(out, args, RUN_TIERS, SYSTEM_TIERS);
	set_text(out, args, RUN_NETWORK, SYSTEM_NETWORK);
	set_text(out, args, RUN_PRICES, s->system->prices.name);
	set_number(out, run_args_number_name(RUN_MAX_BATCH), !args->number[RUN_MAX_BATCH],
		   s->options.max_batch, "");
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		uint64_t value = run_args_number(args, numbers[i].which);
		const char *name = run_args_number_name(numbers[i].which);
		bool is_default = !args->number[numbers[i].which];

		if (!value && numbers[i].which != RUN_OVERHEAD)
			set(out, name, true, "all");
		else
			set_number(out, name, is_default, (double)value, numbers[i].unit);
	}
}
