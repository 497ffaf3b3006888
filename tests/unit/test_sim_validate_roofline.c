// SPDX-License-Identifier: LGPL-2.1-or-later
/* Checks 5, 6 and 7: right rows pass, wrong ones fail, rows without an input are skipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "ini_fixture.h"
#include "sim/validate.h"

typedef int (*validate_check)(const struct validate *v, struct checks *all,
			      struct engine_error *e);

/* Run a check on one table; the file is written anew each time. */
static void run(struct ini_fixture *f, validate_check check, struct checks *all,
		const char *columns, const char *row)
{
	struct validate v = {};
	struct engine_error e = {};

	ini_fixture_text(f, "t.csv", "%s\n%s\n", columns, row);
	if (forms_read(f->folder, &v.published, &e))
		fail_msg("%s", e.text);
	assert_int_equal(v.published.n_unknown, 0);
	*all = (struct checks) {};
	if (check(&v, all, &e))
		fail_msg("%s", e.text);
	forms_free(&v.published);
}

/* The verdicts of the first two of the table's checks. */
static void expect(struct ini_fixture *f, validate_check check, size_t at, const char *columns,
		   const char *row, enum check_verdict first, enum check_verdict second)
{
	struct checks all;

	run(f, check, &all, columns, row);
	assert_true(all.n >= at + 2);
	if (check_verdict(&all.check[at]) != first || check_verdict(&all.check[at + 1]) != second)
		fail_msg("not the expected verdicts: %s", row);
	checks_free(&all);
}

/* The reason why a row is skipped. */
static void skips(struct ini_fixture *f, validate_check check, size_t at, const char *columns,
		  const char *row, const char *why)
{
	struct checks all;

	run(f, check, &all, columns, row);
	assert_int_equal(check_verdict(&all.check[at]), CHECK_EMPTY);
	assert_int_equal(all.check[at].skipped, 1);
	if (!strstr(all.check[at].reasons[0].text, why))
		fail_msg("'%s' does not say '%s'", all.check[at].reasons[0].text, why);
	checks_free(&all);
}

#define TOTALS	"model,hardware,bandwidth_Bps,peak_ops,w_bit,a_bit,kv_bit,batch,seqlen,flash," \
		"stage,OPs,memory_access_B,load_weight_B,time_s"
#define TOTAL	"Llama-2-7b-hf,any,768e9,154838500000000,16,16,16,1,8192,"

/* Llama-2-7b with 8192 tokens on an A6000, as that tool gives it. */
static void viewer_totals(void **state)
{
	static const char good[] = TOTAL "0,decode,17422352384,17584708096,13214154752,"
				   "0.022896755333333338";

	expect(*state, validate_viewer, 0, TOTALS, good, CHECK_PASSED, CHECK_PASSED);
	expect(*state, validate_viewer, 0, TOTALS, TOTAL
	       "0,decode,17422352385,17584708096,13214154752,0.022896755333333338",
	       CHECK_FAILED, CHECK_PASSED);
	expect(*state, validate_viewer, 0, TOTALS, TOTAL
	       "0,decode,17422352384,17584708096,13214154753,0.022896755333333338",
	       CHECK_FAILED, CHECK_PASSED);
	expect(*state, validate_viewer, 0, TOTALS, TOTAL
	       "0,decode,17422352384,17584708096,13214154752,0.022896755334",
	       CHECK_PASSED, CHECK_FAILED);
	expect(*state, validate_viewer, 0, TOTALS, TOTAL "0,decode,,17584708096,13214154752,none",
	       CHECK_FAILED, CHECK_FAILED);
}

static void viewer_skips(void **state)
{
	skips(*state, validate_viewer, 0, TOTALS, TOTAL "1,decode,1,1,1,1", "fused");
	skips(*state, validate_viewer, 0, TOTALS, TOTAL "0,chat,1,1,1,1", "stage 'chat'");
	skips(*state, validate_viewer, 0, TOTALS,
	      "none-1b,any,1e9,1e12,16,16,16,1,8,0,decode,1,1,1,1", "no model 'none-1b'");
	skips(*state, validate_viewer, 0, TOTALS,
	      "Mixtral-8x7B,any,1e9,1e12,16,16,16,1,8,0,decode,1,1,1,1", "dense models");
	skips(*state, validate_viewer, 0, TOTALS,
	      "Llama-2-7b,any,1e9,1e12,16,16,16,1.5,8,0,decode,1,1,1,1", "batch is not whole");
	skips(*state, validate_viewer, 0, TOTALS,
	      "Llama-2-7b,any,,1e12,16,16,16,1,8,0,decode,1,1,1,1", "bandwidth_Bps");
}

#define LAYERS	"model,hardware,w_bit,a_bit,kv_bit,batch,seqlen,stage,layer,OPs," \
		"memory_access_B,time_s"
#define LAYER	"Llama-2-7b,nvidia_A6000,16,16,16,1,2048,prefill,"

static void viewer_layers(void **state)
{
	expect(*state, validate_viewer, 2, LAYERS,
	       LAYER "q_proj,68719476736,67108864,4.438138883e-04", CHECK_PASSED, CHECK_PASSED);
	expect(*state, validate_viewer, 2, LAYERS,
	       LAYER "q_proj,68719476736,67108866,4.438138983e-04", CHECK_FAILED, CHECK_FAILED);
	skips(*state, validate_viewer, 2, LAYERS, LAYER "rope,1,1,1", "operator 'rope'");
	skips(*state, validate_viewer, 2, LAYERS,
	      "Llama-2-7b,none,16,16,16,1,8,decode,q_proj,1,1,1", "'LLM-Viewer none'");
}

#define GENZ	"model,system,flops_T,mem_bw_GBps(2^30),system_eff,bits,batch,in_tokens," \
		"out_tokens,tp,pp,ep,stage,latency_ms,offload"

static void genz(void **state)
{
	expect(*state, validate_genz, 0, GENZ,
	       "llama2_7b,any,312,2039,1,bf16,1,512,32,1,1,1,decode,6.166318,0",
	       CHECK_PASSED, CHECK_EMPTY);
	expect(*state, validate_genz, 0, GENZ,
	       "llama2_7b,any,312,2039,1,bf16,1,512,32,1,1,1,decode,6.35,0",
	       CHECK_FAILED, CHECK_EMPTY);
	/* More than the 80 GiB of the accelerator: the link to the rest is what takes the time. */
	expect(*state, validate_genz, 0, GENZ,
	       "llama2_70b,H100_GPU,989,3400,1,bf16,1,512,32,1,1,1,decode,376.2,1",
	       CHECK_EMPTY, CHECK_PASSED);
	expect(*state, validate_genz, 0, GENZ,
	       "llama2_70b,H100_GPU,989,3400,1,bf16,1,512,32,1,1,1,decode,386,1",
	       CHECK_EMPTY, CHECK_FAILED);
	skips(*state, validate_genz, 0, GENZ,
	      "llama2_7b,any,312,2039,1,bf16,1,512,32,2,1,1,decode,6,0", "more than one");
	skips(*state, validate_genz, 0, GENZ,
	      "llama2_7b,any,312,2039,1,bf16,1,512,32,1,1,1,prefill,6,0", "no decode");
	skips(*state, validate_genz, 0, GENZ,
	      "mixtral_8x7b,any,312,2039,1,bf16,1,512,32,1,1,1,decode,6,0", "mixture");
	skips(*state, validate_genz, 1, GENZ,
	      "llama2_70b,none,312,2039,1,bf16,1,512,32,1,1,1,decode,6,1", "'none'");
	skips(*state, validate_genz, 0, GENZ,
	      "llama2_7b,any,312,2039,1,q5,1,512,32,1,1,1,decode,6,0", "precision 'q5'");
}

#define BOUNDS	"model,precision,hardware,n_devices,config,metric,measured_tok_s,bound_tok_s," \
		"bound_formula"
#define STREAM	"\"n*BW/(streamed weight bytes); no KV, no comm\""
#define SERVING	"batch=(capacity-weights)/(1-byte KV of ISL+OSL/2); and so on"
#define COMPUTE	"\"compute only: n*peak/(2*params)/((in+out)/out), in=out=294 tokens\""

static void bounds(void **state)
{
	expect(*state, validate_bounds, 0, BOUNDS,
	       "Llama-2-7B,bf16,A100-80GB,1,batch=1 TP=1,decode_throughput,104.9,154.3," STREAM,
	       CHECK_PASSED, CHECK_PASSED);
	expect(*state, validate_bounds, 0, BOUNDS,
	       "Llama-2-7B,bf16,A100-80GB,1,batch=1 TP=1,decode_throughput,155,156," STREAM,
	       CHECK_FAILED, CHECK_FAILED);
	expect(*state, validate_bounds, 0, BOUNDS,
	       "Llama-3.1-8B,fp8,H200,1,ISL/OSL=128/128,output_throughput,27911,65925.7," SERVING,
	       CHECK_PASSED, CHECK_PASSED);
	expect(*state, validate_bounds, 0, BOUNDS,
	       "Llama-2-70B,fp8,H100-SXM-80GB,8,MLPerf v4.1 llama2-70b-99 Offline,throughput,"
	       "24524.9,57597.8," COMPUTE, CHECK_PASSED, CHECK_PASSED);
	skips(*state, validate_bounds, 0, BOUNDS,
	      "Llama-2-7B,bf16,A100-80GB,1,batch=1,decode_throughput,1,2," SERVING, "formula");
	skips(*state, validate_bounds, 0, BOUNDS,
	      "Llama-2-7B,bf16,A100-80GB,1,FlexGen,decode_throughput,1,2," STREAM,
	      "configuration");
	skips(*state, validate_bounds, 0, BOUNDS,
	      "Llama-3.1-8B,fp4,H200,1,ISL/OSL=128/128,output_throughput,1,2," SERVING,
	      "peak or capacity of H200");
	skips(*state, validate_bounds, 0, BOUNDS,
	      "Llama-3.1-405B,fp8,H200,1,ISL/OSL=128/128,output_throughput,1,2," SERVING,
	      "do not fit");
	skips(*state, validate_bounds, 0, BOUNDS,
	      "Llama-3.1-8B,fp8,Abacus,1,ISL/OSL=128/128,output_throughput,1,2," SERVING,
	      "no accelerator 'Abacus'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(viewer_totals),
		cmocka_unit_test(viewer_skips),
		cmocka_unit_test(viewer_layers),
		cmocka_unit_test(genz),
		cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests(tests, ini_fixture_begin, ini_fixture_end);
}
