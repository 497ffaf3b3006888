// SPDX-License-Identifier: LGPL-2.1-or-later
/* Request traces: every format, and what is malformed in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/trace.h"
#include "ini_fixture.h"

#define TRACES "tests/data/traces/"

static void read_good(const char *path, const struct trace_options *o, struct trace *t)
{
	struct engine_error e = {};

	if (trace_read(path, o, t, &e))
		fail_msg("%s", e.text);
}

/* Write a trace and read it, not strictly. */
static void read_text(struct ini_fixture *f, const char *text, struct trace *t)
{
	ini_fixture_text(f, "trace", "%s", text);
	read_good(f->path, NULL, t);
}

static void assert_request(const struct trace *t, size_t i, uint64_t arrival_ns, uint32_t input,
			   uint32_t output)
{
	assert_true(i < t->n);
	assert_int_equal(t->requests[i].arrival_ns, arrival_ns);
	assert_int_equal(t->requests[i].input_tokens, input);
	assert_int_equal(t->requests[i].output_tokens, output);
}

/* ---- good ---- */

static void reads_mooncake_slice(void **state)
{
	struct trace t;

	(void)state;
	read_good(TRACES "conversation-120.jsonl", &(struct trace_options) { .strict = true }, &t);
	assert_int_equal(t.format, TRACE_MOONCAKE);
	assert_string_equal(trace_format_name(t.format), "mooncake");
	assert_int_equal(t.n, 120);
	assert_int_equal(t.bad_lines, 0);
	assert_string_equal(t.first_bad, "");
	for (size_t i = 0; i < t.n; i++) {
		const struct trace_request *q = &t.requests[i];

		assert_int_equal(q->n_hashes, (q->input_tokens + 511) / 512);
		assert_true(q->first_hash + q->n_hashes <= t.n_hashes);
		assert_true(!i || q->arrival_ns >= t.requests[i - 1].arrival_ns);
	}
	trace_free(&t);
}

static void reads_azure_slice(void **state)
{
	struct trace t;

	(void)state;
	read_good(TRACES "azure2023-conv-100.csv", &(struct trace_options) { .strict = true }, &t);
	assert_int_equal(t.format, TRACE_AZURE);
	assert_int_equal(t.n, 100);
	assert_request(&t, 0, 0, 374, 44);
	/* 18:15:50.9951690 - 18:15:46.6805900 */
	assert_request(&t, 1, 4314579000, 396, 109);
	assert_int_equal(t.requests[1].n_hashes, 0);
	trace_free(&t);
}

static void reads_lengths_slice(void **state)
{
	struct trace t;

	(void)state;
	read_good(TRACES "sharegpt-lengths-50.csv", &(struct trace_options) { .strict = true }, &t);
	assert_int_equal(t.format, TRACE_LENGTHS);
	assert_int_equal(t.n, 50);
	assert_request(&t, 0, 46926808, 2358, 531);
	trace_free(&t);
}

static void reads_azure_2024(void **state)
{
	struct trace t;

	read_text(*state,
		  "TIMESTAMP,ContextTokens,GeneratedTokens\n"
		  "2024-02-28 23:59:59.5+00:00,10,1\n"
		  "2024-02-29T00:00:00Z,11,2\n"
		  "2024-03-01 01:00:00.000000001+01:00,12,3\n", &t);
	assert_int_equal(t.n, 3);
	assert_request(&t, 1, 500000000, 11, 2);
	/* The 29th of February of 2024 lies between. */
	assert_request(&t, 2, 86400500000001, 12, 3);
	trace_free(&t);
}

static void reads_servingsim_token_ids(void **state)
{
	struct trace t;
	char text[16384];
	size_t len = 0;

	/* The second prompt repeats the first's block and differs in its last token. */
	for (int request = 0; request < 2; request++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"{\"input_toks\": 513, \"output_toks\": 7, "
					"\"arrival_time_ns\": %d, \"input_tok_ids\": [", request);
		for (int i = 0; i < 513; i++)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%d",
						i ? "," : "", i == 512 ? request : i % 7);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "]}\n");
	}
	read_text(*state, text, &t);
	assert_int_equal(t.format, TRACE_SERVINGSIM);
	assert_int_equal(t.n, 2);
	assert_request(&t, 1, 1, 513, 7);
	assert_int_equal(t.requests[0].n_hashes, 2);
	assert_int_equal(t.n_hashes, 4);
	assert_true(t.hashes[0] == t.hashes[2]);
	assert_true(t.hashes[1] != t.hashes[3]);
	trace_free(&t);
}

static void reads_burstgpt(void **state)
{
	struct trace t;

	read_text(*state,
		  "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,"
		  "Total tokens,Log Type\n"
		  "5.25,,1,ChatGPT,472,18,490,Conversation log\n"
		  "45,7,2,GPT-4,\"1087\",230,1317,API log\n", &t);
	assert_int_equal(t.format, TRACE_BURSTGPT);
	assert_request(&t, 0, 5250000000, 472, 18);
	assert_request(&t, 1, 45000000000, 1087, 230);
	trace_free(&t);
}

static void finds_columns_by_name(void **state)
{
	struct trace t;

	read_text(*state, "\xef\xbb\xbf" "output_toks, extra ,input_toks,arrival_ns\r\n"
		  "3,x,2,9007199254740993\r\n\r\n", &t);
	assert_int_equal(t.n, 1);
	/* 2^53 + 1 is not rounded on its way. */
	assert_request(&t, 0, 9007199254740993, 2, 3);
	trace_free(&t);
}

static void sorts_by_arrival_and_keeps_ties(void **state)
{
	struct trace t;

	read_text(*state, "arrival_ns,input_toks,output_toks\n5,1,1\n3,2,1\n5,3,1\n3,4,1\n", &t);
	assert_request(&t, 0, 3, 2, 1);
	assert_request(&t, 1, 3, 4, 1);
	assert_request(&t, 2, 5, 1, 1);
	assert_request(&t, 3, 5, 3, 1);
	assert_int_equal(t.requests[3].line, 4);
	trace_free(&t);
}

static void stops_at_the_limit(void **state)
{
	struct trace t;

	(void)state;
	read_good(TRACES "conversation-120.jsonl", &(struct trace_options) { .limit = 7 }, &t);
	assert_int_equal(t.n, 7);
	trace_free(&t);
}

/* ---- malformed ---- */

#define GOOD_LENGTHS "arrival_ns,input_toks,output_toks\n0,1,1\n"
#define GOOD_AZURE "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,1,1\n"
#define GOOD_MOONCAKE \
	"{\"timestamp\": 0, \"input_length\": 1, \"output_length\": 1, \"hash_ids\": [0]}\n"

static const struct {
	const char *good;
	const char *bad;
	const char *reason;
} malformed[] = {
	{ GOOD_LENGTHS, "0,1", "2 columns" },
	{ GOOD_LENGTHS, "-1,1,1", "arrival_ns" },
	{ GOOD_LENGTHS, "nan,1,1", "arrival_ns" },
	{ GOOD_LENGTHS, "inf,1,1", "arrival_ns" },
	{ GOOD_LENGTHS, "1e19,1,1", "arrival_ns" },
	{ GOOD_LENGTHS, "1e999,1,1", "arrival_ns" },
	{ GOOD_LENGTHS, "99999999999999999999999,1,1", "arrival_ns" },
	{ GOOD_LENGTHS, "0x10,1,1", "arrival_ns" },
	{ GOOD_LENGTHS, ",1,1", "arrival_ns" },
	{ GOOD_LENGTHS, "0,0,1", "input_toks is 0" },
	{ GOOD_LENGTHS, "0,1.5,1", "input_toks" },
	{ GOOD_LENGTHS, "0,-3,1", "input_toks" },
	{ GOOD_LENGTHS, "0,1,16777217", "output_toks is 16777217" },
	{ GOOD_LENGTHS, "0,1,1e300", "output_toks" },
	{ GOOD_LENGTHS, "0,1,many", "output_toks \"many\"" },
	{ GOOD_AZURE, "2023-13-16 18:15:46,1,1", "TIMESTAMP" },
	{ GOOD_AZURE, "2023-11-16,1,1", "TIMESTAMP" },
	{ GOOD_AZURE, "2023-11-16 18:15:46.,1,1", "TIMESTAMP" },
	{ GOOD_AZURE, "2023-11-16 18:15:46+99:00,1,1", "TIMESTAMP" },
	{ GOOD_AZURE, "2199-11-16 18:15:46,1,1", "more than 15 years" },
	{ GOOD_MOONCAKE, "{\"timestamp\": 0", "not JSON" },
	{ GOOD_MOONCAKE, "[1, 2]", "not a JSON object" },
	{ GOOD_MOONCAKE, "{\"timestamp\": 0, \"output_length\": 1, \"hash_ids\": [0]}",
	  "input_length is missing" },
	{ GOOD_MOONCAKE, "{\"timestamp\": 0, \"input_length\": 1, \"output_length\": 1}",
	  "hash_ids is missing" },
	{ GOOD_MOONCAKE, "{\"input_length\": 1, \"output_length\": 1, \"hash_ids\": [0]}",
	  "timestamp is missing" },
	{ GOOD_MOONCAKE,
	  "{\"timestamp\": -1, \"input_length\": 1, \"output_length\": 1, \"hash_ids\": [0]}",
	  "timestamp is -1" },
	{ GOOD_MOONCAKE,
	  "{\"timestamp\": 1e300, \"input_length\": 1, \"output_length\": 1, \"hash_ids\": [0]}",
	  "timestamp is 1e+300" },
	{ GOOD_MOONCAKE,
	  "{\"timestamp\": 0, \"input_length\": 513, \"output_length\": 1, \"hash_ids\": [0]}",
	  "1 hash_ids for a prompt of 513 tokens, not 2" },
	{ GOOD_MOONCAKE,
	  "{\"timestamp\": 0, \"input_length\": 1, \"output_length\": 1, \"hash_ids\": [-4]}",
	  "hash id 1" },
	{ GOOD_MOONCAKE,
	  "{\"timestamp\": 0, \"input_length\": 600, \"output_length\": 1, \"hash_ids\": [1, 2.5]}",
	  "hash id 2" },
	{ GOOD_MOONCAKE,
	  "{\"timestamp\": 0, \"input_length\": 99999999999999999999, \"output_length\": 1}",
	  "not JSON" },
	{ GOOD_MOONCAKE,
	  "{\"timestamp\": 0, \"input_length\": \"1\", \"output_length\": 1, \"hash_ids\": [0]}",
	  "input_length is not a whole number" },
	{ GOOD_MOONCAKE,
	  "{\"timestamp\": 0, \"timestamp\": 0, \"input_length\": 1, \"output_length\": 1}",
	  "not JSON" },
};

static void count_bad_line(void *ctx, const char *text)
{
	(void)text;
	++*(int *)ctx;
}

static void leaves_malformed_lines_out(void **state)
{
	struct ini_fixture *f = *state;

	for (size_t i = 0; i < sizeof(malformed) / sizeof(*malformed); i++) {
		int told = 0;
		struct trace_options o = { .bad_line = count_bad_line, .ctx = &told };
		struct trace t;
		char place[32];
		size_t line = strchr(malformed[i].good, '\n')[1] ? 3 : 2;

		/* The good line comes again after the bad one. */
		ini_fixture_text(f, "trace", "%s%s\n%s", malformed[i].good, malformed[i].bad,
				 strrchr(malformed[i].good, '{') ? malformed[i].good : "");
		read_good(f->path, &o, &t);
		snprintf(place, sizeof(place), "/trace:%zu: ", line);
		if (!strstr(t.first_bad, malformed[i].reason) || !strstr(t.first_bad, place))
			fail_msg("\"%s\" is \"%s\", not %s%s", malformed[i].bad, t.first_bad, place,
				 malformed[i].reason);
		assert_int_equal(t.bad_lines, 1);
		assert_int_equal(told, 1);
		assert_int_equal(t.n, line == 2 ? 2 : 1);
		for (size_t k = 0; k < t.n; k++)
			assert_true(t.requests[k].first_hash + t.requests[k].n_hashes <=
				    t.n_hashes);
		trace_free(&t);
	}
}

static void refuses_malformed_lines_when_strict(void **state)
{
	struct ini_fixture *f = *state;

	for (size_t i = 0; i < sizeof(malformed) / sizeof(*malformed); i++) {
		struct engine_error e = {};
		struct trace t;

		ini_fixture_text(f, "trace", "%s%s\n", malformed[i].good, malformed[i].bad);
		assert_int_equal(trace_read(f->path, &(struct trace_options) { .strict = true }, &t,
					    &e), -EINVAL);
		assert_non_null(strstr(e.text, "/trace:"));
		assert_non_null(strstr(e.text, malformed[i].reason));
		assert_null(t.requests);
	}
}

static void leaves_nul_and_overlong_lines_out(void **state)
{
	static const char last[] = { '\n', '3', ',', '3', ',', '3', '\n' };
	static const char nul[] = GOOD_LENGTHS "1,\0" "1,1\n2,2,2\n";
	struct ini_fixture *f = *state;
	size_t len = TRACE_LINE_MAX + 100;
	char *text = malloc(len);
	struct trace t;

	assert_non_null(text);
	ini_fixture_write(f, "nul", nul, sizeof(nul) - 1);
	read_good(f->path, NULL, &t);
	assert_int_equal(t.n, 2);
	assert_int_equal(t.bad_lines, 1);
	assert_non_null(strstr(t.first_bad, "NUL"));
	trace_free(&t);

	memset(text, '9', len);
	*stpcpy(text, GOOD_LENGTHS) = '9';
	memcpy(text + len - sizeof(last), last, sizeof(last));
	ini_fixture_write(f, "long", text, len);
	free(text);
	read_good(f->path, NULL, &t);
	assert_int_equal(t.n, 2);
	assert_int_equal(t.bad_lines, 1);
	assert_non_null(strstr(t.first_bad, "/long:3: the line has more than"));
	trace_free(&t);
}

static void refuses_what_is_no_trace(void **state)
{
	static const char *const texts[] = { "", "\n\n", "a,b,c\n1,2,3\n", "{}\n", "hello\n",
					     "arrival_ns,input_toks,output_toks\n" };
	struct ini_fixture *f = *state;
	struct engine_error e = {};
	struct trace t;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		ini_fixture_text(f, "none", "%s", texts[i]);
		assert_int_equal(trace_read(f->path, NULL, &t, &e), -EINVAL);
		assert_non_null(strstr(e.text, "/none"));
		assert_null(t.requests);
	}
	assert_int_equal(trace_read("tests/data/traces/missing", NULL, &t, &e), -ENOENT);
	assert_non_null(strstr(e.text, "tests/data/traces/missing"));
	assert_true(trace_read("tests/data", NULL, &t, &e) < 0);
}

/* Whatever one changes in a trace, reading it ends and keeps its promises. */
static void survives_damaged_traces(void **state)
{
	static const char *const starts[] = { GOOD_LENGTHS, GOOD_AZURE, GOOD_MOONCAKE };
	struct ini_fixture *f = *state;
	unsigned int seed = 1;

	for (int round = 0; round < 3000; round++) {
		struct engine_error e = {};
		char text[256];
		struct trace t;
		size_t len = (size_t)snprintf(text, sizeof(text), "%s", starts[round % 3]);

		for (int i = 0; i < 4; i++)
			text[(size_t)rand_r(&seed) % len] = (char)rand_r(&seed);
		ini_fixture_write(f, "damaged", text, len);
		if (trace_read(f->path, NULL, &t, &e)) {
			assert_true(*e.text);
			continue;
		}
		assert_true(t.n);
		for (size_t i = 0; i < t.n; i++) {
			assert_true(t.requests[i].arrival_ns <= TRACE_ARRIVAL_NS_MAX);
			assert_in_range(t.requests[i].input_tokens, 1, TRACE_TOKENS_MAX);
			assert_in_range(t.requests[i].output_tokens, 1, TRACE_TOKENS_MAX);
		}
		trace_free(&t);
	}
}

#define WITH_FILES(test) cmocka_unit_test_setup_teardown(test, ini_fixture_begin, ini_fixture_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_mooncake_slice),
		cmocka_unit_test(reads_azure_slice),
		cmocka_unit_test(reads_lengths_slice),
		WITH_FILES(reads_azure_2024),
		WITH_FILES(reads_servingsim_token_ids),
		WITH_FILES(reads_burstgpt),
		WITH_FILES(finds_columns_by_name),
		WITH_FILES(sorts_by_arrival_and_keeps_ties),
		cmocka_unit_test(stops_at_the_limit),
		WITH_FILES(leaves_malformed_lines_out),
		WITH_FILES(refuses_malformed_lines_when_strict),
		WITH_FILES(leaves_nul_and_overlong_lines_out),
		WITH_FILES(refuses_what_is_no_trace),
		WITH_FILES(survives_damaged_traces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
