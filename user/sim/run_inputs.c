// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a run computes its figures from. */
#include "sim/run_inputs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/data_path.h"
#include "sim/digest.h"
#include "sim/models.h"
#include "sim/system.h"

/**
 * struct run_input - a file that was looked at
 * @given: as the option @which gave it
 * @digest: of what is in it
 */
struct run_input {
	enum run_text which;
	char *given;
	uint64_t digest;
};

/* ---- what is in a file ---- */

static int look_at_model(const char *given, uint64_t *digest, struct engine_error *e)
{
	struct model_config model;
	char path[PATH_MAX];
	int err = sim_model_path(given, path, e);

	if (!err)
		err = model_config_read(path, MODEL_BF16, &model, e);
	return err ?: digest_file(digest, path, e);
}

/* Of the tiers also the profiles: they are in files of their own. */
static int look_at_tiers(const char *given, uint64_t *digest, struct engine_error *e)
{
	const struct system_files files = { .tiers = given, .devices = 1 };
	static struct sim_system system;
	uint32_t i;
	int err = system_read(&files, &system, e);

	if (!err)
		err = digest_file(digest, system.tiers_path, e);
	for (i = 0; !err && i < system.tiers.n_tiers; i++)
		digest_bytes(digest, &system.tiers.tiers[i].profile,
			     sizeof(system.tiers.tiers[i].profile));
	return err;
}

static int look_at_network(const char *given, uint64_t *digest, struct engine_error *e)
{
	const struct system_files files = { .network = given, .devices = 1 };
	static struct sim_system system;

	return system_read(&files, &system, e) ?: digest_file(digest, system.network_path, e);
}

static int look_at_prices(const char *given, uint64_t *digest, struct engine_error *e)
{
	const struct system_files files = { .prices = given, .devices = 1 };
	static struct sim_system system;
	char path[PATH_MAX];

	return system_read(&files, &system, e) ?:
	       sim_data_path("prices", "TERRACE_PRICES", ".ini", given ?: SYSTEM_PRICES, path, e) ?:
	       digest_file(digest, path, e);
}

static int look_at_trace(const char *given, uint64_t *digest, struct engine_error *e)
{
	return given ? digest_file(digest, given, e) : 0;
}

static int (*const looks[RUN_TEXTS])(const char *given, uint64_t *digest,
				     struct engine_error *e) = {
	[RUN_TRACE] = look_at_trace,
	[RUN_MODEL] = look_at_model,
	[RUN_TIERS] = look_at_tiers,
	[RUN_NETWORK] = look_at_network,
	[RUN_PRICES] = look_at_prices,
};

/* ---- each once ---- */

static int add(struct run_inputs *in, enum run_text which, const char *given, uint64_t digest,
	       struct engine_error *e)
{
	struct run_input *more = reallocarray(in->input, in->n + 1, sizeof(*more));
	char *copy = strdup(given);

	if (more)
		in->input = more;
	if (!more || !copy) {
		free(copy);
		engine_error_set(e, "no memory for the names of files");
		return -ENOMEM;
	}
	in->input[in->n++] = (struct run_input) { which, copy, digest };
	return 0;
}

static int digest_of(struct run_inputs *in, const struct run_args *args, enum run_text which,
		     uint64_t *digest, struct engine_error *e)
{
	const char *given = args->text[which];
	size_t i;
	int err;

	for (i = 0; i < in->n; i++)
		if (in->input[i].which == which && !strcmp(in->input[i].given, given)) {
			*digest = in->input[i].digest;
			return 0;
		}
	*digest = 0;
	err = looks[which](run_args_text(args, which), digest, e);
	return err ?: add(in, which, given, *digest, e);
}

int run_inputs_key(struct run_inputs *in, const struct run_args *args, uint64_t *key,
		   struct engine_error *e)
{
	uint64_t digest;
	unsigned int i;
	int err = 0;

	if (!in->program)
		err = digest_file(&in->program, "/proc/self/exe", e);
	*key = in->program;
	for (i = 0; !err && i < RUN_TEXTS; i++) {
		digest_bytes(key, args->text[i], strlen(args->text[i]));
		if (!looks[i] || (i == RUN_MODEL && !args->text[i][0]))
			continue;
		err = digest_of(in, args, i, &digest, e);
		digest_bytes(key, &digest, sizeof(digest));
	}
	digest_bytes(key, args->number, sizeof(args->number));
	return err;
}

void run_inputs_free(struct run_inputs *in)
{
	while (in->n)
		free(in->input[--in->n].given);
	free(in->input);
	*in = (struct run_inputs) { 0 };
}
