// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sim/run_replay.h"

#include <errno.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/replay_drive.h"
#include "engine/model_driver.h"
#include "sim/data_path.h"
#include "sim/models.h"

/* A replay, and the files that it was found to be of. */
struct found {
	char model[PATH_MAX];
	char tiers[PATH_MAX];
	struct replay replay;
};

const char *run_replay_other(const struct run_args *args)
{
	int i;

	for (i = 0; i < RUN_TEXTS; i++)
		if (args->text[i][0] && i != RUN_TRACE && i != RUN_MODEL && i != RUN_TIERS &&
		    i != RUN_DTYPE && i != RUN_NOTE)
			return run_args_text_name(i);
	/* one device is what it has anyway */
	for (i = 0; i < RUN_NUMBERS; i++)
		if (i != RUN_LIMIT && i != RUN_SEED && args->number[i] > (i == RUN_DEVICES))
			return run_args_number_name(i);
	return NULL;
}

static int read_files(struct found *f, const struct run_args *a, const struct replay_choice *c,
		      struct engine_error *e)
{
	const struct replay_options o = {
		.trace = a->text[RUN_TRACE],
		.model = f->model,
		.tiers = f->tiers,
		.routing = c->routing,
		.policy = c->policy,
		.dtype = run_args_dtype(a),
		.limit = a->number[RUN_LIMIT],
		.scale = c->scale,
		.seed = run_args_number(a, RUN_SEED),
		.strict = c->strict,
		.bad_line = replay_bad_line,
	};

	return sim_model_path(a->text[RUN_MODEL], f->model, e) ?:
	       sim_data_path("systems", "TERRACE_SYSTEMS", ".ini", a->text[RUN_TIERS], f->tiers, e) ?:
	       replay_read(&f->replay, &o, e);
}

static int driver_ledger(void *ctx, struct ledger *l, struct engine_error *e)
{
	(void)e;
	model_driver_ledger(ctx, l);
	return 0;
}

static int drive(struct replay *r, const struct run_args *a, const struct replay_choice *c,
		 enum run_format format)
{
	const struct model_driver_options o = {
		.tiers = &r->file,
		.layout = &r->layout,
		.kv_blocks = r->fit.kv_blocks,
		.extent_bytes = r->extent_bytes,
		.policy = r->policy,
	};
	struct replay_drive drive = {
		.ops = &model_driver_ops,
		.ledger = driver_ledger,
		.model = a->text[RUN_MODEL],
		.tiers = a->text[RUN_TIERS],
		.json = format == RUN_JSON,
		.report_dir = c->report_dir,
	};
	struct model_driver *driver;
	struct engine_error e;
	int status;

	if (model_driver_create(&o, &driver, &e))
		return command_failed("%s", e.text);
	drive.ctx = driver;
	status = replay_drive(r, &drive);
	model_driver_free(driver);
	return status;
}

int run_replay(const struct run_args *args, const struct replay_choice *choice,
	       enum run_format format)
{
	struct found *f = calloc(1, sizeof(*f));
	struct engine_error e;
	int status, err;

	if (!f)
		return command_failed("no memory: free some and try again");
	replay_catch_signals();
	err = read_files(f, args, choice, &e);
	if (err)
		status = err == -ENOSPC ? command_failed("%s", e.text) :
					  command_refused("%s", e.text);
	else
		status = drive(&f->replay, args, choice, format);
	replay_free(&f->replay);
	free(f);
	return status;
}
