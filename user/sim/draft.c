// SPDX-License-Identifier: LGPL-2.1-or-later
/* Serving on devices, with a draft model or without. */
#include "sim/draft.h"

#include <errno.h>
#include <stdlib.h>

/**
 * struct draft - both models
 * @passes: room for what the draft model computes in one, of as many engines as step together
 * @tokens: drafts
 */
struct draft {
	struct shard *verifier;
	struct shard shard;
	struct serve_step *passes;
	uint32_t tokens;
};

/*
 * What a pass takes of a step that verifies: @number 1 is the first. A request's draft attends to
 * what is before the step, and to the drafts before it.
 */
static struct serve_step pass_of(const struct serve_step *s, uint32_t number)
{
	uint64_t before = s->decode_context - s->reread - s->decodes - s->beside;
	struct serve_step pass = {
		.decodes = s->decodes,
		.decode_context = before + (uint64_t)number * s->decodes,
		.sampled = s->decodes,
	};

	if (number > 1)
		return pass;
	pass.prefill_tokens = s->prefill_tokens;
	pass.prefill_context = s->prefill_context;
	pass.prefills = s->prefills;
	pass.brought = s->brought;
	return pass;
}

static uint64_t step_ns(void *ctx, const struct serve_step *steps, uint32_t n)
{
	struct draft *d = ctx;
	uint64_t ns = shard_step_ns(d->verifier, steps, n), tokens;
	uint32_t i, number;

	for (number = 1; number <= d->tokens; number++) {
		for (i = 0, tokens = 0; i < n; i++) {
			d->passes[i] = pass_of(&steps[i], number);
			tokens += serve_step_tokens(&d->passes[i]);
		}
		if (tokens)
			ns += shard_step_ns(&d->shard, d->passes, n);
	}
	return ns;
}

/* Its data lie as those of the verifier do. */
static void place(struct draft *d)
{
	const struct shard_stage *from = &d->verifier->stage[0];
	struct shard_stage *to = &d->shard.stage[0];
	uint32_t i;
	int class;

	for (i = 0; i < TMODEL_TIERS_MAX; i++) {
		for (class = 0; class < ROOFLINE_CLASSES; class++)
			to->share[i][class] = from->share[i][class];
		to->kv_room[i] = from->kv_room[i] * (1 - from->kv_share) / from->kv_share;
	}
}

static int serve_with_draft(const struct trace *trace, const struct serve_options *options,
			    struct draft *d, struct serve_request *out, struct serve_stats *stats,
			    struct engine_error *e)
{
	const struct serve_time time = { step_ns, d };
	int err;

	place(d);
	d->passes = calloc(options->ranks, sizeof(*d->passes));
	if (!d->passes) {
		engine_error_set(e, "no memory for %u engines", options->ranks);
		return -ENOMEM;
	}
	err = serve(trace, options, &time, out, stats, e);
	d->shard.sums.steps = 0;
	shard_add_sums(&d->verifier->sums, &d->shard.sums, 1);
	free(d->passes);
	return err;
}

int draft_serve(const struct trace *trace, const struct serve_options *options,
		struct shard *shard, struct serve_request *out, struct serve_stats *stats,
		struct engine_error *e)
{
	const struct serve_time alone = { shard_step_ns, shard };
	struct draft d = { .verifier = shard, .tokens = options->decoding.drafts };
	struct shard_options o = shard->options;
	int err;

	if (!o.draft)
		return serve(trace, options, &alone, out, stats, e);
	/* Software is counted once a step. */
	o.overhead_ns = 0;
	o.draft = NULL;
	err = shard_init(&d.shard, shard->system, shard->options.draft, &o, e);
	if (!err)
		err = serve_with_draft(trace, options, &d, out, stats, e);
	shard_free(&d.shard);
	return err;
}
