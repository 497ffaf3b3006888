// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * make_moe IN.gguf OUT.gguf [EXPERTS [USED]]: makes a mixture of experts of a dense F32 model.
 *
 * Every expert is a copy of the dense feed-forward network and the router is random. The weights
 * of the chosen experts add up to 1, so the model says what the dense one says, but reads USED of
 * EXPERTS copies in each layer: large, sparse, and dependent on the input, with a right answer that
 * is known. Random numbers are splitmix64 of a counter: the file depends on the arguments alone.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define TENSORS_MAX	1024
#define DIMS_MAX	4
#define ALIGN		32ULL
#define GGUF_U32	4
#define GGUF_STRING	8
#define GGUF_ARRAY	9
#define HOT_EXPONENT	0.7	/* of the experts' Zipf distribution: some are chosen more often */

/* A tensor of the result: @bytes of @data, @copies times; 1 or the number of experts. */
struct tensor {
	char name[96];
	uint32_t dims;
	uint64_t dim[DIMS_MAX];
	const void *data;
	uint64_t bytes;
	uint64_t copies;
};

static const unsigned char *input;
static size_t input_bytes, at;
static struct tensor tensors[TENSORS_MAX];
static size_t tensors_n;
static uint64_t experts = 256, used = 4;
static const char expert_key[] = "llama.expert_count";
static const char used_key[] = "llama.expert_used_count";

static const void *take(uint64_t n)
{
	const void *p = input + at;

	if (n > input_bytes - at)
		errx(1, "the input ends within its header");
	at += n;
	return p;
}

static uint32_t take_u32(void)
{
	uint32_t value;

	memcpy(&value, take(sizeof(value)), sizeof(value));
	return value;
}

static uint64_t take_u64(void)
{
	uint64_t value;

	memcpy(&value, take(sizeof(value)), sizeof(value));
	return value;
}

static void skip_value(uint32_t type)
{
	static const unsigned char bytes[] = { 1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8 };
	uint64_t n;

	if (type == GGUF_STRING) {
		take(take_u64());
	} else if (type == GGUF_ARRAY) {
		type = take_u32();
		if (type == GGUF_ARRAY)
			errx(1, "an array of arrays is not expected");
		for (n = take_u64(); n; n--)
			skip_value(type);
	} else if (type < sizeof(bytes)) {
		take(bytes[type]);
	} else {
		errx(1, "a value of type %u is not known", type);
	}
}

static uint64_t splitmix64(uint64_t counter)
{
	uint64_t z = counter * 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* A number of the layer's own for each expert, that orders them. */
static uint64_t order(uint64_t layer, uint64_t expert)
{
	return splitmix64((layer << 32) + expert + 1);
}

/* Hotness of each expert: ranks of a Zipf distribution, in random order. */
static void hotness(uint64_t layer, float *out)
{
	uint64_t i, j, rank;

	for (i = 0; i < experts; i++) {
		for (rank = 1, j = 0; j < experts; j++)
			rank += order(layer, j) < order(layer, i);
		out[i] = pow(rank, -HOT_EXPONENT);
	}
}

/* In (-1, 1). */
static float uniform(uint64_t counter)
{
	return ((int64_t)(splitmix64(counter) >> 32) - 2147483648.0) / 2147483648.0;
}

/* Rows of random numbers in (-3, 3), longer where an expert is hot. */
static const float *router(uint64_t layer, uint64_t width)
{
	float *rows = calloc(experts * width, sizeof(*rows));
	float *hot = calloc(experts, sizeof(*hot));
	uint64_t i;

	if (!rows || !hot)
		errx(1, "out of memory");
	hotness(layer, hot);
	for (i = 0; i < experts * width; i++)
		rows[i] = 3 * hot[i / width] * uniform(((layer + 977) << 32) + i + 1);
	free(hot);
	return rows;
}

static struct tensor *add(const char *name, const struct tensor *like)
{
	struct tensor *t = &tensors[tensors_n++];

	if (tensors_n == TENSORS_MAX)
		errx(1, "more than %d tensors", TENSORS_MAX);
	*t = *like;
	snprintf(t->name, sizeof(t->name), "%s", name);
	return t;
}

static void add_router(uint64_t layer, uint64_t width)
{
	struct tensor like = { .dims = 2, .dim = { width, experts }, .copies = 1 };
	char name[64];

	like.data = router(layer, width);
	like.bytes = width * experts * sizeof(float);
	snprintf(name, sizeof(name), "blk.%llu.ffn_gate_inp.weight", (unsigned long long)layer);
	add(name, &like);
}

/* Which of gate, up and down a tensor blk.N.ffn_*.weight is; NULL for other tensors. */
static const char *ffn_part(const char *name, unsigned long long *layer)
{
	static const char * const parts[] = { "gate", "up", "down" };
	char expected[96], *rest;
	size_t i;

	if (strncmp(name, "blk.", 4))
		return NULL;
	*layer = strtoull(name + 4, &rest, 10);
	for (i = 0; i < 3; i++) {
		snprintf(expected, sizeof(expected), ".ffn_%s.weight", parts[i]);
		if (!strcmp(rest, expected))
			return parts[i];
	}
	return NULL;
}

/* Feed-forward tensors become stacks of experts; others stay as they are. */
static void convert(const struct tensor *t)
{
	struct tensor stack = *t;
	unsigned long long layer;
	const char *part;
	char name[96];

	part = ffn_part(t->name, &layer);
	if (!part) {
		add(t->name, t);
		return;
	}
	if (!strcmp(part, "gate"))
		add_router(layer, t->dim[0]);
	stack.dim[stack.dims++] = experts;
	stack.copies = experts;
	snprintf(name, sizeof(name), "blk.%llu.ffn_%s_exps.weight", layer, part);
	add(name, &stack);
}

static uint64_t align_up(uint64_t n)
{
	return (n + ALIGN - 1) / ALIGN * ALIGN;
}

static uint64_t read_tensor(struct tensor *t)
{
	uint64_t length = take_u64(), offset;
	uint32_t i;

	if (length >= sizeof(t->name))
		errx(1, "a tensor's name is too long");
	memcpy(t->name, take(length), length);
	t->dims = take_u32();
	if (t->dims >= DIMS_MAX)
		errx(1, "%s has more than %d dimensions", t->name, DIMS_MAX - 1);
	t->bytes = sizeof(float);
	for (i = 0; i < t->dims; i++)
		t->bytes *= t->dim[i] = take_u64();
	if (take_u32())
		errx(1, "%s is not F32", t->name);
	offset = take_u64();
	t->copies = 1;
	return offset;
}

static void read_tensors(uint64_t n)
{
	static struct tensor in[TENSORS_MAX];
	static uint64_t offset[TENSORS_MAX];
	uint64_t i;

	if (n > TENSORS_MAX)
		errx(1, "more than %d tensors", TENSORS_MAX);
	for (i = 0; i < n; i++)
		offset[i] = read_tensor(&in[i]);
	at = align_up(at);
	for (i = 0; i < n; i++) {
		if (offset[i] > input_bytes - at || in[i].bytes > input_bytes - at - offset[i])
			errx(1, "%s is not within the input", in[i].name);
		in[i].data = input + at + offset[i];
		convert(&in[i]);
	}
}

static void put(FILE *out, const void *bytes, size_t n)
{
	if (fwrite(bytes, 1, n, out) != n)
		err(1, "cannot write the output");
}

static void put_u32(FILE *out, uint32_t value)
{
	put(out, &value, sizeof(value));
}

static void put_u64(FILE *out, uint64_t value)
{
	put(out, &value, sizeof(value));
}

static void put_string(FILE *out, const char *text)
{
	put_u64(out, strlen(text));
	put(out, text, strlen(text));
}

static void pad(FILE *out)
{
	static const char zeroes[ALIGN];
	long position = ftell(out);

	put(out, zeroes, align_up(position) - position);
}

static void put_key(FILE *out, const char *key, uint32_t value)
{
	put_string(out, key);
	put_u32(out, GGUF_U32);
	put_u32(out, value);
}

static void put_infos(FILE *out)
{
	const struct tensor *t;
	uint64_t offset = 0;
	uint32_t i;

	for (t = tensors; t < tensors + tensors_n; t++) {
		put_string(out, t->name);
		put_u32(out, t->dims);
		for (i = 0; i < t->dims; i++)
			put_u64(out, t->dim[i]);
		put_u32(out, 0);	/* F32 */
		put_u64(out, offset);
		offset += align_up(t->bytes * t->copies);
	}
}

static void write_output(const char *path, const void *keys, size_t keys_bytes, uint64_t keys_n)
{
	FILE *out = fopen(path, "w");
	const struct tensor *t;
	uint64_t i;

	if (!out)
		err(1, "%s", path);
	put(out, "GGUF", 4);
	put_u32(out, 3);
	put_u64(out, tensors_n);
	put_u64(out, keys_n + 2);
	put(out, keys, keys_bytes);
	put_key(out, expert_key, experts);
	put_key(out, used_key, used);
	put_infos(out);
	pad(out);
	for (t = tensors; t < tensors + tensors_n; t++) {
		for (i = 0; i < t->copies; i++)
			put(out, t->data, t->bytes);
		pad(out);
	}
	if (fclose(out))
		err(1, "%s", path);
}

static void map_input(const char *path)
{
	int fd = open(path, O_RDONLY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		err(1, "%s", path);
	input_bytes = st.st_size;
	input = mmap(NULL, input_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	if (input == MAP_FAILED)
		err(1, "%s", path);
}

int main(int argc, char **argv)
{
	uint64_t n_tensors, keys_n, i;
	size_t keys_at;

	if (argc < 3 || argc > 5)
		errx(2, "usage: make_moe IN.gguf OUT.gguf [EXPERTS [USED]]");
	if (argc > 3)
		experts = strtoull(argv[3], NULL, 10);
	if (argc > 4)
		used = strtoull(argv[4], NULL, 10);
	if (!experts || experts > 65536 || !used || used > experts)
		errx(2, "EXPERTS is 1 to 65536, USED 1 to EXPERTS");
	map_input(argv[1]);
	if (memcmp(take(4), "GGUF", 4) || take_u32() != 3)
		errx(1, "%s is not GGUF version 3", argv[1]);
	n_tensors = take_u64();
	keys_n = take_u64();
	keys_at = at;
	for (i = 0; i < keys_n; i++) {
		take(take_u64());
		skip_value(take_u32());
	}
	i = at - keys_at;
	read_tensors(n_tensors);
	write_output(argv[2], input + keys_at, i, keys_n);
	return 0;
}
