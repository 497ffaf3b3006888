// SPDX-License-Identifier: LGPL-2.1-or-later
/* How answers of a run come out, as it is asked for. */
#include "sim/run_decoding.h"

#include <errno.h>
#include <string.h>

#define KINDS	3

static const char *const names[KINDS] = {
	[SERVE_AUTOREGRESSIVE] = "autoregressive",
	[SERVE_SPECULATIVE] = "speculative",
	[SERVE_DIFFUSION] = "diffusion",
};

/* What is of one kind alone, which needs it. */
static const struct {
	enum run_number number;
	enum serve_decoding_kind kind;
} needed[] = {
	{ RUN_DRAFT_TOKENS, SERVE_SPECULATIVE },
	{ RUN_ACCEPTANCE, SERVE_SPECULATIVE },
	{ RUN_DENOISING_STEPS, SERVE_DIFFUSION },
	{ RUN_DIFFUSION_BLOCK, SERVE_DIFFUSION },
};

int run_decoding_parse(const char *name)
{
	int i;

	for (i = 0; i < KINDS; i++)
		if (!strcmp(names[i], name))
			return i;
	return -EINVAL;
}

const char *run_decoding_name(enum serve_decoding_kind kind)
{
	return names[kind];
}

static int check_given(const struct run_args *args, enum serve_decoding_kind kind,
		       struct engine_error *e)
{
	unsigned int i;

	for (i = 0; i < sizeof(needed) / sizeof(*needed); i++) {
		const char *name = run_args_number_name(needed[i].number);
		bool given = args->number[needed[i].number], its = needed[i].kind == kind;

		if (given == its)
			continue;
		if (given)
			engine_error_set(e, "%s is of %s decoding, and this is %s: leave it "
					 "out, or change decoding", name, names[needed[i].kind],
					 names[kind]);
		else
			engine_error_set(e, "%s decoding needs %s: give it", names[kind], name);
		return -EINVAL;
	}
	if (!run_args_text(args, RUN_DRAFT_MODEL) || run_args_number(args, RUN_DRAFT_TOKENS))
		return 0;
	engine_error_set(e, "a draft-model guesses no token: give decoding = speculative and "
			 "draft-tokens above 0");
	return -EINVAL;
}

/* What the requests of a batch decode has to be in a step. */
static int check_room(const struct run_args *args, const struct serve_decoding *d,
		      struct engine_error *e)
{
	uint64_t tokens = run_args_number(args, RUN_MAX_STEP_TOKENS);
	uint64_t batch = args->number[RUN_MAX_BATCH] ?: 1;
	uint32_t width = serve_decoding_width(d);

	/* Without more than one token each, it is for serve() to say. */
	if (width == 1 || batch * width <= tokens)
		return 0;
	engine_error_set(e, "%llu requests that decode %u tokens in a step are more than its %llu: "
			 "take a greater max-step-tokens, or a smaller max-batch",
			 (unsigned long long)batch, width, (unsigned long long)tokens);
	return -EINVAL;
}

/* A name that is none was refused when it was given. */
static enum serve_decoding_kind kind_of(const struct run_args *args)
{
	const char *given = run_args_text(args, RUN_DECODING);
	int kind = given ? run_decoding_parse(given) : SERVE_AUTOREGRESSIVE;

	return kind < 0 ? SERVE_AUTOREGRESSIVE : (enum serve_decoding_kind)kind;
}

int run_decoding_read(const struct run_args *args, struct serve_decoding *out,
		      struct engine_error *e)
{
	enum serve_decoding_kind kind = kind_of(args);
	int err = check_given(args, kind, e);

	if (err)
		return err;
	*out = (struct serve_decoding) {
		.kind = kind,
		.drafts = (uint32_t)run_args_number(args, RUN_DRAFT_TOKENS),
		.acceptance_permille = (uint32_t)run_args_number(args, RUN_ACCEPTANCE),
		.seed = run_args_number(args, RUN_SEED),
		.block = (uint32_t)run_args_number(args, RUN_DIFFUSION_BLOCK),
		.passes = (uint32_t)run_args_number(args, RUN_DENOISING_STEPS),
	};
	return check_room(args, out, e);
}
