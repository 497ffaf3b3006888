// SPDX-License-Identifier: LGPL-2.1-or-later
/* Check 6: operations, bytes and time as LLM-Viewer computes them. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/operators.h"
#include "sim/roofline.h"
#include "sim/rows.h"
#include "sim/validate.h"

/* The checks of a table: what has to agree exactly, and time. */
struct pair {
	struct check *exact;
	struct check *time;
};

/* A column and our value of it. */
struct column {
	const char *name;
	double ours;
};

static bool read_stage(const struct row *r, struct step_shape *step)
{
	const char *stage = row_text(r, "stage");

	step->stage = strcmp(stage, "decode") ? STEP_PREFILL : STEP_DECODE;
	if (step->stage == STEP_DECODE || !strcmp(stage, "prefill"))
		return true;
	check_skip(r->check, "stage '%s' is not known", stage);
	return false;
}

static bool read_bits(const struct row *r, struct number_bits *bits)
{
	uint64_t w, a, kv;

	if (!row_count(r, "w_bit", 1, NUMBER_BITS_MAX, &w) ||
	    !row_count(r, "a_bit", 1, NUMBER_BITS_MAX, &a) ||
	    !row_count(r, "kv_bit", 1, NUMBER_BITS_MAX, &kv))
		return false;
	*bits = (struct number_bits) { w, a, kv };
	return true;
}

/* The row's operators. Return: 0, or a negative errno; -ENOENT: the row was skipped. */
static int read_operators(const struct row *r, struct number_bits *bits, struct operators *ops,
			  struct engine_error *e)
{
	const char *flash = row_text(r, "flash");
	struct step_shape step;
	struct model_config m;
	struct engine_error why;
	int err;

	if (*flash && strcmp(flash, "0")) {
		check_skip(r->check, "fused attention");
		return -ENOENT;
	}
	if (!read_stage(r, &step) || !read_bits(r, bits) ||
	    !row_count(r, "batch", 1, STEP_BATCH_MAX, &step.batch) ||
	    !row_count(r, "seqlen", 1, STEP_CONTEXT_MAX, &step.context))
		return -ENOENT;
	step.tokens = step.stage == STEP_DECODE ? 1 : step.context;
	err = row_model(r, &m, e);
	if (err)
		return err;
	if (!operators_of_step(&m, &step, bits, OPERATORS_LLM_VIEWER, ops, &why))
		return 0;
	check_skip(r->check, "%s", why.text);
	return -ENOENT;
}

/* The largest relative deviation; columns that the table does not have are left out. */
static double compare_columns(const struct row *r, const struct column *columns, size_t n)
{
	double worst = 0, theirs, deviation;
	size_t i;

	for (i = 0; i < n; i++) {
		if (csv_column(r->table, columns[i].name) < 0)
			continue;
		if (!csv_number(r->table, r->number, columns[i].name, &theirs))
			return HUGE_VAL;
		deviation = fabs(columns[i].ours - theirs) / fmax(fabs(theirs), 1);
		worst = fmax(worst, deviation);
	}
	return worst;
}

/* Our operator @op against a row with these columns, and the time. */
static void compare(const struct row *r, struct pair *pair, const struct column *columns, size_t n,
		    double seconds)
{
	const char *layer = row_text(r, "layer");
	char label[CHECK_LABEL_MAX];
	double theirs;

	snprintf(label, sizeof(label), "%s %s w%s a%s kv%s batch %s, %s tokens, %s%s%s",
		 row_text(r, "model"), row_text(r, "hardware"), row_text(r, "w_bit"),
		 row_text(r, "a_bit"), row_text(r, "kv_bit"), row_text(r, "batch"),
		 row_text(r, "seqlen"), row_text(r, "stage"), *layer ? ", " : "", layer);
	check_row(pair->exact, compare_columns(r, columns, n), "%s", label);
	if (!csv_number(r->table, r->number, "time_s", &theirs))
		theirs = NAN;
	check_row(pair->time, seconds / theirs - 1, "%s", label);
}

static double bytes(const struct sim_operator *op, enum operator_data kind)
{
	return op->bits[kind] / 8.0;
}

/* Bytes of one layer: all operators that every layer has. */
static double layer_bytes(const struct operators *ops, enum operator_data kind)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < ops->n; i++)
		if (strcmp(ops->op[i].name, "lm_head"))
			sum += bytes(&ops->op[i], kind);
	return sum;
}

/* Every operator that a layer has occurs in all of them. */
static double layers(const struct operators *ops)
{
	return operators_find(ops, "q_proj")->times;
}

static void compare_total(const struct row *r, struct pair *pair, const struct operators *ops,
			  double seconds)
{
	struct sim_operator total = operators_total(ops);
	const struct column columns[] = {
		{ "OPs", total.ops },
		{ "memory_access_B", operator_bytes(&total) },
		{ "load_weight_B", bytes(&total, OPERATOR_WEIGHTS) },
		{ "load_act_B", bytes(&total, OPERATOR_ACT_READ) },
		{ "store_act_B", bytes(&total, OPERATOR_ACT_WRITE) },
		{ "load_kv_B", bytes(&total, OPERATOR_KV_READ) },
		{ "store_kv_B", bytes(&total, OPERATOR_KV_WRITE) },
		{ "mem_weight_B", layers(ops) * layer_bytes(ops, OPERATOR_WEIGHTS) },
		{ "mem_kv_B", bytes(&total, OPERATOR_KV_READ) },
		{ "mem_tmp_act_B", layer_bytes(ops, OPERATOR_ACT_WRITE) },
	};

	compare(r, pair, columns, sizeof(columns) / sizeof(*columns), seconds);
}

static struct roofline one_tier(double peak_ops, double bandwidth)
{
	return (struct roofline) {
		.peak_ops = peak_ops,
		.n_tiers = 1,
		.tier[0] = { bandwidth, bandwidth, 0, { 1, 1, 1 } },
	};
}

static int total_row(const struct row *r, struct pair *pair, struct engine_error *e)
{
	struct number_bits bits;
	struct operators ops;
	struct roofline roof;
	double peak, bandwidth;
	int err;

	if (!row_number(r, "peak_ops", 1, 1e21, &peak) ||
	    !row_number(r, "bandwidth_Bps", 1, 1e18, &bandwidth))
		return 0;
	err = read_operators(r, &bits, &ops, e);
	if (err)
		return err == -ENOENT ? 0 : err;
	roof = one_tier(peak, bandwidth);
	compare_total(r, pair, &ops, roofline_step(&roof, &ops).by_operator_s);
	return 0;
}

/* As the tool has the hardware; it computes with integers only when all numbers are small. */
static int read_hardware(const struct row *r, const struct number_bits *bits,
			 struct roofline *roof, struct engine_error *e)
{
	bool small = bits->weights <= 8 && bits->activations <= 8 && bits->kv <= 8;
	struct accelerator a;
	char name[128];
	int err;

	snprintf(name, sizeof(name), "LLM-Viewer %s", row_text(r, "hardware"));
	err = row_accelerator(r, name, &a, e);
	if (!err)
		*roof = one_tier(a.peak_ops[small ? ACCELERATOR_INT8 : ACCELERATOR_BF16],
				 a.bandwidth_bps);
	return err;
}

static int layer_row(const struct row *r, struct pair *pair, struct engine_error *e)
{
	const struct sim_operator *op;
	struct number_bits bits;
	struct operators ops;
	struct roofline roof;
	int err = read_operators(r, &bits, &ops, e) ?: read_hardware(r, &bits, &roof, e);

	if (err)
		return err == -ENOENT ? 0 : err;
	op = operators_find(&ops, row_text(r, "layer"));
	if (!op) {
		check_skip(r->check, "operator '%s' is not known", row_text(r, "layer"));
		return 0;
	}
	compare(r, pair, (struct column[]) { { "OPs", op->ops },
		{ "memory_access_B", operator_bytes(op) } }, 2,
		roofline_operator(&roof, op).overlapped_s);
	return 0;
}

static int compare_table(const struct csv *t, struct pair *pair,
			 int (*one)(const struct row *r, struct pair *pair, struct engine_error *e),
			 struct engine_error *e)
{
	struct row r = { .table = t, .check = pair->exact };
	int err = 0;

	for (; !err && r.number < t->n_rows; r.number++)
		err = one(&r, pair, e);
	return err;
}

static const struct check_limit equal = { 0, 0, 0, "" };

static int all_totals(const struct csv *t, struct checks *all, struct engine_error *e)
{
	static const struct check_limit limit = { -1 / 1e12, 1 / 1e12, 0, "" };
	struct pair pair;
	size_t at = all->n;

	check_begin(all, "6 LLM-Viewer totals, OPs and bytes (engine)", &equal);
	check_begin(all, "6 LLM-Viewer totals, time (engine)", &limit);
	if (all->n < at + 2)
		return -ENOMEM;
	pair = (struct pair) { &all->check[at], &all->check[at + 1] };
	return compare_table(t, &pair, total_row, e);
}

static int all_layers(const struct csv *t, struct checks *all, struct engine_error *e)
{
	static const struct check_limit limit = { -1 / 1e9, 1 / 1e9, 0, "" };
	struct pair pair;
	size_t at = all->n;

	check_begin(all, "6 LLM-Viewer layers, OPs and bytes (engine)", &equal);
	check_begin(all, "6 LLM-Viewer layers, time (engine)", &limit);
	if (all->n < at + 2)
		return -ENOMEM;
	pair = (struct pair) { &all->check[at], &all->check[at + 1] };
	return compare_table(t, &pair, layer_row, e);
}

int validate_viewer(const struct validate *v, struct checks *all, struct engine_error *e)
{
	return all_totals(&v->published.table[FORM_VIEWER_TOTALS], all, e) ?:
	       all_layers(&v->published.table[FORM_VIEWER_LAYERS], all, e);
}
