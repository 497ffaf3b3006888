// SPDX-License-Identifier: LGPL-2.1-or-later
/* A model on devices: coefficients of a step. */
#include "sim/shard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/operators.h"

#define BITS	8

static uint64_t flops(const struct shard *s, struct model_work work)
{
	return model_flops(s->model, &work);
}

/* Parameters of a layer that work on a token. */
static double active_params(const struct model_config *m, uint32_t layer)
{
	double sum = (double)m->top_k * (double)model_part_params(m, MODEL_EXPERT, layer);

	for (int part = MODEL_ATTENTION; part < MODEL_EXPERT; part++)
		sum += (double)model_part_params(m, part, layer);
	return sum;
}

static double active_between(const struct model_config *m, uint32_t layer, uint32_t end)
{
	double sum = 0;

	for (; layer < end; layer++)
		sum += active_params(m, layer);
	return sum;
}

/* Parameters of experts that work on a token. */
static double experts_between(const struct model_config *m, uint32_t layer, uint32_t end)
{
	double sum = 0;

	for (; layer < end; layer++)
		sum += (double)m->top_k * (double)model_part_params(m, MODEL_EXPERT, layer);
	return sum;
}

static void count_ops(const struct shard *s, struct shard_stage *stage, uint32_t from)
{
	const struct model_config *m = s->model;
	double tp = s->options.shard.tp, layers = (double)stage->layers / m->layers;
	double part = active_between(m, from, from + stage->layers) /
		      active_between(m, 0, m->layers);

	stage->expert_ops = 2 * experts_between(m, from, from + stage->layers) / tp;
	stage->token_ops = flops(s, (struct model_work) { .tokens = 1 }) * part / tp;
	stage->decode_ops = flops(s, (struct model_work) { .decode_context = 1 }) * layers / tp;
	stage->prefill_ops = flops(s, (struct model_work) { .prefill_context = 1 }) * layers / tp;
	if (stage->last)
		stage->sampled_ops = flops(s, (struct model_work) { .sampled = 1 }) / tp;
}

/* Layers with a window keep min(tokens, window): two contexts tell them from the others. */
static void count_kv(const struct shard *s, struct shard_stage *stage, uint32_t number)
{
	const struct capacity_shard *shard = &s->options.shard;
	double window = s->model->local_window, twice;

	stage->token_kv = (double)capacity_kv_bytes(s->model, shard, number, 1);
	stage->linear_kv = stage->token_kv;
	if (window <= 0)
		return;
	twice = (double)capacity_kv_bytes(s->model, shard, number, 2 * s->model->local_window);
	stage->linear_kv = twice / window - stage->token_kv;
	stage->local_kv = stage->token_kv - stage->linear_kv;
}

/* A draft model has no stages; all that lies on a device is spread over the tiers alike. */
static void count_draft(const struct shard *s, struct shard_stage *stage)
{
	const struct model_config *draft = s->options.draft;
	struct capacity_weights w;

	stage->kv_share = 1;
	if (!draft)
		return;
	w = capacity_weights(draft, &s->options.shard, 0);
	stage->beside = (double)(w.embedding + w.common + w.experts);
	stage->kv_share = stage->token_kv / (stage->token_kv +
			  (double)capacity_kv_bytes(draft, &s->options.shard, 0, 1));
}

/* Of one token that decodes alone; what a context adds is KV. */
static int count_activations(const struct shard *s, struct shard_stage *stage,
			     struct engine_error *e)
{
	const struct step_shape shape = { STEP_DECODE, 1, 1, 1 };
	const struct number_bits bits = { BITS * s->model->weight_dtype,
					  BITS * s->model->weight_dtype,
					  BITS * s->model->kv_dtype };
	double tp = s->options.shard.tp, part = (double)stage->layers / s->model->layers;
	const struct sim_operator *head;
	struct operators ops;
	struct sim_operator sum;
	int err, i;

	err = operators_of_step(s->model, &shape, &bits, OPERATORS_EXACT, &ops, e);
	if (err)
		return err;
	sum = operators_total(&ops);
	head = operators_find(&ops, "lm_head");
	for (i = 0; i < 2; i++) {
		double last = head ? (double)head->bits[OPERATOR_ACT_READ + i] : 0;

		stage->token_act[i] = ((double)sum.bits[OPERATOR_ACT_READ + i] - last) / BITS *
				      part / tp;
		stage->sampled_act[i] = stage->last ? last / BITS / tp : 0;
	}
	return 0;
}

static int make_stage(const struct shard *s, struct shard_stage *stage, uint32_t number,
		      struct engine_error *e)
{
	const struct capacity_shard *shard = &s->options.shard;
	const struct model_config *m = s->model;
	uint32_t from = capacity_first_layer(m, shard, number), layer;
	int err;

	memset(stage, 0, sizeof(*stage));
	stage->stages = 1;
	stage->layers = capacity_first_layer(m, shard, number + 1) - from;
	stage->first = !number;
	stage->last = number == shard->pp - 1;
	for (layer = from; layer < from + stage->layers; layer++)
		stage->moe_layers += model_is_moe(m, layer);
	stage->weights = capacity_weights(m, shard, number);
	stage->activations = (double)capacity_activation_bytes(m, shard) *
			     s->options.max_step_tokens;
	if (stage->first)
		stage->row = (double)m->hidden * m->weight_dtype / shard->tp;
	count_ops(s, stage, from);
	count_kv(s, stage, number);
	count_draft(s, stage);
	err = count_activations(s, stage, e);
	return err ?: shard_place(s, stage, e);
}

/* All else of a stage follows from these. */
static bool same_stage(const struct shard_stage *a, const struct shard_stage *b)
{
	return a->layers == b->layers && a->moe_layers == b->moe_layers && a->first == b->first &&
	       a->last == b->last && a->weights.embedding == b->weights.embedding &&
	       a->weights.common == b->weights.common && a->weights.experts == b->weights.experts &&
	       a->linear_kv == b->linear_kv && a->local_kv == b->local_kv;
}

/* Stages that are alike are one; all that stand in between two others are likely to be. */
static int make_stages(struct shard *s, struct engine_error *e)
{
	struct shard_stage *stage, *before;
	uint32_t number;
	int err;

	s->stage = calloc(s->options.shard.pp, sizeof(*s->stage));
	if (!s->stage) {
		engine_error_set(e, "no memory for %u stages", s->options.shard.pp);
		return -ENOMEM;
	}
	for (number = 0; number < s->options.shard.pp; number++) {
		stage = &s->stage[s->n_stages];
		err = make_stage(s, stage, number, e);
		s->lack = stage->lack;
		if (err)
			return err;
		before = s->n_stages ? stage - 1 : NULL;
		if (before && same_stage(before, stage)) {
			before->stages++;
			continue;
		}
		s->n_stages++;
	}
	return 0;
}

static int check(const struct shard *s, struct engine_error *e)
{
	const struct capacity_shard *c = &s->options.shard;
	const struct model_config *m = s->model;
	uint64_t devices = (uint64_t)c->tp * c->pp * c->dp;

	if (!c->tp || !c->pp || !c->dp || devices != s->system->devices)
		engine_error_set(e, "TP %u x PP %u x DP %u are %llu devices, not %u", c->tp, c->pp,
				 c->dp, (unsigned long long)devices, s->system->devices);
	else if (c->tp > m->heads)
		engine_error_set(e, "%s has %u heads, which cannot be split %u ways: take a smaller "
				 "--tp", m->name, m->heads, c->tp);
	else if (c->pp > m->layers)
		engine_error_set(e, "%s has %u layers, which do not make %u stages: take a smaller "
				 "--pp", m->name, m->layers, c->pp);
	else if (s->options.draft && c->pp > 1)
		engine_error_set(e, "a draft model with %u stages: take --pp 1", c->pp);
	else if (c->dp > SERVE_RANKS_MAX)
		engine_error_set(e, "%u groups: take a --dp of %u at most", c->dp, SERVE_RANKS_MAX);
	else
		return 0;
	return -EINVAL;
}

/* A network that cannot be, as without bandwidth, would make times that are no numbers. */
static int make_network(struct shard *s, uint64_t nodes, struct network *out,
			struct engine_error *e)
{
	s->plain |= !system_group(s->system, nodes, out);
	return nodes > 1 ? network_check(out, "the network between devices", e) : 0;
}

static int make_networks(struct shard *s, struct engine_error *e)
{
	const struct capacity_shard *c = &s->options.shard;

	return make_network(s, c->tp, &s->tensor, e) ?:
	       make_network(s, (uint64_t)c->tp * c->dp, &s->expert, e) ?:
	       make_network(s, s->system->devices, &s->all, e);
}

static void make_rates(struct shard *s)
{
	const struct tmodel_accel *a = &s->system->tiers.accel;
	double share = s->options.bandwidth_permille / 1000.0;
	double efficiency = s->options.calibration ? 1 : a->efficiency_permille / 1000.0;
	uint32_t i;

	s->peak_ops = (double)a->peak_flops * efficiency * MODEL_BF16 / s->model->weight_dtype;
	for (i = 0; i < s->system->tiers.n_tiers; i++) {
		roofline_tier_of_profile(&s->system->tiers.tiers[i].profile, &s->tier[i]);
		s->tier[i].read_bps *= share;
		s->tier[i].write_bps *= share;
	}
}

int shard_init(struct shard *out, const struct sim_system *system, const struct model_config *model,
	       const struct shard_options *options, struct engine_error *e)
{
	uint32_t i, blocks;
	int err;

	memset(out, 0, sizeof(*out));
	out->system = system;
	out->model = model;
	out->options = *options;
	err = check(out, e) ?: make_stages(out, e) ?: make_networks(out, e);
	if (err)
		return err;
	out->groups = options->shard.dp;
	for (i = 0; i < out->n_stages; i++)
		out->stage[i].devices = out->stage[i].stages * options->shard.tp * out->groups;
	make_rates(out);
	out->n_kv = shard_place_order(out, TERRACE_CLASS_KV, out->kv_order);
	out->kv_blocks = shard_kv_blocks(out, &out->stage[0]);
	for (i = 1; i < out->n_stages; i++) {
		blocks = shard_kv_blocks(out, &out->stage[i]);
		if (blocks < out->kv_blocks)
			out->kv_blocks = blocks;
	}
	return 0;
}

void shard_free(struct shard *s)
{
	free(s->stage);
	s->stage = NULL;
}
