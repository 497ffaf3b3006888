/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files for the tests of the decoder, all of one model: tests/data/clients/stories260K.gguf. */
#ifndef _TESTS_DECODER_FIXTURE_H
#define _TESTS_DECODER_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

#define FIXTURE_MODEL	"tests/data/clients/stories260K.gguf"
#define FIXTURE_TEXT	"tests/data/clients/stories260K.txt"
#define FIXTURE_PROMPT	"Once upon a time"
#define FIXTURE_TOKENS	160

#define FIXTURE_GROUP	4	/* of bytes in a checkpoint: it has to divide rows of 64 and 172 */

/* Each in memory of just its size, so that a sanitizer sees what is read beyond it. */
struct fixture_file {
	uint8_t *data;
	uint64_t bytes;
};

struct fixture_file fixture_read(const char *path);
void fixture_free(struct fixture_file *f);

/* The model with its matrices as another type of GGUF, where their rows have whole blocks. */
struct fixture_file fixture_gguf_as(const struct fixture_file *gguf, uint32_t type);

/* The model with so many copies of its feed-forward networks and a random router. */
struct fixture_file fixture_gguf_experts(const struct fixture_file *gguf, uint32_t experts,
					 uint32_t used);

enum fixture_output {
	FIXTURE_OUTPUT_OWN,
	FIXTURE_OUTPUT_SHARED,	/* the classifier is the embedding, as it is in this model */
};

/* The model as checkpoints of llama2.c of versions 0 and 2, and its tokens. */
struct fixture_file fixture_floats(const struct fixture_file *gguf, enum fixture_output output);
struct fixture_file fixture_groups(const struct fixture_file *gguf, enum fixture_output output);
struct fixture_file fixture_tokens(const struct fixture_file *gguf);

/*
 * The text that a model makes in plain memory, with a newline at its end as the program prints it;
 * NULL when the decoder refused something. To be freed. @tokens is for checkpoints only.
 */
char *fixture_text(const struct fixture_file *model, const struct fixture_file *tokens,
		   const char *prompt, uint32_t n);

/* Bytes of the metadata of a GGUF file: all before its tensors. */
uint64_t fixture_gguf_head(const struct fixture_file *gguf);

#endif
