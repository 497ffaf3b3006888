// SPDX-License-Identifier: LGPL-2.1-or-later
/* Does a model fit devices, and what would? */
#include "sim/fit_case.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Of a device; more than any memory has. */
#define KV_MAX	(1ULL << 60)

static uint64_t divide_up(uint64_t a, uint64_t b)
{
	return a / b + !!(a % b);
}

/* ---- a layout ---- */

static uint64_t request_blocks(const struct fit_case *f)
{
	return divide_up(f->context, run_args_number(&f->run.args, RUN_BLOCK_TOKENS));
}

/* Requests are spread over groups. */
static uint64_t group_blocks(const struct fit_case *f, uint32_t groups)
{
	return divide_up(f->batch, groups) * request_blocks(f);
}

/* What a device of a stage lacks, by class. Return: the sum. */
static uint64_t stage_lack(const struct shard *s, const struct shard_stage *stage, uint64_t blocks,
			   uint64_t lack[ROOFLINE_CLASSES])
{
	uint64_t kv = 0, wanted;
	struct shard_room room;
	struct engine_error e;
	uint32_t i;

	if (__builtin_mul_overflow(blocks, shard_block_bytes(s, stage), &wanted) || wanted > KV_MAX)
		wanted = KV_MAX;
	if (shard_room(s, stage, &room, &e))
		return 0;
	for (i = 0; i < s->system->tiers.n_tiers; i++)
		kv += room.bytes[i][ROOFLINE_KV];
	memcpy(lack, room.lack, sizeof(room.lack));
	lack[ROOFLINE_KV] = kv < wanted ? wanted - kv : 0;
	return lack[ROOFLINE_WEIGHTS] + lack[ROOFLINE_ACTIVATIONS] + lack[ROOFLINE_KV];
}

/* The stage that lacks most. Return: what it lacks. */
static uint64_t most_lack(const struct shard *s, uint64_t blocks, uint32_t *which,
			  uint64_t lack[ROOFLINE_CLASSES])
{
	uint64_t most = 0, sum, here[ROOFLINE_CLASSES];
	uint32_t i;

	*which = 0;
	memset(lack, 0, ROOFLINE_CLASSES * sizeof(*lack));
	for (i = 0; i < s->n_stages; i++) {
		sum = stage_lack(s, &s->stage[i], blocks, here);
		if (sum <= most)
			continue;
		most = sum;
		*which = i;
		memcpy(lack, here, sizeof(here));
	}
	return most;
}

/**
 * struct search - the layout that lacks least
 * @whole: heads are not to be split between devices
 */
struct search {
	const struct fit_case *fit;
	const struct sim_system *system;
	const struct model_config *model;
	bool whole;
	struct shard_options options;
	struct capacity_shard best;
	uint64_t lack;
	bool found;
};

static void look_at(void *ctx, const struct capacity_shard *layout)
{
	struct search *c = ctx;
	struct shard_options options = c->options;
	uint64_t lack, by_class[ROOFLINE_CLASSES];
	struct engine_error why;
	struct shard shard;
	uint32_t stage;

	if ((c->whole && c->model->heads % layout->tp) || (c->found && !c->lack))
		return;
	options.shard = *layout;
	if (!shard_init(&shard, c->system, c->model, &options, &why)) {
		lack = most_lack(&shard, group_blocks(c->fit, layout->dp), &stage, by_class);
		if (!c->found || lack < c->lack) {
			c->found = true;
			c->lack = lack;
			c->best = *layout;
		}
	}
	shard_free(&shard);
}

/* Return: whether a layout holds it; @c->best lacks least when @c->found. */
static bool search(struct search *c)
{
	c->options.overfull = true;
	shard_each_layout(c->system->devices, &c->options.shard, look_at, c);
	return c->found && !c->lack;
}

/* As a run does; what a run refuses for its size, in the way that lacks least. */
static int lay_out(struct fit_case *f, struct engine_error *e)
{
	struct search c = {
		.fit = f, .system = &f->run.system, .model = &f->run.model,
		.options = run_case_options(&f->run),
	};
	int err = run_case_lay_out(&f->run, e);

	if (err != -ENOSPC)
		return err;
	search(&c);
	if (!c.found)
		return err;
	shard_free(&f->run.shard);
	c.options.shard = c.best;
	return shard_init(&f->run.shard, &f->run.system, &f->run.model, &c.options, e);
}

/* ---- what would hold it ---- */

static bool same_devices_hold(const struct fit_case *f, const struct model_config *m)
{
	struct search c = {
		.fit = f, .system = &f->run.system, .model = m,
		.options = run_case_options(&f->run),
	};

	return search(&c);
}

/* Weights and KV need at least so many, were they spread without loss. */
static uint64_t least(const struct fit_case *f, const struct model_config *m)
{
	unsigned __int128 wanted = (unsigned __int128)f->batch * f->context;
	const struct engine_tierfile *t = &f->run.system.tiers;
	uint64_t room = 1;
	uint32_t i;

	wanted = wanted * model_kv_token_bytes(m) + model_weight_bytes(m);
	for (i = 0; i < t->n_tiers; i++)
		room += t->tiers[i].profile.capacity_bytes;
	return wanted / room > FIT_DEVICES_MAX ? FIT_DEVICES_MAX + 1 : (uint64_t)(wanted / room);
}

static struct fit_holder find_holder(const struct fit_case *f, const struct model_config *m)
{
	struct sim_system system = f->run.system;
	uint64_t n = least(f, m);

	for (n = n ?: 1; n <= FIT_DEVICES_MAX; n++) {
		struct search c = {
			.fit = f, .system = &system, .model = m, .whole = true,
			.options = run_case_options(&f->run),
		};

		c.options.shard = (struct capacity_shard) { 0 };
		system.devices = (uint32_t)n;
		if (search(&c))
			return (struct fit_holder) { system.devices, c.best };
	}
	return (struct fit_holder) { 0 };
}

static void find_remedies(struct fit_case *f)
{
	struct model_config fp8 = f->run.model;

	f->enough = (struct fit_holder) { f->run.system.devices, f->run.shard.options.shard };
	if (!fit_lack(f))
		return;
	f->enough = find_holder(f, &f->run.model);
	if (f->run.model.weight_dtype == MODEL_FP8)
		return;
	fp8.weight_dtype = MODEL_FP8;
	fp8.kv_dtype = MODEL_FP8;
	f->fp8_fits = same_devices_hold(f, &fp8);
	f->fp8_enough = find_holder(f, &fp8);
}

/* ---- all of it ---- */

int fit_case(struct fit_case *f, struct engine_error *e)
{
	int err = run_case_read_system(&f->run, e);

	if (err)
		return err == -ENOMEM ? err : -EINVAL;
	f->context = f->context ?: FIT_CONTEXT;
	f->batch = f->batch ?: 1;
	err = lay_out(f, e);
	if (err)
		return err;
	f->group_blocks = group_blocks(f, f->run.shard.options.shard.dp);
	f->requests = f->run.shard.kv_blocks / request_blocks(f) *
		      f->run.shard.options.shard.dp;
	most_lack(&f->run.shard, f->group_blocks, &f->short_stage, f->short_bytes);
	find_remedies(f);
	return 0;
}

void fit_case_free(struct fit_case *f)
{
	run_case_free(&f->run);
}

uint64_t fit_lack(const struct fit_case *f)
{
	return f->short_bytes[ROOFLINE_WEIGHTS] + f->short_bytes[ROOFLINE_KV] +
	       f->short_bytes[ROOFLINE_ACTIVATIONS];
}

/* ---- in words ---- */

static void __attribute__((format(printf, 3, 4)))
add(char *text, size_t size, const char *format, ...)
{
	size_t n = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + n, size - n, format, args);
	va_end(args);
}

static void add_lack(const struct fit_case *f, char *text, size_t size)
{
	static const char *const names[ROOFLINE_CLASSES] = {
		[ROOFLINE_WEIGHTS] = "weights", [ROOFLINE_KV] = "KV",
		[ROOFLINE_ACTIVATIONS] = "activations",
	};
	const char *separator = " lacks";
	int i;

	for (i = 0; i < ROOFLINE_CLASSES; i++) {
		if (!f->short_bytes[i])
			continue;
		add(text, size, "%s %" PRIu64 " bytes for %s", separator, f->short_bytes[i],
		    names[i]);
		separator = " and";
	}
}

static void add_holder(const struct fit_holder *h, const char *more, char *text, size_t size)
{
	if (h->devices)
		add(text, size, "%u devices%s (TP %u x PP %u x DP %u)", h->devices, more,
		    h->layout.tp, h->layout.pp, h->layout.dp);
	else
		add(text, size, "a larger tier%s, as %u devices do not hold it", more,
		    FIT_DEVICES_MAX);
}

void fit_explain(const struct fit_case *f, char *text, size_t size)
{
	const struct capacity_shard *s = &f->run.shard.options.shard;

	*text = '\0';
	add(text, size, "%s on TP %u x PP %u x DP %u", f->run.model.name, s->tp, s->pp, s->dp);
	if (!fit_lack(f)) {
		add(text, size, " fits, with room for %" PRIu64 " requests of %" PRIu64 " tokens",
		    f->requests, f->context);
		return;
	}
	add(text, size, ": a device");
	add_lack(f, text, size);
	add(text, size, ", with %" PRIu64 " requests of %" PRIu64 " tokens: take ", f->batch,
	    f->context);
	add_holder(&f->enough, "", text, size);
	if (f->fp8_fits) {
		add(text, size, ", or --dtype fp8, which fits");
	} else if (f->run.model.weight_dtype != MODEL_FP8 && f->fp8_enough.devices) {
		add(text, size, ", or ");
		add_holder(&f->fp8_enough, " with --dtype fp8", text, size);
	}
}
