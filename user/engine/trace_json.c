// SPDX-License-Identifier: LGPL-2.1-or-later
/* Lines of JSONL traces: Mooncake and LLMServingSim. */
#include <errno.h>
#include <string.h>

#include <jansson.h>

#include "engine/random.h"
#include "engine/trace_parse.h"

#define NS_PER_MS 1000000ULL

/* Names of the members that make a request, by format. */
struct json_names {
	enum trace_format format;
	const char *arrival;
	uint64_t arrival_unit_ns;
	const char *input;
	const char *output;
};

static const struct json_names formats[] = {
	{ TRACE_MOONCAKE, "timestamp", NS_PER_MS, "input_length", "output_length" },
	{ TRACE_SERVINGSIM, "arrival_time_ns", 1, "input_toks", "output_toks" },
};

static const struct json_names *json_names(const struct trace_reader *r, const json_t *object)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		const struct json_names *f = &formats[i];

		if (r->known ? f->format == r->trace->format :
			       !!json_object_get(object, f->input))
			return f;
	}
	return NULL;
}

/* One member as a whole number of tokens. Return: 1 good, else as of lines_bad(). */
static int json_tokens(struct trace_reader *r, const json_t *object, const char *name,
		       uint32_t *tokens)
{
	const json_t *value = json_object_get(object, name);
	json_int_t number = json_integer_value(value);

	if (!value)
		return lines_bad(&r->lines, "%s is missing", name);
	if (!json_is_integer(value))
		return lines_bad(&r->lines, "%s is not a whole number", name);
	if (number < 1 || number > TRACE_TOKENS_MAX)
		return lines_bad(&r->lines, "%s is %lld, not 1 to %u", name, (long long)number,
				 TRACE_TOKENS_MAX);
	*tokens = (uint32_t)number;
	return 1;
}

static int json_arrival(struct trace_reader *r, const json_t *object, const struct json_names *f,
			uint64_t *ns)
{
	const json_t *value = json_object_get(object, f->arrival);
	const uint64_t most = TRACE_ARRIVAL_NS_MAX / f->arrival_unit_ns;
	double number = json_number_value(value);

	if (!value)
		return lines_bad(&r->lines, "%s is missing", f->arrival);
	if (!json_is_number(value))
		return lines_bad(&r->lines, "%s is not a number", f->arrival);
	if (!(number >= 0 && number <= (double)most))
		return lines_bad(&r->lines, "%s is %g, not 0 to %g", f->arrival, number,
				 (double)most);
	if (json_is_integer(value))
		*ns = (uint64_t)json_integer_value(value) * f->arrival_unit_ns;
	else
		*ns = (uint64_t)(number * (double)f->arrival_unit_ns + 0.5);
	return 1;
}

static int json_hash_ids(struct trace_reader *r, const json_t *ids, uint32_t input)
{
	size_t want = (input + TRACE_BLOCK_TOKENS - 1) / TRACE_BLOCK_TOKENS;
	const json_t *id;
	size_t i;
	int err;

	if (!json_is_array(ids))
		return lines_bad(&r->lines, "hash_ids is not a list");
	if (json_array_size(ids) != want)
		return lines_bad(&r->lines, "%zu hash_ids for a prompt of %u tokens, not %zu",
				 json_array_size(ids), input, want);
	json_array_foreach(ids, i, id) {
		if (!json_is_integer(id) || json_integer_value(id) < 0)
			return lines_bad(&r->lines, "hash id %zu is not a whole number from 0",
					 i + 1);
		err = trace_add_hash(r, (uint64_t)json_integer_value(id));
		if (err)
			return err;
	}
	return 1;
}

static uint64_t chain_hash(uint64_t before, uint64_t value)
{
	return random_mix(before + (value + 1) * 0x9e3779b97f4a7c15ULL);
}

/* Token ids become one chained hash a block, so that equal hashes mean equal prefixes. */
static int json_token_ids(struct trace_reader *r, const json_t *ids, uint32_t input)
{
	uint64_t hash = 0;
	const json_t *id;
	size_t i;
	int err;

	if (!json_is_array(ids) || json_array_size(ids) != input)
		return lines_bad(&r->lines, "input_tok_ids is not a list of %u token ids", input);
	json_array_foreach(ids, i, id) {
		if (!json_is_integer(id) || json_integer_value(id) < 0)
			return lines_bad(&r->lines, "token id %zu is not a whole number from 0",
					 i + 1);
		hash = chain_hash(hash, (uint64_t)json_integer_value(id));
		if ((i + 1) % TRACE_BLOCK_TOKENS && i + 1 < input)
			continue;
		err = trace_add_hash(r, hash);
		if (err)
			return err;
	}
	return 1;
}

static int json_prefix(struct trace_reader *r, const json_t *object, const struct json_names *f,
		       uint32_t input)
{
	bool mooncake = f->format == TRACE_MOONCAKE;
	const json_t *ids = json_object_get(object, mooncake ? "hash_ids" : "input_tok_ids");

	if (mooncake && !ids)
		return lines_bad(&r->lines, "hash_ids is missing");
	if (!ids || json_is_null(ids))
		return 1;
	return mooncake ? json_hash_ids(r, ids, input) : json_token_ids(r, ids, input);
}

static int json_request(struct trace_reader *r, const json_t *object)
{
	const struct json_names *f = json_names(r, object);
	uint32_t input = 0, output = 0;
	uint64_t arrival_ns = 0;
	int ret;

	if (!f)
		return lines_bad(&r->lines,
				 "neither input_length (Mooncake) nor input_toks (LLMServingSim)");
	ret = json_tokens(r, object, f->input, &input);
	if (ret <= 0)
		return ret;
	ret = json_tokens(r, object, f->output, &output);
	if (ret <= 0)
		return ret;
	ret = json_arrival(r, object, f, &arrival_ns);
	if (ret <= 0)
		return ret;
	ret = json_prefix(r, object, f, input);
	if (ret <= 0) {
		trace_drop_hashes(r);
		return ret;
	}
	r->trace->format = f->format;
	r->known = true;
	return trace_add_request(r, arrival_ns, input, output);
}

int trace_json_line(struct trace_reader *r, const char *text, size_t len)
{
	json_error_t error;
	json_t *object = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	int err;

	if (!object)
		return lines_bad(&r->lines, "not JSON at column %d: %s", error.column, error.text);
	if (json_is_object(object))
		err = json_request(r, object);
	else
		err = lines_bad(&r->lines, "not a JSON object");
	json_decref(object);
	return err;
}
