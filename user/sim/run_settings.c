// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a run was asked for, and the defaults it took. */
#include "sim/run_settings.h"

#include <stdarg.h>
#include <stdio.h>

#include "sim/run_decoding.h"

static void __attribute__((format(printf, 4, 5)))
set(struct run_settings *out, const char *name, bool is_default, const char *format, ...)
{
	struct run_setting *s = &out->setting[out->n++];
	va_list args;

	s->name = name;
	s->is_default = is_default;
	va_start(args, format);
	vsnprintf(s->value, sizeof(s->value), format, args);
	va_end(args);
}

static void set_text(const struct run_case *r, struct run_settings *out, enum run_text which,
		     const char *value, const char *more)
{
	set(out, run_args_text_name(which), !run_args_text(&r->args, which), "%s%s", value, more);
}

/* A value that was chosen when none was given. */
static void set_chosen(const struct run_case *r, struct run_settings *out, enum run_number which,
		       uint64_t value)
{
	set(out, run_args_number_name(which), !r->args.number[which], "%llu",
	    (unsigned long long)value);
}

static void set_number(const struct run_case *r, struct run_settings *out, enum run_number which,
		       const char *unit)
{
	set(out, run_args_number_name(which), !r->args.number[which], "%llu%s",
	    (unsigned long long)run_args_number(&r->args, which), unit);
}

/* What bounds a step. */
static void set_bound(const struct run_case *r, struct run_settings *out)
{
	const struct run_args *a = &r->args;
	const char *kernels = run_args_text(a, RUN_KERNELS);

	if (!run_args_text(a, RUN_CALIBRATION)) {
		set(out, run_args_text_name(RUN_BOUND), !run_args_text(a, RUN_BOUND), "%s",
		    run_args_text(a, RUN_BOUND) ?: "overlapped");
		set_number(r, out, RUN_OVERHEAD, " us a step");
		set_number(r, out, RUN_BANDWIDTH, " permille");
		return;
	}
	set(out, run_args_text_name(RUN_BOUND), false, "%s",
	    kernels ? "calibrated, by measured kernels" : "calibrated");
	set(out, run_args_text_name(RUN_CALIBRATION), false, "%s", r->calibration.name);
	if (kernels)
		set(out, run_args_text_name(RUN_KERNELS), false, "%s, of %s",
		    kernels, r->calibration.hardware);
}

static void set_tokens(const struct run_case *r, struct run_settings *out, enum run_number mean,
		       enum run_number spread)
{
	char about[64] = "each";

	if (r->args.number[spread])
		snprintf(about, sizeof(about), "in the mean, lognormal, deviation %llu permille",
			 (unsigned long long)r->args.number[spread]);
	set(out, run_args_number_name(mean), !r->args.number[mean], "%llu tokens %s",
	    (unsigned long long)run_args_number(&r->args, mean), about);
}

static void set_load(const struct run_case *r, struct run_settings *out)
{
	unsigned long long milli = r->args.number[RUN_RATE];

	set_chosen(r, out, RUN_REQUESTS, r->trace.n);
	set_tokens(r, out, RUN_INPUT, RUN_INPUT_SPREAD);
	set_tokens(r, out, RUN_OUTPUT, RUN_OUTPUT_SPREAD);
	if (milli)
		set(out, run_args_number_name(RUN_RATE), false, "%llu.%03llu a second, Poisson",
		    milli / 1000, milli % 1000);
	else
		set(out, run_args_number_name(RUN_RATE), true, "all at once");
}

static void set_requests(const struct run_case *r, struct run_settings *out)
{
	const struct run_args *a = &r->args;

	if (run_args_text(a, RUN_NOTE))
		set_text(r, out, RUN_NOTE, a->text[RUN_NOTE], "");
	if (!run_args_text(a, RUN_TRACE)) {
		set_load(r, out);
		return;
	}
	set(out, run_args_text_name(RUN_TRACE), false, "%s (%s), %zu requests", a->text[RUN_TRACE],
	    trace_format_name(r->trace.format), r->trace.n);
}

static void set_system(const struct run_case *r, struct run_settings *out)
{
	const struct run_args *a = &r->args;

	set_text(r, out, RUN_MODEL, r->model.name, "");
	set_text(r, out, RUN_DTYPE, run_args_dtype(a) == MODEL_FP8 ? "fp8" : "bf16", "");
	set_number(r, out, RUN_DEVICES, "");
	set_text(r, out, RUN_TIERS, run_args_text(a, RUN_TIERS) ?: SYSTEM_TIERS, "");
	set_text(r, out, RUN_NETWORK, run_args_text(a, RUN_NETWORK) ?: SYSTEM_NETWORK,
		 r->shard.plain ? ", as a switch where it has no such size" : "");
	set_text(r, out, RUN_PRICES, r->system.prices.name, "");
	set_bound(r, out);
}

static void set_decoding(const struct run_case *r, struct run_settings *out)
{
	const struct run_args *a = &r->args;

	set_text(r, out, RUN_DECODING, run_decoding_name(r->decoding.kind), "");
	if (r->decoding.kind == SERVE_SPECULATIVE) {
		set_number(r, out, RUN_DRAFT_TOKENS, "");
		set_number(r, out, RUN_ACCEPTANCE, " permille");
		set_text(r, out, RUN_DRAFT_MODEL,
			 run_args_text(a, RUN_DRAFT_MODEL) ? r->draft_model.name : "none", "");
	} else if (r->decoding.kind == SERVE_DIFFUSION) {
		set_number(r, out, RUN_DENOISING_STEPS, "");
		set_number(r, out, RUN_DIFFUSION_BLOCK, "");
	}
}

/* Of devices that compute prompts; the others' are those without a prefix. */
static void set_pools(const struct run_case *r, struct run_settings *out)
{
	const struct shard *s = &r->pools->shards[POOL_PROMPTS];

	set_number(r, out, RUN_PREFILL_DEVICES, "");
	set_chosen(r, out, RUN_PREFILL_TP, s->options.shard.tp);
	set_chosen(r, out, RUN_PREFILL_PP, s->options.shard.pp);
	set(out, "prefill-dp", true, "%u", s->options.shard.dp);
	set(out, "prefill-kv-blocks", true, "%u a group, by its room", s->kv_blocks);
}

static void set_serving(const struct run_case *r, struct run_settings *out)
{
	const struct shard_options *o = &r->shard.options;
	const struct capacity_shard *s = &o->shard;

	set_chosen(r, out, RUN_TP, s->tp);
	set_chosen(r, out, RUN_PP, s->pp);
	set_chosen(r, out, RUN_DP, s->dp);
	set_chosen(r, out, RUN_EP, r->model.experts ? (uint64_t)s->tp * s->dp : 1);
	set_chosen(r, out, RUN_MAX_BATCH, o->max_batch);
	set_number(r, out, RUN_MAX_STEP_TOKENS, "");
	set_number(r, out, RUN_BLOCK_TOKENS, "");
	set(out, "kv-blocks", true, "%u a group, by its room", r->shard.kv_blocks);
	set_number(r, out, RUN_SLO_TTFT, " ms");
	set_number(r, out, RUN_SLO_TPOT, " ms");
}

void run_settings(const struct run_case *r, struct run_settings *out)
{
	out->n = 0;
	set_requests(r, out);
	set_system(r, out);
	set_serving(r, out);
	set_decoding(r, out);
	if (r->pools)
		set_pools(r, out);
	set_number(r, out, RUN_SEED, "");
}
