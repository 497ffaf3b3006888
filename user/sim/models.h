/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Models by the names they are published under.
 *
 * Files NAME.json (config.json of Hugging Face) in the folders of engine/datafile.h, kind "models",
 * variable TERRACE_MODELS. Names are compared by their letters and digits alone, without case, what
 * stands before the last '/' and a final "hf": "meta-llama/Llama-2-7b-hf", "llama2_7b" and
 * "Llama-2-7B" are all llama-2-7b.json.
 */
#ifndef _SIM_MODELS_H
#define _SIM_MODELS_H

#include <limits.h>
#include <stdbool.h>

#include "engine/error.h"
#include "engine/model_config.h"

/**
 * sim_model_find - read the model of a name
 * @dtype: of parameters and KV
 *
 * Return: 0; -ENOENT there is none of that name; as model_config_read().
 */
int sim_model_find(const char *name, enum model_dtype dtype, struct model_config *out,
		   struct engine_error *e);

/**
 * sim_model_path - the file whose name ends in ".json", or that of the model of a name
 *
 * Return: 0, whether a path exists is not looked at; -ENOENT there is no model of the name.
 */
int sim_model_path(const char *given, char path[PATH_MAX], struct engine_error *e);

/**
 * sim_model_read - read a file whose name ends in ".json", or the model of a name
 *
 * Return: as sim_model_find().
 */
int sim_model_read(const char *given, enum model_dtype dtype, struct model_config *out,
		   struct engine_error *e);

/**
 * sim_model_same - do two names mean the same model?
 */
bool sim_model_same(const char *a, const char *b);

#endif /* _SIM_MODELS_H */
