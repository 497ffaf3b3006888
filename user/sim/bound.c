// SPDX-License-Identifier: LGPL-2.1-or-later
/* Throughput that a node cannot exceed. */
#include "sim/bound.h"

#include <math.h>

#include "sim/operators.h"

/* Operations of a token. */
static double token_ops(const struct model_config *m)
{
	double params = model_active_params(m);

	/* One that is tied is the lm_head as well, and works. */
	if (!m->tied)
		params -= model_part_params(m, MODEL_EMBEDDING, 0);
	return 2 * params;
}

double bound_stream(const struct bound_model *m, const struct bound_node *n, uint64_t batch)
{
	const struct number_bits bits = { m->weight_bits, NUMBER_BITS_MAX, m->kv_bits };
	const struct step_shape step = {
		.stage = STEP_DECODE, .batch = batch, .tokens = 1, .context = 1,
	};
	struct operators ops;
	double bytes;

	if (operators_of_step(&m->config, &step, &bits, OPERATORS_EXACT, &ops, NULL))
		return 0;
	bytes = operators_total(&ops).bits[OPERATOR_WEIGHTS] / 8.0;
	return batch * n->devices * n->bandwidth_bps / bytes;
}

double bound_serving(const struct bound_model *m, const struct bound_node *n, double input,
		     double output)
{
	double weights = model_params(&m->config) * (m->weight_bits / 8.0);
	double kv_token = model_kv_token_bytes(&m->config) / (double)m->config.kv_dtype *
			  m->kv_bits / 8;
	double kv = kv_token * (input + output / 2);
	double batch = (n->devices * n->capacity_bytes - weights) / kv;
	double memory_s, compute_s;

	if (batch <= 0)
		return 0;
	memory_s = (weights + batch * kv) / (n->devices * n->bandwidth_bps);
	compute_s = batch * token_ops(&m->config) / (n->devices * n->peak_ops);
	return batch * output / (output * fmax(memory_s, compute_s) + input * compute_s);
}

double bound_compute(const struct bound_model *m, const struct bound_node *n, double input,
		     double output)
{
	return n->devices * n->peak_ops / token_ops(&m->config) * output / (input + output);
}
