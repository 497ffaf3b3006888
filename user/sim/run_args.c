// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a run is asked for. */
#include "sim/run_args.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/inifile.h"
#include "engine/trace.h"
#include "sim/run_defaults.h"
#include "sim/run_decoding.h"
#include "sim/run_load.h"
#include "sim/serve.h"
#include "sim/system.h"

/* 0 = what is not given is chosen. */
static const struct {
	const char *name;
	uint64_t otherwise;
	uint64_t highest;
} numbers[RUN_NUMBERS] = {
	/* vLLM's serving benchmark with random prompts */
	[RUN_REQUESTS] = { "requests", 1000, TRACE_REQUESTS_MAX },
	[RUN_INPUT] = { "input", 1024, TRACE_TOKENS_MAX },
	[RUN_INPUT_SPREAD] = { "input-spread", 0, 10000 },
	[RUN_OUTPUT] = { "output", 128, TRACE_TOKENS_MAX },
	[RUN_OUTPUT_SPREAD] = { "output-spread", 0, 10000 },
	[RUN_RATE] = { "rate", 0, RUN_RATE_MAX },
	[RUN_SEED] = { "seed", 1, UINT32_MAX },
	[RUN_DEVICES] = { "devices", 1, SYSTEM_DEVICES_MAX },
	[RUN_TP] = { "tp", 0, SYSTEM_DEVICES_MAX },
	[RUN_PP] = { "pp", 0, SYSTEM_DEVICES_MAX },
	[RUN_EP] = { "ep", 0, SYSTEM_DEVICES_MAX },
	[RUN_DP] = { "dp", 0, SYSTEM_DEVICES_MAX },
	[RUN_SLO_TTFT] = { "slo-ttft", RUN_DEFAULT_TTFT_MS, 1000000000 },
	[RUN_SLO_TPOT] = { "slo-tpot", RUN_DEFAULT_TPOT_MS, 1000000000 },
	[RUN_MAX_BATCH] = { "max-batch", RUN_DEFAULT_BATCH, SERVE_BATCH_MAX },
	[RUN_MAX_STEP_TOKENS] = { "max-step-tokens", RUN_DEFAULT_STEP_TOKENS, 1U << 20 },
	[RUN_BLOCK_TOKENS] = { "block-tokens", RUN_DEFAULT_BLOCK_TOKENS, TRACE_BLOCK_TOKENS },
	[RUN_OVERHEAD] = { "overhead", RUN_DEFAULT_OVERHEAD_US, 1000000000 },
	[RUN_BANDWIDTH] = { "bandwidth", RUN_DEFAULT_BANDWIDTH, 1000 },
	[RUN_LIMIT] = { "limit", 0, TRACE_REQUESTS_MAX },
	[RUN_DRAFT_TOKENS] = { "draft-tokens", 0, SERVE_DRAFTS_MAX },
	[RUN_ACCEPTANCE] = { "acceptance", 0, 1000 },
	[RUN_DENOISING_STEPS] = { "denoising-steps", 0, TRACE_TOKENS_MAX },
	[RUN_DIFFUSION_BLOCK] = { "diffusion-block", 0, TRACE_TOKENS_MAX },
	[RUN_PREFILL_DEVICES] = { "prefill-devices", 0, SYSTEM_DEVICES_MAX },
	[RUN_PREFILL_TP] = { "prefill-tp", 0, SYSTEM_DEVICES_MAX },
	[RUN_PREFILL_PP] = { "prefill-pp", 0, SYSTEM_DEVICES_MAX },
};

static const char *const texts[RUN_TEXTS] = {
	[RUN_NOTE] = "note",
	[RUN_TRACE] = "trace",
	[RUN_MODEL] = "model",
	[RUN_TIERS] = "tiers",
	[RUN_NETWORK] = "network",
	[RUN_PRICES] = "prices",
	[RUN_DTYPE] = "dtype",
	[RUN_DECODING] = "decoding",
	[RUN_DRAFT_MODEL] = "draft-model",
	[RUN_BOUND] = "bound",
	[RUN_CALIBRATION] = "calibration",
	[RUN_KERNELS] = "kernels",
};

/* That 0 is a value of; of all others it is not. */
static bool may_be_zero(enum run_number which)
{
	return which == RUN_DRAFT_TOKENS || which == RUN_ACCEPTANCE;
}

static int set_number(struct run_args *args, enum run_number which, const char *value,
		      struct engine_error *e)
{
	unsigned long long n;
	char *end;

	if (run_load_leave_trace(args, which, numbers[which].name, e))
		return -EINVAL;
	if (which == RUN_RATE)
		return run_load_rate(args, value, e);
	errno = 0;
	n = strtoull(value, &end, 10);
	if (errno || *end || end == value || value[0] == '-' || (!n && !may_be_zero(which)) ||
	    n > numbers[which].highest) {
		engine_error_set(e, "%s is \"%s\"; give a number from %d to %llu",
				 numbers[which].name, value, !may_be_zero(which),
				 (unsigned long long)numbers[which].highest);
		return -EINVAL;
	}
	args->number[which] = n ?: RUN_ZERO;
	return 0;
}

static int set_text(struct run_args *args, enum run_text which, const char *value,
		    struct engine_error *e)
{
	if (which == RUN_NOTE && strlen(value) > RUN_NOTE_MAX) {
		engine_error_set(e, "note is too long; give 1 to %d bytes", RUN_NOTE_MAX);
		return -EINVAL;
	}
	if (which == RUN_TRACE && run_load_leave(args, e))
		return -EINVAL;
	if (which == RUN_DTYPE && model_dtype_parse(value) < 0) {
		engine_error_set(e, "dtype is \"%s\"; give bf16 or fp8", value);
		return -EINVAL;
	}
	if (which == RUN_DECODING && run_decoding_parse(value) < 0) {
		engine_error_set(e, "decoding is \"%s\"; give autoregressive, speculative or "
				 "diffusion", value);
		return -EINVAL;
	}
	if (which == RUN_BOUND && strcmp(value, "overlapped") && strcmp(value, "serial")) {
		engine_error_set(e, "bound is \"%s\"; give overlapped or serial, or a calibration",
				 value);
		return -EINVAL;
	}
	if (!*value || strlen(value) >= sizeof(args->text[which])) {
		engine_error_set(e, "%s is %s; give 1 to %zu bytes", texts[which],
				 *value ? "too long" : "empty", sizeof(args->text[which]) - 1);
		return -EINVAL;
	}
	strcpy(args->text[which], value);
	return 0;
}

static int unknown(const char *name, struct engine_error *e)
{
	const char *names[RUN_TEXTS + RUN_NUMBERS];
	unsigned int i;

	for (i = 0; i < RUN_TEXTS; i++)
		names[i] = texts[i];
	for (i = 0; i < RUN_NUMBERS; i++)
		names[RUN_TEXTS + i] = numbers[i].name;
	engine_error_set(e, "there is no '%s', did you mean '%s'?", name,
			 engine_nearest(name, names, RUN_TEXTS + RUN_NUMBERS));
	return -ENOENT;
}

int run_args_set(struct run_args *args, const char *name, const char *value,
		 struct engine_error *e)
{
	unsigned int i;

	for (i = 0; i < RUN_TEXTS; i++)
		if (!strcmp(texts[i], name))
			return set_text(args, i, value, e);
	for (i = 0; i < RUN_NUMBERS; i++)
		if (!strcmp(numbers[i].name, name))
			return set_number(args, i, value, e);
	return unknown(name, e);
}

/**
 * struct reading - a scenario file
 * @line: of a name's value; 0 = not there yet
 */
struct reading {
	struct run_args *args;
	unsigned int line[RUN_TEXTS + RUN_NUMBERS];
};

/* The index of a name that run_args_set() took. */
static unsigned int find(const char *name)
{
	unsigned int i;

	for (i = 0; i < RUN_TEXTS; i++)
		if (!strcmp(texts[i], name))
			return i;
	for (i = 0; i < RUN_NUMBERS - 1 && strcmp(numbers[i].name, name); i++)
		;
	return RUN_TEXTS + i;
}

static int take_key(struct engine_ini *ini, void *user, const char *section, const char *key,
		    const char *value)
{
	struct reading *r = user;
	struct engine_error e;
	unsigned int *line;

	if (*section)
		return engine_ini_fail(ini, "a scenario has no section; leave [%s] out", section);
	if (ini->continued)
		return engine_ini_fail(ini, "%s goes on here; write it in one line", key);
	if (run_args_set(r->args, key, value, &e))
		return engine_ini_fail(ini, "%s", e.text);
	line = &r->line[find(key)];
	if (*line)
		return engine_ini_fail(ini, "%s is given a second time, first in line %u: remove one",
				       key, *line);
	*line = ini->line;
	return 0;
}

int run_args_read(struct run_args *args, const char *path, struct engine_error *e)
{
	struct reading r = { .args = args };
	int err = engine_ini_read(path, take_key, &r, e);

	args->from_file = true;
	return err;
}

const char *run_args_text(const struct run_args *args, enum run_text which)
{
	return args->text[which][0] ? args->text[which] : NULL;
}

uint64_t run_args_number(const struct run_args *args, enum run_number which)
{
	uint64_t given = args->number[which];

	return given == RUN_ZERO ? 0 : given ?: numbers[which].otherwise;
}

enum model_dtype run_args_dtype(const struct run_args *args)
{
	const char *given = run_args_text(args, RUN_DTYPE);

	return given ? (enum model_dtype)model_dtype_parse(given) : MODEL_BF16;
}

const char *run_args_text_name(enum run_text which)
{
	return texts[which];
}

const char *run_args_number_name(enum run_number which)
{
	return numbers[which].name;
}
