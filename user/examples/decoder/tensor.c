// SPDX-License-Identifier: LGPL-2.1-or-later
/* Rows of weights: how many bytes they take, as floats, and multiplied by a vector. */
#include "tensor.h"

#include <stddef.h>
#include <string.h>

#include "half.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "files of weights are little endian, and so must be the processor that reads them in place"
#endif

#define BLOCK	32	/* elements of a Q8_0 block */
#define LANES	8	/* partial sums, so that additions need not wait for each other */

struct q8_block {
	half scale;
	int8_t value[BLOCK];
};

static bool multiply(uint64_t *product, uint64_t factor)
{
	return !__builtin_mul_overflow(*product, factor, product);
}

static bool measure_groups(struct tensor *t, uint64_t elements)
{
	if (!t->group || t->cols % t->group || t->slices != 1)
		return false;
	t->bytes = elements / t->group;
	return multiply(&t->bytes, sizeof(float)) &&
	       !__builtin_add_overflow(t->bytes, elements, &t->bytes);
}

bool tensor_measure(struct tensor *t)
{
	uint64_t elements = t->cols;

	if (!t->cols || !t->rows || !t->slices || !multiply(&elements, t->rows) ||
	    !multiply(&elements, t->slices))
		return false;
	t->bytes = elements;
	switch (t->type) {
	case TENSOR_F32:
		return multiply(&t->bytes, sizeof(float));
	case TENSOR_F16:
		return multiply(&t->bytes, sizeof(half));
	case TENSOR_Q8_0:
		t->bytes = elements / BLOCK;
		return t->cols % BLOCK == 0 && multiply(&t->bytes, sizeof(struct q8_block));
	case TENSOR_Q8_GROUPS:
		return measure_groups(t, elements);
	}
	return false;
}

static uint64_t scales_offset(const struct tensor *t)
{
	return t->offset + t->cols * t->rows;
}

bool tensor_fits(const struct tensor *t, uint64_t weights_bytes)
{
	if (t->offset > weights_bytes || t->bytes > weights_bytes - t->offset ||
	    t->offset % sizeof(float))
		return false;
	return t->type != TENSOR_Q8_GROUPS || scales_offset(t) % sizeof(float) == 0;
}

uint64_t tensor_slice_bytes(const struct tensor *t)
{
	return t->bytes / t->slices;
}

uint64_t tensor_slice_offset(const struct tensor *t, uint64_t slice)
{
	return t->offset + slice * tensor_slice_bytes(t);
}

/* Rows of a Q8_GROUPS tensor are not one piece; of the others they are. */
static uint64_t row_offset(const struct tensor *t, uint64_t row)
{
	if (t->type == TENSOR_Q8_GROUPS)
		return t->offset + row * t->cols;
	return t->offset + row * (t->bytes / t->slices / t->rows);
}

static const float *row_scales(const struct tensor *t, const char *weights, uint64_t row)
{
	return (const float *)(weights + scales_offset(t)) + row * (t->cols / t->group);
}

int tensor_row_ranges(const struct tensor *t, uint64_t row, struct range range[2])
{
	uint64_t groups;

	range[0].offset = row_offset(t, row);
	range[0].bytes = t->bytes / t->slices / t->rows;
	if (t->type != TENSOR_Q8_GROUPS)
		return 1;
	groups = t->cols / t->group;
	range[0].bytes = t->cols;
	range[1].offset = scales_offset(t) + row * groups * sizeof(float);
	range[1].bytes = groups * sizeof(float);
	return 2;
}

static void scale_bytes(const int8_t *value, float scale, uint64_t n, float *out)
{
	uint64_t i;

	for (i = 0; i < n; i++)
		out[i] = scale * value[i];
}

void tensor_row(const struct tensor *t, const char *weights, uint64_t row, float *out)
{
	const char *data = weights + row_offset(t, row);
	const struct q8_block *block = (const struct q8_block *)data;
	uint64_t i;

	switch (t->type) {
	case TENSOR_F32:
		memcpy(out, data, t->cols * sizeof(float));
		return;
	case TENSOR_F16:
		for (i = 0; i < t->cols; i++)
			out[i] = half_to_float(((const half *)data)[i]);
		return;
	case TENSOR_Q8_0:
		for (i = 0; i < t->cols; i += BLOCK, block++)
			scale_bytes(block->value, half_to_float(block->scale), BLOCK, out + i);
		return;
	case TENSOR_Q8_GROUPS:
		for (i = 0; i < t->cols; i += t->group)
			scale_bytes((const int8_t *)data + i,
				    row_scales(t, weights, row)[i / t->group], t->group, out + i);
		return;
	}
}

static float dot_floats(const float *w, const float *x, uint64_t n)
{
	float sum[LANES] = { 0 }, total = 0;
	uint64_t i, lane;

	for (i = 0; i + LANES <= n; i += LANES)
		for (lane = 0; lane < LANES; lane++)
			sum[lane] += w[i + lane] * x[i + lane];
	for (; i < n; i++)
		total += w[i] * x[i];
	for (lane = 0; lane < LANES; lane++)
		total += sum[lane];
	return total;
}

static float dot_halves(const half *w, const float *x, uint64_t n)
{
	float sum = 0;
	uint64_t i;

	for (i = 0; i < n; i++)
		sum += half_to_float(w[i]) * x[i];
	return sum;
}

static float dot_bytes(const int8_t *w, const float *x, uint64_t n)
{
	float sum = 0;
	uint64_t i;

	for (i = 0; i < n; i++)
		sum += w[i] * x[i];
	return sum;
}

static float dot_blocks(const struct q8_block *w, const float *x, uint64_t n)
{
	float sum = 0;
	uint64_t i;

	for (i = 0; i < n; i += BLOCK, w++)
		sum += half_to_float(w->scale) * dot_bytes(w->value, x + i, BLOCK);
	return sum;
}

static float dot_groups(const int8_t *w, const float *scale, uint64_t group, const float *x,
			uint64_t n)
{
	float sum = 0;
	uint64_t i;

	for (i = 0; i < n; i += group)
		sum += *scale++ * dot_bytes(w + i, x + i, group);
	return sum;
}

static float dot_row(const struct tensor *t, const char *weights, uint64_t row, const float *x)
{
	const char *data = weights + row_offset(t, row);

	switch (t->type) {
	case TENSOR_F32:
		return dot_floats((const float *)data, x, t->cols);
	case TENSOR_F16:
		return dot_halves((const half *)data, x, t->cols);
	case TENSOR_Q8_0:
		return dot_blocks((const struct q8_block *)data, x, t->cols);
	case TENSOR_Q8_GROUPS:
		return dot_groups((const int8_t *)data, row_scales(t, weights, row), t->group, x,
				  t->cols);
	}
	return 0;
}

void tensor_multiply(const struct tensor *t, const char *weights, uint64_t slice, const float *x,
		     float *out)
{
	uint64_t row;

	for (row = 0; row < t->rows; row++)
		out[row] = dot_row(t, weights, slice * t->rows + row, x);
}
