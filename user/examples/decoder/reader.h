/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a file that is in memory from front to back, and never beyond its end. */
#ifndef DECODER_READER_H
#define DECODER_READER_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct reader - where in the file
 * @over: more was asked for than there is; from then on everything reads as zero
 *
 * Who reads looks at @over once after several values, and before one of them is believed.
 */
struct reader {
	const uint8_t *data;
	uint64_t size;
	uint64_t at;
	bool over;
};

/* The next bytes; NULL when there are not so many. */
const void *reader_bytes(struct reader *r, uint64_t bytes);

uint8_t reader_u8(struct reader *r);
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
float reader_f32(struct reader *r);

#endif
