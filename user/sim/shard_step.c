// SPDX-License-Identifier: LGPL-2.1-or-later
/* How long a step takes, and what it moves. */
#include <math.h>
#include <string.h>

#include "sim/kernel_time.h"
#include "sim/shard_time.h"

/* A step that takes longer, as over a link without bandwidth, never ends: three years. */
#define NEVER_S	1e8

enum { READ, WRITE };

/*
 * A piece of a prompt reads KV up to its end once, not for each of its tokens: they attend to
 * context / tokens in the mean, and (tokens - pieces) / 2 pieces more is where they end.
 */
static double prefill_kept(const struct serve_step *s)
{
	if (!s->prefill_tokens)
		return 0;
	return s->prefills * ((double)s->prefill_context / s->prefill_tokens) +
	       ((double)s->prefill_tokens - s->prefills) / 2;
}

static struct shard_work work_of(const struct shard *s, const struct serve_step *step,
				 double parts)
{
	double window = s->model->local_window, prefill = prefill_kept(step);
	double tokens = (double)serve_step_tokens(step);
	double kept = (double)(step->decode_context - step->reread);

	return (struct shard_work) {
		.tokens = tokens / parts,
		.sampled = step->sampled / parts,
		.written = (tokens - step->unwritten + (double)step->brought) / parts,
		.decode_context = (double)step->decode_context / parts,
		.prefill_context = (double)step->prefill_context / parts,
		.kept = (kept + prefill) / parts,
		.decode_kept = kept / parts,
		.windowed = (fmin(kept, step->decodes * window + step->beside) +
			     fmin(prefill, step->prefills * window + step->prefill_tokens)) / parts,
		.microbatches = parts,
	};
}

/* A group without a token of its own works for the others' experts. */
static void read_weights(const struct shard *s, const struct shard_stage *stage,
			 const struct shard_work *w, struct shard_load *l)
{
	const struct model_config *m = s->model;

	l->common = w->tokens * stage->row;
	if (w->tokens > 0)
		l->common += (double)stage->weights.common;
	if (m->experts)
		l->experts = (double)stage->weights.experts *
			     (1 - pow(1 - (double)m->top_k / m->experts, w->others));
}

/* KV that is read lies in the first tiers, as far as their room goes. */
static void add_kv(const struct shard *s, const struct shard_stage *stage, const struct shard_work *w,
		   struct shard_load *l)
{
	double read = w->kept * stage->linear_kv + w->windowed * stage->local_kv;
	double kept = read * w->microbatches, left = kept, share;
	uint32_t i, tier;

	for (i = 0; i < s->n_kv; i++) {
		tier = s->kv_order[i];
		share = i + 1 == s->n_kv ? left : fmin(left, stage->kv_room[tier]);
		left -= share;
		if (kept <= 0)
			continue;
		l->bytes.read[tier][ROOFLINE_KV] = read * share / kept;
		l->bytes.written[tier][ROOFLINE_KV] = w->written * stage->token_kv * share / kept;
	}
}

static struct shard_load load_of(const struct shard *s, const struct shard_stage *stage,
			   const struct shard_work *w)
{
	struct shard_load l = { 0 };
	double weights, act[2];
	uint32_t i;

	read_weights(s, stage, w, &l);
	weights = l.common + l.experts;
	for (i = 0; i < 2; i++)
		act[i] = w->tokens * stage->token_act[i] + w->sampled * stage->sampled_act[i];
	for (i = 0; i < s->system->tiers.n_tiers; i++) {
		const double *share = stage->share[i];

		l.bytes.read[i][ROOFLINE_WEIGHTS] = weights * share[ROOFLINE_WEIGHTS];
		l.bytes.read[i][ROOFLINE_ACTIVATIONS] = act[READ] * share[ROOFLINE_ACTIVATIONS];
		l.bytes.written[i][ROOFLINE_ACTIVATIONS] = act[WRITE] * share[ROOFLINE_ACTIVATIONS];
	}
	add_kv(s, stage, w, &l);
	l.ops = w->tokens * stage->token_ops + w->sampled * stage->sampled_ops +
		w->decode_context * stage->decode_ops + w->prefill_context * stage->prefill_ops;
	return l;
}

static double tier_seconds(const struct shard *s, const struct shard_load *l, uint32_t tier)
{
	const struct roofline_tier *t = &s->tier[tier];
	double read = 0, written = 0;
	int class;

	for (class = 0; class < ROOFLINE_CLASSES; class++) {
		read += l->bytes.read[tier][class];
		written += l->bytes.written[tier][class];
	}
	if (read + written <= 0)
		return 0;
	return read / t->read_bps + written / t->write_bps + t->first_s;
}

/* ---- collective operations ---- */

/* Steps that decode only are often alike, and groups exchange the same: the last one is kept. */
static double seconds_of(struct shard *s, const struct network *n, enum collective op,
			 double bytes)
{
	struct shard_collective *last = &s->last[op];

	if (last->bytes != bytes)
		*last = (struct shard_collective) { bytes, collective_best(n, op, bytes).seconds };
	return last->seconds;
}

/* Devices that have any of a token's experts: a token goes to each of them once. */
static double devices_of_token(const struct shard *s)
{
	double devices = (double)s->options.shard.tp * s->options.shard.dp;

	return devices * (1 - pow(1 - 1 / devices, s->model->top_k));
}

/* A layer is summed up after attention and after the FFN; experts of several groups exchange. */
static double layers_network(struct shard *s, const struct shard_stage *stage,
			     const struct shard_work *w)
{
	const struct capacity_shard *c = &s->options.shard;
	double state = (double)s->model->hidden * s->model->weight_dtype;
	double exchanges = c->dp > 1 ? stage->moe_layers : 0, seconds = 0;

	if (c->tp > 1 && w->tokens > 0)
		seconds = (2 * stage->layers - exchanges) *
			  seconds_of(s, &s->tensor, COLLECTIVE_ALL_REDUCE, w->tokens * state);
	if (exchanges > 0)
		seconds += 2 * exchanges *
			   seconds_of(s, &s->expert, COLLECTIVE_ALL_TO_ALL,
				      w->most / c->tp * devices_of_token(s) * state);
	return seconds;
}

static double ends_network(struct shard *s, const struct shard_stage *stage,
			   const struct shard_work *w)
{
	const struct capacity_shard *c = &s->options.shard;
	double bytes = s->model->weight_dtype, seconds = 0;

	if (stage->last && c->tp > 1 && w->sampled > 0)
		seconds = seconds_of(s, &s->tensor, COLLECTIVE_ALL_GATHER,
				     w->sampled * s->model->vocab * bytes);
	if (c->pp > 1 && w->tokens > 0)
		seconds += seconds_of(s, &s->all, COLLECTIVE_SEND_RECV,
				      w->tokens * s->model->hidden * bytes / c->tp);
	return seconds;
}

/* ---- a step ---- */

static struct shard_stage_time roofline_of(const struct shard *s, const struct shard_load *l)
{
	struct shard_stage_time t = { .compute = l->ops / s->peak_ops };
	uint32_t i;

	t.overlapped = t.compute;
	t.serial = t.compute;
	for (i = 0; i < s->system->tiers.n_tiers; i++) {
		t.tier[i] = tier_seconds(s, l, i);
		t.overlapped = fmax(t.overlapped, t.tier[i]);
		t.serial += t.tier[i];
	}
	t.taken = s->options.serial ? t.serial : t.overlapped;
	return t;
}

static struct shard_stage_time time_of(struct shard *s, const struct shard_stage *stage,
				       const struct shard_work *w, const struct shard_load *l)
{
	const struct calibration *c = s->options.calibration;
	struct shard_stage_time t = c ? shard_calibrated(s, stage, w, l) : roofline_of(s, l);

	t.network = layers_network(s, stage, w) + ends_network(s, stage, w);
	if (c)
		t.network /= (double)c->collective_permille / 1000;
	return t;
}

static void add_bytes(struct shard_bytes *to, const struct shard_bytes *from, double times)
{
	int i, class;

	for (i = 0; i < TMODEL_TIERS_MAX; i++)
		for (class = 0; class < ROOFLINE_CLASSES; class++) {
			to->read[i][class] += times * from->read[i][class];
			to->written[i][class] += times * from->written[i][class];
		}
}

void shard_add_sums(struct shard_sums *to, const struct shard_sums *from, double times)
{
	int i;

	add_bytes(&to->bytes, &from->bytes, times);
	for (i = 0; i < TMODEL_TIERS_MAX; i++)
		to->tier_s[i] += times * from->tier_s[i];
	to->steps += (uint64_t)(times * (double)from->steps);
	to->ops += times * from->ops;
	to->compute_s += times * from->compute_s;
	to->busy_s += times * from->busy_s;
	to->network_s += times * from->network_s;
	to->overhead_s += times * from->overhead_s;
	to->serial_s += times * from->serial_s;
}

/* @times: devices that have the same load, by microbatches. */
static void add_load(struct shard *s, const struct shard_load *l, const struct shard_stage_time *t,
		     double times)
{
	uint32_t i;

	add_bytes(&s->sums.bytes, &l->bytes, times);
	s->sums.ops += times * l->ops;
	s->sums.compute_s += times * t->compute;
	for (i = 0; i < s->system->tiers.n_tiers; i++)
		s->sums.tier_s[i] += times * t->tier[i];
}

/* The slowest stage of a group, for one microbatch. */
static struct shard_stage_time group_time(struct shard *s, const struct shard_work *w)
{
	struct shard_stage_time slowest = { 0 }, t;
	struct shard_load l;
	uint32_t i;

	for (i = 0; i < s->n_stages; i++) {
		l = load_of(s, &s->stage[i], w);
		t = time_of(s, &s->stage[i], w, &l);
		add_load(s, &l, &t, w->microbatches * s->options.shard.tp * s->stage[i].stages);
		if (t.taken + t.network > slowest.taken + slowest.network)
			slowest = t;
	}
	return slowest;
}

/* As many as there are stages, if there are so many requests in the step. */
static double microbatches(const struct shard *s, const struct serve_step *steps, uint32_t n)
{
	uint32_t i, most = 1;

	for (i = 0; i < n; i++)
		if (steps[i].decodes + steps[i].prefills > most)
			most = steps[i].decodes + steps[i].prefills;
	return fmin(most, s->options.shard.pp);
}

uint64_t shard_step_ns(void *ctx, const struct serve_step *steps, uint32_t n)
{
	struct shard *s = ctx;
	double parts = microbatches(s, steps, n), pp = s->options.shard.pp, others = 0, most = 0;
	const struct calibration *c = s->options.calibration;
	double overhead = (double)(c ? c->step_ns : s->options.overhead_ns) / 1e9, busy;
	struct shard_stage_time slowest = { 0 }, t;
	uint32_t i;

	for (i = 0; i < n; i++) {
		double tokens = (double)serve_step_tokens(&steps[i]) / parts;

		others += tokens;
		most = fmax(most, tokens);
	}
	for (i = 0; i < n; i++) {
		struct shard_work w = work_of(s, &steps[i], parts);

		w.others = others;
		w.most = most;
		t = group_time(s, &w);
		if (t.taken + t.network > slowest.taken + slowest.network)
			slowest = t;
	}
	busy = pp * (slowest.taken + slowest.network) + overhead;
	if (s->kernels)
		busy = (double)kernel_time_step(s->kernels, steps, n) / 1e9;
	s->sums.steps += n;
	s->sums.busy_s += n * busy;
	s->sums.network_s += n * pp * slowest.network;
	s->sums.overhead_s += n * overhead;
	s->sums.serial_s += n * (pp * (slowest.serial + slowest.network) + overhead);
	return busy < NEVER_S ? (uint64_t)ceil(busy * 1e9) : UINT64_MAX;
}
