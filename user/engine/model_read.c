// SPDX-License-Identifier: LGPL-2.1-or-later
/* Models: reading a Hugging Face config.json. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "engine/model_config.h"

#define DIM_MAX		(1U << 20)	/* of any width */
#define VOCAB_MAX	(1U << 24)
#define HEADS_MAX	(1U << 14)
#define FILE_MAX	(4U << 20)
#define PARAMS_MAX	1e15

/* What a model_type brings along without saying so. */
struct model_family {
	const char *type;
	enum model_attention attention;
	bool qkv_bias;
	bool qk_norm;
	bool router_bias;
};

static const struct model_family families[] = {
	{ .type = "llama" },
	{ .type = "mistral" },
	{ .type = "mixtral" },
	{ .type = "qwen2", .qkv_bias = true },
	{ .type = "qwen3", .qk_norm = true },
	{ .type = "qwen3_moe", .qk_norm = true },
	{ .type = "deepseek_v2", .attention = MODEL_MLA },
	{ .type = "deepseek_v3", .attention = MODEL_MLA, .router_bias = true },
};

#define FAMILIES (sizeof(families) / sizeof(*families))

/* A config file that is being read. */
struct model_reader {
	const char *path;
	const json_t *object;
	struct model_config *m;
	struct engine_error *e;
};

/* A key that may be missing or null; then *@value is left alone. */
static int read_optional(const struct model_reader *r, const char *key, uint32_t low, uint32_t high,
			 uint32_t *value)
{
	const json_t *member = json_object_get(r->object, key);
	json_int_t number = json_integer_value(member);

	if (!member || json_is_null(member))
		return 0;
	if (!json_is_integer(member) || number < low || number > high) {
		char *text = json_dumps(member, JSON_ENCODE_ANY | JSON_COMPACT);

		engine_error_set(r->e, "%s: %s is %.64s, not a whole number from %u to %u", r->path,
				 key, text ? text : "something else", low, high);
		free(text);
		return -EINVAL;
	}
	*value = (uint32_t)number;
	return 0;
}

static int read_required(const struct model_reader *r, const char *key, uint32_t low, uint32_t high,
			 uint32_t *value)
{
	const json_t *member = json_object_get(r->object, key);

	if (member && !json_is_null(member))
		return read_optional(r, key, low, high, value);
	engine_error_set(r->e, "%s: %s is missing; give it as a whole number from %u to %u",
			 r->path, key, low, high);
	return -EINVAL;
}

/* A key that may be missing or null; true sets @value, false leaves what the family has. */
static int read_flag(const struct model_reader *r, const char *key, bool *value)
{
	const json_t *member = json_object_get(r->object, key);

	if (member && !json_is_null(member) && !json_is_boolean(member)) {
		engine_error_set(r->e, "%s: %s is neither true nor false", r->path, key);
		return -EINVAL;
	}
	*value |= json_is_true(member);
	return 0;
}

/* A family that is not known is told by its keys: a compressed KV means MLA. */
static struct model_family read_family(const struct model_reader *r)
{
	const char *type = json_string_value(json_object_get(r->object, "model_type"));
	const json_t *lora = json_object_get(r->object, "kv_lora_rank");

	for (size_t i = 0; type && i < FAMILIES; i++)
		if (!strcmp(type, families[i].type))
			return families[i];
	return (struct model_family) {
		.attention = lora && !json_is_null(lora) ? MODEL_MLA : MODEL_GQA,
	};
}

static int read_shape(const struct model_reader *r)
{
	struct model_config *m = r->m;
	int err;

	err = read_required(r, "num_hidden_layers", 1, MODEL_LAYERS_MAX, &m->layers);
	if (!err)
		err = read_required(r, "hidden_size", 1, DIM_MAX, &m->hidden);
	if (!err)
		err = read_required(r, "num_attention_heads", 1, HEADS_MAX, &m->heads);
	if (!err)
		err = read_required(r, "vocab_size", 1, VOCAB_MAX, &m->vocab);
	return err ?: read_flag(r, "tie_word_embeddings", &m->tied);
}

/* Heads share KV heads evenly, and share the width unless their own is given. */
static int check_heads(const struct model_reader *r, bool own_width)
{
	const struct model_config *m = r->m;

	if (!own_width && m->hidden % m->heads)
		engine_error_set(r->e, "%s: hidden_size %u is no multiple of num_attention_heads %u; give head_dim",
				 r->path, m->hidden, m->heads);
	else if (m->heads % m->kv_heads)
		engine_error_set(r->e, "%s: num_attention_heads %u is no multiple of num_key_value_heads %u",
				 r->path, m->heads, m->kv_heads);
	else
		return 0;
	return -EINVAL;
}

static int read_gqa(const struct model_reader *r)
{
	struct model_config *m = r->m;
	uint32_t head_dim = 0;
	int err;

	m->kv_heads = m->heads;
	err = read_optional(r, "num_key_value_heads", 1, m->heads, &m->kv_heads);
	if (!err)
		err = read_optional(r, "head_dim", 1, DIM_MAX, &head_dim);
	if (!err)
		err = check_heads(r, head_dim);
	m->head_dim = head_dim ?: m->hidden / m->heads;
	return err ?: read_flag(r, "attention_bias", &m->qkv_bias);
}

static int read_mla(const struct model_reader *r)
{
	struct model_config *m = r->m;
	int err;

	err = read_optional(r, "q_lora_rank", 0, DIM_MAX, &m->q_lora_rank);
	if (!err)
		err = read_required(r, "kv_lora_rank", 1, DIM_MAX, &m->kv_lora_rank);
	if (!err)
		err = read_required(r, "qk_nope_head_dim", 1, DIM_MAX, &m->qk_nope_dim);
	if (!err)
		err = read_required(r, "qk_rope_head_dim", 1, DIM_MAX, &m->qk_rope_dim);
	if (!err)
		err = read_required(r, "v_head_dim", 1, DIM_MAX, &m->v_dim);
	return err;
}

/* The interval that Llama 4 has when its file does not say one. */
#define GLOBAL_EVERY	4

static int read_window(const struct model_reader *r)
{
	struct model_config *m = r->m;
	int err = read_optional(r, "attention_chunk_size", 1, UINT32_MAX, &m->local_window);

	m->global_every = GLOBAL_EVERY;
	if (!err && m->local_window)
		err = read_optional(r, "no_rope_layer_interval", 1, MODEL_LAYERS_MAX,
				    &m->global_every);
	return err;
}

/* The first of the names under which families give the number of experts. */
static const char *experts_key(const struct model_reader *r)
{
	static const char *const keys[] = {
		"num_local_experts", "num_experts", "n_routed_experts",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const json_t *member = json_object_get(r->object, keys[i]);

		if (member && !json_is_null(member))
			return keys[i];
	}
	return NULL;
}

static int read_shared(const struct model_reader *r)
{
	struct model_config *m = r->m;
	uint32_t shared = 0;
	int err = read_optional(r, "n_shared_experts", 0, 1024, &shared);

	if (!err && !shared)
		return read_optional(r, "shared_expert_intermediate_size", 0, DIM_MAX,
				     &m->shared_ffn);
	if (err)
		return err;
	if ((uint64_t)shared * m->expert_ffn > DIM_MAX) {
		engine_error_set(r->e, "%s: n_shared_experts %u of width %u are wider than %u",
				 r->path, shared, m->expert_ffn, DIM_MAX);
		return -EINVAL;
	}
	m->shared_ffn = shared * m->expert_ffn;
	return 0;
}

static int read_experts(const struct model_reader *r)
{
	const json_t *dense_layers = json_object_get(r->object, "mlp_only_layers");
	const char *key = experts_key(r);
	struct model_config *m = r->m;
	int err;

	m->moe_every = 1;
	if (!key)
		return 0;
	if (json_array_size(dense_layers)) {
		engine_error_set(r->e, "%s: mlp_only_layers is not empty, which is not supported; use decoder_sparse_step",
				 r->path);
		return -EINVAL;
	}
	m->expert_ffn = m->ffn;
	err = read_required(r, key, 1, MODEL_EXPERTS_MAX, &m->experts);
	if (!err)
		err = read_required(r, "num_experts_per_tok", 1, m->experts, &m->top_k);
	if (!err)
		err = read_optional(r, "moe_intermediate_size", 1, DIM_MAX, &m->expert_ffn);
	if (!err)
		err = read_optional(r, "first_k_dense_replace", 0, m->layers, &m->first_dense);
	if (!err)
		err = read_optional(r, "decoder_sparse_step", 1, m->layers, &m->moe_every);
	if (!err)
		err = read_shared(r);
	if (!err && !m->expert_ffn) {
		engine_error_set(r->e, "%s: neither moe_intermediate_size nor intermediate_size gives the width of an expert",
				 r->path);
		err = -EINVAL;
	}
	return err;
}

static int read_ffn(const struct model_reader *r)
{
	struct model_config *m = r->m;
	int err = read_optional(r, "intermediate_size", 1, DIM_MAX, &m->ffn);
	bool dense = false;

	if (!err)
		err = read_experts(r);
	if (err)
		return err;
	for (uint32_t layer = 0; layer < m->layers; layer++)
		dense |= !model_is_moe(m, layer);
	return dense ? read_required(r, "intermediate_size", 1, DIM_MAX, &m->ffn) : 0;
}

/* Widths multiply; in floating point nothing wraps. */
static int check_size(const struct model_reader *r)
{
	const struct model_config *m = r->m;
	double q = (double)m->heads * (m->head_dim + m->qk_nope_dim + m->qk_rope_dim + m->v_dim);
	double attention = 4.0 * q * (m->hidden + m->q_lora_rank + m->kv_lora_rank);
	double ffn = 3.0 * m->hidden *
		     (m->ffn + m->shared_ffn + (double)m->experts * m->expert_ffn);
	double params = m->layers * (attention + ffn) + 2.0 * m->vocab * m->hidden;

	if (params <= PARAMS_MAX)
		return 0;
	engine_error_set(r->e, "%s: its widths make up to %.3g parameters, more than %.0e",
			 r->path, params, PARAMS_MAX);
	return -EINVAL;
}

/* "models/llama.json" is llama, "llama/config.json" as well. */
static void name_of(const char *path, char name[MODEL_NAME_MAX])
{
	const char *slash = strrchr(path, '/');
	const char *start = slash ? slash + 1 : path;
	size_t len = strlen(start);

	if (slash && slash != path && !strcmp(start, "config.json")) {
		const char *end = slash;

		for (start = end; start != path && start[-1] != '/'; start--)
			;
		len = (size_t)(end - start);
	} else if (len > 5 && !strcmp(start + len - 5, ".json")) {
		len -= 5;
	}
	snprintf(name, MODEL_NAME_MAX, "%.*s", (int)(len < MODEL_NAME_MAX ? len : MODEL_NAME_MAX),
		 start);
}

static int read_model(const struct model_reader *r, enum model_dtype dtype)
{
	struct model_family family = read_family(r);
	struct model_config *m = r->m;
	int err;

	*m = (struct model_config) {
		.attention = family.attention,
		.weight_dtype = dtype,
		.kv_dtype = dtype,
		.qkv_bias = family.qkv_bias,
		.qk_norm = family.qk_norm,
		.router_bias = family.router_bias,
	};
	name_of(r->path, m->name);
	err = read_shape(r);
	if (!err)
		err = m->attention == MODEL_MLA ? read_mla(r) : read_gqa(r);
	if (!err)
		err = read_window(r);
	if (!err)
		err = read_ffn(r);
	if (!err)
		err = check_size(r);
	return err;
}

static json_t *load(const char *path, struct engine_error *e, int *err)
{
	char *text = malloc(FILE_MAX);
	json_error_t error;
	json_t *object = NULL;
	FILE *f = NULL;
	size_t len;

	*err = -ENOMEM;
	engine_error_set(e, "no memory to read %s", path);
	if (!text)
		goto out;
	f = fopen(path, "re");
	len = f ? fread(text, 1, FILE_MAX, f) : 0;
	if (!f || ferror(f)) {
		*err = -errno;
		engine_error_set(e, "cannot read %s: %s; check the path and its permissions", path,
				 strerror(errno));
		goto out;
	}
	*err = -EINVAL;
	if (len == FILE_MAX) {
		engine_error_set(e, "%s has more than %u bytes; is this a config.json?", path,
				 FILE_MAX - 1);
		goto out;
	}
	object = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (!object)
		engine_error_set(e, "%s:%d: not JSON: %.200s", path, error.line, error.text);
out:
	if (f)
		fclose(f);
	free(text);
	return object;
}

int model_config_read(const char *path, enum model_dtype dtype, struct model_config *out,
		      struct engine_error *e)
{
	struct model_reader r = { .path = path, .m = out, .e = e };
	json_t *object;
	int err;

	object = load(path, e, &err);
	if (!object)
		return err;
	r.object = object;
	err = read_model(&r, dtype);
	json_decref(object);
	return err;
}
