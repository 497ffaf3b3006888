// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One token through all layers. Each step of the arithmetic is preceded by what it reads: a record
 * for each tensor, each block of the KV cache, and the vectors between them.
 */
#include "forward.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "refuse.h"

#define SCRATCH_EXTENT	65536

/* The vectors: the first @of_layers are used by every layer. */
static int make_scratch(struct forward *f, const struct model *m, uint64_t positions)
{
	const struct {
		float **vector;
		uint64_t n;
	} part[] = {
		{ &f->x, m->embd },	{ &f->norm, m->embd },
		{ &f->q, m->embd },	{ &f->k, model_kv_dim(m) },
		{ &f->v, model_kv_dim(m) }, { &f->heads, m->embd },
		{ &f->gate, m->ff },	{ &f->up, m->ff },
		{ &f->out, m->embd },	{ &f->sum, m->embd },
		{ &f->cosine, m->rope_dims / 2 }, { &f->sine, m->rope_dims / 2 },
		{ &f->score, positions }, { &f->logits, m->vocab },
	};
	const struct placement anywhere = { .extent_bytes = SCRATCH_EXTENT };
	const size_t parts = sizeof(part) / sizeof(part[0]);
	uint64_t n = 0;
	float *at;
	size_t i;

	for (i = 0; i < parts; i++)
		n += part[i].n;
	if (memory_make_area(f->memory, TERRACE_CLASS_ACTIVATION, n * sizeof(float), &anywhere,
			     &f->scratch))
		return -1;
	at = (float *)f->scratch.data;
	for (i = 0; i < parts; i++) {
		*part[i].vector = at;
		at += part[i].n;
	}
	f->layer_bytes = (char *)f->logits - f->scratch.data;
	return 0;
}

int forward_make(struct forward *f, const struct model *model, struct memory *memory,
		 const struct area *weights, uint64_t positions, const char *kv_tier)
{
	*f = (struct forward){ .model = model, .memory = memory, .weights = weights };
	if (make_scratch(f, model, positions) || experts_make(&f->experts, model))
		return -1;
	return kv_make(&f->kv, memory, model, positions, kv_tier);
}

void forward_release(struct forward *f)
{
	kv_release(&f->kv);
	experts_release(&f->experts);
	memory_free_area(&f->scratch);
}

/*
 * Which expert is read is known only when the router has computed: no prefetch hides the latency of
 * its first page for sure, so that a step's figures take none for granted.
 */
void forward_multiply(struct forward *f, const struct tensor *t, uint64_t slice, const float *x,
		      float *out)
{
	uint32_t flags = TERRACE_ACCESS_READ;

	if (t->slices > 1)
		flags |= TERRACE_ACCESS_DEPENDENT;
	memory_access(f->weights, flags, tensor_slice_offset(t, slice), tensor_slice_bytes(t));
	tensor_multiply(t, f->weights->data, slice, x, out);
}

void forward_norm(struct forward *f, const struct tensor *weight, const float *x, float *out)
{
	const float *w = (const float *)(f->weights->data + weight->offset);
	double squares = 0;
	float scale;
	uint64_t i;

	memory_access(f->weights, TERRACE_ACCESS_READ, weight->offset, weight->bytes);
	for (i = 0; i < weight->cols; i++)
		squares += x[i] * x[i];
	scale = 1 / sqrtf((float)(squares / weight->cols) + f->model->norm_eps);
	for (i = 0; i < weight->cols; i++)
		out[i] = x[i] * scale * w[i];
}

static void add(float *to, const float *from, uint64_t n)
{
	uint64_t i;

	for (i = 0; i < n; i++)
		to[i] += from[i];
}

/* ---- attention ---- */

/* Pair i of a head turns by position / base^(2i / dimensions). */
static void make_rotation(struct forward *f, uint64_t position)
{
	const struct model *m = f->model;
	float step = powf(m->rope_base, -2.0F / m->rope_dims), angle = position;
	uint32_t i;

	for (i = 0; i < m->rope_dims / 2; i++) {
		f->cosine[i] = cosf(angle);
		f->sine[i] = sinf(angle);
		angle *= step;
	}
}

/* Pairs are neighbours, as files of this architecture have them in common. */
static void rotate(const struct forward *f, float *x, uint32_t heads)
{
	uint32_t dim = model_head_dim(f->model), head, i;

	for (head = 0; head < heads; head++, x += dim)
		for (i = 0; i < f->model->rope_dims / 2; i++) {
			float a = x[2 * i], b = x[2 * i + 1];

			x[2 * i] = a * f->cosine[i] - b * f->sine[i];
			x[2 * i + 1] = a * f->sine[i] + b * f->cosine[i];
		}
}

static void softmax(float *x, uint64_t n)
{
	float high = x[0], sum = 0;
	uint64_t i;

	for (i = 1; i < n; i++)
		high = fmaxf(high, x[i]);
	for (i = 0; i < n; i++) {
		x[i] = expf(x[i] - high);
		sum += x[i];
	}
	for (i = 0; i < n; i++)
		x[i] /= sum;
}

static void score_positions(struct forward *f, uint32_t layer, uint32_t head, uint64_t last)
{
	uint32_t dim = model_head_dim(f->model), i;
	uint32_t shared = f->model->heads / f->model->kv_heads;
	const float *q = f->q + head * dim;
	float scale = 1 / sqrtf(dim);
	uint64_t position;

	for (position = 0; position <= last; position++) {
		const half *k = kv_key(&f->kv, layer, position) + head / shared * dim;
		float sum = 0;

		for (i = 0; i < dim; i++)
			sum += q[i] * half_to_float(k[i]);
		f->score[position] = sum * scale;
	}
	softmax(f->score, last + 1);
}

static void mix_values(struct forward *f, uint32_t layer, uint32_t head, uint64_t last)
{
	uint32_t dim = model_head_dim(f->model), i;
	uint32_t shared = f->model->heads / f->model->kv_heads;
	float *out = f->heads + head * dim;
	uint64_t position;

	memset(out, 0, dim * sizeof(*out));
	for (position = 0; position <= last; position++) {
		const half *v = kv_value(&f->kv, layer, position) + head / shared * dim;

		for (i = 0; i < dim; i++)
			out[i] += f->score[position] * half_to_float(v[i]);
	}
}

static void attention(struct forward *f, uint32_t layer, uint64_t position)
{
	const struct layer *l = &f->model->layer[layer];
	uint32_t head;

	forward_norm(f, &l->attn_norm, f->x, f->norm);
	forward_multiply(f, &l->q, 0, f->norm, f->q);
	forward_multiply(f, &l->k, 0, f->norm, f->k);
	forward_multiply(f, &l->v, 0, f->norm, f->v);
	rotate(f, f->q, f->model->heads);
	rotate(f, f->k, f->model->kv_heads);
	kv_append(&f->kv, layer, position, f->k, f->v);
	kv_declare_read(&f->kv, layer, position);
	for (head = 0; head < f->model->heads; head++) {
		score_positions(f, layer, head, position);
		mix_values(f, layer, head, position);
	}
	forward_multiply(f, &l->attn_out, 0, f->heads, f->out);
	add(f->x, f->out, f->model->embd);
}

/* ---- feed-forward ---- */

/* SwiGLU */
void forward_network(struct forward *f, const struct layer *l, uint64_t slice, float *out)
{
	uint32_t i;

	forward_multiply(f, &l->gate, slice, f->norm, f->gate);
	forward_multiply(f, &l->up, slice, f->norm, f->up);
	for (i = 0; i < f->model->ff; i++)
		f->gate[i] *= f->up[i] / (1 + expf(-f->gate[i]));
	forward_multiply(f, &l->down, slice, f->gate, out);
}

static void feed_forward(struct forward *f, uint32_t layer)
{
	const struct layer *l = &f->model->layer[layer];

	forward_norm(f, &l->ffn_norm, f->x, f->norm);
	if (f->model->experts)
		experts_network(f, layer);
	else
		forward_network(f, l, 0, f->sum);
	add(f->x, f->sum, f->model->embd);
}

/* ---- reading ahead ---- */

/* Tensors that follow each other in the file are fetched together. */
static void fetch(struct forward *f, const struct tensor *const *tensors, size_t n)
{
	struct range r = { 0 };
	size_t i;

	for (i = 0; i < n; i++) {
		const struct tensor *t = tensors[i];

		if (!t->cols || t->slices > 1)	/* experts are guessed: experts.c */
			continue;
		if (t->offset != r.offset + r.bytes) {
			memory_prefetch(f->weights, r.offset, r.bytes);
			r = (struct range){ .offset = t->offset };
		}
		r.bytes += t->bytes;
	}
	memory_prefetch(f->weights, r.offset, r.bytes);
}

/* What comes after a layer: the next, or what makes logits of the state, and the first again. */
static void fetch_next(struct forward *f, uint32_t layer)
{
	const struct model *m = f->model;
	const struct layer *l = &m->layer[(layer + 1) % m->layers];
	const struct tensor *const of_layer[] = {
		&l->q, &l->k, &l->v, &l->attn_out, &l->attn_norm, &l->router, &l->gate, &l->down,
		&l->up, &l->ffn_norm,
	};
	const struct tensor *const of_logits[] = { &m->output_norm, &m->output };

	if (layer + 1 == m->layers)
		fetch(f, of_logits, sizeof(of_logits) / sizeof(of_logits[0]));
	fetch(f, of_layer, sizeof(of_layer) / sizeof(of_layer[0]));
}

/* ---- a token ---- */

static void embed(struct forward *f, uint32_t token)
{
	const struct tensor *t = &f->model->token_embd;
	struct range range[2];
	int n = tensor_row_ranges(t, token, range);

	while (n--)
		memory_access(f->weights, TERRACE_ACCESS_READ, range[n].offset, range[n].bytes);
	tensor_row(t, f->weights->data, token, f->x);
}

/* Every vector of a layer is written once and read after that. */
static void declare_scratch(struct forward *f, uint64_t offset, uint64_t bytes)
{
	memory_access(&f->scratch, TERRACE_ACCESS_READ | TERRACE_ACCESS_WRITE, offset, bytes);
}

static void compute(struct forward *f, uint32_t token, uint64_t position)
{
	const struct model *m = f->model;
	uint32_t layer;

	embed(f, token);
	make_rotation(f, position);
	for (layer = 0; layer < m->layers; layer++) {
		fetch_next(f, layer);
		if (m->experts)
			experts_guess(f, layer);
		attention(f, layer, position);
		feed_forward(f, layer);
		declare_scratch(f, 0, f->layer_bytes);
	}
	forward_norm(f, &m->output_norm, f->x, f->norm);
	forward_multiply(f, &m->output, 0, f->norm, f->logits);
	declare_scratch(f, f->layer_bytes, m->vocab * sizeof(float));
}

int forward_step(struct forward *f, uint32_t kind, uint32_t token, uint64_t position,
		 struct terrace_step_end *cost)
{
	if (kv_extend(&f->kv, position) ||
	    memory_begin_step(f->memory, kind, model_token_flops(f->model, position)))
		return -1;
	compute(f, token, position);
	return memory_end_step(f->memory, cost);
}
