// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Checks 1 and 3: Son et al., IEEE CAL 25(2) 2026, DOI 10.1109/LCA.2026.3705817.
 *
 * The paper's GB of memory are binary: only then do its P/E cycles follow from its throughput.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/profile.h"
#include "sim/capacity.h"
#include "sim/cells.h"
#include "sim/decode_bound.h"
#include "sim/endurance.h"
#include "sim/models.h"
#include "sim/validate.h"

#define GIB	(1024.0 * 1024 * 1024)
#define PRINTED_MAX	1e6	/* tokens, stacks, GB or TB/s */

/* What a cell of the figures is about. */
struct cell {
	const struct csv *t;
	size_t row;
	struct model_config model;
	double prompt;
	double output;
};

/*
 * The models that have the KV of the paper's: of Llama 3 only the one of 405e9 parameters does not
 * fit into two GPUs of 288 GiB, of Llama 4 only Maverick.
 */
static const char *model_name(const char *paper)
{
	static const struct {
		const char *paper;
		const char *name;
	} names[] = {
		{ "Llama3", "llama-3.1-405b" },
		{ "Llama4", "llama-4-maverick" },
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(paper, names[i].paper))
			return names[i].name;
	return paper;
}

/* A number that the paper prints once for all cells that have @column in common. */
static bool printed(const struct cell *cell, const char *figure, const char *column,
		    const char *metric, double *value)
{
	const struct cell_key keys[] = {
		{ "figure", figure },
		{ "metric", metric },
		{ column, csv_text(cell->t, cell->row, column) },
		{ 0 },
	};
	size_t row;

	return cell_find(cell->t, keys, &row) && csv_number(cell->t, row, "value", value) &&
	       *value >= 0 && *value <= PRINTED_MAX;
}

/* Is the row's cell known? Reasons of those that are not are counted. */
static bool read_cell(struct cell *cell, struct check *c)
{
	const char *model = csv_text(cell->t, cell->row, "model");
	struct engine_error e;

	if (sim_model_find(model_name(model), MODEL_BF16, &cell->model, &e)) {
		check_skip(c, "the model %s is not known", model);
		return false;
	}
	if (!printed(cell, "text", "workload", "input_len", &cell->prompt) ||
	    !printed(cell, "text", "workload", "output_len", &cell->output) ||
	    cell->output < 1) {
		check_skip(c, "no row tells the lengths of the workload");
		return false;
	}
	return true;
}

static bool is_metric(const struct csv *t, size_t row, const char *metric)
{
	return !strcmp(csv_text(t, row, "metric"), metric);
}

struct label {
	char text[CHECK_LABEL_MAX];
};

static struct label label_of(const struct cell *cell)
{
	struct label l;

	snprintf(l.text, sizeof(l.text), "%s %s %s, %s GPUs, %s",
		 csv_text(cell->t, cell->row, "model"), csv_text(cell->t, cell->row, "workload"),
		 csv_text(cell->t, cell->row, "memory"), csv_text(cell->t, cell->row, "gpus"),
		 csv_text(cell->t, cell->row, "slo"));
	return l;
}

/* The throughput of the same cell, if it was read well. */
static bool read_rate(const struct cell *cell, struct check *c, double *tokens)
{
	static const char *const same[] = { "model", "workload", "memory", "gpus", "slo", NULL };
	size_t row;

	if (!cell_pair(cell->t, cell->row, same,
		       (struct cell_key) { "metric", "tps_per_gpu" }, &row)) {
		check_skip(c, "fig. 4 has no throughput of the cell");
		return false;
	}
	if (!csv_number(cell->t, row, "value", tokens) ||
	    !strcmp(csv_text(cell->t, row, "reading"), "low_confidence")) {
		check_skip(c, "fig. 4 has no throughput that could be read well");
		return false;
	}
	return true;
}

static void check_wear(const struct cell *cell, const struct tmodel_profile *stack,
		       struct check *c)
{
	double published, tokens, stacks, bytes, cycles;

	if (!csv_number(cell->t, cell->row, "value", &published)) {
		check_skip(c, "nothing is published for the cell");
		return;
	}
	if (!printed(cell, "table1", "memory", "flash_stacks", &stacks) || stacks < 1) {
		check_skip(c, "no row tells the stacks of flash of the memory");
		return;
	}
	if (!read_rate(cell, c, &tokens))
		return;
	bytes = endurance_request_bytes(&cell->model, cell->prompt, cell->output);
	cycles = endurance_cycles(stack, tokens / cell->output * bytes / stacks,
				  3 * ENDURANCE_YEAR_S);
	check_row(c, check_percent(cycles, published), "%s", label_of(cell).text);
}

int validate_son_wear(const struct validate *v, struct checks *all, struct engine_error *e)
{
	static const struct check_limit limit = { -3, 3, 0, "%" };
	struct check *c = check_begin(all, "1 P/E over 3 years, Son fig. 7 (closed form)", &limit);
	struct cell cell = { .t = &v->published.table[FORM_HBF_SON] };
	struct engine_profile profile;
	int err = engine_profile_find_file("hbf-son", NULL, &profile, e);

	if (err)
		return err;
	/* The paper counts what is written, without amplification. */
	profile.model.waf_permille = 1000;
	for (; cell.row < cell.t->n_rows; cell.row++)
		if (is_metric(cell.t, cell.row, "pec_3_years") && read_cell(&cell, c))
			check_wear(&cell, &profile.model, c);
	return 0;
}

/* "tpot<=0.1s" and "0.1s" are 0.1 seconds, "offline" is none. */
static double slo_seconds(const char *slo)
{
	const char *number = slo + strcspn(slo, "0123456789");

	return *number ? strtod(number, NULL) : 0;
}

/* One stack of the memory, as the paper's table has it. */
static bool read_hbm(const struct cell *cell, struct tmodel_profile *stack, uint32_t *stacks)
{
	double gib, read, write, n;

	if (!printed(cell, "table1", "memory", "hbm_stacks", &n) || n < 1 ||
	    !printed(cell, "table1", "memory", "capacity_gb", &gib) ||
	    !printed(cell, "table1", "memory", "hbm_read_tbps", &read) ||
	    !printed(cell, "table1", "memory", "hbm_write_tbps", &write))
		return false;
	tmodel_profile_init(stack);
	stack->capacity_bytes = gib * GIB / n;
	stack->read_bps = read * 1e12 / n;
	stack->write_bps = write * 1e12 / n;
	*stacks = n;
	return true;
}

/* Is a step that reads all KV at its longest within the service level? Then capacity limits. */
static bool in_time(const struct cell *cell, const struct capacity_shard *s,
		    const struct capacity_fit *fit, const struct decode_tier *tier)
{
	const struct decode_batch batch = {
		.sequences = fit->group_batch,
		.tokens = cell->prompt + cell->output,
		.written = 1,
	};
	double slo = slo_seconds(csv_text(cell->t, cell->row, "slo"));

	return slo <= 0 || decode_tpot_seconds(&cell->model, s, tier, 1, &batch) <= slo;
}

/* What the devices of a cell hold at best. */
struct holding {
	struct tmodel_profile stack;
	struct decode_tier hbm;
	double devices;
	struct capacity_shard shard;
	struct capacity_fit fit;
	char text[CHECK_LABEL_MAX];
};

static bool find_holding(const struct cell *cell, struct check *c, struct holding *h)
{
	struct capacity_need need = { .tokens = cell->prompt + cell->output };

	h->hbm = (struct decode_tier) { .stack = &h->stack, .weights = 1, .kv = 1 };
	if (!csv_number(cell->t, cell->row, "gpus", &h->devices) || h->devices < 1 ||
	    h->devices > UINT16_MAX || !read_hbm(cell, &h->stack, &h->hbm.stacks)) {
		check_skip(c, "no row tells the devices and their memory");
		return false;
	}
	need.device_bytes = h->stack.capacity_bytes * h->hbm.stacks;
	h->fit = capacity_best(&cell->model, h->devices, &need, &h->shard);
	capacity_explain(&h->fit, &h->shard, &need, h->text, sizeof(h->text));
	return true;
}

typedef void (*compare_cell)(const struct cell *cell, struct check *c);

static void compare_batch(const struct cell *cell, struct check *c)
{
	struct holding h;
	double published;

	if (!csv_number(cell->t, cell->row, "value", &published))
		return;
	if (!strcmp(csv_text(cell->t, cell->row, "reading"), "forward_filled")) {
		check_skip(c, "the value is that of fewer GPUs, none was read for these");
		return;
	}
	if (!find_holding(cell, c, &h))
		return;
	if (in_time(cell, &h.shard, &h.fit, &h.hbm))
		check_row(c, check_percent(h.fit.group_batch * h.shard.dp / h.devices, published),
			  "%s: %s", label_of(cell).text, h.text);
	else
		check_skip(c, "time limits the batch, not capacity");
}

/* Where the paper says that a memory is too small we should find that as well. */
static void compare_small(const struct cell *cell, struct check *c)
{
	struct holding h;

	if (!strcmp(csv_text(cell->t, cell->row, "reading"), "infeasible") &&
	    find_holding(cell, c, &h))
		check_row(c, h.fit.short_bytes ? 0 : 100, "%s: %s", label_of(cell).text, h.text);
}

static void each_batch(const struct validate *v, struct check *c, compare_cell compare)
{
	struct cell cell = { .t = &v->published.table[FORM_HBF_SON] };

	for (; cell.row < cell.t->n_rows; cell.row++)
		if (is_metric(cell.t, cell.row, "max_batch_per_gpu") &&
		    !strcmp(csv_text(cell.t, cell.row, "memory"), "HBM4") && read_cell(&cell, c))
			compare(&cell, c);
}

int validate_son_batch(const struct validate *v, struct checks *all, struct engine_error *e)
{
	static const struct check_limit limit = { 0, 16, 0, "%" };
	struct check *c;

	(void)e;
	c = check_begin(all, "3 HBM4 capacity batch, Son fig. 3 (engine)", &limit);
	each_batch(v, c, compare_batch);
	check_note(c, "an upper bound: no activations, nothing copied by TP");
	c = check_begin(all, "3 HBM4 too small where Son fig. 3 says so (engine)", NULL);
	each_batch(v, c, compare_small);
	return 0;
}
