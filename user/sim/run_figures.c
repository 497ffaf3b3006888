// SPDX-License-Identifier: LGPL-2.1-or-later
/* The figures of a run. */
#include "sim/run_figures.h"

#include <math.h>

#include "sim/run_cost.h"
#include "sim/run_energy.h"
#include "sim/run_wear.h"

#define NS_PER_S	1e9
#define YEAR_SECONDS	31557600.0
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

static void add(struct making *m, const char *name, double value, const char *unit)
{
	m->out->figure[m->out->n++] = (struct run_figure) { m->tier, name, value, unit };
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

	add(m, "requests_served", (double)v->served, "requests");
	add(m, "requests_rejected", (double)s->rejected, "requests");
	add(m, "trace_lines_left_out", (double)m->run->trace.bad_lines, "lines");
	add(m, "duration", m->seconds, "s");
	add(m, "prompt_tokens", (double)v->prompt_tokens, "tokens");
	add(m, "tokens", (double)v->tokens, "tokens");
	add(m, "tokens_per_second", per((double)v->tokens, m->seconds), "tokens/s");
	add(m, "useful_tokens", (double)v->useful, "tokens");
	add(m, "useful_tokens_per_second", per((double)v->useful, m->seconds), "tokens/s");
	add(m, "late_first_tokens", (double)v->first_late, "tokens");
	add(m, "slow_tokens", (double)v->slow, "tokens");
	add(m, "rejected_tokens", (double)v->rejected, "tokens");
	add(m, "recomputed_tokens", (double)s->recomputed, "tokens");
	add(m, "cached_tokens", (double)s->cached_tokens, "tokens");
}

static void add_latencies(struct making *m)
{
	const struct run_latency *t = &m->run->served.ttft, *p = &m->run->served.tpot;

	add(m, "ttft_mean", t->mean, "ms");
	add(m, "ttft_p50", t->p50, "ms");
	add(m, "ttft_p90", t->p90, "ms");
	add(m, "ttft_p99", t->p99, "ms");
	add(m, "tpot_mean", p->mean, "ms");
	add(m, "tpot_p50", p->p50, "ms");
	add(m, "tpot_p90", p->p90, "ms");
	add(m, "tpot_p99", p->p99, "ms");
}

/* ---- steps ---- */

static void add_steps(struct making *m)
{
	const struct serve_stats *stats = &m->run->stats;
	const struct shard_sums *s = &m->shard->sums;
	double devices_s = m->seconds * m->shard->system->devices;

	add(m, "steps", (double)s->steps, "steps");
	add(m, "peak_batch", stats->peak_batch, "requests");
	add(m, "preemptions", (double)stats->preemptions, "requests");
	add(m, "evictions", (double)stats->evictions, "blocks");
	add(m, "step_mean", per(s->busy_s * 1e3, (double)s->steps), "ms");
	add(m, "step_mean_serial", per(s->serial_s * 1e3, (double)s->steps), "ms");
	add(m, "step_network", per(s->network_s * 100, s->busy_s), "% of steps");
	add(m, "step_software", per(s->overhead_s * 100, s->busy_s), "% of steps");
	add(m, "groups_busy", per(s->busy_s * 100, m->seconds * m->shard->options.shard.dp), "%");
	add(m, "operations", s->ops, "OP");
	add(m, "accelerators_busy", per(s->compute_s * 100, devices_s), "%");
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
	add(m, "energy", e->all, "J");
	add(m, "energy_accelerators_computing", e->computing, "J");
	add(m, "energy_accelerators_waiting", e->waiting, "J");
	add(m, "energy_memory_moving", moved, "J");
	add(m, "energy_memory_idle", idle, "J");
	add(m, "energy_per_token", per(e->all, (double)v->tokens), "J/token");
	add(m, "energy_per_useful_token", per(e->all, (double)v->useful), "J/token");
	add(m, "power_mean", per(e->all, m->seconds), "W");
}

static void add_cost(struct making *m)
{
	const struct run_served *v = &m->run->served;
	double tokens = (double)v->tokens / MILLION, useful = (double)v->useful / MILLION;
	struct cost c = run_cost(m->shard, m->seconds, &m->energy);

	add(m, "cost", c.usd, "USD");
	add(m, "cost_time", c.time_usd, "USD");
	add(m, "cost_wear", c.wear_usd, "USD");
	add(m, "cost_energy", c.energy_usd, "USD");
	add(m, "cost_per_million_tokens", per(c.usd, tokens), "USD");
	add(m, "cost_per_million_useful_tokens", per(c.usd, useful), "USD");
	add(m, "co2e", c.g, "g");
	add(m, "co2e_operational", c.operational_g, "g");
	add(m, "co2e_embodied", c.embodied_time_g + c.embodied_wear_g, "g");
	add(m, "co2e_per_million_tokens", per(c.g, tokens), "g");
	add(m, "co2e_per_million_useful_tokens", per(c.g, useful), "g");
}

/* ---- tiers ---- */

/* Of the fullest device. */
static void add_capacity(struct making *m, const struct engine_tier *t)
{
	const struct shard *s = m->shard;
	double weights = 0, kv = INFINITY, here;
	uint32_t i;

	for (i = 0; i < s->n_stages; i++) {
		const struct capacity_weights *w = &s->stage[i].weights;

		here = (double)(w->embedding + w->common + w->experts) *
		       s->stage[i].share[m->tier][ROOFLINE_WEIGHTS];
		weights = fmax(weights, here);
		kv = fmin(kv, s->stage[i].kv_room[m->tier]);
	}
	add(m, "capacity_per_device", (double)t->profile.capacity_bytes, "B");
	add(m, "weights_per_device", weights, "B");
	add(m, "kv_room_per_device", kv, "B");
}

static void add_traffic(struct making *m)
{
	static const char *const reads[] = { "weights_read", "kv_read", "activations_read" };
	static const char *const writes[] = { "weights_written", "kv_written",
					      "activations_written" };
	const struct shard_sums *s = &m->shard->sums;
	double devices_s = m->seconds * m->shard->system->devices, read = 0, written = 0;
	int i;

	for (i = 0; i < ROOFLINE_CLASSES; i++) {
		read += s->bytes.read[m->tier][i];
		written += s->bytes.written[m->tier][i];
		add(m, reads[i], s->bytes.read[m->tier][i], "B");
		if (i != ROOFLINE_WEIGHTS)
			add(m, writes[i], s->bytes.written[m->tier][i], "B");
	}
	add(m, "read_peak_per_device", m->shard->tier[m->tier].read_bps, "B/s");
	add(m, "read_mean_per_device", per(read, devices_s), "B/s");
	add(m, "written_mean_per_device", per(written, devices_s), "B/s");
	add(m, "busy", per(s->tier_s[m->tier] * 100, devices_s), "%");
}

static void add_wear(struct making *m)
{
	struct run_wear w = run_wear(m->shard, (uint32_t)m->tier, m->seconds);

	add(m, "flash_written", w.written, "B");
	add(m, "flash_refreshed", w.refreshed, "B");
	add(m, "flash_life_used", w.life_used * 100, "%");
	add(m, "flash_life", w.life_s / YEAR_SECONDS, "years");
}

static void add_tier(struct making *m, uint32_t tier)
{
	const struct engine_tier *t = &m->shard->system->tiers.tiers[tier];

	m->tier = (int)tier;
	add_capacity(m, t);
	add_traffic(m);
	add(m, "energy_moving", m->energy.moved[tier], "J");
	add(m, "energy_idle", m->energy.idle[tier], "J");
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
	add_energy(&m);
	add_cost(&m);
	for (i = 0; i < r->system.tiers.n_tiers; i++)
		add_tier(&m, i);
}
