// SPDX-License-Identifier: LGPL-2.1-or-later
/* Check 7: decode of dense models on one device, as GenZ computes it. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "sim/operators.h"
#include "sim/precision.h"
#include "sim/roofline.h"
#include "sim/rows.h"
#include "sim/validate.h"

/* The tool's giga is binary, and its link to the memory behind the accelerator's is this fast. */
#define GENZ_GIGA		1073741824.0
#define GENZ_OFFLOAD_BPS	(128 * GENZ_GIGA)

static bool is_one(const struct row *r, const char *column)
{
	uint64_t n;

	return row_count(r, column, 1, 1000000, &n) && n == 1;
}

static bool is_compared(const struct row *r)
{
	if (strcmp(row_text(r, "stage"), "decode")) {
		check_skip(r->check, "no decode");
		return false;
	}
	if (is_one(r, "tp") && is_one(r, "pp") && is_one(r, "ep"))
		return true;
	check_skip(r->check, "more than one device");
	return false;
}

/* What a step reads: weights and KV, without activations. */
static bool read_streams(const struct row *r, const struct model_config *m,
			 struct sim_operator *streams)
{
	const char *name = row_text(r, "bits");
	struct step_shape step = { .stage = STEP_DECODE, .tokens = 1 };
	struct sim_operator total;
	struct operators ops;
	struct precision p;
	uint64_t in, out;

	if (!precision_parse(name, &p)) {
		check_skip(r->check, "precision '%s' is not known", name);
		return false;
	}
	if (!row_count(r, "batch", 1, STEP_BATCH_MAX, &step.batch) ||
	    !row_count(r, "in_tokens", 1, STEP_CONTEXT_MAX / 2, &in) ||
	    !row_count(r, "out_tokens", 0, STEP_CONTEXT_MAX / 2, &out))
		return false;
	step.context = in + out;
	if (operators_of_step(m, &step, &(struct number_bits) { p.weight_bits, 16, p.weight_bits },
			      OPERATORS_EXACT, &ops, NULL)) {
		check_skip(r->check, "the step is out of range");
		return false;
	}
	total = operators_total(&ops);
	*streams = (struct sim_operator) { .name = "streams", .times = 1 };
	streams->bits[OPERATOR_WEIGHTS] = total.bits[OPERATOR_WEIGHTS];
	streams->bits[OPERATOR_KV_READ] = total.bits[OPERATOR_KV_READ];
	return true;
}

/* The accelerator's memory and what is behind it. */
static int read_tiers(const struct row *r, bool offload, struct roofline *roof, double *room,
		      struct engine_error *e)
{
	double bandwidth, efficiency;
	struct accelerator a;
	int err;

	if (!row_number(r, "mem_bw_GBps(2^30)", 0.001, 1e9, &bandwidth) ||
	    !row_number(r, "system_eff", 0.001, 1, &efficiency))
		return -ENOENT;
	*roof = (struct roofline) { .n_tiers = 2 };
	roof->tier[0].read_bps = bandwidth * GENZ_GIGA * efficiency;
	roof->tier[1].read_bps = GENZ_OFFLOAD_BPS * efficiency;
	roof->tier[0].write_bps = roof->tier[0].read_bps;
	roof->tier[1].write_bps = roof->tier[1].read_bps;
	room[0] = HUGE_VAL;
	room[1] = HUGE_VAL;
	if (!offload)
		return 0;
	err = row_accelerator(r, row_text(r, "system"), &a, e);
	room[0] = a.capacity_bytes / 1e9 * GENZ_GIGA;
	if (!err && !a.capacity_bytes) {
		check_skip(r->check, "the capacity of %s is not known", a.name);
		return -ENOENT;
	}
	return err;
}

static int compare(const struct row *r, bool offload, struct engine_error *e)
{
	struct sim_operator streams;
	struct model_config m;
	struct roofline roof;
	double room[2], latency;
	int err;

	if (!is_compared(r) || !row_number(r, "latency_ms", 0.000001, 1e12, &latency))
		return 0;
	err = row_model(r, &m, e);
	if (!err && m.experts) {
		check_skip(r->check, "mixture of experts");
		return 0;
	}
	if (!err)
		err = read_tiers(r, offload, &roof, room, e);
	if (err || !read_streams(r, &m, &streams))
		return err == -ENOENT ? 0 : err;
	roofline_place(&roof, ROOFLINE_WEIGHTS, streams.bits[OPERATOR_WEIGHTS] / 8.0, room);
	roofline_place(&roof, ROOFLINE_KV, streams.bits[OPERATOR_KV_READ] / 8.0, room);
	check_row(r->check, roofline_operator(&roof, &streams).overlapped_s * 1e3 / latency,
		  "%s %s %s batch %s, %s + %s tokens", row_text(r, "model"),
		  row_text(r, "system"), row_text(r, "bits"), row_text(r, "batch"),
		  row_text(r, "in_tokens"), row_text(r, "out_tokens"));
	return 0;
}

/* The range in more digits than the check's line has. */
static void tell_range(struct check *c)
{
	double lowest = HUGE_VAL, highest = 0;
	size_t i;

	if (!c || !c->n)
		return;
	for (i = 0; i < c->n; i++) {
		lowest = fmin(lowest, c->values[i]);
		highest = fmax(highest, c->values[i]);
	}
	check_note(c, "from %.5f to %.5f", lowest, highest);
}

static int compare_all(const struct csv *t, bool offload, const char *name, struct checks *all,
		       struct engine_error *e)
{
	static const struct check_limit limit = { 0.985, 1.002, 0, "x" };
	struct row r = { .table = t, .check = check_begin(all, name, &limit) };
	int err = 0;

	for (; !err && r.number < t->n_rows; r.number++)
		if (!strcmp(row_text(&r, "offload"), "0") != offload)
			err = compare(&r, offload, e);
	tell_range(r.check);
	return err;
}

int validate_genz(const struct validate *v, struct checks *all, struct engine_error *e)
{
	const struct csv *t = &v->published.table[FORM_GENZ];

	return compare_all(t, false, "7 GenZ dense TP1 decode, memory term / latency (engine)",
			   all, e) ?:
	       compare_all(t, true, "7 GenZ dense TP1 decode with offload (engine)", all, e);
}
