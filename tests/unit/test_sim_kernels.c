// SPDX-License-Identifier: LGPL-2.1-or-later
/* Curves through measured points, and grids of them: between points, at the ends, with gaps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/curve.h"
#include "sim/kernel_tables.h"

static const double near = 0.000001;

static void straight_between_points(void **state)
{
	struct curve c = { 0 };

	(void)state;
	assert_int_equal(curve_add(&c, 4, 40), 0);
	assert_int_equal(curve_add(&c, 1, 10), 0);
	assert_int_equal(curve_add(&c, 2, 30), 0);
	assert_float_equal(curve_at(&c, 1), 10, near);
	assert_float_equal(curve_at(&c, 1.5), 20, near);
	assert_float_equal(curve_at(&c, 2), 30, near);
	assert_float_equal(curve_at(&c, 3), 35, near);
	curve_free(&c);
}

static void beyond_the_ends(void **state)
{
	struct curve c = { 0 };

	(void)state;
	assert_float_equal(curve_at(&c, 5), 0, near);
	curve_add(&c, 8, 7);
	assert_float_equal(curve_at(&c, 1), 7, near);
	assert_float_equal(curve_at(&c, 100), 7, near);
	curve_add(&c, 10, 11);
	assert_float_equal(curve_at(&c, 0), 7, near);
	assert_float_equal(curve_at(&c, 13), 17, near);
	/* Falling beyond the last point it ends at 0. */
	curve_add(&c, 12, 1);
	assert_float_equal(curve_at(&c, 100), 0, near);
	curve_free(&c);
}

static void same_place_is_replaced(void **state)
{
	struct curve c = { 0 };

	(void)state;
	curve_add(&c, 1, 1);
	curve_add(&c, 2, 2);
	curve_add(&c, 1, 5);
	assert_int_equal(c.n, 2);
	assert_float_equal(curve_at(&c, 1), 5, near);
	curve_free(&c);
}

/* ---- tables ---- */

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fputs(text, file) < 0, 0);
	assert_int_equal(fclose(file), 0);
}

/* Reads what is in three files; the texts hold only rows. */
static void read_forms(const char *dense, const char *attention, const char *experts,
		       struct forms *f)
{
	static const char *const names[] = { "a.csv", "b.csv", "c.csv" };
	char folder[] = "/tmp/terrace-kernels-XXXXXX", path[256], text[2048];
	struct engine_error e = { 0 };
	unsigned int i;

	assert_non_null(mkdtemp(folder));
	snprintf(text, sizeof(text),
		 "hardware,model,tp,layer,tokens_or_seqs,time_us,weight_bytes\n%s", dense);
	write_file(folder, names[0], text);
	snprintf(text, sizeof(text),
		 "hardware,model,tp,prefill_chunk,kv_prefill,n_decode,kv_decode,time_us\n%s",
		 attention);
	write_file(folder, names[1], text);
	snprintf(text, sizeof(text), "hardware,model,tp,tokens,activated_experts,time_us\n%s",
		 experts);
	write_file(folder, names[2], text);
	*f = (struct forms) { 0 };
	if (forms_read(folder, f, &e))
		fail_msg("%s", e.text);
	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
}

static const char dense[] = "X,org/Model-1B,1,qkv_proj,1,10,0\n"
			    "X,org/Model-1B,1,qkv_proj,3,20,0\n"
			    "X,org/Model-1B,2,qkv_proj,1,5,0\n"
			    "Y,org/Model-1B,1,qkv_proj,1,99,0\n";

/* time of decodes = 10 + requests x context / 10; of prompts = tokens x what is attended to */
static const char attention[] = "X,org/Model-1B,1,0,0,1,100,20\n"
				"X,org/Model-1B,1,0,0,1,200,30\n"
				"X,org/Model-1B,1,0,0,3,100,40\n"
				"X,org/Model-1B,1,0,0,3,200,70\n"
				"X,org/Model-1B,1,9,0,0,0,45\n"
				"X,org/Model-1B,1,9,100,0,0,945\n"
				"X,org/Model-1B,1,99,0,0,0,4950\n"
				"X,org/Model-1B,1,99,100,0,0,14850\n"
				"X,org/Model-1B,1,99,0,3,100,77777\n";

static void kernels_of_one_kind(void **state)
{
	struct engine_error e = { 0 };
	struct kernel_tables t;
	struct forms f;

	(void)state;
	read_forms(dense, attention, "", &f);
	assert_int_equal(kernel_tables_read(&f, "X", "model_1b", 1, &t, &e), 0);
	assert_float_equal(kernel_part_us(&t, "qkv_proj", 1), 10, near);
	assert_float_equal(kernel_part_us(&t, "qkv_proj", 2), 15, near);
	assert_float_equal(kernel_part_us(&t, "qkv_proj", 7), 40, near);
	assert_float_equal(kernel_part_us(&t, "qkv_proj", 0), 0, near);
	assert_float_equal(kernel_part_us(&t, "lm_head", 4), 0, near);
	kernel_tables_free(&t);
	/* Dense layers of another degree alone are not enough, and no other model's are taken. */
	assert_int_equal(kernel_tables_read(&f, "X", "Model-1B", 2, &t, &e), -ENOENT);
	kernel_tables_free(&t);
	assert_int_equal(kernel_tables_read(&f, "X", "Model-2B", 1, &t, &e), -ENOENT);
	assert_non_null(strstr(e.text, "Model-2B"));
	kernel_tables_free(&t);
	forms_free(&f);
}

static void attention_of_decodes(void **state)
{
	struct engine_error e = { 0 };
	struct kernel_tables t;
	struct forms f;

	(void)state;
	read_forms(dense, attention, "", &f);
	assert_int_equal(kernel_tables_read(&f, "X", "Model-1B", 1, &t, &e), 0);
	assert_float_equal(kernel_decode_us(&t, 0, 0), 0, near);
	assert_float_equal(kernel_decode_us(&t, 1, 100), 20, near);
	/* In between in both, and beyond in both. */
	assert_float_equal(kernel_decode_us(&t, 2, 2 * 150), 10 + 2 * 150 / 10., near);
	assert_float_equal(kernel_decode_us(&t, 5, 5 * 400), 10 + 5 * 400 / 10., near);
	/* Shorter than any: no less than what was measured. */
	assert_float_equal(kernel_decode_us(&t, 1, 1), 20, near);
	kernel_tables_free(&t);
	forms_free(&f);
}

static void attention_of_prompts(void **state)
{
	struct engine_error e = { 0 };
	struct kernel_tables t;
	struct forms f;

	(void)state;
	read_forms(dense, attention, "", &f);
	assert_int_equal(kernel_tables_read(&f, "X", "Model-1B", 1, &t, &e), 0);
	/* The rows are exactly what is attended to, so everything between is. */
	assert_float_equal(kernel_prefill_us(&t, 1, 9, 45), 45, near);
	assert_float_equal(kernel_prefill_us(&t, 1, 50, 50 * 51 / 2.), 1275, near);
	assert_float_equal(kernel_prefill_us(&t, 1, 50, 50 * 60 + 1275), 4275, near);
	assert_float_equal(kernel_prefill_us(&t, 3, 150, 3 * (50 * 60 + 1275)), 3 * 4275, near);
	assert_float_equal(kernel_prefill_us(&t, 1, 199, 199 * 100.), 19900, near);
	assert_float_equal(kernel_prefill_us(&t, 0, 0, 0), 0, near);
	kernel_tables_free(&t);
	forms_free(&f);
}

static void decodes_beside_prompts_cost_a_tile(void **state)
{
	struct engine_error e = { 0 };
	struct kernel_tables t;
	struct forms f;

	(void)state;
	read_forms(dense, attention, "", &f);
	assert_int_equal(kernel_tables_read(&f, "X", "Model-1B", 1, &t, &e), 0);
	/* A pair costs 1 us in the table of prompts. */
	assert_float_equal(kernel_mixed_us(&t, 2, 300), KERNEL_TILE * 300., near);
	assert_float_equal(kernel_mixed_us(&t, 0, 0), 0, near);
	kernel_tables_free(&t);
	forms_free(&f);
}

static void experts_by_tokens_and_experts(void **state)
{
	struct engine_error e = { 0 };
	struct kernel_tables t;
	struct forms f;

	(void)state;
	read_forms(dense, attention,
		   "X,Model-1B,1,1,8,50\nX,Model-1B,1,5,8,54\nX,Model-1B,1,5,16,94\n", &f);
	assert_int_equal(kernel_tables_read(&f, "X", "Model-1B", 1, &t, &e), 0);
	assert_float_equal(kernel_experts_us(&t, 1, 8), 50, near);
	assert_float_equal(kernel_experts_us(&t, 3, 8), 52, near);
	assert_float_equal(kernel_experts_us(&t, 5, 12), 74, near);
	assert_float_equal(kernel_experts_us(&t, 5, 20), 114, near);
	assert_float_equal(kernel_experts_us(&t, 0, 20), 0, near);
	kernel_tables_free(&t);
	forms_free(&f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(straight_between_points),
		cmocka_unit_test(beyond_the_ends),
		cmocka_unit_test(same_place_is_replaced),
		cmocka_unit_test(kernels_of_one_kind),
		cmocka_unit_test(attention_of_decodes),
		cmocka_unit_test(attention_of_prompts),
		cmocka_unit_test(decodes_beside_prompts_cost_a_tile),
		cmocka_unit_test(experts_by_tokens_and_experts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
