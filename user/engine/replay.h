/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A replay: a trace, a model and a tier file, read and laid out, and the engine run over them with
 * a driver. The driver is a device (cli/replay_driver.h) or the model alone (model_driver.h);
 * everything that does not depend on which of them it is, is here. The same files, options and seed
 * ask either of them for the same accesses, as long as it says that steps take the same time.
 */
#ifndef _ENGINE_REPLAY_H
#define _ENGINE_REPLAY_H

#include "engine/engine.h"
#include "engine/fit.h"
#include "engine/policy.h"
#include "engine/report.h"

#define REPLAY_SEED	1	/* of the choice of experts, unless another is asked for */

/**
 * struct replay_options - what is replayed
 * @trace, @model, @tiers: files
 * @routing: recorded choices of experts; NULL = drawn with @seed
 * @policy: what moves between steps
 * @dtype: of weights and KV
 * @limit: most requests; 0 = all
 * @scale: instead of the tier file's, a power of two; 0 = the tier file's
 * @seed: of the choice of experts
 * @strict: a malformed line is an error instead of being left out
 * @bad_line: told of every line that is left out; may be NULL
 */
struct replay_options {
	const char *trace;
	const char *model;
	const char *tiers;
	const char *routing;
	enum policy_kind policy;
	enum model_dtype dtype;
	size_t limit;
	uint32_t scale;
	uint64_t seed;
	bool strict;
	void (*bad_line)(void *ctx, const char *text);
};

/**
 * struct replay - what a run is made of, in the order of creation
 * @policy: with its defaults
 * @extent_bytes: real size of an extent: it holds at least one block of KV, so that a block moves
 *                as a whole
 */
struct replay {
	struct replay_options options;
	struct engine_tierfile file;
	struct trace trace;
	struct model_config model;
	struct layout layout;
	struct routing *routing;
	struct policy_options policy;
	uint32_t extent_bytes;
	struct fit fit;
};

/**
 * struct replay_watch - who looks on, as of struct engine_options; all may be NULL
 */
struct replay_watch {
	const volatile sig_atomic_t *stop;
	void (*progress)(void *ctx, const struct engine_progress *progress);
	void *progress_ctx;
};

/**
 * replay_read - read the files and lay the model out over the tiers
 * @options: copied; the strings must outlive the replay
 * @r: to be freed with replay_free(), also after a failure
 *
 * Return: 0; -EINVAL a file is malformed, empty or does not go with another; -ENOSPC the model does
 * not fit; -EXDEV no tier allows a class; -ENOMEM; negative errno values of open(2) and read(2).
 */
int replay_read(struct replay *r, const struct replay_options *options, struct engine_error *e);
void replay_free(struct replay *r);

/**
 * replay_run - run the engine with a driver that has room for r->fit.kv_blocks blocks of KV
 * @ops: with @ctx as first argument
 * @out: to be freed with engine_result_free(); holds nothing on error
 *
 * Return: as engine_run().
 */
int replay_run(struct replay *r, const struct engine_ops *ops, void *ctx,
	       const struct replay_watch *watch, struct engine_result *out, struct engine_error *e);

/**
 * replay_describe - what a report says of the run
 * @result, @ledger: must outlive @out
 */
void replay_describe(const struct replay *r, const struct engine_result *result,
		     const struct ledger *ledger, struct report_run *out);

#endif /* _ENGINE_REPLAY_H */
