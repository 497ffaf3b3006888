// SPDX-License-Identifier: LGPL-2.1-or-later
/* The metrics page: the kernel's statistics, the observers' and the daemon's own. */
#include "daemon/daemon.h"

#include "daemon/hist.h"
#include "daemon/metrics.h"
#include "daemon/sysfs_metrics.h"

static void single(struct metrics *m, const char *name, const char *type, const char *help,
		   __u64 value, unsigned int decimals)
{
	metrics_family(m, name, type, help);
	metrics_value(m, NULL, 0, value, decimals);
}

static void counter(struct metrics *m, const char *name, const char *help, __u64 value)
{
	single(m, name, "counter", help, value, 0);
}

static void gauge(struct metrics *m, const char *name, const char *help, __u64 value)
{
	single(m, name, "gauge", help, value, 0);
}

static uint64_t class_bytes(const struct buffers *b, __u32 class_id, __u32 tier)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < b->n; i++)
		if (b->known[i].info.class_id == class_id)
			bytes += b->known[i].info.tier_bytes[tier];
	return bytes;
}

static void write_classes(struct daemon *d, struct metrics *m)
{
	struct terrace_tier_info tier;

	metrics_family(m, "terrace_class_bytes", "gauge",
		       "Real bytes of buffers by class and home tier.");
	for (__u32 i = 0; i < TERRACE_TIERS_MAX; i++) {
		if (terrace_tier_get(d->session, i, &tier))
			continue;
		for (__u32 c = 0; c < TERRACE_CLASSES; c++) {
			struct metrics_label labels[] = {
				{ "tier", tier.name }, { "class", terrace_class_name(c) },
			};

			metrics_value(m, labels, 2, class_bytes(&d->buffers, c, i), 0);
		}
	}
}

static void write_heat(struct daemon *d, struct metrics *m)
{
	struct heat_stats s;

	heat_stats(d->heat, &s);
	gauge(m, "terraced_heat_extents", "Extents in the heat map.", s.extents);
	gauge(m, "terraced_heat_room_extents", "Extents the heat map has room for.", s.room);
	counter(m, "terraced_heat_steps_total", "Steps the heat map saw end.", s.steps);
	counter(m, "terraced_heat_charges_total", "Charges the heat map saw.", s.charges);
	counter(m, "terraced_heat_faults_total", "Page faults the heat map saw.", s.faults);
	counter(m, "terraced_heat_dropped_total",
		"Accesses and faults not counted because the extent's set was full.", s.dropped);
	counter(m, "terraced_heat_skipped_extents_total",
		"Extents of charges beyond the longest range that is counted.", s.skipped);
	counter(m, "terraced_heat_lookups_total", "Extents looked up in the heat map.", s.lookups);
	counter(m, "terraced_heat_freed_total", "Extents of closed buffers that were freed.",
		s.freed);
}

struct step_series {
	enum step_hist which;
	const char *kind;	/* NULL: no kind */
};

static void write_histograms(struct daemon *d, struct metrics *m, const char *name,
			     const char *help, const struct step_series *series, size_t n)
{
	struct hist h;

	metrics_family(m, name, "histogram", help);
	for (size_t i = 0; i < n; i++) {
		struct metrics_label label = { "kind", series[i].kind };

		if (!steps_hist(d->steps, series[i].which, &h))
			metrics_histogram(m, &label, series[i].kind ? 1 : 0, &h);
	}
}

static void write_quantiles(struct daemon *d, struct metrics *m)
{
	static const struct {
		enum step_hist which;
		const char *what;
	} series[] = {
		{ STEP_HIST_WALL_PREFILL, "prefill" },
		{ STEP_HIST_WALL_DECODE, "decode" },
		{ STEP_HIST_MODEL_PREFILL, "model_prefill" },
		{ STEP_HIST_MODEL_DECODE, "model_decode" },
		{ STEP_HIST_CALL, "call" },
		{ STEP_HIST_CALL_INTERVAL, "call_interval" },
	};
	static const struct {
		unsigned int permille;
		const char *name;
	} quantiles[] = { { 500, "0.5" }, { 900, "0.9" }, { 990, "0.99" } };
	struct hist h;

	metrics_family(m, "terraced_duration_quantile_seconds", "gauge",
		       "Estimated quantiles of the histograms above, within a factor of two.");
	for (size_t i = 0; i < sizeof(series) / sizeof(series[0]); i++) {
		if (steps_hist(d->steps, series[i].which, &h) || !hist_total(&h))
			continue;
		for (size_t q = 0; q < sizeof(quantiles) / sizeof(quantiles[0]); q++) {
			struct metrics_label labels[] = {
				{ "of", series[i].what }, { "quantile", quantiles[q].name },
			};

			metrics_value(m, labels, 2, hist_quantile_ns(&h, quantiles[q].permille), 9);
		}
	}
}

static void write_steps(struct daemon *d, struct metrics *m)
{
	static const struct step_series wall[] = {
		{ STEP_HIST_WALL_PREFILL, "prefill" }, { STEP_HIST_WALL_DECODE, "decode" },
	};
	static const struct step_series model[] = {
		{ STEP_HIST_MODEL_PREFILL, "prefill" }, { STEP_HIST_MODEL_DECODE, "decode" },
	};
	static const struct step_series call[] = { { STEP_HIST_CALL, NULL } };
	static const struct step_series interval[] = { { STEP_HIST_CALL_INTERVAL, NULL } };

	write_histograms(d, m, "terrace_step_wall_seconds", "Wall time of steps, measured.", wall,
			 2);
	write_histograms(d, m, "terrace_step_model_seconds",
			 "Modelled time of steps, overlapped bound.", model, 2);
	write_histograms(d, m, "terrace_call_seconds",
			 "Wall time of the probed function, entry to return.", call, 1);
	write_histograms(d, m, "terrace_call_interval_seconds",
			 "Wall time from one call of the probed function to the thread's next.",
			 interval, 1);
	write_quantiles(d, m);
	counter(m, "terraced_step_events_lost_total",
		"Step events that found the ring full; the histograms have them.",
		steps_lost(d->steps));
	counter(m, "terraced_call_unmatched_total",
		"Returns of the probed function without a known entry.",
		steps_unmatched(d->steps));
}

static void write_migrations(struct daemon *d, struct metrics *m)
{
	const struct migrate_stats *s = migrator_stats(d->migrator);

	counter(m, "terraced_migration_decided_bytes_total",
		"Real bytes the policy decided to move; = done + refused + queued + in flight.",
		s->decided);
	counter(m, "terraced_migration_done_bytes_total",
		"Real bytes that are where the policy wanted them.", s->done);
	gauge(m, "terraced_migration_queued_bytes",
	      "Real bytes that wait for the next step or interval.", s->queued);
	gauge(m, "terraced_migration_inflight_bytes", "Real bytes being moved.", s->inflight);
	counter(m, "terraced_migration_calls_total", "Migrate calls of the kernel.", s->calls);
	metrics_family(m, "terraced_migration_refused_bytes_total", "counter",
		       "Real bytes that could not be moved, by reason.");
	for (uint32_t r = 0; r < MIGRATE_REASONS; r++) {
		struct metrics_label label = { "reason", migrate_reason_name(r) };

		if (r != TERRACE_REASON_NONE || s->refused[r])
			metrics_value(m, &label, 1, s->refused[r], 0);
	}
}

static void write_weights(struct daemon *d, struct metrics *m)
{
	struct weights_stats s;

	weights_stats(d->weights, &s);
	gauge(m, "terrace_weights_kept_files", "Ranges of files whose weights are kept.", s.files);
	gauge(m, "terrace_weights_kept_bytes", "Real bytes of buffers that hold them.", s.bytes);
	gauge(m, "terrace_weights_clients", "Uses of kept weights by processes.", s.clients);
	counter(m, "terrace_weights_loads_total", "Times weights were loaded to be shared.",
		s.loads);
	counter(m, "terrace_weights_shared_total",
		"Requests that got weights without a load of their own.", s.shared);
	counter(m, "terrace_weights_evictions_total",
		"Kept weights that were dropped because their room was needed.", s.evictions);
	counter(m, "terrace_weights_failures_total",
		"Requests that were refused, or whose load failed.", s.failures);
}

static void write_self(struct daemon *d, struct metrics *m)
{
	struct metrics_label label = { "policy", d->config.policy };
	const struct daemon_counters *c = &d->counters;

	metrics_family(m, "terraced_info", "gauge", "Policy in effect; always 1.");
	metrics_value(m, &label, 1, 1, 0);
	counter(m, "terraced_plans_total", "Times the policy was asked.", c->plans);
	counter(m, "terraced_plan_errors_total", "Times that failed.", c->plan_errors);
	single(m, "terraced_plan_seconds_total", "counter",
	       "Wall time of looking at the device and asking the policy.", c->plan_ns, 9);
	counter(m, "terraced_refresh_rounds_total", "Rounds of refresh over all buffers.",
		d->refresh.rounds);
	counter(m, "terraced_refreshed_bytes_total",
		"Real bytes on flash rewritten before their retention was over.",
		d->refresh.refreshed_bytes);
	counter(m, "terraced_refresh_lost_bytes_total", "Real bytes that could not be.",
		d->refresh.lost_bytes);
	counter(m, "terraced_reloads_total", "Reloads that took effect.", c->reloads);
	counter(m, "terraced_reload_errors_total", "Reloads that were refused.",
		c->reload_errors);
}

void daemon_metrics(struct daemon *d, FILE *out)
{
	struct metrics m = { .out = out };

	daemon_sweep(d);
	sysfs_metrics_write(&m, SYSFS_DEVICE);
	write_classes(d, &m);
	write_steps(d, &m);
	write_heat(d, &m);
	write_migrations(d, &m);
	write_weights(d, &m);
	write_self(d, &m);
}
