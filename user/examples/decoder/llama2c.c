// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A checkpoint is a header and the tensors behind it, each kind for all layers in turn. The header
 * is seven i32: embedding, feed-forward, layers, heads, KV heads, tokens, context. In version 0 a
 * negative number of tokens says that the classifier is not the embedding. Version 2 begins with a
 * magic number and the version, says that in a byte, then the size of a group, and has 256 bytes.
 */
#include "llama2c.h"

#include <stdbool.h>
#include <stddef.h>

#include "reader.h"
#include "refuse.h"

#define MAGIC		0x616b3432
#define VERSION		2
#define HEAD_BYTES	256	/* of version 2 */

#define PIECE_MAX	1024	/* bytes of a token */
#define BYTES_FIRST	3	/* the tokens of bytes come after <unk>, <s> and </s> */

/* Lays tensors out one behind the other. */
struct checkpoint {
	struct reader r;
	struct model *m;
	uint64_t at;		/* of the next tensor in the weights */
	uint32_t group;		/* 0: matrices are binary32 */
	uint32_t context;
	bool own_output;
	bool too_large;
};

static void place(struct checkpoint *c, struct tensor *t)
{
	t->slices = 1;
	t->offset = c->at;
	if (!tensor_measure(t) || __builtin_add_overflow(c->at, t->bytes, &c->at))
		c->too_large = true;
}

static void place_norm(struct checkpoint *c, struct tensor *t)
{
	*t = (struct tensor){ .type = TENSOR_F32, .cols = c->m->embd, .rows = 1 };
	place(c, t);
}

static void place_matrix(struct checkpoint *c, struct tensor *t, uint64_t cols, uint64_t rows)
{
	*t = (struct tensor){ .cols = cols, .rows = rows, .group = c->group };
	t->type = c->group ? TENSOR_Q8_GROUPS : TENSOR_F32;
	place(c, t);
}

/* Tensors of each layer are named by the offset of their place in struct layer. */
static struct tensor *of_layer(const struct checkpoint *c, uint32_t layer, size_t which)
{
	return (struct tensor *)((char *)&c->m->layer[layer] + which);
}

static void place_norms(struct checkpoint *c, size_t which)
{
	uint32_t i;

	for (i = 0; i < c->m->layers; i++)
		place_norm(c, of_layer(c, i, which));
}

static void place_matrices(struct checkpoint *c, size_t which, uint64_t cols, uint64_t rows)
{
	uint32_t i;

	for (i = 0; i < c->m->layers; i++)
		place_matrix(c, of_layer(c, i, which), cols, rows);
}

static void place_attention(struct checkpoint *c)
{
	uint32_t embd = c->m->embd, kv = model_kv_dim(c->m);

	place_matrices(c, offsetof(struct layer, q), embd, embd);
	place_matrices(c, offsetof(struct layer, k), embd, kv);
	place_matrices(c, offsetof(struct layer, v), embd, kv);
	place_matrices(c, offsetof(struct layer, attn_out), embd, embd);
}

static void place_feed_forward(struct checkpoint *c)
{
	place_matrices(c, offsetof(struct layer, gate), c->m->embd, c->m->ff);
	place_matrices(c, offsetof(struct layer, down), c->m->ff, c->m->embd);
	place_matrices(c, offsetof(struct layer, up), c->m->embd, c->m->ff);
}

/* Tables of the rotation are between the norm and the classifier; it is computed here. */
static void place_floats(struct checkpoint *c)
{
	struct model *m = c->m;

	place_matrix(c, &m->token_embd, m->embd, m->vocab);
	place_norms(c, offsetof(struct layer, attn_norm));
	place_attention(c);
	place_norms(c, offsetof(struct layer, ffn_norm));
	place_feed_forward(c);
	place_norm(c, &m->output_norm);
	if (__builtin_add_overflow(c->at, (uint64_t)c->context * model_head_dim(m) * sizeof(float),
				   &c->at))
		c->too_large = true;
	if (c->own_output)
		place_matrix(c, &m->output, m->embd, m->vocab);
}

static void place_groups(struct checkpoint *c)
{
	struct model *m = c->m;

	place_norms(c, offsetof(struct layer, attn_norm));
	place_norms(c, offsetof(struct layer, ffn_norm));
	place_norm(c, &m->output_norm);
	place_matrix(c, &m->token_embd, m->embd, m->vocab);
	place_attention(c);
	place_feed_forward(c);
	if (c->own_output)
		place_matrix(c, &m->output, m->embd, m->vocab);
}

/* Returns the number of tokens as it stands there. */
static int32_t read_dimensions(struct checkpoint *c)
{
	struct model *m = c->m;
	int32_t vocab;

	m->embd = reader_u32(&c->r);
	m->ff = reader_u32(&c->r);
	m->layers = reader_u32(&c->r);
	m->heads = reader_u32(&c->r);
	m->kv_heads = reader_u32(&c->r);
	vocab = (int32_t)reader_u32(&c->r);
	c->context = reader_u32(&c->r);
	m->vocab = vocab;
	m->rope_base = 10000;
	m->norm_eps = 0.00001F;
	return vocab;
}

static int read_floats_head(struct checkpoint *c)
{
	int32_t vocab = read_dimensions(c);

	c->own_output = vocab < 0;
	if (c->own_output)
		c->m->vocab = -(uint32_t)vocab;
	return 0;
}

static int read_groups_head(struct checkpoint *c)
{
	uint32_t version;

	reader_u32(&c->r);
	version = reader_u32(&c->r);
	if (version != VERSION)
		return refuse("the checkpoint is of version %u; this decoder knows 0 and %u: export it again",
			      version, VERSION);
	read_dimensions(c);
	c->own_output = !reader_u8(&c->r);
	c->group = reader_u32(&c->r);
	if (!c->group || c->m->embd % c->group || c->m->ff % c->group)
		return refuse("a group of %u elements does not divide rows of %u and of %u: export the checkpoint again",
			      c->group, c->m->embd, c->m->ff);
	return 0;
}

/* Any file that nothing else is may be one without a magic number. */
static int no_checkpoint(const struct model *m)
{
	return refuse("the file does not begin with \"GGUF\", and its first numbers, %u, %u, %u, are no dimensions of a checkpoint of llama2.c: give a model in one of these formats",
		      m->embd, m->ff, m->layers);
}

static int lay_out(struct checkpoint *c)
{
	if (model_check_dimensions(c->m))
		return c->group ? -1 : no_checkpoint(c->m);
	if (model_make_layers(c->m))
		return -1;
	if (c->group)
		place_groups(c);
	else
		place_floats(c);
	if (c->too_large || c->at != c->m->weights_bytes)
		return refuse("the file has %llu bytes of weights where its header asks for %llu: it is no model, or not all of one",
			      (unsigned long long)c->m->weights_bytes, (unsigned long long)c->at);
	return model_check_tensors(c->m);
}

int llama2c_read(const void *file, uint64_t bytes, struct model *m)
{
	struct checkpoint c = { .r = { .data = file, .size = bytes }, .m = m };
	struct reader peek = c.r;
	bool groups = reader_u32(&peek) == MAGIC;

	if (groups ? read_groups_head(&c) : read_floats_head(&c))
		return -1;
	if (groups && !c.r.over)
		reader_bytes(&c.r, HEAD_BYTES - c.r.at);
	if (c.r.over)
		return refuse("the file has %llu bytes, not even a header: it is no model, or not all of one",
			      (unsigned long long)bytes);
	m->weights_offset = c.r.at;
	m->weights_bytes = bytes - c.r.at;
	return lay_out(&c);
}

/* By convention, for the file does not say. */
static enum piece_kind kind_of(uint32_t token)
{
	if (token < BYTES_FIRST)
		return PIECE_CONTROL;
	return token < BYTES_FIRST + 256 ? PIECE_BYTE : PIECE_TEXT;
}

static int read_piece(struct reader *r, struct vocab *v)
{
	float score = reader_f32(r);
	uint32_t bytes = reader_u32(r);
	const char *text;

	if (!r->over && bytes > PIECE_MAX)
		return refuse("token %u has %u bytes; it may have %u: export the tokenizer again",
			      v->n, bytes, PIECE_MAX);
	text = reader_bytes(r, bytes);
	if (!text)
		return refuse("the tokenizer's file ends at token %u: give the one that belongs to the model",
			      v->n);
	return vocab_add(v, text, bytes, score, kind_of(v->n));
}

int llama2c_read_vocab(const void *file, uint64_t bytes, uint32_t pieces, struct vocab *v)
{
	struct reader r = { .data = file, .size = bytes };
	uint32_t i;

	reader_u32(&r);	/* the longest piece, for who has fixed room */
	if (vocab_make(v, pieces, bytes))
		return -1;
	for (i = 0; i < pieces; i++)
		if (read_piece(&r, v))
			return -1;
	if (r.at != r.size)
		return refuse("the tokenizer's file has %llu bytes more than the model's %u tokens: give the one that belongs to the model",
			      (unsigned long long)(r.size - r.at), pieces);
	v->unknown = 0;
	v->bos = 1;
	v->eos = 2;
	v->add_space = true;
	return vocab_finish(v);
}
