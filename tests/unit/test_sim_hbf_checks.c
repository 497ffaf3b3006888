// SPDX-License-Identifier: LGPL-2.1-or-later
/* Checks 1 to 4 on tables made by hand: which rows are compared, with what, and why others not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "ini_fixture.h"
#include "sim/validate.h"

#define SON	"figure,model,workload,memory,gpus,slo,metric,value,reading\n"
#define KYUNG	"figure,model,context_cv,ratio_kappa,mean_context,lin_lout,capacity,device,metric,value\n"

#define LENGTHS	"text,any,W,any,,,input_len,1000,printed\n" \
	"text,any,W,any,,,output_len,100,printed\n"

typedef int (*run_checks)(const struct validate *v, struct checks *all, struct engine_error *e);

static struct checks run(struct ini_fixture *f, run_checks checks, const char *text)
{
	struct validate v = { 0 };
	struct checks all = { 0 };
	struct engine_error e;

	ini_fixture_text(f, "table.csv", "%s", text);
	if (forms_read(f->folder, &v.published, &e) || checks(&v, &all, &e))
		fail_msg("%s", e.text);
	forms_free(&v.published);
	if (!all.check)
		abort();
	return all;
}

static void assert_skipped(const struct check *c, const char *reason, size_t rows)
{
	size_t i;

	for (i = 0; i < c->n_reasons; i++)
		if (strstr(c->reasons[i].text, reason)) {
			assert_int_equal(c->reasons[i].rows, rows);
			return;
		}
	fail_msg("%s: nothing was skipped because of '%s'", c->name, reason);
}

/*
 * 70 tokens/s of outputs of 100 tokens are 0.7 requests a second of 1100 x 516,096 bytes, on 7
 * stacks 56,770,560 bytes a second each; 94,672,800 seconds of them fill 512 GiB 9776.39 times.
 */
static void cycles_follow_from_the_throughput_of_the_cell(void **state)
{
	struct checks all = run(*state, validate_son_wear, SON LENGTHS
		"table1,any,any,HBF,1,,flash_stacks,7,printed\n"
		"fig4,Llama3,W,HBF,8,offline,tps_per_gpu,1,read\n"
		"fig4,Llama3,W,HBF,8,a,tps_per_gpu,70,read\n"
		"fig4,Llama3,W,HBF,4,a,tps_per_gpu,70,low_confidence\n"
		"fig7,Llama3,W,HBF,8,a,pec_3_years,9776.39,read\n"
		"fig7,Llama3,W,HBF,4,a,pec_3_years,9776.39,read\n"
		"fig7,Llama3,W,HBF,2,a,pec_3_years,9776.39,read\n"
		"fig7,Llama3,W,HBF,8,b,pec_3_years,9776.39,read\n"
		"fig7,Llama3,W,HBF,8,a,pec_3_years,,infeasible\n"
		"fig7,Llama3,W,DDR,8,a,pec_3_years,9776.39,read\n"
		"fig7,Llama3,V,HBF,8,a,pec_3_years,9776.39,read\n"
		"fig7,Llama0,W,HBF,8,a,pec_3_years,9776.39,read\n");
	const struct check *c = all.check;

	assert_int_equal(all.n, 1);
	assert_int_equal(c->n, 1);
	assert_true(c->values[0] > -0.001 && c->values[0] < 0.001);
	assert_string_equal(c->label, "Llama3 W HBF, 8 GPUs, a");
	assert_int_equal(c->skipped, 7);
	assert_skipped(c, "fig. 4 has no throughput of the cell", 2);
	assert_skipped(c, "read well", 1);
	assert_skipped(c, "nothing is published", 1);
	assert_skipped(c, "stacks of flash", 1);
	assert_skipped(c, "lengths of the workload", 1);
	assert_skipped(c, "Llama0 is not known", 1);
	checks_free(&all);
}

#define HBM4	"table1,any,any,HBM4,1,,hbm_stacks,8,printed\n" \
	"table1,any,any,HBM4,1,,capacity_gb,288,printed\n" \
	"table1,any,any,HBM4,1,,hbm_read_tbps,12.8,printed\n" \
	"table1,any,any,HBM4,1,,hbm_write_tbps,12.8,printed\n"

/*
 * Four GPUs have 4 x 288 GiB, less 811,706,777,600 bytes of weights: 425,243,803,648 bytes hold
 * 749.057 sequences of 1100 tokens, 187.2642 a GPU. They are read within 25 ms.
 */
static void batches_are_what_memory_holds(void **state)
{
	struct checks all = run(*state, validate_son_batch, SON LENGTHS HBM4
		"fig3,Llama3,W,HBM4,4,tpot<=0.1s,max_batch_per_gpu,187.2642,read\n"
		"fig3,Llama3,W,HBM4,4,offline,max_batch_per_gpu,150,read\n"
		"fig3,Llama3,W,HBM4,4,tpot<=0.01s,max_batch_per_gpu,187.2642,read\n"
		"fig3,Llama3,W,HBM4,8,offline,max_batch_per_gpu,187.2642,forward_filled\n"
		"fig3,Llama3,W,HBM4,many,offline,max_batch_per_gpu,187.2642,read\n"
		"fig3,Llama3,W,HBM4,2,offline,max_batch_per_gpu,,infeasible\n"
		"fig3,Llama3,W,HBM4,4,offline,max_batch_per_gpu,,infeasible\n"
		"fig3,Llama3,W,HBF,4,offline,max_batch_per_gpu,1,read\n");
	const struct check *c = all.check;

	assert_int_equal(all.n, 2);
	assert_int_equal(c->n, 2);
	assert_true(c->values[0] > -0.001 && c->values[0] < 0.001);
	assert_true(c->values[1] > 24.84 && c->values[1] < 24.85);
	assert_int_equal(check_verdict(c), CHECK_FAILED);
	assert_skipped(c, "time limits the batch", 1);
	assert_skipped(c, "that of fewer GPUs", 1);
	assert_skipped(c, "devices and their memory", 1);
	/* Two are too small, and four are not. */
	c = &all.check[1];
	assert_int_equal(c->n, 2);
	assert_true(c->values[0] == 0);
	assert_true(c->values[1] == 100);
	checks_free(&all);
}

#define NODE	"text,any,,,,,,,devices,8\n" \
	"text,any,,,,,,,flash_stacks_per_device,5\n"

/*
 * 512 GB a device, less 124,966,348,800 bytes of weights, hold 240 sequences of 8192 x 196,608
 * bytes. In 52 ms each decodes a token and writes the KV of 4/3: with (2560 - 125) GB of flash and
 * a WAF of 1.02 it lasts 6.25 years. A step takes 45.9 ms: it reads the weights without the
 * embedding, of each sequence 2048 + 6144 / 2 tokens, and writes.
 */
static void lifetimes_follow_from_batch_and_time(void **state)
{
	struct checks all = run(*state, validate_kyung_lifetime, KYUNG NODE
		"fig4,Llama 4 Maverick,0.1,90,8192,1:3,512GB/device,HBF,lifetime_years,6.252\n"
		"fig4,Llama 4 Maverick,0.1,90,8192,1:3,512GB/device,HBF,tpot_ms,52\n"
		"fig4,Llama 4 Maverick,0.3,30,8192,1:3,512GB/device,HBF,lifetime_years,6.252\n");

	assert_int_equal(all.n, 2);
	assert_int_equal(all.check[0].n, 1);
	assert_true(all.check[0].values[0] > -0.01 && all.check[0].values[0] < 0.01);
	assert_skipped(&all.check[0], "TPOT of the cell", 1);
	assert_int_equal(all.check[1].n, 2);
	assert_true(all.check[1].values[0] > -12 && all.check[1].values[0] < -11);
	assert_true(all.check[1].values[0] == all.check[1].values[1]);
	checks_free(&all);
}

/* Half of the bandwidth is twice the time, but for what is sensed before the first byte. */
static void times_follow_from_the_device(void **state)
{
	struct checks all = run(*state, validate_kyung_tpot, KYUNG NODE
		"fig5,DeepSeek-R1,,,32768,1:3,512GB/device,HBF,tpot_ms,50\n"
		"fig5,DeepSeek-R1,,,32768,1:3,512GB/device,1/2-HBF,tpot_ms,100\n"
		"fig5,DeepSeek-R1,,,32768,1:3,512GB/device,0/2-HBF,tpot_ms,100\n"
		"fig5,DeepSeek-R1,,,32768,1:3,512GB/device,NVLink6.0,tpot_ms,100\n"
		"fig5,DeepSeek-R0,,,32768,1:3,512GB/device,HBF,tpot_ms,100\n"
		"fig5,DeepSeek-R1,,,,1:3,512GB/device,HBF,tpot_ms,100\n"
		"fig5,DeepSeek-R1,,,32768,mean,512GB/device,HBF,tpot_ms,100\n"
		"fig5,DeepSeek-R1,,,32768,1:0,512GB/device,HBF,tpot_ms,100\n"
		"fig5,DeepSeek-R1,,,32768,1:3,512GiB,HBF,tpot_ms,100\n"
		"fig5,DeepSeek-R1,,,32768,1:3,512GB/device,HBF,tpot_ms,\n");
	const struct check *c = all.check;

	assert_int_equal(c->n, 2);
	assert_true(c->values[0] > -2 && c->values[0] < -1);
	assert_true(c->values[1] > c->values[0] - 0.01 && c->values[1] < c->values[0]);
	assert_skipped(c, "not HBF", 2);
	assert_skipped(c, "model is not known", 1);
	assert_skipped(c, "no mean context", 1);
	assert_skipped(c, "no ratio", 2);
	assert_skipped(c, "no capacity", 1);
	assert_skipped(c, "nothing is published", 1);
	checks_free(&all);
}

#define WITH_FILES(test) cmocka_unit_test_setup_teardown(test, ini_fixture_begin, ini_fixture_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FILES(cycles_follow_from_the_throughput_of_the_cell),
		WITH_FILES(batches_are_what_memory_holds),
		WITH_FILES(lifetimes_follow_from_batch_and_time),
		WITH_FILES(times_follow_from_the_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
