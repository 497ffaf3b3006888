// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Checks 2 and 4: Kyung et al., IEEE CAL 25(1) 2026, DOI 10.1109/LCA.2026.3695938.
 *
 * A node of devices that decode data parallel and share the experts: each has all of the model but
 * its experts, and its part of those. The paper's GB are decimal.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/profile.h"
#include "sim/capacity.h"
#include "sim/cells.h"
#include "sim/decode_bound.h"
#include "sim/endurance.h"
#include "sim/models.h"
#include "sim/validate.h"

#define PRINTED_MAX	1e6	/* GB, TB/s, cycles, devices */

/**
 * struct system - the node, as the paper's text has it
 * @stack: one stack of HBF
 * @stacks: of a device
 */
struct system {
	struct tmodel_profile stack;
	uint32_t devices;
	uint32_t stacks;
};

/* A cell of the figures. */
struct cell {
	const struct csv *t;
	size_t row;
	struct model_config model;
	struct capacity_shard shard;
	struct tmodel_profile stack;
	uint32_t stacks;
	double device_bytes;
	double context;
	double prompt_share;
};

/* A number of the paper's text; one that is missing or out of all proportion is the profile's. */
static double printed(const struct csv *t, const char *metric, double otherwise)
{
	const struct cell_key keys[] = { { "figure", "text" }, { "metric", metric }, { 0 } };
	double value;
	size_t row;

	if (!cell_find(t, keys, &row) || !csv_number(t, row, "value", &value))
		return otherwise;
	return value > 0 && value <= PRINTED_MAX ? value : otherwise;
}

/* Our profile of the paper's stack, with what the table repeats of it. */
static int read_system(const struct csv *t, struct system *s, struct engine_error *e)
{
	struct engine_profile profile;
	struct tmodel_profile *p = &s->stack;
	int err = engine_profile_find_file("hbf-kyung", NULL, &profile, e);

	if (err)
		return err;
	*p = profile.model;
	p->capacity_bytes = printed(t, "stack_capacity_gb", p->capacity_bytes / 1e9) * 1e9;
	p->read_bps = printed(t, "stack_read_tbps", p->read_bps / 1e12) * 1e12;
	p->write_bps = printed(t, "stack_write_gbps", p->write_bps / 1e9) * 1e9;
	p->endurance_cycles = printed(t, "slc_pe_cycles", p->endurance_cycles);
	p->waf_permille = lround(printed(t, "waf", p->waf_permille / 1000.0) * 1000);
	s->devices = printed(t, "devices", 8);
	s->stacks = printed(t, "flash_stacks_per_device", 5);
	return 0;
}

/* "HBF", or "1/2-HBF" with half of its bandwidth. */
static bool read_device(struct cell *cell)
{
	const char *device = csv_text(cell->t, cell->row, "device");
	double share = 1, of = 1;
	char *end = (char *)device;

	if (strchr(device, '/')) {
		share = strtod(device, &end);
		of = *end == '/' ? strtod(end + 1, &end) : 0;
		end += *end == '-';
	}
	if (strcmp(end, "HBF") || share < 1 || of < 1)
		return false;
	cell->stack.read_bps *= share / of;
	cell->stack.write_bps *= share / of;
	return true;
}

/* "512GB/device" */
static bool read_capacity(struct cell *cell)
{
	char *end;

	cell->device_bytes = strtod(csv_text(cell->t, cell->row, "capacity"), &end) * 1e9;
	return !strcmp(end, "GB/device") && cell->device_bytes > 0 && cell->device_bytes < 1e18;
}

/* "1:3": tokens of the prompt to those of the output */
static bool read_ratio(struct cell *cell)
{
	double prompt, output;
	char *end;

	prompt = strtod(csv_text(cell->t, cell->row, "lin_lout"), &end);
	output = *end == ':' ? strtod(end + 1, &end) : 0;
	if (*end || prompt < 0 || output <= 0)
		return false;
	cell->prompt_share = prompt / (prompt + output);
	return true;
}

static bool skip(struct check *c, const char *reason)
{
	check_skip(c, "%s", reason);
	return false;
}

/* Is the row's cell known? Reasons of those that are not are counted. */
static bool read_cell(struct cell *cell, const struct system *s, struct check *c)
{
	struct engine_error e;

	cell->stack = s->stack;
	cell->stacks = s->stacks;
	cell->shard = (struct capacity_shard) { .tp = 1, .pp = 1, .dp = s->devices };
	if (!read_device(cell))
		return skip(c, "the device's memory beside HBM is not HBF");
	if (sim_model_find(csv_text(cell->t, cell->row, "model"), MODEL_BF16, &cell->model, &e))
		return skip(c, "the model is not known");
	/* The paper counts the KV of all layers for every token, 196,608 bytes for Maverick. */
	cell->model.local_window = 0;
	if (!csv_number(cell->t, cell->row, "mean_context", &cell->context) ||
	    cell->context < 1 || cell->context > UINT32_MAX)
		return skip(c, "the row has no mean context");
	if (!read_ratio(cell))
		return skip(c, "the row has no ratio of prompt and output");
	return read_capacity(cell) || skip(c, "the row has no capacity of a device");
}

/* Sequences on a device: whole ones of the mean length. */
static double device_batch(const struct cell *cell)
{
	const struct capacity_need need = {
		.device_bytes = cell->device_bytes,
		.tokens = cell->context,
	};
	struct capacity_fit fit = capacity_fit(&cell->model, &cell->shard, &need);

	return (uint64_t)fit.group_batch;
}

/* Tokens whose KV is written for each one decoded: as many prompts begin as sequences end. */
static double written(const struct cell *cell)
{
	return 1 / (1 - cell->prompt_share);
}

static double own_tpot_ms(const struct cell *cell)
{
	const struct decode_tier hbf = {
		.stack = &cell->stack,
		.stacks = cell->stacks,
		.weights = 1,
		.kv = 1,
	};
	const struct decode_batch batch = {
		.sequences = device_batch(cell),
		/* All of the prompt, and half of the output in the mean. */
		.tokens = cell->context * (1 + cell->prompt_share) / 2,
		.written = written(cell),
	};

	return decode_tpot_seconds(&cell->model, &cell->shard, &hbf, 1, &batch) * 1e3;
}

static double lifetime_years(const struct cell *cell, double tpot_ms)
{
	struct capacity_weights w = capacity_weights(&cell->model, &cell->shard, 0);
	uint64_t kept = (w.embedding + w.common + w.experts) / cell->stacks;
	double tokens = device_batch(cell) / (tpot_ms / 1e3) * written(cell);
	double rate = tokens * model_kv_token_bytes(&cell->model) / cell->stacks;

	return endurance_life_seconds(&cell->stack, kept, rate) / ENDURANCE_YEAR_S;
}

static bool paired_tpot(const struct cell *cell, double *tpot_ms)
{
	static const char *const same[] = {
		"figure", "model", "context_cv", "ratio_kappa", "mean_context", "lin_lout",
		"capacity", "device", NULL
	};
	size_t row;

	return cell_pair(cell->t, cell->row, same, (struct cell_key) { "metric", "tpot_ms" },
			 &row) &&
	       csv_number(cell->t, row, "value", tpot_ms) && *tpot_ms > 0;
}

struct label {
	char text[CHECK_LABEL_MAX];
};

static struct label label_of(const struct cell *cell)
{
	struct label l;

	snprintf(l.text, sizeof(l.text), "%s %s cv %s, %s tokens %s, %s %s",
		 csv_text(cell->t, cell->row, "figure"), csv_text(cell->t, cell->row, "model"),
		 csv_text(cell->t, cell->row, "context_cv"),
		 csv_text(cell->t, cell->row, "mean_context"),
		 csv_text(cell->t, cell->row, "lin_lout"),
		 csv_text(cell->t, cell->row, "capacity"),
		 csv_text(cell->t, cell->row, "device"));
	return l;
}

/* How a check finds its own number of a cell; false when an input is missing. */
typedef bool (*cell_figure)(const struct cell *cell, struct check *c, double *value);

static bool closed_lifetime(const struct cell *cell, struct check *c, double *value)
{
	double tpot_ms;

	if (!paired_tpot(cell, &tpot_ms))
		return skip(c, "no row tells the TPOT of the cell");
	*value = lifetime_years(cell, tpot_ms);
	return true;
}

static bool own_lifetime(const struct cell *cell, struct check *c, double *value)
{
	(void)c;
	*value = lifetime_years(cell, own_tpot_ms(cell));
	return true;
}

static bool own_tpot(const struct cell *cell, struct check *c, double *value)
{
	(void)c;
	*value = own_tpot_ms(cell);
	return true;
}

static void compare(const struct csv *t, const struct system *s, struct check *c,
		    const char *metric, cell_figure figure)
{
	struct cell cell = { .t = t };
	double ours, published;

	for (; cell.row < t->n_rows; cell.row++) {
		if (strcmp(csv_text(t, cell.row, "metric"), metric))
			continue;
		if (!csv_number(t, cell.row, "value", &published))
			check_skip(c, "nothing is published for the cell");
		else if (read_cell(&cell, s, c) && figure(&cell, c, &ours))
			check_row(c, check_percent(ours, published), "%s", label_of(&cell).text);
	}
}

int validate_kyung_lifetime(const struct validate *v, struct checks *all, struct engine_error *e)
{
	static const struct check_limit closed = { -16, 16, 3, "%" }, engine = { -35, 0, 0, "%" };
	const struct csv *t = &v->published.table[FORM_HBF_KYUNG];
	struct system s;
	int err = read_system(t, &s, e);

	if (err)
		return err;
	compare(t, &s, check_begin(all, "2 lifetime, Kyung fig. 4 (closed form)", &closed),
		"lifetime_years", closed_lifetime);
	compare(t, &s, check_begin(all, "2 lifetime, Kyung fig. 4 (engine)", &engine),
		"lifetime_years", own_lifetime);
	return 0;
}

int validate_kyung_tpot(const struct validate *v, struct checks *all, struct engine_error *e)
{
	static const struct check_limit limit = { -35, 0, 0, "%" };
	const struct csv *t = &v->published.table[FORM_HBF_KYUNG];
	struct system s;
	int err = read_system(t, &s, e);

	if (err)
		return err;
	compare(t, &s, check_begin(all, "4 memory-bound TPOT, Kyung (engine)", &limit), "tpot_ms",
		own_tpot);
	return 0;
}
