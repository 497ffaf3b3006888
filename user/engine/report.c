// SPDX-License-Identifier: LGPL-2.1-or-later
/* Report: figures of a run, labelled, as JSON and as text. */
#include "engine/report.h"

#include <errno.h>
#include <inttypes.h>

#define NS_PER_S 1e9
#define UJ_PER_J 1e6
#define SECONDS_PER_DAY 86400.0

enum basis { MODELLED, MEASURED };

/**
 * struct figure - one figure
 * @name: key in JSON, and with blanks for '_' in text
 * @exists: it has a value
 */
struct figure {
	const char *name;
	const char *unit;
	enum basis basis;
	double value;
	bool exists;
};

/* A sink of figures: a JSON object or a text file. */
struct sink {
	json_t *object;
	FILE *file;
	const char *indent;
	const char *charging;
	int err;
};

static void put_json(struct sink *s, const struct figure *f)
{
	json_t *value = f->exists ? json_real(f->value) : json_null();
	json_t *figure = json_pack("{s:o, s:s, s:s, s:s}", "value", value, "unit", f->unit,
				   "charging", s->charging, "basis",
				   f->basis == MEASURED ? "measured" : "modelled");

	if (!figure || json_object_set_new(s->object, f->name, figure))
		s->err = -ENOMEM;
}

static void put_text(struct sink *s, const struct figure *f)
{
	char name[64];
	size_t i;

	for (i = 0; f->name[i] && i < sizeof(name) - 1; i++)
		name[i] = f->name[i] == '_' ? ' ' : f->name[i];
	name[i] = '\0';
	fprintf(s->file, "%s%-30s ", s->indent, name);
	if (f->exists)
		fprintf(s->file, "%14.6g", f->value);
	else
		fprintf(s->file, "%14s", "-");
	fprintf(s->file, " %-10s %s, %s\n", f->unit, s->charging,
		f->basis == MEASURED ? "measured" : "modelled");
}

static void put_figure(struct sink *s, const struct figure *f)
{
	if (s->object)
		put_json(s, f);
	else
		put_text(s, f);
}

static void put(struct sink *s, const char *name, double value, const char *unit)
{
	struct figure f = { .name = name, .unit = unit, .value = value, .exists = true };

	put_figure(s, &f);
}

static void put_measured(struct sink *s, const char *name, double value, const char *unit,
			 bool exists)
{
	struct figure f = {
		.name = name,
		.unit = unit,
		.basis = MEASURED,
		.value = value,
		.exists = exists,
	};

	put_figure(s, &f);
}

/* A quotient that does not exist when there is nothing to divide by. */
static void put_ratio(struct sink *s, const char *name, double of, double by, const char *unit)
{
	struct figure f = { .name = name, .unit = unit, .exists = by > 0 };

	if (f.exists)
		f.value = of / by;
	put_figure(s, &f);
}

static void put_percentiles(struct sink *s, const char *const names[3], const uint64_t *sorted,
			    size_t n)
{
	static const uint32_t permille[] = { 500, 900, 990 };

	for (int i = 0; i < 3; i++) {
		struct figure f = {
			.name = names[i],
			.unit = "s",
			.value = engine_percentile(sorted, n, permille[i]) / NS_PER_S,
			.exists = n,
		};

		put_figure(s, &f);
	}
}

/* ---- the figures ---- */

static void put_speed(struct sink *s, const struct engine_result *r)
{
	static const char *const ttft[] = { "ttft_p50", "ttft_p90", "ttft_p99" };
	static const char *const tpot[] = { "tpot_p50", "tpot_p90", "tpot_p99" };
	double steps_s = r->model_ns / NS_PER_S;

	put_ratio(s, "tokens_per_second", (double)r->sched.produced_tokens, r->now_ns / NS_PER_S,
		  "token/s");
	put_ratio(s, "tokens_per_busy_second", (double)r->sched.produced_tokens, steps_s,
		  "token/s");
	put_percentiles(s, ttft, r->ttft_ns, r->n_ttft);
	put_percentiles(s, tpot, r->tpot_ns, r->n_tpot);
	put(s, "time", r->now_ns / NS_PER_S, "s");
	put(s, "busy_time", steps_s, "s");
	put(s, "busy_time_serial", r->serial_ns / NS_PER_S, "s");
	put(s, "compute_time", r->compute_ns / NS_PER_S, "s");
	put(s, "load_time", r->load.model_ns / NS_PER_S, "s");
	put_measured(s, "wall_time", r->wall_ns / NS_PER_S, "s", r->wall_ns);
}

static void put_costs(struct sink *s, const struct engine_result *r, const struct ledger *l)
{
	double memory_j = ledger_memory_uj(l) / UJ_PER_J;
	double all_j = memory_j + l->accel_uj / UJ_PER_J;
	double tokens = (double)r->sched.produced_tokens;

	put(s, "rank0_share", ledger_rank0_share(l), "1");
	put(s, "prefix_cached_share", r->sched.prompt_tokens ?
	    (double)r->sched.cached_tokens / (double)r->sched.prompt_tokens : 0, "1");
	put(s, "migrations", (double)l->migrations, "1");
	put(s, "migrated_bytes", (double)ledger_moved_bytes(l), "byte");
	put(s, "memory_energy", memory_j, "J");
	put(s, "total_energy", all_j, "J");
	put_ratio(s, "memory_energy_per_token", memory_j, tokens, "J/token");
	put_ratio(s, "total_energy_per_token", all_j, tokens, "J/token");
	put(s, "flash_bytes_written", (double)ledger_flash_bytes(l), "byte");
	put(s, "saturations", (double)l->saturations, "1");
	put_measured(s, "checked_bytes", (double)l->real_checked_bytes, "byte", !l->simulated);
}

static void put_class(struct sink *s, const struct terrace_ledger_entry *c, double busy_s)
{
	put(s, "read_bytes", (double)c->model_read_bytes, "byte");
	put(s, "write_bytes", (double)c->model_write_bytes, "byte");
	put_ratio(s, "read_bandwidth", (double)c->model_read_bytes, busy_s, "byte/s");
	put_ratio(s, "write_bandwidth", (double)c->model_write_bytes, busy_s, "byte/s");
	put(s, "moved_in_bytes", (double)c->model_in_bytes, "byte");
	put(s, "moved_out_bytes", (double)c->model_out_bytes, "byte");
	put(s, "access_energy", c->model_energy_uj / UJ_PER_J, "J");
}

static void put_wear(struct sink *s, const struct ledger_tier *t)
{
	const struct tmodel_lifetime *life = &t->lifetime;
	struct figure f = {
		.name = life->extrapolated ? "lifetime_extrapolated" : "lifetime",
		.unit = "day",
		.value = (double)life->seconds / SECONDS_PER_DAY,
		.exists = life->valid && life->seconds != TMODEL_U64_MAX,
	};

	put(s, "written_bytes", (double)t->host_bytes, "byte");
	put(s, "media_bytes", (double)t->media_bytes, "byte");
	put_ratio(s, "write_amplification", (double)t->media_bytes, (double)t->host_bytes, "1");
	put(s, "pe_cycles", (double)t->cycles_milli / 1000, "1");
	put_figure(s, &f);
}

/* What the device under a flash tier was really made to do. */
static void put_flash(struct sink *s, const struct ledger_tier *t)
{
	double sealed = (double)t->real_sealed_bytes;
	double programmed = (double)t->real_programmed_bytes;

	put_measured(s, "flash_sealed_bytes", sealed, "byte", true);
	put_measured(s, "flash_programmed_bytes", programmed, "byte", true);
	put_measured(s, "flash_writes_per_sealed_byte", sealed > 0 ? programmed / sealed : 0, "1",
		     sealed > 0);
}

static void put_tier(struct sink *s, const struct ledger_tier *t, double busy_s)
{
	double served = (double)ledger_served_bytes(t);

	put(s, "capacity", (double)t->capacity_bytes, "byte");
	put(s, "served_bytes", served, "byte");
	put_ratio(s, "bandwidth", served, busy_s, "byte/s");
	put_ratio(s, "busy_share", t->busy_ns / NS_PER_S, busy_s, "1");
	put(s, "load_bytes", (double)t->load_bytes, "byte");
	put(s, "idle_energy", t->idle_uj / UJ_PER_J, "J");
	put(s, "migration_energy", t->migration_uj / UJ_PER_J, "J");
	if (t->wears)
		put_wear(s, t);
	if (t->flash)
		put_flash(s, t);
}

/* ---- JSON ---- */

static const char *class_name(int class_id)
{
	static const char *const names[TERRACE_CLASSES] = {
		[TERRACE_CLASS_WEIGHTS] = "weights",
		[TERRACE_CLASS_KV] = "kv",
		[TERRACE_CLASS_CONTEXT] = "context",
		[TERRACE_CLASS_ACTIVATION] = "activation",
	};

	return names[class_id];
}

static bool is_used(const struct terrace_ledger_entry *c)
{
	return c->model_read_bytes || c->model_write_bytes || c->model_in_bytes ||
	       c->model_out_bytes;
}

static json_t *json_class(const struct report_run *run, const struct ledger_tier *t, int class_id)
{
	json_t *figures = json_object();
	struct sink s = {
		.object = figures,
		.charging = ledger_charging_name(run->ledger->charging),
	};

	if (!figures)
		return NULL;
	put_class(&s, &t->class[class_id], run->result->model_ns / NS_PER_S);
	if (s.err) {
		json_decref(figures);
		return NULL;
	}
	return json_pack("{s:s, s:o}", "class", class_name(class_id), "figures", figures);
}

static json_t *json_classes(const struct report_run *run, const struct ledger_tier *t)
{
	json_t *list = json_array();

	for (int c = 0; list && c < TERRACE_CLASSES; c++) {
		if (!is_used(&t->class[c]) || !json_array_append_new(list, json_class(run, t, c)))
			continue;
		json_decref(list);
		list = NULL;
	}
	return list;
}

static json_t *json_tier(const struct report_run *run, const struct ledger_tier *t)
{
	json_t *figures = json_object();
	struct sink s = {
		.object = figures,
		.charging = ledger_charging_name(run->ledger->charging),
	};

	if (!figures)
		return NULL;
	put_tier(&s, t, run->result->model_ns / NS_PER_S);
	if (s.err) {
		json_decref(figures);
		return NULL;
	}
	return json_pack("{s:s, s:i, s:o, s:o}", "name", t->name, "rank", (int)t->rank, "figures",
			 figures, "class", json_classes(run, t));
}

static json_t *json_tiers(const struct report_run *run)
{
	json_t *list = json_array();

	for (uint32_t i = 0; list && i < run->ledger->n_tiers; i++) {
		if (!json_array_append_new(list, json_tier(run, &run->ledger->tiers[i])))
			continue;
		json_decref(list);
		list = NULL;
	}
	return list;
}

static json_t *json_requests(const struct report_run *run)
{
	const struct engine_result *r = run->result;
	const struct sched_stats *q = &r->sched;

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
			 "trace", (json_int_t)r->requests,
			 "finished", (json_int_t)q->finished,
			 "rejected", (json_int_t)q->rejected,
			 "malformed_lines", (json_int_t)run->bad_lines,
			 "prompt_tokens", (json_int_t)q->prompt_tokens,
			 "cached_tokens", (json_int_t)q->cached_tokens,
			 "produced_tokens", (json_int_t)q->produced_tokens,
			 "steps", (json_int_t)r->steps,
			 "prefill_steps", (json_int_t)r->prefill_steps,
			 "peak_batch", (json_int_t)q->peak_batch,
			 "peak_blocks", (json_int_t)q->peak_blocks,
			 "kv_blocks", (json_int_t)q->blocks);
}

json_t *report_json(const struct report_run *run)
{
	json_t *figures = json_object();
	struct sink s = {
		.object = figures,
		.charging = ledger_charging_name(run->ledger->charging),
	};

	if (!figures)
		return NULL;
	put_speed(&s, run->result);
	put_costs(&s, run->result, run->ledger);
	if (s.err) {
		json_decref(figures);
		return NULL;
	}
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:b, s:b, s:o, s:o, s:o}",
			 "trace", run->trace, "model", run->model, "tiers", run->tiers,
			 "policy", run->policy,
			 "scale", (json_int_t)1 << run->scale_shift,
			 "interrupted", run->result->interrupted,
			 "simulated", run->ledger->simulated,
			 "requests", json_requests(run), "figures", figures,
			 "tier", json_tiers(run));
}

/* ---- text ---- */

static void text_head(FILE *f, const struct report_run *run)
{
	const struct engine_result *r = run->result;
	const struct sched_stats *q = &r->sched;

	fprintf(f, "%s on %s, policy %s, trace %s, scale %u%s%s\n", run->model, run->tiers,
		run->policy, run->trace, 1U << run->scale_shift,
		run->ledger->simulated ? ", simulated" : "",
		r->interrupted ? ", interrupted" : "");
	fprintf(f, "%" PRIu64 " requests: %" PRIu64 " finished, %" PRIu64 " rejected, %" PRIu64
		" not finished, %" PRIu64 " malformed lines left out\n", r->requests, q->finished,
		q->rejected, r->requests - q->finished - q->rejected, run->bad_lines);
	fprintf(f, "%" PRIu64 " tokens produced, %" PRIu64 " prompt tokens of which %" PRIu64
		" shared; %" PRIu64 " steps, %" PRIu64 " with prefill\n", q->produced_tokens,
		q->prompt_tokens, q->cached_tokens, r->steps, r->prefill_steps);
}

static void text_tier(FILE *f, struct sink *s, const struct ledger_tier *t, double busy_s)
{
	fprintf(f, "tier %s, rank %u\n", t->name, t->rank);
	s->indent = "  ";
	put_tier(s, t, busy_s);
	for (int c = 0; c < TERRACE_CLASSES; c++) {
		if (!is_used(&t->class[c]))
			continue;
		fprintf(f, "  class %s\n", class_name(c));
		s->indent = "    ";
		put_class(s, &t->class[c], busy_s);
	}
}

int report_text(FILE *f, const struct report_run *run)
{
	struct sink s = {
		.file = f,
		.indent = "",
		.charging = ledger_charging_name(run->ledger->charging),
	};

	text_head(f, run);
	put_speed(&s, run->result);
	put_costs(&s, run->result, run->ledger);
	for (uint32_t i = 0; i < run->ledger->n_tiers; i++)
		text_tier(f, &s, &run->ledger->tiers[i], run->result->model_ns / NS_PER_S);
	return ferror(f) ? -EIO : 0;
}
