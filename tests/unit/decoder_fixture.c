// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Writers of what the decoder reads. They take the model's file apart by themselves, by the format
 * alone and trusting it, so that a mistake in the decoder's readers is not made twice.
 */
#include "decoder_fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "examples/decoder/generate.h"
#include "examples/decoder/gguf.h"
#include "examples/decoder/half.h"
#include "examples/decoder/llama2c.h"
#include "examples/decoder/tokenizer.h"

/* Of the model. */
#define EMBD	64
#define FF	172
#define LAYERS	5
#define HEADS	8
#define KV_DIM	32
#define VOCAB	512
#define CONTEXT	128
#define ALIGN	32

#define TYPE_F32	0
#define TYPE_F16	1
#define TYPE_Q8_0	8
#define STRING		8
#define ARRAY		9

#define TENSORS_MAX	64

struct source_tensor {
	char name[64];
	uint32_t dims;
	uint64_t dim[4];
	const float *data;
};

/* The model's file, taken apart. */
struct source {
	const struct fixture_file *file;
	uint64_t at;
	uint64_t pairs;
	uint64_t pairs_end;
	uint64_t tokens;	/* where the arrays' elements begin */
	uint64_t scores;
	struct source_tensor tensor[TENSORS_MAX];
	uint32_t tensors;
	uint64_t head;
};

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "decoder_fixture: %s\n", what);
	abort();
}

struct fixture_file fixture_read(const char *path)
{
	struct fixture_file f = { 0 };
	FILE *file = fopen(path, "rb");

	must(file && !fseek(file, 0, SEEK_END), path);
	f.bytes = ftell(file);
	rewind(file);
	f.data = malloc(f.bytes);
	must(f.data && fread(f.data, 1, f.bytes, file) == f.bytes, path);
	fclose(file);
	return f;
}

void fixture_free(struct fixture_file *f)
{
	free(f->data);
	*f = (struct fixture_file){ 0 };
}

/* ---- taking the model apart ---- */

static uint32_t get_u32(struct source *s)
{
	uint32_t value;

	memcpy(&value, s->file->data + s->at, sizeof(value));
	s->at += sizeof(value);
	return value;
}

static uint64_t get_u64(struct source *s)
{
	uint64_t value;

	memcpy(&value, s->file->data + s->at, sizeof(value));
	s->at += sizeof(value);
	return value;
}

static void get_string(struct source *s, char *to, size_t room)
{
	uint64_t bytes = get_u64(s);

	must(bytes < room, "a name is too long");
	memcpy(to, s->file->data + s->at, bytes);
	to[bytes] = '\0';
	s->at += bytes;
}

static void skip_value(struct source *s, uint32_t type)
{
	static const uint8_t size[] = { 1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8 };
	uint64_t n;

	if (type == STRING) {
		n = get_u64(s);
		s->at += n;
	} else if (type == ARRAY) {
		type = get_u32(s);
		for (n = get_u64(s); n; n--)
			skip_value(s, type);
	} else {
		s->at += size[type];
	}
}

static void get_pair(struct source *s)
{
	char key[64];
	uint32_t type;

	get_string(s, key, sizeof(key));
	type = get_u32(s);
	if (!strcmp(key, "tokenizer.ggml.tokens"))
		s->tokens = s->at + 12;
	if (!strcmp(key, "tokenizer.ggml.scores"))
		s->scores = s->at + 12;
	skip_value(s, type);
}

static void get_tensor(struct source *s, struct source_tensor *t, uint64_t *offset)
{
	uint32_t i;

	get_string(s, t->name, sizeof(t->name));
	t->dims = get_u32(s);
	for (i = 0; i < 4; i++)
		t->dim[i] = i < t->dims ? get_u64(s) : 1;
	must(get_u32(s) == TYPE_F32, "the model is not F32");
	*offset = get_u64(s);
}

static uint64_t align(uint64_t n)
{
	return (n + ALIGN - 1) / ALIGN * ALIGN;
}

static void take_apart(struct source *s, const struct fixture_file *gguf)
{
	uint64_t offset[TENSORS_MAX], i;

	*s = (struct source){ .file = gguf, .at = 8 };
	s->tensors = get_u64(s);
	s->pairs = get_u64(s);
	must(s->tensors <= TENSORS_MAX, "the model has too many tensors");
	for (i = 0; i < s->pairs; i++)
		get_pair(s);
	s->pairs_end = s->at;
	for (i = 0; i < s->tensors; i++)
		get_tensor(s, &s->tensor[i], &offset[i]);
	s->head = align(s->at);
	for (i = 0; i < s->tensors; i++)
		s->tensor[i].data = (const float *)(gguf->data + s->head + offset[i]);
}

uint64_t fixture_gguf_head(const struct fixture_file *gguf)
{
	struct source s;

	take_apart(&s, gguf);
	return s.head;
}

static const float *data_of(const struct source *s, const char *name)
{
	uint32_t i;

	for (i = 0; i < s->tensors; i++)
		if (!strcmp(s->tensor[i].name, name))
			return s->tensor[i].data;
	must(false, name);
	return NULL;
}

/* ---- putting files together ---- */

struct writer {
	FILE *to;
	char *data;
	size_t bytes;
};

static void begin(struct writer *w)
{
	*w = (struct writer){ 0 };
	w->to = open_memstream(&w->data, &w->bytes);
	must(w->to, "no memory");
}

static struct fixture_file end(struct writer *w)
{
	struct fixture_file f = { 0 };

	must(!fclose(w->to), "no memory");
	f.bytes = w->bytes;
	f.data = malloc(f.bytes);
	must(f.data, "no memory");
	memcpy(f.data, w->data, f.bytes);
	free(w->data);
	return f;
}

static void put(struct writer *w, const void *data, size_t bytes)
{
	fwrite(data, 1, bytes, w->to);
}

static void put_u32(struct writer *w, uint32_t value)
{
	put(w, &value, sizeof(value));
}

static void put_u64(struct writer *w, uint64_t value)
{
	put(w, &value, sizeof(value));
}

static void put_string(struct writer *w, const char *text)
{
	put_u64(w, strlen(text));
	put(w, text, strlen(text));
}

static void pad(struct writer *w)
{
	while (ftell(w->to) % ALIGN)
		putc(0, w->to);
}

static uint64_t elements_of(const struct source_tensor *t)
{
	return t->dim[0] * t->dim[1] * t->dim[2];
}

/* Bytes of so many elements, which are whole rows. */
static uint64_t bytes_as(uint32_t type, uint64_t elements)
{
	if (type == TYPE_Q8_0)
		return elements / 32 * 34;
	return elements * (type == TYPE_F16 ? 2 : 4);
}

static float largest(const float *x, uint64_t n)
{
	float high = 0;

	while (n--)
		high = fmaxf(high, fabsf(x[n]));
	return high;
}

static void put_block(struct writer *w, const float *x)
{
	half scale = half_of_float(largest(x, 32) / 127);
	float by = half_to_float(scale);
	int i;

	put(w, &scale, sizeof(scale));
	for (i = 0; i < 32; i++)
		putc((int8_t)(by ? lroundf(fmaxf(-127, fminf(127, x[i] / by))) : 0), w->to);
}

static void put_as(struct writer *w, uint32_t type, const float *x, uint64_t elements)
{
	uint64_t i;

	switch (type) {
	case TYPE_Q8_0:
		for (i = 0; i < elements; i += 32)
			put_block(w, x + i);
		return;
	case TYPE_F16:
		for (i = 0; i < elements; i++) {
			half h = half_of_float(x[i]);

			put(w, &h, sizeof(h));
		}
		return;
	default:
		put(w, x, elements * sizeof(float));
	}
}

/* A tensor of the file that is written: the source's, @copies times. */
struct plan {
	struct source_tensor tensor;
	uint32_t type;
	uint32_t copies;
};

static void put_infos(struct writer *w, const struct plan *plan, uint32_t n)
{
	uint64_t offset = 0, i, d;

	for (i = 0; i < n; i++) {
		const struct source_tensor *t = &plan[i].tensor;

		put_string(w, t->name);
		put_u32(w, t->dims);
		for (d = 0; d < t->dims; d++)
			put_u64(w, d == 2 ? plan[i].copies : t->dim[d]);
		put_u32(w, plan[i].type);
		put_u64(w, offset);
		offset += align(plan[i].copies * bytes_as(plan[i].type, elements_of(t)));
	}
}

static struct fixture_file put_together(const struct source *s, uint64_t more_pairs,
					const struct plan *plan, uint32_t n, struct writer *more)
{
	struct writer w;
	uint32_t i, copy;

	begin(&w);
	put(&w, "GGUF", 4);
	put_u32(&w, 3);
	put_u64(&w, n);
	put_u64(&w, s->pairs + more_pairs);
	put(&w, s->file->data + 24, s->pairs_end - 24);
	if (more) {
		fclose(more->to);
		put(&w, more->data, more->bytes);
		free(more->data);
	}
	put_infos(&w, plan, n);
	pad(&w);
	for (i = 0; i < n; i++) {
		for (copy = 0; copy < plan[i].copies; copy++)
			put_as(&w, plan[i].type, plan[i].tensor.data,
			       elements_of(&plan[i].tensor));
		pad(&w);
	}
	return end(&w);
}

struct fixture_file fixture_gguf_as(const struct fixture_file *gguf, uint32_t type)
{
	struct plan plan[TENSORS_MAX] = { 0 };
	struct source s;
	uint32_t i;

	take_apart(&s, gguf);
	for (i = 0; i < s.tensors; i++) {
		plan[i].tensor = s.tensor[i];
		plan[i].copies = 1;
		if (s.tensor[i].dims == 2 && (type != TYPE_Q8_0 || s.tensor[i].dim[0] % 32 == 0))
			plan[i].type = type;
	}
	return put_together(&s, 0, plan, s.tensors, NULL);
}

/* ---- experts ---- */

static float *random_router(uint32_t experts)
{
	float *router = malloc(sizeof(*router) * experts * EMBD);
	unsigned int seed = 1;
	uint32_t i;

	must(router, "no memory");
	for (i = 0; i < experts * EMBD; i++)
		router[i] = 6.0F * rand_r(&seed) / RAND_MAX - 3;
	return router;
}

static bool is_network(const struct source_tensor *t)
{
	return strstr(t->name, ".ffn_gate.") || strstr(t->name, ".ffn_up.") ||
	       strstr(t->name, ".ffn_down.");
}

static void plan_network(struct plan *p, uint32_t experts)
{
	char *end = strstr(p->tensor.name, ".weight");

	strcpy(end, "_exps.weight");
	p->tensor.dims = 3;
	p->copies = experts;
}

static void plan_router(struct plan *p, const struct source_tensor *gate, const float *router,
			uint32_t experts)
{
	long layer = strtol(gate->name + strlen("blk."), NULL, 10);

	*p = (struct plan){ .copies = 1 };
	snprintf(p->tensor.name, sizeof(p->tensor.name), "blk.%ld.ffn_gate_inp.weight", layer);
	p->tensor.dims = 2;
	p->tensor.dim[0] = EMBD;
	p->tensor.dim[1] = experts;
	p->tensor.dim[2] = 1;
	p->tensor.data = router;
}

static void put_number(struct writer *w, const char *key, uint32_t value)
{
	put_string(w, key);
	put_u32(w, 4);
	put_u32(w, value);
}

struct fixture_file fixture_gguf_experts(const struct fixture_file *gguf, uint32_t experts,
					 uint32_t used)
{
	struct plan plan[TENSORS_MAX] = { 0 };
	float *router = random_router(experts);
	struct fixture_file f;
	struct writer more;
	struct source s;
	uint32_t i, n = 0;

	take_apart(&s, gguf);
	for (i = 0; i < s.tensors; i++) {
		if (strstr(s.tensor[i].name, ".ffn_gate."))
			plan_router(&plan[n++], &s.tensor[i], router, experts);
		plan[n] = (struct plan){ .tensor = s.tensor[i], .copies = 1 };
		if (is_network(&s.tensor[i]))
			plan_network(&plan[n], experts);
		n++;
	}
	begin(&more);
	put_number(&more, "llama.expert_count", experts);
	put_number(&more, "llama.expert_used_count", used);
	f = put_together(&s, 2, plan, n, &more);
	free(router);
	return f;
}

/* ---- checkpoints of llama2.c ---- */

static void put_group_tensor(struct writer *w, const float *x, uint64_t n)
{
	uint64_t i;

	for (i = 0; i < n; i++) {
		float scale = largest(x + i / FIXTURE_GROUP * FIXTURE_GROUP, FIXTURE_GROUP) / 127;

		putc((int8_t)(scale ? lroundf(x[i] / scale) : 0), w->to);
	}
	for (i = 0; i < n; i += FIXTURE_GROUP) {
		float scale = largest(x + i, FIXTURE_GROUP) / 127;

		put(w, &scale, sizeof(scale));
	}
}

static void put_matrix(struct writer *w, const float *x, uint64_t n, bool groups)
{
	if (groups)
		put_group_tensor(w, x, n);
	else
		put(w, x, n * sizeof(float));
}

static void put_layers(struct writer *w, const struct source *s, const char *what, uint64_t n,
		       bool groups)
{
	char name[64];
	int i;

	for (i = 0; i < LAYERS; i++) {
		snprintf(name, sizeof(name), "blk.%d.%s.weight", i, what);
		put_matrix(w, data_of(s, name), n, groups);
	}
}

static void put_dimensions(struct writer *w, int32_t vocab)
{
	const int32_t head[] = { EMBD, FF, LAYERS, HEADS, KV_DIM * HEADS / EMBD, vocab, CONTEXT };

	put(w, head, sizeof(head));
}

/* Its pairs of dimensions are neighbours as well, so that Q and K need no permutation. */
static void put_attention(struct writer *w, const struct source *s, bool groups)
{
	put_layers(w, s, "attn_q", EMBD * EMBD, groups);
	put_layers(w, s, "attn_k", EMBD * KV_DIM, groups);
	put_layers(w, s, "attn_v", EMBD * KV_DIM, groups);
	put_layers(w, s, "attn_output", EMBD * EMBD, groups);
}

static void put_network(struct writer *w, const struct source *s, bool groups)
{
	put_layers(w, s, "ffn_gate", EMBD * FF, groups);
	put_layers(w, s, "ffn_down", EMBD * FF, groups);
	put_layers(w, s, "ffn_up", EMBD * FF, groups);
}

struct fixture_file fixture_floats(const struct fixture_file *gguf, enum fixture_output output)
{
	const float unused[CONTEXT * EMBD / HEADS] = { 0 };
	struct source s;
	struct writer w;

	take_apart(&s, gguf);
	begin(&w);
	put_dimensions(&w, output == FIXTURE_OUTPUT_OWN ? -VOCAB : VOCAB);
	put_matrix(&w, data_of(&s, "token_embd.weight"), EMBD * VOCAB, false);
	put_layers(&w, &s, "attn_norm", EMBD, false);
	put_attention(&w, &s, false);
	put_layers(&w, &s, "ffn_norm", EMBD, false);
	put_network(&w, &s, false);
	put_matrix(&w, data_of(&s, "output_norm.weight"), EMBD, false);
	put(&w, unused, sizeof(unused));
	if (output == FIXTURE_OUTPUT_OWN)
		put_matrix(&w, data_of(&s, "output.weight"), EMBD * VOCAB, false);
	return end(&w);
}

struct fixture_file fixture_groups(const struct fixture_file *gguf, enum fixture_output output)
{
	struct source s;
	struct writer w;

	take_apart(&s, gguf);
	begin(&w);
	put_u32(&w, 0x616b3432);
	put_u32(&w, 2);
	put_dimensions(&w, VOCAB);
	putc(output == FIXTURE_OUTPUT_SHARED, w.to);
	put_u32(&w, FIXTURE_GROUP);
	while (ftell(w.to) < 256)
		putc(0, w.to);
	put_layers(&w, &s, "attn_norm", EMBD, false);
	put_layers(&w, &s, "ffn_norm", EMBD, false);
	put_matrix(&w, data_of(&s, "output_norm.weight"), EMBD, false);
	put_matrix(&w, data_of(&s, "token_embd.weight"), EMBD * VOCAB, true);
	put_attention(&w, &s, true);
	put_network(&w, &s, true);
	if (output == FIXTURE_OUTPUT_OWN)
		put_matrix(&w, data_of(&s, "output.weight"), EMBD * VOCAB, true);
	return end(&w);
}

/* Blanks are blanks there, and what begins and ends a text stands on lines of its own. */
static void put_piece(struct writer *w, const char *text)
{
	char piece[64];
	size_t n = 0;

	if (!strcmp(text, "<s>") || !strcmp(text, "</s>")) {
		n = snprintf(piece, sizeof(piece), "\n%s\n", text);
		text = "";
	}
	while (*text) {
		if (!strncmp(text, "\xe2\x96\x81", 3)) {
			piece[n++] = ' ';
			text += 3;
		} else {
			piece[n++] = *text++;
		}
	}
	put_u32(w, n);
	put(w, piece, n);
}

struct fixture_file fixture_tokens(const struct fixture_file *gguf)
{
	char text[64];
	struct source s;
	struct writer w;
	int i;

	take_apart(&s, gguf);
	begin(&w);
	put_u32(&w, sizeof(text));
	s.at = s.tokens;
	for (i = 0; i < VOCAB; i++) {
		put(&w, gguf->data + s.scores + i * sizeof(float), sizeof(float));
		get_string(&s, text, sizeof(text));
		put_piece(&w, text);
	}
	return end(&w);
}

/* ---- the decoder, in plain memory ---- */

static int read_model(const struct fixture_file *file, const struct fixture_file *tokens,
		      struct model *m, struct vocab *v)
{
	if (!tokens)
		return gguf_read(file->data, file->bytes, m, v);
	if (llama2c_read(file->data, file->bytes, m))
		return -1;
	return llama2c_read_vocab(tokens->data, tokens->bytes, m->vocab, v);
}

/* The weights are where the file is. */
static int write_text(const struct fixture_file *file, const struct model *m, const struct text *t,
		      FILE *to)
{
	struct memory memory = { 0 };
	struct area weights = {
		.memory = &memory,
		.data = (char *)file->data + m->weights_offset,
	};
	struct stats stats = { 0 };
	struct forward f;
	int err = forward_make(&f, m, &memory, &weights, generate_positions(t), NULL);

	if (!err)
		err = generate(t, &f, to, &stats);
	forward_release(&f);
	return err;
}

char *fixture_text(const struct fixture_file *model, const struct fixture_file *tokens,
		   const char *prompt, uint32_t n)
{
	struct text t = { .tokens = n, .ignore_eos = true };
	struct model m = { 0 };
	struct vocab v = { 0 };
	uint32_t *encoded = NULL;
	char *text = NULL;
	size_t bytes = 0;
	FILE *to = open_memstream(&text, &bytes);
	int err, count;

	must(to, "no memory");
	err = read_model(model, tokens, &m, &v);
	if (!err) {
		count = tokenizer_encode(&v, prompt, &encoded);
		err = count < 0;
		t.vocab = &v;
		t.prompt = encoded;
		t.prompt_tokens = count;
	}
	if (!err)
		err = write_text(model, &m, &t, to);
	putc('\n', to);
	fclose(to);
	free(encoded);
	vocab_release(&v);
	model_release(&m);
	if (!err)
		return text;
	free(text);
	return NULL;
}
