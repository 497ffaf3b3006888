/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A matrix of weights, or one for each expert, in one of the layouts of files. */
#ifndef DECODER_TENSOR_H
#define DECODER_TENSOR_H

#include <stdbool.h>
#include <stdint.h>

/**
 * enum tensor_type - how the elements of a row are stored
 * @TENSOR_F32: binary32
 * @TENSOR_F16: binary16
 * @TENSOR_Q8_0: blocks of 32: a binary16 scale, then 32 bytes
 * @TENSOR_Q8_GROUPS: all elements as bytes, then a binary32 scale for each group of them
 */
enum tensor_type {
	TENSOR_F32,
	TENSOR_F16,
	TENSOR_Q8_0,
	TENSOR_Q8_GROUPS,
};

/**
 * struct tensor - where it is and what shape it has
 * @type: layout
 * @group: elements that share a scale; TENSOR_Q8_GROUPS only
 * @cols: elements of a row; 0 = the model has no such tensor
 * @rows: rows of a matrix
 * @slices: matrices, one for each expert; 1 otherwise
 * @offset: of its first byte in the weights
 * @bytes: all it takes
 */
struct tensor {
	enum tensor_type type;
	uint32_t group;
	uint64_t cols;
	uint64_t rows;
	uint64_t slices;
	uint64_t offset;
	uint64_t bytes;
};

/* Sets @bytes from the shape; false when it cannot have this layout or nothing can be so large. */
bool tensor_measure(struct tensor *t);

/* Whether it is within so many bytes of weights, at an offset where its elements can be loaded. */
bool tensor_fits(const struct tensor *t, uint64_t weights_bytes);

/* The functions below want a tensor that fits. Slice 0 is the only one of most tensors. */

uint64_t tensor_slice_offset(const struct tensor *t, uint64_t slice);
uint64_t tensor_slice_bytes(const struct tensor *t);

/* A range of the weights. */
struct range {
	uint64_t offset;
	uint64_t bytes;
};

/* What a row of slice 0 is made of: one range or two; returns how many. */
int tensor_row_ranges(const struct tensor *t, uint64_t row, struct range range[2]);

/* A row as floats. */
void tensor_row(const struct tensor *t, const char *weights, uint64_t row, float *out);

/* out[rows] = slice x[cols] */
void tensor_multiply(const struct tensor *t, const char *weights, uint64_t slice, const float *x,
		     float *out);

#endif
