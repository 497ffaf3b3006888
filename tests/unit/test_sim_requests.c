// SPDX-License-Identifier: LGPL-2.1-or-later
/* Requests that are served again: what cannot be served says why, and what is summed up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/requests.h"

#define REQUESTS	"hardware,model,request_id,input_toks,output_toks,arrival_s,ttft_ms,e2e_ms,tpot_ms\n"
#define CONFIGURATIONS	"hardware,model,tp,dp,ep,max_num_seqs,max_num_batched_tokens,block_tokens," \
			"num_gpu_blocks,gpu_mem_GB,gpu_mem_utilization\n"
#define DENSE		"hardware,model,tp,layer,tokens_or_seqs,time_us,weight_bytes\n"
#define ATTENTION	"hardware,model,tp,prefill_chunk,kv_prefill,n_decode,kv_decode,time_us\n"

static const double near = 0.000001;

static void read_file(struct forms *f, const char *text)
{
	char folder[] = "/tmp/terrace-requests-XXXXXX", path[64];
	struct engine_error e = { 0 };
	FILE *file;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/a.csv", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	if (forms_read(folder, f, &e))
		fail_msg("%s", e.text);
	assert_int_equal(f->n_unknown, 0);
	unlink(path);
	rmdir(folder);
}

static void free_all(struct validate *v, struct served *s)
{
	served_free(s);
	forms_free(&v->published);
	forms_free(&v->kernels);
}

static void must_serve(const struct validate *v, struct served *s)
{
	struct engine_error e = { 0 };

	if (served_make(v, s, &e))
		fail_msg("%s", e.text);
}

static void what_cannot_be_served_says_why(void **state)
{
	struct validate v = { 0 };
	struct served s;

	(void)state;
	setenv("TERRACE_MODELS", "user/models", 1);
	read_file(&v.published, REQUESTS
		  "X,llama-3.1-8b,a,10,3,0,1,3,1\n"
		  "Y,llama-3.1-8b,a,10,3,0,1,3,1\n"
		  "X,nobody-1b,a,10,3,0,1,3,1\n"
		  "X,llama-3.1-8b,b,10,3,0,1,3,1\n");
	read_file(&v.published, CONFIGURATIONS
		  "X,llama-3.1-8b,1,1,1,8,64,16,100,24,0.9\n"
		  "X,nobody-1b,1,1,1,8,64,16,100,24,0.9\n");
	must_serve(&v, &s);
	assert_int_equal(s.n, 3);
	assert_non_null(strstr(s.kind[0].skipped, "no kernels of llama-3.1-8b on X"));
	assert_non_null(strstr(s.kind[1].skipped, "no configuration"));
	assert_non_null(strstr(s.kind[2].skipped, "nobody-1b"));
	free_all(&v, &s);
}

/* Every part of every layer takes 1 us, attention 2. */
static void a_kind_is_served(void **state)
{
	static const char *const parts[] = { "qkv_proj", "o_proj", "gate_up_proj", "down_proj",
					     "lm_head" };
	struct validate v = { 0 };
	struct requests *q;
	struct served s;
	char dense[512] = DENSE;
	double step;
	size_t i;

	(void)state;
	setenv("TERRACE_MODELS", "user/models", 1);
	read_file(&v.published, REQUESTS
		  "X,llama-3.1-8b,late,10,2,0.5,1,3,2\n"
		  "X,llama-3.1-8b,first,10,3,0,1,3,1\n");
	read_file(&v.published, CONFIGURATIONS "X,Llama3.1-8B,1,1,1,8,64,16,100,24,0.9\n");
	for (i = 0; i < 5; i++)
		snprintf(dense + strlen(dense), sizeof(dense) - strlen(dense),
			 "X,llama-3.1-8b,1,%s,1,1,0\n", parts[i]);
	read_file(&v.kernels, dense);
	read_file(&v.kernels, ATTENTION
		  "X,llama-3.1-8b,1,0,0,1,1,2\n"
		  "X,llama-3.1-8b,1,9,0,0,0,2\n");
	must_serve(&v, &s);
	assert_int_equal(s.n, 1);
	q = &s.kind[0];
	assert_string_equal(q->skipped, "");
	assert_int_equal(q->n, 2);
	/* 32 layers with 6 us of kernels and 10 gaps of 0.5 us, and the lm_head. */
	step = (32 * (6 + 10 * 0.5) + 1) / 1e3;
	for (i = 0; i < 2; i++) {
		assert_float_equal(q->ours[REQUEST_TTFT][i], step, near);
		assert_float_equal(q->ours[REQUEST_TPOT][i], step, near);
	}
	assert_float_equal(q->ours[REQUEST_LATENCY][0], 2 * step, near);
	assert_float_equal(q->ours[REQUEST_LATENCY][1], 3 * step, near);
	assert_float_equal(q->theirs[REQUEST_TPOT][1], 2, near);
	free_all(&v, &s);
}

static void means_and_percentiles(void **state)
{
	const double values[] = { 1, 2, 4, 9 };

	(void)state;
	assert_float_equal(requests_mean(values, 4), 4, near);
	assert_float_equal(requests_mean(values, 0), 0, near);
	assert_float_equal(requests_percentile(values, 4, 0), 1, near);
	assert_float_equal(requests_percentile(values, 4, 50), 3, near);
	assert_float_equal(requests_percentile(values, 4, 90), 7.5, near);
	assert_float_equal(requests_percentile(values, 4, 100), 9, near);
	assert_float_equal(requests_percentile(values, 1, 99), 1, near);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cannot_be_served_says_why),
		cmocka_unit_test(a_kind_is_served),
		cmocka_unit_test(means_and_percentiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
