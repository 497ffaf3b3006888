// SPDX-License-Identifier: LGPL-2.1-or-later
/* Models by the names they are published under. */
#include "sim/models.h"

#include <errno.h>
#include <string.h>

#include "sim/named_file.h"

struct wanted {
	char plain[PLAIN_NAME_MAX];
	char *path;
};

/* Of Hugging Face's names the "hf" at the end says only in which form the weights are. */
static void plain_model(const char *name, char plain[PLAIN_NAME_MAX])
{
	size_t n;

	plain_name(name, plain);
	n = strlen(plain);
	if (n > 2 && !strcmp(plain + n - 2, "hf"))
		plain[n - 2] = '\0';
}

bool sim_model_same(const char *a, const char *b)
{
	char plain_a[PLAIN_NAME_MAX], plain_b[PLAIN_NAME_MAX];

	plain_model(a, plain_a);
	plain_model(b, plain_b);
	return !strcmp(plain_a, plain_b);
}

static int look(void *ctx, const char *path, const char *name)
{
	const struct wanted *w = ctx;
	char plain[PLAIN_NAME_MAX];

	plain_model(name, plain);
	if (strcmp(plain, w->plain))
		return -ENOENT;
	strcpy(w->path, path);
	return 0;
}

static int find(const char *name, char path[PATH_MAX], struct engine_error *e)
{
	struct wanted wanted = { .path = path };
	int err;

	plain_model(name, wanted.plain);
	err = named_file_search("models", "TERRACE_MODELS", ".json", look, &wanted);
	if (err == -ENOENT)
		engine_error_set(e, "there is no model '%s': put its config.json into a folder of "
				 "TERRACE_MODELS", name);
	return err;
}

int sim_model_find(const char *name, enum model_dtype dtype, struct model_config *out,
		   struct engine_error *e)
{
	char path[PATH_MAX];

	return find(name, path, e) ?: model_config_read(path, dtype, out, e);
}

int sim_model_path(const char *given, char path[PATH_MAX], struct engine_error *e)
{
	size_t n = strlen(given);

	if (n <= 5 || strcmp(given + n - 5, ".json"))
		return find(given, path, e);
	if (n >= PATH_MAX) {
		engine_error_set(e, "the model's path has %zu bytes; give at most %d", n,
				 PATH_MAX - 1);
		return -ENAMETOOLONG;
	}
	strcpy(path, given);
	return 0;
}

int sim_model_read(const char *given, enum model_dtype dtype, struct model_config *out,
		   struct engine_error *e)
{
	char path[PATH_MAX];

	return sim_model_path(given, path, e) ?: model_config_read(path, dtype, out, e);
}
