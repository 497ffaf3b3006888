// SPDX-License-Identifier: LGPL-2.1-or-later
/* The figures of a run. */
#include "sim/run_figures.h"

#include <math.h>

#include "sim/endurance.h"
#include "sim/run_cost.h"
#include "sim/run_energy.h"
#include "sim/run_wear.h"

#define NS_PER_S	1e9
#define MILLION		1e6

/**
 * struct making - figures that are being made
 * @seconds: of the run
 * @tier: the one whose figures are added, or negative
 */
struct making {
	const struct run_case *run;
	const struct shard *shard;
	struct run_figures *out;
	double seconds;
	struct run_energy energy;
	int tier;
};

static void add(struct making *m, enum figure_index i, double value)
{
	const struct figure *f = &figures[i];

	m->out->figure[m->out->n++] = (struct run_figure) { m->tier, f->name, value, f->unit };
}

static double per(double value, double of)
{
	return of > 0 ? value / of : NAN;
}

/* ---- requests and tokens ---- */

static void add_requests(struct making *m)
{
	const struct serve_stats *s = &m->run->stats;
	const struct run_served *v = &m->run->served;

	add(m, FIGURE_requests_served, (double)v->served);
	add(m, FIGURE_requests_rejected, (double)s->rejected);
	add(m, FIGURE_trace_lines_left_out, (double)m->run->trace.bad_lines);
	add(m, FIGURE_duration, m->seconds);
	add(m, FIGURE_prompt_tokens, (double)v->prompt_tokens);
	add(m, FIGURE_tokens, (double)v->tokens);
	add(m, FIGURE_tokens_per_second, per((double)v->tokens, m->seconds));
	add(m, FIGURE_useful_tokens, (double)v->useful);
	add(m, FIGURE_useful_tokens_per_second, per((double)v->useful, m->seconds));
	add(m, FIGURE_late_first_tokens, (double)v->first_late);
	add(m, FIGURE_slow_tokens, (double)v->slow);
	add(m, FIGURE_rejected_tokens, (double)v->rejected);
	add(m, FIGURE_recomputed_tokens, (double)s->recomputed);
	add(m, FIGURE_cached_tokens, (double)s->cached_tokens);
}

static void add_latencies(struct making *m)
{
	const struct run_latency *t = &m->run->served.ttft, *p = &m->run->served.tpot;

	add(m, FIGURE_ttft_mean, t->mean);
	add(m, FIGURE_ttft_p50, t->p50);
	add(m, FIGURE_ttft_p90, t->p90);
	add(m, FIGURE_ttft_p99, t->p99);
	add(m, FIGURE_tpot_mean, p->mean);
	add(m, FIGURE_tpot_p50, p->p50);
	add(m, FIGURE_tpot_p90, p->p90);
	add(m, FIGURE_tpot_p99, p->p99);
}

/* ---- steps ---- */

static void add_steps(struct making *m)
{
	const struct serve_stats *stats = &m->run->stats;
	const struct shard_sums *s = &m->shard->sums;
	double devices_s = m->seconds * m->shard->system->devices;

	add(m, FIGURE_steps, (double)s->steps);
	add(m, FIGURE_peak_batch, stats->peak_batch);
	add(m, FIGURE_preemptions, (double)stats->preemptions);
	add(m, FIGURE_evictions, (double)stats->evictions);
	add(m, FIGURE_step_mean, per(s->busy_s * 1e3, (double)s->steps));
	add(m, FIGURE_step_mean_serial, per(s->serial_s * 1e3, (double)s->steps));
	add(m, FIGURE_step_network, per(s->network_s * 100, s->busy_s));
	add(m, FIGURE_step_software, per(s->overhead_s * 100, s->busy_s));
	add(m, FIGURE_groups_busy, per(s->busy_s * 100, m->seconds * m->shard->groups));
	add(m, FIGURE_operations, s->ops);
	add(m, FIGURE_accelerators_busy, per(s->compute_s * 100, devices_s));
}

static void add_decoding(struct making *m)
{
	const struct serve_stats *s = &m->run->stats;
	double drafted = (double)s->drafted, accepted = (double)s->accepted;

	add(m, FIGURE_decoded_tokens, (double)s->decoded);
	add(m, FIGURE_tokens_per_turn, per((double)(s->answered + s->beyond), (double)s->turns));
	add(m, FIGURE_draft_tokens, drafted);
	add(m, FIGURE_rejected_draft_tokens, drafted - accepted);
	add(m, FIGURE_draft_acceptance, per(accepted * 100, drafted));
	add(m, FIGURE_tokens_beyond_end, (double)s->beyond);
}

static double busy_of(const struct making *m, enum pool pool)
{
	const struct shard *s = &m->run->pools->shards[pool];

	return per(s->sums.busy_s * 100, m->seconds * s->groups);
}

/* Of two pools. */
static void add_pools(struct making *m)
{
	const struct pools_sent *s = &m->run->pools->sent;
	double n = (double)s->n;

	add(m, FIGURE_prefill_groups_busy, busy_of(m, POOL_PROMPTS));
	add(m, FIGURE_decode_groups_busy, busy_of(m, POOL_ANSWERS));
	add(m, FIGURE_kv_transfers, n);
	add(m, FIGURE_kv_transferred, s->bytes);
	add(m, FIGURE_kv_transfer_mean, per(s->seconds * 1e3, n));
	add(m, FIGURE_kv_transfer_wait_mean, per(s->waited_s * 1e3, n));
	add(m, FIGURE_kv_between_pools_peak, s->peak_bytes);
}

/* ---- energy and cost ---- */

static void add_energy(struct making *m)
{
	const struct run_energy *e = &m->energy;
	const struct run_served *v = &m->run->served;
	double moved = 0, idle = 0;
	uint32_t i;

	for (i = 0; i < m->shard->system->tiers.n_tiers; i++) {
		moved += e->moved[i];
		idle += e->idle[i];
	}
	add(m, FIGURE_energy, e->all);
	add(m, FIGURE_energy_accelerators_computing, e->computing);
	add(m, FIGURE_energy_accelerators_waiting, e->waiting);
	add(m, FIGURE_energy_memory_moving, moved);
	add(m, FIGURE_energy_memory_idle, idle);
	add(m, FIGURE_energy_per_token, per(e->all, (double)v->tokens));
	add(m, FIGURE_energy_per_useful_token, per(e->all, (double)v->useful));
	add(m, FIGURE_power_mean, per(e->all, m->seconds));
}

static void add_cost(struct making *m)
{
	const struct run_served *v = &m->run->served;
	double tokens = (double)v->tokens / MILLION, useful = (double)v->useful / MILLION;
	struct cost c = run_cost(m->shard, m->seconds, &m->energy);

	add(m, FIGURE_cost, c.usd);
	add(m, FIGURE_cost_time, c.time_usd);
	add(m, FIGURE_cost_wear, c.wear_usd);
	add(m, FIGURE_cost_energy, c.energy_usd);
	add(m, FIGURE_cost_per_million_tokens, per(c.usd, tokens));
	add(m, FIGURE_cost_per_million_useful_tokens, per(c.usd, useful));
	add(m, FIGURE_co2e, c.g);
	add(m, FIGURE_co2e_operational, c.operational_g);
	add(m, FIGURE_co2e_embodied, c.embodied_time_g + c.embodied_wear_g);
	add(m, FIGURE_co2e_per_million_tokens, per(c.g, tokens));
	add(m, FIGURE_co2e_per_million_useful_tokens, per(c.g, useful));
}

/* ---- tiers ---- */

/* Of the fullest device. */
static void add_capacity(struct making *m, const struct engine_tier *t)
{
	const struct shard *s = m->shard;
	double weights = 0, kv = INFINITY, here;
	uint32_t i;

	for (i = 0; i < s->n_stages; i++) {
		here = (double)shard_weights(&s->stage[i]) *
		       s->stage[i].share[m->tier][ROOFLINE_WEIGHTS];
		weights = fmax(weights, here);
		kv = fmin(kv, s->stage[i].kv_room[m->tier]);
	}
	add(m, FIGURE_capacity_per_device, (double)t->profile.capacity_bytes);
	add(m, FIGURE_weights_per_device, weights);
	add(m, FIGURE_kv_room_per_device, kv);
}

static void add_traffic(struct making *m)
{
	const struct shard_sums *s = &m->shard->sums;
	const double *got = s->bytes.read[m->tier], *put = s->bytes.written[m->tier];
	double devices_s = m->seconds * m->shard->system->devices, read = 0, written = 0;
	int i;

	for (i = 0; i < ROOFLINE_CLASSES; i++) {
		read += got[i];
		written += put[i];
	}
	add(m, FIGURE_weights_read, got[ROOFLINE_WEIGHTS]);
	add(m, FIGURE_kv_read, got[ROOFLINE_KV]);
	add(m, FIGURE_kv_written, put[ROOFLINE_KV]);
	add(m, FIGURE_activations_read, got[ROOFLINE_ACTIVATIONS]);
	add(m, FIGURE_activations_written, put[ROOFLINE_ACTIVATIONS]);
	add(m, FIGURE_read_peak_per_device, m->shard->tier[m->tier].read_bps);
	add(m, FIGURE_read_mean_per_device, per(read, devices_s));
	add(m, FIGURE_written_mean_per_device, per(written, devices_s));
	add(m, FIGURE_busy, per(s->tier_s[m->tier] * 100, devices_s));
}

static void add_wear(struct making *m)
{
	struct run_wear w = run_wear(m->shard, (uint32_t)m->tier, m->seconds);

	add(m, FIGURE_flash_written, w.written);
	add(m, FIGURE_flash_refreshed, w.refreshed);
	add(m, FIGURE_flash_life_used, w.life_used * 100);
	add(m, FIGURE_flash_life, w.life_s / ENDURANCE_YEAR_S);
}

static void add_tier(struct making *m, uint32_t tier)
{
	const struct engine_tier *t = &m->shard->system->tiers.tiers[tier];

	m->tier = (int)tier;
	add_capacity(m, t);
	add_traffic(m);
	add(m, FIGURE_energy_moving, m->energy.moved[tier]);
	add(m, FIGURE_energy_idle, m->energy.idle[tier]);
	if (t->profile.endurance_cycles)
		add_wear(m);
}

void run_figures(const struct run_case *r, struct run_figures *out)
{
	double seconds = (double)r->stats.end_ns / NS_PER_S;
	struct making m = {
		.run = r,
		.shard = &r->shard,
		.out = out,
		.seconds = seconds,
		.energy = run_energy(&r->shard, seconds),
		.tier = -1,
	};
	uint32_t i;

	out->n = 0;
	add_requests(&m);
	add_latencies(&m);
	add_steps(&m);
	add_decoding(&m);
	if (r->pools)
		add_pools(&m);
	add_energy(&m);
	add_cost(&m);
	for (i = 0; i < r->system.tiers.n_tiers; i++)
		add_tier(&m, i);
}
