// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is checked of a model before a byte of its weights is used, whatever file it is from. */
#include "model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "refuse.h"

struct bound {
	const char *name;
	uint32_t value;
	uint32_t high;
};

static int check_bounds(const struct model *m)
{
	const struct bound bounds[] = {
		{ "the embedding length", m->embd, MODEL_EMBD_MAX },
		{ "the number of layers", m->layers, MODEL_LAYERS_MAX },
		{ "the feed-forward length", m->ff, MODEL_FF_MAX },
		{ "the number of heads", m->heads, MODEL_HEADS_MAX },
		{ "the number of KV heads", m->kv_heads, m->heads },
		{ "the number of tokens", m->vocab, MODEL_VOCAB_MAX },
	};
	size_t i;

	for (i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++)
		if (!bounds[i].value || bounds[i].value > bounds[i].high)
			return refuse("%s is %u; it must be 1 to %u: convert the model again",
				      bounds[i].name, bounds[i].value, bounds[i].high);
	return 0;
}

static int check_heads(const struct model *m)
{
	if (m->embd % m->heads || m->heads % m->kv_heads)
		return refuse("an embedding of %u, %u heads and %u KV heads do not divide each other: convert the model again",
			      m->embd, m->heads, m->kv_heads);
	if (!m->rope_dims || m->rope_dims % 2 || m->rope_dims > model_head_dim(m))
		return refuse("%u dimensions of a head are rotated; they must be an even number of its %u: convert the model again",
			      m->rope_dims, model_head_dim(m));
	return 0;
}

static int check_experts(const struct model *m)
{
	if (m->experts > MODEL_EXPERTS_MAX)
		return refuse("the number of experts is %u; it must be at most %u: use another model",
			      m->experts, MODEL_EXPERTS_MAX);
	if (m->experts_used > m->experts || m->experts_used > MODEL_USED_MAX ||
	    (m->experts && !m->experts_used))
		return refuse("%u of %u experts are used; it must be 1 to all of them, and at most %u: use another model",
			      m->experts_used, m->experts, MODEL_USED_MAX);
	return 0;
}

int model_check_dimensions(struct model *m)
{
	if (!m->kv_heads)
		m->kv_heads = m->heads;
	if (check_bounds(m))
		return -1;
	if (!m->rope_dims)
		m->rope_dims = model_head_dim(m);
	if (check_heads(m) || check_experts(m))
		return -1;
	/* written so that what is no number is refused as well */
	if (!(m->norm_eps > 0 && m->norm_eps < 1))
		return refuse("the epsilon of the norms is %g; it must be between 0 and 1: convert the model again",
			      m->norm_eps);
	if (!(m->rope_base >= 1 && isfinite(m->rope_base)))
		return refuse("the base of the rotation is %g; it must be at least 1: convert the model again",
			      m->rope_base);
	return 0;
}

int model_make_layers(struct model *m)
{
	m->layer = calloc(m->layers, sizeof(*m->layer));
	if (!m->layer)
		return refuse("there is no memory for %u layers: free some", m->layers);
	return 0;
}

void model_release(struct model *m)
{
	free(m->layer);
	m->layer = NULL;
}

/* What the tensors that are looked at are of. */
struct check {
	const struct model *model;
	int layer;	/* -1: of none */
};

static int shape(const struct check *c, const struct tensor *t, const char *name, uint64_t cols,
		 uint64_t rows, uint64_t slices)
{
	unsigned long long is[] = { t->cols, t->rows, t->slices, t->offset, t->bytes };
	unsigned long long wanted[] = { cols, rows, slices, c->model->weights_bytes };
	char what[64];

	if (c->layer < 0)
		snprintf(what, sizeof(what), "%s", name);
	else
		snprintf(what, sizeof(what), "%s of layer %d", name, c->layer);
	if (!t->cols)
		return refuse("tensor %s is missing: convert the model again", what);
	if (t->cols != cols || t->rows != rows || t->slices != slices)
		return refuse("tensor %s is %llu x %llu x %llu; the model's dimensions ask for %llu x %llu x %llu: convert it again",
			      what, is[0], is[1], is[2], wanted[0], wanted[1], wanted[2]);
	if (!tensor_fits(t, c->model->weights_bytes))
		return refuse("tensor %s, bytes %llu+%llu, is not within the file's %llu bytes of weights or not at a multiple of 4: get the whole file",
			      what, is[3], is[4], wanted[3]);
	return 0;
}

/* Norms are multiplied element by element in place. */
static int norm_shape(const struct check *c, const struct tensor *t, const char *name)
{
	if (shape(c, t, name, c->model->embd, 1, 1))
		return -1;
	if (t->type != TENSOR_F32)
		return refuse("tensor %s is not of type F32, which norms must be: convert the model again",
			      name);
	return 0;
}

static int check_attention(const struct check *c, const struct layer *l)
{
	const struct model *m = c->model;

	if (norm_shape(c, &l->attn_norm, "attn_norm") ||
	    shape(c, &l->q, "attn_q", m->embd, m->embd, 1) ||
	    shape(c, &l->k, "attn_k", m->embd, model_kv_dim(m), 1) ||
	    shape(c, &l->v, "attn_v", m->embd, model_kv_dim(m), 1))
		return -1;
	return shape(c, &l->attn_out, "attn_output", m->embd, m->embd, 1);
}

static int check_feed_forward(const struct check *c, const struct layer *l)
{
	const struct model *m = c->model;
	uint64_t slices = m->experts ? m->experts : 1;

	if (norm_shape(c, &l->ffn_norm, "ffn_norm") ||
	    (m->experts && shape(c, &l->router, "ffn_gate_inp", m->embd, m->experts, 1)) ||
	    shape(c, &l->gate, "ffn_gate", m->embd, m->ff, slices) ||
	    shape(c, &l->up, "ffn_up", m->embd, m->ff, slices))
		return -1;
	return shape(c, &l->down, "ffn_down", m->ff, m->embd, slices);
}

int model_check_tensors(struct model *m)
{
	struct check c = { .model = m, .layer = -1 };

	if (shape(&c, &m->token_embd, "token_embd", m->embd, m->vocab, 1))
		return -1;
	if (!m->output.cols)
		m->output = m->token_embd;
	if (norm_shape(&c, &m->output_norm, "output_norm") ||
	    shape(&c, &m->output, "output", m->embd, m->vocab, 1))
		return -1;
	for (c.layer = 0; c.layer < (int)m->layers; c.layer++)
		if (check_attention(&c, &m->layer[c.layer]) ||
		    check_feed_forward(&c, &m->layer[c.layer]))
			return -1;
	return 0;
}

/*
 * Two for each element of a matrix: a multiplication and an addition. Attention multiplies with K
 * and with V of every position. The router runs twice, for it also guesses.
 */
uint64_t model_token_flops(const struct model *m, uint64_t position)
{
	uint64_t embd = m->embd, used = m->experts ? m->experts_used : 1;
	uint64_t layer = 2 * embd * embd + 2 * embd * model_kv_dim(m) + 3 * embd * m->ff * used +
			 2 * embd * m->experts;

	return 2 * (m->layers * (layer + 2 * embd * (position + 1)) + embd * m->vocab);
}
