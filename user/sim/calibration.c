// SPDX-License-Identifier: LGPL-2.1-or-later
/* Calibrations: what kernels of a kind of accelerator reach. */
#include "sim/calibration.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "sim/data_path.h"

#define NS_MAX		1000000000ULL
#define AT(field)	offsetof(struct calibration, field)
#define SHARE(key, field)	{ key "_permille", AT(field), 1, CALIBRATION_PERMILLE_MAX }

static const struct number {
	const char *key;
	size_t at;
	uint64_t lowest;
	uint64_t highest;
} numbers[] = {
	SHARE("gemm_compute", compute_permille[CALIBRATION_GEMM]),
	SHARE("gemm_bandwidth", bandwidth_permille[CALIBRATION_GEMM]),
	SHARE("moe_compute", compute_permille[CALIBRATION_MOE]),
	SHARE("moe_bandwidth", bandwidth_permille[CALIBRATION_MOE]),
	SHARE("decode_attention_compute", compute_permille[CALIBRATION_DECODE_ATTENTION]),
	SHARE("decode_attention_bandwidth", bandwidth_permille[CALIBRATION_DECODE_ATTENTION]),
	SHARE("prefill_attention_compute", compute_permille[CALIBRATION_PREFILL_ATTENTION]),
	SHARE("prefill_attention_bandwidth", bandwidth_permille[CALIBRATION_PREFILL_ATTENTION]),
	SHARE("collective", collective_permille),
	{ "step_ns", AT(step_ns), 0, NS_MAX },
	{ "layer_ns", AT(layer_ns), 0, NS_MAX },
	{ "moe_layer_ns", AT(moe_layer_ns), 0, NS_MAX },
};

#define NUMBERS	(sizeof(numbers) / sizeof(*numbers))

static int set(struct engine_ini *ini, void *user, size_t i, const char *text)
{
	const struct number *n = &numbers[i];

	return engine_ini_number(ini, n->key, text, 0, n->lowest, n->highest,
				 (uint64_t *)((char *)user + n->at));
}

static void set_defaults(struct calibration *c)
{
	int kind;

	*c = (struct calibration) { .collective_permille = 1000 };
	for (kind = 0; kind < CALIBRATION_KINDS; kind++) {
		c->compute_permille[kind] = 1000;
		c->bandwidth_permille[kind] = 1000;
	}
}

int calibration_read(const char *given, struct calibration *out, struct engine_error *e)
{
	struct engine_sourced_key keys[NUMBERS] = { 0 };
	struct engine_source sources[NUMBERS] = { 0 };
	struct engine_sourced file = {
		.section = "calibration", .keys = keys, .n_keys = NUMBERS, .set = set,
		.text = { "hardware", out->hardware, sizeof(out->hardware) }, .user = out,
		.sources = sources,
	};
	char path[PATH_MAX];
	size_t i;
	int err;

	set_defaults(out);
	for (i = 0; i < NUMBERS; i++)
		keys[i].name = numbers[i].key;
	err = sim_data_path("calibrations", "TERRACE_CALIBRATIONS", ".ini", given, path, e) ?:
	      engine_sourced_read(path, &file, e);
	if (err)
		return err;
	memcpy(out->name, file.name, sizeof(out->name));
	memcpy(out->description, file.description, sizeof(out->description));
	return 0;
}
