// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A GGUF file is: "GGUF", u32 version, u64 tensors, u64 pairs of key and value; the pairs; for each
 * tensor its name, dimensions, type and offset; and, from the next multiple of the alignment on,
 * the tensors. A string is a u64 of bytes and these. A value is a u32 type and what that says; an
 * array the type of its elements, a u64 of elements and these.
 *
 * Nothing in it is believed. What the model would need and is not known here is refused, since the
 * text would be wrong without it.
 */
#include "gguf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader.h"
#include "refuse.h"

#define VERSION		3
#define KEY_MAX		128	/* longer keys and names are none that are known */
#define DIMS_MAX	4
#define ALIGNMENT	32	/* of the tensors, when the file says nothing */
#define ALIGNMENT_MAX	(1U << 16)

enum value_type {
	VALUE_U8, VALUE_I8, VALUE_U16, VALUE_I16, VALUE_U32, VALUE_I32, VALUE_F32, VALUE_BOOL,
	VALUE_STRING, VALUE_ARRAY, VALUE_U64, VALUE_I64, VALUE_F64,
	VALUE_TYPES
};

static const uint8_t value_bytes[VALUE_TYPES] = {
	[VALUE_U8] = 1, [VALUE_I8] = 1, [VALUE_U16] = 2, [VALUE_I16] = 2, [VALUE_U32] = 4,
	[VALUE_I32] = 4, [VALUE_F32] = 4, [VALUE_BOOL] = 1, [VALUE_U64] = 8, [VALUE_I64] = 8,
	[VALUE_F64] = 8,
};

/* llama.cpp's kinds of tokens; the others, among them what users define, are text. */
enum {
	TOKEN_UNKNOWN = 2,
	TOKEN_CONTROL = 3,
	TOKEN_UNUSED = 5,
	TOKEN_BYTE = 6,
};

/* An array of the metadata: @n elements, @bytes from @at on. */
struct array {
	uint32_t type;
	uint64_t n;
	uint64_t at;
	uint64_t bytes;
};

/* The file, and what of its metadata is no dimension of the model. */
struct gguf {
	struct reader r;
	struct model *model;
	struct vocab *vocab;
	uint64_t tensors;
	uint64_t pairs;
	uint32_t alignment;
	uint32_t key_length;
	uint32_t value_length;
	bool add_bos;
	bool add_space;
	bool llama;		/* the architecture */
	bool spm;		/* the kind of vocabulary */
	struct array tokens;
	struct array scores;
	struct array kinds;
};

static int cut_off(const struct gguf *g)
{
	return refuse("the file ends within its metadata, after %llu bytes: get the whole file",
		      (unsigned long long)g->r.size);
}

/* A string of the file as one of C; an empty one when it is too long for that or has a NUL. */
static void read_name(struct reader *r, char name[KEY_MAX])
{
	uint64_t bytes = reader_u64(r);
	const char *text = reader_bytes(r, bytes);

	name[0] = '\0';
	if (!text || bytes >= KEY_MAX || memchr(text, '\0', bytes))
		return;
	memcpy(name, text, bytes);
	name[bytes] = '\0';
}

static void skip_string(struct reader *r)
{
	reader_bytes(r, reader_u64(r));
}

/* Each string takes 8 bytes at least, so that a count that lies ends with the file. */
static int skip_elements(struct gguf *g, const struct array *a)
{
	uint64_t i, bytes;

	if (a->type == VALUE_STRING) {
		for (i = 0; i < a->n && !g->r.over; i++)
			skip_string(&g->r);
		return 0;
	}
	if (a->type >= VALUE_TYPES || !value_bytes[a->type])
		return refuse("an array of values of type %u is none that is known: convert the model again",
			      a->type);
	if (__builtin_mul_overflow(a->n, value_bytes[a->type], &bytes))
		bytes = UINT64_MAX;
	reader_bytes(&g->r, bytes);
	return 0;
}

static int read_array(struct gguf *g, struct array *a)
{
	a->type = reader_u32(&g->r);
	a->n = reader_u64(&g->r);
	a->at = g->r.at;
	if (skip_elements(g, a))
		return -1;
	a->bytes = g->r.at - a->at;
	return 0;
}

static int skip_value(struct gguf *g, uint32_t type)
{
	struct array a;

	if (type == VALUE_STRING) {
		skip_string(&g->r);
		return 0;
	}
	if (type == VALUE_ARRAY)
		return read_array(g, &a);
	if (type >= VALUE_TYPES)
		return refuse("a value of type %u is none that is known: convert the model again",
			      type);
	reader_bytes(&g->r, value_bytes[type]);
	return 0;
}

/* What a key of the metadata sets. */
enum key_action {
	KEY_U32,	/* a number */
	KEY_F32,
	KEY_BOOL,
	KEY_TOKEN,	/* a number; all ones: there is none */
	KEY_ARRAY,
	KEY_IS,		/* a bool: whether the string is the one wanted */
};

struct key {
	const char *name;
	enum key_action action;
	void *to;
	const char *wanted;
};

static int wrong_type(const struct key *k, uint32_t type)
{
	return refuse("%s has a value of type %u, which it cannot have: convert the model again",
		      k->name, type);
}

static int read_number(struct gguf *g, const struct key *k, uint32_t type)
{
	if (type != VALUE_U32 && type != VALUE_I32)
		return wrong_type(k, type);
	*(uint32_t *)k->to = reader_u32(&g->r);
	return 0;
}

static int read_is(struct gguf *g, const struct key *k)
{
	char text[KEY_MAX];

	read_name(&g->r, text);
	*(bool *)k->to = !strcmp(text, k->wanted);
	return 0;
}

static int read_known(struct gguf *g, const struct key *k, uint32_t type)
{
	switch (k->action) {
	case KEY_U32:
	case KEY_TOKEN:
		return read_number(g, k, type);
	case KEY_F32:
		if (type != VALUE_F32)
			return wrong_type(k, type);
		*(float *)k->to = reader_f32(&g->r);
		return 0;
	case KEY_BOOL:
		if (type != VALUE_BOOL)
			return wrong_type(k, type);
		*(bool *)k->to = reader_u8(&g->r);
		return 0;
	case KEY_ARRAY:
		return type == VALUE_ARRAY ? read_array(g, k->to) : wrong_type(k, type);
	case KEY_IS:
		return type == VALUE_STRING ? read_is(g, k) : wrong_type(k, type);
	}
	return 0;
}

static int read_pair(struct gguf *g)
{
	struct model *m = g->model;
	struct vocab *v = g->vocab;
	bool unscaled = true;
	const struct key keys[] = {
		{ "general.architecture", KEY_IS, &g->llama, "llama" },
		{ "general.alignment", KEY_U32, &g->alignment, NULL },
		{ "llama.embedding_length", KEY_U32, &m->embd, NULL },
		{ "llama.block_count", KEY_U32, &m->layers, NULL },
		{ "llama.feed_forward_length", KEY_U32, &m->ff, NULL },
		{ "llama.attention.head_count", KEY_U32, &m->heads, NULL },
		{ "llama.attention.head_count_kv", KEY_U32, &m->kv_heads, NULL },
		{ "llama.attention.key_length", KEY_U32, &g->key_length, NULL },
		{ "llama.attention.value_length", KEY_U32, &g->value_length, NULL },
		{ "llama.attention.layer_norm_rms_epsilon", KEY_F32, &m->norm_eps, NULL },
		{ "llama.rope.dimension_count", KEY_U32, &m->rope_dims, NULL },
		{ "llama.rope.freq_base", KEY_F32, &m->rope_base, NULL },
		{ "llama.rope.scaling.type", KEY_IS, &unscaled, "none" },
		{ "llama.expert_count", KEY_U32, &m->experts, NULL },
		{ "llama.expert_used_count", KEY_U32, &m->experts_used, NULL },
		{ "tokenizer.ggml.model", KEY_IS, &g->spm, "llama" },
		{ "tokenizer.ggml.tokens", KEY_ARRAY, &g->tokens, NULL },
		{ "tokenizer.ggml.scores", KEY_ARRAY, &g->scores, NULL },
		{ "tokenizer.ggml.token_type", KEY_ARRAY, &g->kinds, NULL },
		{ "tokenizer.ggml.bos_token_id", KEY_TOKEN, &v->bos, NULL },
		{ "tokenizer.ggml.eos_token_id", KEY_TOKEN, &v->eos, NULL },
		{ "tokenizer.ggml.unknown_token_id", KEY_TOKEN, &v->unknown, NULL },
		{ "tokenizer.ggml.add_bos_token", KEY_BOOL, &g->add_bos, NULL },
		{ "tokenizer.ggml.add_space_prefix", KEY_BOOL, &g->add_space, NULL },
	};
	char name[KEY_MAX];
	uint32_t type;
	size_t i;
	int err;

	read_name(&g->r, name);
	type = reader_u32(&g->r);
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]) && strcmp(name, keys[i].name) != 0; i++)
		;
	if (i == sizeof(keys) / sizeof(keys[0]))
		return skip_value(g, type);
	err = read_known(g, &keys[i], type);
	if (!err && !unscaled)
		return refuse("the rotation is scaled (llama.rope.scaling.type), which this decoder does not do: use a model without");
	return err;
}

static int read_pairs(struct gguf *g)
{
	uint64_t i;

	for (i = 0; i < g->pairs; i++) {
		if (read_pair(g))
			return g->r.over ? cut_off(g) : -1;
		if (g->r.over)
			return cut_off(g);
	}
	return 0;
}

static int check_pairs(struct gguf *g)
{
	struct model *m = g->model;

	if (!g->llama)
		return refuse("general.architecture is not \"llama\": give a model of that architecture");
	if (!g->spm)
		return refuse("tokenizer.ggml.model is not \"llama\": give a model with a SentencePiece vocabulary");
	if (g->alignment < 8 || g->alignment > ALIGNMENT_MAX ||
	    (g->alignment & (g->alignment - 1)))
		return refuse("general.alignment is %u; it must be a power of two from 8 to %u: convert the model again",
			      g->alignment, ALIGNMENT_MAX);
	if (g->tokens.n > MODEL_VOCAB_MAX)
		return refuse("there are %llu tokens; there may be %u: use another model",
			      (unsigned long long)g->tokens.n, MODEL_VOCAB_MAX);
	m->vocab = g->tokens.n;
	if (model_check_dimensions(m))
		return -1;
	if ((g->key_length && g->key_length != model_head_dim(m)) ||
	    (g->value_length && g->value_length != model_head_dim(m)))
		return refuse("keys of %u and values of %u elements are not the %u of a head, which this decoder wants: use another model",
			      g->key_length, g->value_length, model_head_dim(m));
	return model_make_layers(m);
}

/* ---- the vocabulary ---- */

static enum piece_kind kind_of(uint32_t type)
{
	switch (type) {
	case TOKEN_BYTE:
		return PIECE_BYTE;
	case TOKEN_UNKNOWN:
	case TOKEN_CONTROL:
	case TOKEN_UNUSED:
		return PIECE_CONTROL;
	default:
		return PIECE_TEXT;
	}
}

static int check_arrays(const struct gguf *g)
{
	if (g->tokens.type != VALUE_STRING)
		return refuse("tokenizer.ggml.tokens are not strings: convert the model again");
	if (g->scores.type != VALUE_F32 || g->kinds.type != VALUE_I32 ||
	    g->scores.n != g->tokens.n || g->kinds.n != g->tokens.n)
		return refuse("there are %llu tokens, %llu scores and %llu types of tokens; it must be as many F32 and I32: convert the model again",
			      (unsigned long long)g->tokens.n, (unsigned long long)g->scores.n,
			      (unsigned long long)g->kinds.n);
	return 0;
}

static struct reader reader_at(const struct gguf *g, uint64_t at)
{
	struct reader r = g->r;

	r.at = at;
	return r;
}

/* The arrays were walked through once, so that they are known to lie within the file. */
static int read_vocab(struct gguf *g)
{
	struct reader tokens = reader_at(g, g->tokens.at), scores = reader_at(g, g->scores.at);
	struct reader kinds = reader_at(g, g->kinds.at);
	struct vocab *v = g->vocab;
	uint32_t i;

	if (check_arrays(g) || vocab_make(v, g->tokens.n, g->tokens.bytes))
		return -1;
	for (i = 0; i < g->tokens.n; i++) {
		uint64_t bytes = reader_u64(&tokens);
		const char *text = reader_bytes(&tokens, bytes);

		if (bytes > UINT16_MAX)
			return refuse("token %u has %llu bytes; it may have %u: convert the model again",
				      i, (unsigned long long)bytes, UINT16_MAX);
		if (vocab_add(v, text, bytes, reader_f32(&scores), kind_of(reader_u32(&kinds))))
			return -1;
	}
	if (!g->add_bos)
		v->bos = VOCAB_NONE;
	v->add_space = g->add_space;
	return vocab_finish(v);
}

/* ---- tensors ---- */

static struct tensor *layer_tensor(struct layer *l, const char *name)
{
	const struct {
		const char *name;
		struct tensor *tensor;
	} known[] = {
		{ "attn_norm.weight", &l->attn_norm },
		{ "attn_q.weight", &l->q },
		{ "attn_k.weight", &l->k },
		{ "attn_v.weight", &l->v },
		{ "attn_output.weight", &l->attn_out },
		{ "ffn_norm.weight", &l->ffn_norm },
		{ "ffn_gate_inp.weight", &l->router },
		{ "ffn_gate.weight", &l->gate },
		{ "ffn_up.weight", &l->up },
		{ "ffn_down.weight", &l->down },
		{ "ffn_gate_exps.weight", &l->gate },
		{ "ffn_up_exps.weight", &l->up },
		{ "ffn_down_exps.weight", &l->down },
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(name, known[i].name))
			return known[i].tensor;
	return NULL;
}

/* NULL when no tensor of a name is known. */
static struct tensor *find_tensor(struct model *m, const char *name)
{
	unsigned long layer;
	char *rest;

	if (!strcmp(name, "token_embd.weight"))
		return &m->token_embd;
	if (!strcmp(name, "output_norm.weight"))
		return &m->output_norm;
	if (!strcmp(name, "output.weight"))
		return &m->output;
	if (strncmp(name, "blk.", 4) != 0 || name[4] < '0' || name[4] > '9')
		return NULL;
	layer = strtoul(name + 4, &rest, 10);
	if (layer >= m->layers || *rest != '.')
		return NULL;
	return layer_tensor(&m->layer[layer], rest + 1);
}

/* Types as the file numbers them; -1 for those that are not known. */
static int tensor_type_of(uint32_t number)
{
	switch (number) {
	case 0:
		return TENSOR_F32;
	case 1:
		return TENSOR_F16;
	case 8:
		return TENSOR_Q8_0;
	default:
		return -1;
	}
}

/* Columns come first; a vector has one row, and what is no stack of matrices one slice. */
static int read_shape(struct gguf *g, const char *name, struct tensor *t)
{
	uint64_t dim[DIMS_MAX] = { 1, 1, 1, 1 };
	uint32_t dims = reader_u32(&g->r), i;

	if (!dims || dims > DIMS_MAX)
		return refuse("tensor %s has %u dimensions; it may have 1 to %u: convert the model again",
			      name, dims, DIMS_MAX);
	for (i = 0; i < dims; i++)
		dim[i] = reader_u64(&g->r);
	if (dim[3] != 1)
		return refuse("tensor %s has a fourth dimension of %llu; it may be 1: convert the model again",
			      name, (unsigned long long)dim[3]);
	t->cols = dim[0];
	t->rows = dim[1];
	t->slices = dim[2];
	return 0;
}

static int read_tensor(struct gguf *g)
{
	struct tensor t = { 0 }, *slot;
	char name[KEY_MAX] = "";
	uint32_t number;
	int type;

	read_name(&g->r, name);
	if (read_shape(g, name, &t))
		return -1;
	number = reader_u32(&g->r);
	t.offset = reader_u64(&g->r);
	if (g->r.over)
		return -1;
	slot = find_tensor(g->model, name);
	if (!slot || slot->cols)
		return refuse("tensor \"%s\" is %s: use a model of plain llama architecture", name,
			      slot ? "there twice" : "not one that this decoder knows");
	type = tensor_type_of(number);
	if (type < 0)
		return refuse("tensor %s is of type %u; this decoder knows F32 (0), F16 (1) and Q8_0 (8): convert the model to one of them",
			      name, number);
	t.type = type;
	if (!tensor_measure(&t))
		return refuse("tensor %s of %llu x %llu x %llu elements cannot be of type %u: convert the model again",
			      name, (unsigned long long)t.cols, (unsigned long long)t.rows,
			      (unsigned long long)t.slices, number);
	*slot = t;
	return 0;
}

static int read_tensors(struct gguf *g)
{
	uint64_t i;

	for (i = 0; i < g->tensors; i++)
		if (read_tensor(g))
			return g->r.over ? cut_off(g) : -1;
	return 0;
}

/* Where the tensors begin; without a byte of them there is no model. */
static int find_weights(struct gguf *g)
{
	uint64_t at = (g->r.at + g->alignment - 1) & ~(uint64_t)(g->alignment - 1);

	if (at >= g->r.size)
		return refuse("the weights would begin at byte %llu, and the file has %llu: get the whole file",
			      (unsigned long long)at, (unsigned long long)g->r.size);
	g->model->weights_offset = at;
	g->model->weights_bytes = g->r.size - at;
	return model_check_tensors(g->model);
}

static int read_head(struct gguf *g)
{
	uint32_t version;

	reader_u32(&g->r);
	version = reader_u32(&g->r);
	g->tensors = reader_u64(&g->r);
	g->pairs = reader_u64(&g->r);
	if (g->r.over)
		return cut_off(g);
	if (version != VERSION)
		return refuse("the file is GGUF version %u; this decoder knows version %u: convert the model again",
			      version, VERSION);
	return 0;
}

bool gguf_begins(const void *file, uint64_t bytes)
{
	return bytes >= 4 && !memcmp(file, "GGUF", 4);
}

int gguf_read(const void *file, uint64_t bytes, struct model *m, struct vocab *v)
{
	struct gguf g = {
		.r = { .data = file, .size = bytes },
		.model = m,
		.vocab = v,
		.alignment = ALIGNMENT,
		.add_bos = true,
		.add_space = true,
	};

	m->rope_base = 10000;
	v->bos = VOCAB_NONE;
	v->eos = VOCAB_NONE;
	v->unknown = VOCAB_NONE;
	if (read_head(&g) || read_pairs(&g) || check_pairs(&g) || read_tensors(&g) ||
	    read_vocab(&g))
		return -1;
	return find_weights(&g);
}
