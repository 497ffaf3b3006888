/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Request traces: when requests arrive, how long their prompts and answers are, and which prompts
 * share a prefix.
 *
 * Formats, told apart by content:
 *   Mooncake JSONL       {"timestamp": ms, "input_length", "output_length", "hash_ids": [...]}
 *                        (Qin et al., FAST 2025; https://github.com/kvcache-ai/Mooncake)
 *   Azure CSV            TIMESTAMP,ContextTokens,GeneratedTokens (2023 and 2024;
 *                        https://github.com/Azure/AzurePublicDataset)
 *   lengths CSV          arrival_ns,input_toks,output_toks
 *   LLMServingSim JSONL  {"input_toks", "output_toks", "arrival_time_ns"}, optionally
 *                        "input_tok_ids": [...] (https://github.com/casys-kaist/LLMServingSim)
 *   BurstGPT CSV         Timestamp (s),...,Request tokens,Response tokens,...
 *                        (https://github.com/HPMLL/BurstGPT)
 *
 * Columns of a CSV are found by the names in its first line, in any order.
 *
 * Thread safe as long as threads do not share a structure.
 */
#ifndef _ENGINE_TRACE_H
#define _ENGINE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/error.h"

#define TRACE_BLOCK_TOKENS	512		/* tokens of a prompt that one hash id stands for */
#define TRACE_TOKENS_MAX	(1U << 24)	/* tokens of a prompt, or of an answer */
#define TRACE_ARRIVAL_NS_MAX	1000000000000000000ULL	/* about 31 years */
#define TRACE_LINE_MAX		(8U << 20)	/* bytes of a line */
#define TRACE_REQUESTS_MAX	(1U << 26)

enum trace_format {
	TRACE_MOONCAKE,
	TRACE_AZURE,
	TRACE_LENGTHS,
	TRACE_SERVINGSIM,
	TRACE_BURSTGPT,
};

/**
 * struct trace_request - one request
 * @arrival_ns: since the trace began; of an Azure trace since its earliest request
 * @input_tokens: tokens of the prompt, 1 to TRACE_TOKENS_MAX
 * @output_tokens: tokens of the answer, 1 to TRACE_TOKENS_MAX
 * @n_hashes: 0 (nothing known) or ceil(input_tokens / TRACE_BLOCK_TOKENS)
 * @line: line of the file, from 1
 * @first_hash: index of its first id in struct trace's @hashes
 */
struct trace_request {
	uint64_t arrival_ns;
	uint32_t input_tokens;
	uint32_t output_tokens;
	uint32_t n_hashes;
	uint32_t line;
	size_t first_hash;
};

/**
 * struct trace - requests by arrival; equal arrivals keep the order of the file
 * @requests: @n requests
 * @hashes: hash ids of all requests. Equal ids mean an equal prompt up to and including the block.
 *          Of token ids (LLMServingSim) they are chained 64-bit hashes
 * @bad_lines: malformed lines that were left out
 * @first_bad: "FILE:LINE: reason" of the first of them, empty when there is none
 */
struct trace {
	enum trace_format format;
	struct trace_request *requests;
	size_t n;
	uint64_t *hashes;
	size_t n_hashes;
	uint64_t bad_lines;
	char first_bad[512];
};

/**
 * struct trace_options - how to read
 * @strict: a malformed line is an error instead of being left out
 * @limit: stop after so many good lines; 0 = all
 * @bad_line: called for every malformed line with "FILE:LINE: reason"; may be NULL
 * @ctx: its first argument
 */
struct trace_options {
	bool strict;
	size_t limit;
	void (*bad_line)(void *ctx, const char *text);
	void *ctx;
};

/**
 * trace_read - read a trace
 * @path: the file
 * @options: NULL = not strict, no limit
 * @out: to be freed with trace_free(); holds nothing when an error is returned
 * @e: set when an error is returned
 *
 * A line is malformed when it is not JSON or lacks a column, holds a NUL or more than
 * TRACE_LINE_MAX bytes, a number is missing, not a number, negative or out of the ranges above, or
 * the count of hash ids does not fit the prompt. Empty lines are ignored.
 *
 * Return: 0; -EINVAL no known format, no usable line, or a malformed line with strict; -EFBIG more
 * than TRACE_REQUESTS_MAX requests; -ENOMEM; other negative errno values of fopen(3) and read.
 */
int trace_read(const char *path, const struct trace_options *options, struct trace *out,
	       struct engine_error *e);

/**
 * trace_free - free what a trace holds; one that is all zero is allowed
 */
void trace_free(struct trace *t);

/**
 * trace_format_name - "mooncake", "azure", "lengths", "llmservingsim", "burstgpt"
 */
const char *trace_format_name(enum trace_format format);

#endif /* _ENGINE_TRACE_H */
