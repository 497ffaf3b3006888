// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * decoder: a small decoder for models of the llama architecture, to show how an inference runtime
 * uses libterrace. memory.c is what it is about, then kv.c, experts.c and forward.c; the rest reads
 * files.
 */
#include <argp.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "forward.h"
#include "generate.h"
#include "memory.h"
#include "refuse.h"
#include "stats.h"
#include "tokenizer.h"

#define TOKENS_DEFAULT	128
#define TOKENS_MAX	(1U << 20)

/* Of weights. Experts are small and few of them are used: a large extent would hold many. */
#define EXTENT_DENSE	(1U << TERRACE_EXTENT_SHIFT_MAX)
#define EXTENT_EXPERTS	65536

enum {
	STATUS_DONE = 0,
	STATUS_DEVICE = 1,
	STATUS_INPUT = 2,
};

struct arguments {
	const char *model;
	const char *prompt;
	const char *tokenizer;
	const char *weights_tier;
	const char *kv_tier;
	uint32_t tokens;
	uint32_t extent_bytes;
	bool ignore_eos;
	bool stats;
	struct memory_options memory;
};

/* What a run is made of, in the order of creation. */
struct run {
	struct arguments args;
	struct model model;
	struct vocab vocab;
	int fd;
	uint32_t *prompt;
	struct text text;
	struct memory memory;
	struct area weights;
	struct forward forward;
	struct stats stats;
};

/* ---- the command line ---- */

enum {
	KEY_TOKENIZER = 256,
	KEY_WEIGHTS,
	KEY_KV,
	KEY_EXTENT,
	KEY_DECLARE,
	KEY_OBSERVE,
	KEY_PACE,
	KEY_IGNORE_EOS,
	KEY_STATS,
	KEY_PLAIN,
};

static const struct argp_option options[] = {
	{ "prompt", 'p', "TEXT", 0, "Begin with this text", 0 },
	{ "tokens", 'n', "N", 0, "Decode so many tokens (128), also beyond the length the model was trained for",
	  0 },
	{ "tokenizer", KEY_TOKENIZER, "FILE", 0, "Tokens of a checkpoint of llama2.c", 0 },
	{ "weights", KEY_WEIGHTS, "TIER", 0, "Where the weights are to be", 0 },
	{ "kv", KEY_KV, "TIER", 0, "Where the KV cache is to be", 0 },
	{ "extent", KEY_EXTENT, "SIZE", 0,
	  "Extents of the weights, 4KiB to 2MiB (2MiB, with experts 64KiB)", 0 },
	{ "declare", KEY_DECLARE, NULL, 0, "Say what each step reads and writes (default)", 0 },
	{ "observe", KEY_OBSERVE, NULL, 0, "Have the kernel observe it", 0 },
	{ "pace", KEY_PACE, "F", 0, "A step lasts at least F times its modelled time", 0 },
	{ "ignore-eos", KEY_IGNORE_EOS, NULL, 0, "Never end the text before -n", 0 },
	{ "stats", KEY_STATS, NULL, 0, "Say what it took on standard error", 0 },
	{ "plain", KEY_PLAIN, NULL, 0, "Leave the device out: malloc and mmap", 0 },
	{ 0 }
};

static uint32_t parse_tokens(const char *arg, struct argp_state *state)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(arg, &end, 10);
	if (errno || *end || end == arg || arg[0] == '-' || !value || value > TOKENS_MAX)
		argp_error(state, "-n is \"%s\"; give a number from 1 to %u", arg, TOKENS_MAX);
	return value;
}

static uint32_t parse_extent(const char *arg, struct argp_state *state)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(arg, &end, 10);
	if (!strcmp(end, "KiB") && value <= EXTENT_DENSE >> 10)
		value <<= 10;
	else if (!strcmp(end, "MiB") && value <= EXTENT_DENSE >> 20)
		value <<= 20;
	else if (*end)
		value = 0;
	if (errno || arg[0] == '-' || value < 1U << TERRACE_EXTENT_SHIFT_MIN ||
	    value > EXTENT_DENSE || (value & (value - 1)))
		argp_error(state, "--extent is \"%s\"; give a power of two from 4KiB to 2MiB", arg);
	return value;
}

static uint32_t parse_pace(const char *arg, struct argp_state *state)
{
	char *end;
	double value = strtod(arg, &end);

	/* written so that what is no number is refused as well */
	if (*end || end == arg || !(value >= 0 && value <= TERRACE_PACE_MAX / 1e3))
		argp_error(state, "--pace is \"%s\"; give a number from 0 to %u", arg,
			   TERRACE_PACE_MAX / 1000);
	return value * 1000;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *args = state->input;

	switch (key) {
	case 'p':
		args->prompt = arg;
		return 0;
	case 'n':
		args->tokens = parse_tokens(arg, state);
		return 0;
	case KEY_TOKENIZER:
		args->tokenizer = arg;
		return 0;
	case KEY_WEIGHTS:
		args->weights_tier = arg;
		return 0;
	case KEY_KV:
		args->kv_tier = arg;
		return 0;
	case KEY_EXTENT:
		args->extent_bytes = parse_extent(arg, state);
		return 0;
	case KEY_DECLARE:
	case KEY_OBSERVE:
		args->memory.observed = key == KEY_OBSERVE;
		return 0;
	case KEY_PACE:
		args->memory.pace_permille = parse_pace(arg, state);
		return 0;
	case KEY_IGNORE_EOS:
		args->ignore_eos = true;
		return 0;
	case KEY_STATS:
		args->stats = true;
		return 0;
	case KEY_PLAIN:
		args->memory.plain = true;
		return 0;
	case ARGP_KEY_ARG:
		if (args->model)
			argp_error(state, "one MODEL at a time, not '%s' as well", arg);
		args->model = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "a MODEL is missing");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "MODEL",
	.doc = "Decode text with a model of the llama architecture, always the most likely token, its weights, "
	       "KV cache and activations on the tiers of /dev/terrace. MODEL is GGUF (F32, F16, Q8_0, also "
	       "with experts) or a checkpoint of llama2.c.\v"
	       "Examples:\n"
	       "  decoder tests/data/clients/stories260K.gguf -p 'Once upon a time' --stats\n"
	       "  decoder model.gguf --weights hbf0 --kv hbm0 --pace 1\n"
	       "  decoder model.bin --tokenizer tokenizer.bin --plain\n"
	       "\n"
	       "Exit status: 0 done, 1 the device or the host said no, 2 the command line or a file is wrong.",
};

/* ---- a run ---- */

static int read_input(struct run *r)
{
	const struct arguments *a = &r->args;

	int tokens;

	r->fd = file_read_model(a->model, a->tokenizer, &r->model, &r->vocab);
	if (r->fd < 0)
		return -1;
	tokens = tokenizer_encode(&r->vocab, a->prompt, &r->prompt);
	if (tokens < 0)
		return -1;
	r->text = (struct text){
		.vocab = &r->vocab,
		.prompt = r->prompt,
		.prompt_tokens = tokens,
		.tokens = a->tokens,
		.ignore_eos = a->ignore_eos,
	};
	return 0;
}

static int make_memory(struct run *r)
{
	const struct arguments *a = &r->args;
	const struct model *m = &r->model;
	struct placement weights = {
		.tier = a->weights_tier,
		.extent_bytes = a->extent_bytes,
		.scattered = m->experts,
	};

	if (!weights.extent_bytes)
		weights.extent_bytes = m->experts ? EXTENT_EXPERTS : EXTENT_DENSE;
	if (memory_open(&r->memory, &a->memory) ||
	    memory_load_weights(&r->memory, r->fd, m->weights_offset, m->weights_bytes, &weights,
				&r->weights))
		return -1;
	return forward_make(&r->forward, m, &r->memory, &r->weights, generate_positions(&r->text),
			    a->kv_tier);
}

static void release(struct run *r)
{
	forward_release(&r->forward);
	memory_free_area(&r->weights);
	memory_close(&r->memory);
	free(r->prompt);
	if (r->fd >= 0)
		close(r->fd);
	vocab_release(&r->vocab);
	model_release(&r->model);
}

static int run(struct run *r)
{
	if (make_memory(r) || generate(&r->text, &r->forward, stdout, &r->stats))
		return -1;
	putchar('\n');
	return r->args.stats ? stats_print(stderr, &r->stats, &r->memory, &r->forward.experts) : 0;
}

static int fail(int status)
{
	fflush(stdout);
	fprintf(stderr, "decoder: %s\n", refusal());
	return status;
}

int main(int argc, char **argv)
{
	struct run r = { .fd = -1, .args = { .prompt = "", .tokens = TOKENS_DEFAULT } };
	int status = STATUS_DONE;

	argp_err_exit_status = STATUS_INPUT;
	argp_parse(&argp, argc, argv, 0, NULL, &r.args);
	if (read_input(&r))
		status = fail(STATUS_INPUT);
	else if (run(&r))
		status = fail(STATUS_DEVICE);
	release(&r);
	if (!status && (fflush(stdout) || ferror(stdout))) {
		refuse_because("cannot write the text: is its disk full or its reader gone?");
		status = fail(STATUS_DEVICE);
	}
	return status;
}
