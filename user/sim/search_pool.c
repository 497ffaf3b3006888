// SPDX-License-Identifier: LGPL-2.1-or-later
/* A layout that serves a steady stream of equal requests. */
#include "sim/search_pool.h"

#include <math.h>
#include <string.h>

#include "sim/run_cost.h"
#include "sim/run_energy.h"
#include "sim/run_wear.h"

#define NS_PER_S	1e9
#define WAIT		1.5	/* steps until what comes is in one: half of this one, the next */

/**
 * struct mix - the mean step of a group
 * @pieces: steps that a prompt takes
 * @decodes: steps that the tokens after the first one take
 * @idle: steps until the place of a request is taken again
 * @period: all three
 * @groups: that step together
 * @prompts: pieces of prompts in a step of all of them
 */
struct mix {
	double pieces;
	double decodes;
	double idle;
	double period;
	double groups;
	double prompts;
};

/* ---- the mean step ---- */

/* Tokens that are decoded in a step of a group with so many pieces of prompts. */
static double decoded(const struct mix *m, double batch, double pieces)
{
	double rest = m->decodes + m->idle;

	return rest > 0 ? (batch - pieces) * m->decodes / rest : 0;
}

static struct mix mix_of(const struct shard *s, const struct search_work *w, uint32_t batch)
{
	bool lockstep = s->options.shard.dp > 1 && s->model->experts;
	struct mix m = {
		.decodes = w->role == SEARCH_PREFILL ? 0 : w->output - 1,
		.idle = w->role != SEARCH_PREFILL && batch > 1,
		.groups = lockstep ? s->options.shard.dp : 1,
	};
	double left;

	if (w->role != SEARCH_DECODE) {
		left = s->options.max_step_tokens - decoded(&m, batch, 1);
		m.pieces = ceil(w->input / fmax(left, 1));
	}
	m.period = m.pieces + m.decodes + m.idle;
	m.prompts = m.groups * m.pieces * batch / m.period;
	return m;
}

/* Tokens of a mean step fit into one. */
static bool tokens_fit(const struct shard *s, const struct search_work *w, uint32_t batch)
{
	struct mix m = mix_of(s, w, batch);
	double tokens = m.decodes + (w->role == SEARCH_DECODE ? 0 : w->input);

	return batch * tokens <= s->options.max_step_tokens * m.period;
}

/* ---- the largest batch ---- */

uint64_t search_pool_blocks(const struct shard *s, const struct search_work *w)
{
	/* The last token of an answer is not kept. */
	uint64_t tokens = (uint64_t)w->input + (w->role == SEARCH_PREFILL ? 0 : w->output - 1);

	return (tokens + s->options.block_tokens - 1) / s->options.block_tokens;
}

uint32_t search_pool_most(const struct shard *s, const struct search_work *w,
			  enum search_limit *limit)
{
	uint64_t most = s->kv_blocks / search_pool_blocks(s, w);

	*limit = SEARCH_KV_ROOM;
	if (most > s->options.max_batch) {
		most = s->options.max_batch;
		*limit = SEARCH_MAX_BATCH;
	}
	while (most > 1 && !tokens_fit(s, w, (uint32_t)most)) {
		most--;
		*limit = SEARCH_STEP_TOKENS;
	}
	return (uint32_t)most;
}

/* ---- times ---- */

static uint64_t whole(double value)
{
	return (uint64_t)llround(fmax(value, 0));
}

/* A step of a group with @pieces of prompts. */
static struct serve_step step_of(const struct search_work *w, const struct mix *m, uint32_t batch,
				 uint32_t pieces)
{
	double decodes = fmin(round(decoded(m, batch, pieces)), batch);
	double input = w->input;
	struct serve_step step = {
		.decodes = (uint32_t)whole(decodes),
		.prefills = pieces,
		.sampled = (uint32_t)whole(decodes),
	};

	/* Its tokens attend to one more each, up to all but the last of the answer. */
	step.decode_context = whole(decodes * (input + w->output / 2.0));
	if (!pieces)
		return step;
	step.prefill_tokens = (uint32_t)whole(pieces * input / m->pieces);
	step.prefill_context = whole(pieces * input * (input + 1) / 2 / m->pieces);
	step.sampled += (uint32_t)whole(pieces / m->pieces);
	return step;
}

uint64_t search_pool_kept(const struct shard *s, const struct search_work *w, uint32_t batch)
{
	struct mix m = mix_of(s, w, batch);

	return step_of(w, &m, batch, 0).decode_context;
}

/* Seconds of a step of the groups that step together, with so many pieces of prompts in all. */
static double step_seconds(struct shard *s, const struct search_work *w, const struct mix *m,
			   uint32_t batch, uint32_t pieces)
{
	uint32_t groups = (uint32_t)m->groups, i;
	struct serve_step steps[SERVE_RANKS_MAX];

	for (i = 0; i < groups; i++)
		steps[i] = step_of(w, m, batch, pieces / groups + (i < pieces % groups));
	memset(&s->sums, 0, sizeof(s->sums));
	return (double)shard_step_ns(s, steps, groups) / NS_PER_S;
}

/*
 * Pieces of prompts in a step in which a request decodes. The steps of its own prompt are not among
 * these; if some have one piece more than others, its steps are the more likely of them to be such.
 */
static double beside(const struct mix *m)
{
	double fewer = floor(m->prompts), own;

	if (m->prompts <= 0)
		return 0;
	own = fewer + (m->prompts - fewer) * (fewer + 1) / m->prompts;
	return (m->prompts * m->period - own * m->pieces) / (m->period - m->pieces);
}

/*
 * KV of prompts that goes from one pool to another: read behind it was written; written as if its
 * tokens were decoded where it comes to.
 */
static void count_sent(struct shard_sums *sums, const struct search_work *w)
{
	double times = w->role == SEARCH_DECODE ? 1 + (double)w->input / (w->output - 1) : 1;
	int i;

	for (i = 0; i < TMODEL_TIERS_MAX; i++) {
		if (w->role == SEARCH_PREFILL)
			sums->bytes.read[i][ROOFLINE_KV] += sums->bytes.written[i][ROOFLINE_KV];
		sums->bytes.written[i][ROOFLINE_KV] *= times;
	}
}

static unsigned int bound_of(const struct shard *s, uint32_t batch)
{
	double groups = s->options.shard.dp, devices = s->system->devices, pp = s->options.shard.pp;
	double idle = batch < pp ? 1 - batch / pp : 0;
	double most = s->sums.compute_s / devices, seconds[SEARCH_BY_TIER] = {
		[SEARCH_BY_NETWORK] = s->sums.network_s / groups * (1 - idle),
		[SEARCH_BY_SOFTWARE] = s->sums.overhead_s / groups,
		[SEARCH_BY_WAITING] = (s->sums.busy_s - s->sums.overhead_s) / groups * idle,
	};
	unsigned int bound = SEARCH_BY_COMPUTE, i;

	for (i = SEARCH_BY_NETWORK; i < SEARCH_BY_TIER; i++)
		if (seconds[i] > most) {
			most = seconds[i];
			bound = i;
		}
	for (i = 0; i < s->system->tiers.n_tiers; i++)
		if (s->sums.tier_s[i] / devices > most) {
			most = s->sums.tier_s[i] / devices;
			bound = SEARCH_BY_TIER + i;
		}
	return bound;
}

void search_pool_time(struct shard *s, const struct search_work *w, uint32_t batch,
		      struct search_pool *out)
{
	struct mix m = mix_of(s, w, batch);
	uint32_t fewer = (uint32_t)m.prompts;
	double more = m.prompts - fewer, without;
	struct shard_sums sums = { 0 };

	*out = (struct search_pool) {
		.layout = s->options.shard,
		.weights = s->options.weights,
		.kv = s->options.kv,
		.devices = s->system->devices,
		.batch = batch,
	};
	without = step_seconds(s, w, &m, batch, fewer);
	shard_add_sums(&sums, &s->sums, 1 - more);
	out->prompt_s = without;
	if (w->role != SEARCH_DECODE && (more > 0 || !fewer)) {
		out->prompt_s = step_seconds(s, w, &m, batch, fewer + 1);
		shard_add_sums(&sums, &s->sums, more);
	}
	out->step_s = without + more * (out->prompt_s - without);
	memset(&s->sums, 0, sizeof(s->sums));
	shard_add_sums(&s->sums, &sums, s->options.shard.dp / m.groups);
	count_sent(&s->sums, w);
	out->capacity = s->options.shard.dp * batch / (m.period * out->step_s);
	out->bound = bound_of(s, batch);
	if (w->role != SEARCH_DECODE)
		out->ttft_s = m.pieces * out->prompt_s + (batch > 1 ? WAIT * out->step_s : 0);
	if (m.decodes > 0)
		out->tpot_s = without + (beside(&m) - fewer) * (out->prompt_s - without);
	if (w->role == SEARCH_DECODE && batch > 1)
		out->tpot_s += WAIT * out->step_s / m.decodes;
}

/* ---- use ---- */

static double life(const struct shard *s, double seconds)
{
	const struct engine_tierfile *t = &s->system->tiers;
	double shortest = INFINITY;
	uint32_t i;

	for (i = 0; i < t->n_tiers; i++)
		if (t->tiers[i].profile.endurance_cycles)
			shortest = fmin(shortest, run_wear(s, i, seconds).life_s);
	return shortest;
}

void search_pool_use(const struct shard *s, double rate, struct search_pool *out)
{
	double seconds = out->step_s * out->capacity / rate;
	struct run_energy energy = run_energy(s, seconds);
	struct cost cost = run_cost(s, seconds, &energy);

	out->busy = rate / out->capacity;
	out->watts = energy.all / seconds;
	out->usd_s = cost.usd / seconds;
	out->g_s = cost.g / seconds;
	out->life_s = life(s, seconds);
}

/* The larger batch works for a share of the time, the smaller one for the rest. */
static void mix_pools(const struct search_pool *smaller, double share, struct search_pool *out)
{
	double rest = 1 - share;

	out->step_s = share * out->step_s + rest * smaller->step_s;
	out->ttft_s = share * out->ttft_s + rest * smaller->ttft_s;
	out->tpot_s = share * out->tpot_s + rest * smaller->tpot_s;
	out->watts = share * out->watts + rest * smaller->watts;
	out->usd_s = share * out->usd_s + rest * smaller->usd_s;
	out->g_s = share * out->g_s + rest * smaller->g_s;
	out->life_s = 1 / (share / out->life_s + rest / smaller->life_s);
}

void search_pool_at(struct shard *s, const struct search_work *w, uint32_t batch, double rate,
		    struct search_pool *out)
{
	struct search_pool smaller;

	search_pool_time(s, w, batch, out);
	if (rate >= out->capacity || batch == 1) {
		search_pool_use(s, fmin(rate, out->capacity), out);
		return;
	}
	search_pool_use(s, out->capacity, out);
	search_pool_time(s, w, batch - 1, &smaller);
	search_pool_use(s, smaller.capacity, &smaller);
	mix_pools(&smaller, (rate - smaller.capacity) / (out->capacity - smaller.capacity), out);
	out->busy = rate / out->capacity;
}
