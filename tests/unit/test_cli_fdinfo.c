// SPDX-License-Identifier: LGPL-2.1-or-later
/* The text of a session's fdinfo. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "cli/fdinfo.h"

static const char fixture[] =
	"pos:\t0\n"
	"flags:\t02000002\n"
	"mnt_id:\t15\n"
	"ino:\t77\n"
	"session:\t42\n"
	"charging:\tdeclared\n"
	"replay:\t1\n"
	"tokens:\t1000\n"
	"records:\t20\n"
	"rejected:\t3\n"
	"steps:\t7\n"
	"model_ns:\t9000\n"
	"pace_permille:\t2500\n"
	"prefill_steps:\t1\n"
	"prefill_tokens:\t900\n"
	"prefill_model_ns:\t5000\n"
	"prefill_wall_ns:\t6000\n"
	"prefill_last_model_ns:\t5000\n"
	"prefill_last_wall_ns:\t6000\n"
	"decode_steps:\t6\n"
	"decode_tokens:\t100\n"
	"decode_model_ns:\t4000\n"
	"decode_wall_ns:\t18446744073709551615\n"
	"decode_absorbed_ns:\t50\n"
	"decode_last_model_ns:\t600\n"
	"decode_last_wall_ns:\t700\n"
	"something_new:\t5\n"
	"hbm0-kv:\tmodel_read_bytes=1 model_write_bytes=2 model_in_bytes=3 model_out_bytes=4 model_energy_uj=5\n"
	"with-dash-weights:\tmodel_read_bytes=6 model_new_bytes=9 model_write_bytes=7\n";

static bool parse(const char *text, struct fdinfo *info)
{
	char copy[sizeof(fixture) * 2];

	snprintf(copy, sizeof(copy), "%s", text);
	return fdinfo_parse(copy, info);
}

static void test_whole(void **state)
{
	const struct fdinfo_steps *prefill, *decode;
	struct fdinfo info;

	(void)state;
	assert_true(parse(fixture, &info));
	prefill = &info.kind[TERRACE_STEP_PREFILL];
	decode = &info.kind[TERRACE_STEP_DECODE];
	assert_int_equal(info.session, 42);
	assert_string_equal(info.charging, "declared");
	assert_int_equal(info.replay, 1);
	assert_int_equal(info.records, 20);
	assert_int_equal(info.rejected, 3);
	assert_int_equal(info.pace_permille, 2500);
	assert_int_equal(prefill->steps, 1);
	assert_int_equal(prefill->tokens, 900);
	assert_int_equal(prefill->model_ns, 5000);
	assert_int_equal(prefill->wall_ns, 6000);
	assert_int_equal(prefill->absorbed_ns, 0);
	assert_int_equal(prefill->last_model_ns, 5000);
	assert_int_equal(prefill->last_wall_ns, 6000);
	assert_int_equal(decode->steps, 6);
	assert_int_equal(decode->tokens, 100);
	assert_int_equal(decode->model_ns, 4000);
	assert_true(decode->wall_ns == UINT64_MAX);
	assert_int_equal(decode->absorbed_ns, 50);
	assert_int_equal(decode->last_model_ns, 600);
	assert_int_equal(decode->last_wall_ns, 700);
}

static void test_bytes(void **state)
{
	struct fdinfo info;

	(void)state;
	assert_true(parse(fixture, &info));
	assert_int_equal(info.bytes_count, 2);
	assert_string_equal(info.bytes[0].tier, "hbm0");
	assert_string_equal(info.bytes[0].class_name, "kv");
	assert_int_equal(info.bytes[0].read_bytes, 1);
	assert_int_equal(info.bytes[0].write_bytes, 2);
	assert_int_equal(info.bytes[0].in_bytes, 3);
	assert_int_equal(info.bytes[0].out_bytes, 4);
	assert_int_equal(info.bytes[0].energy_uj, 5);
	assert_string_equal(info.bytes[1].tier, "with-dash");
	assert_string_equal(info.bytes[1].class_name, "weights");
	assert_int_equal(info.bytes[1].read_bytes, 6);
	assert_int_equal(info.bytes[1].write_bytes, 7);
	assert_int_equal(info.bytes[1].in_bytes, 0);
	assert_ptr_equal(fdinfo_bytes(&info, "hbm0", "kv"), &info.bytes[0]);
}

static void test_entries_end(void **state)
{
	struct fdinfo info;
	char tier[16];
	int i;

	(void)state;
	assert_true(parse("session:\t1\ncharging:\tobserved\n", &info));
	for (i = 0; i < FDINFO_BYTES_MAX; i++) {
		snprintf(tier, sizeof(tier), "t%d", i);
		assert_non_null(fdinfo_bytes(&info, tier, "kv"));
	}
	assert_null(fdinfo_bytes(&info, "one more", "kv"));
	assert_non_null(fdinfo_bytes(&info, "t0", "kv"));
	assert_int_equal(info.bytes_count, FDINFO_BYTES_MAX);
}

static void test_others(void **state)
{
	static const char * const others[] = {
		"", "\n\n", "pos:\t0\nflags:\t02\n", "session:\t0\ncharging:\tobserved\n",
		"session:\t5\n", "session:\t-5\ncharging:\tobserved\n",
		"session:\tfive\ncharging:\tobserved\n", "session: 5\ncharging: observed\n",
		"session:\t99999999999999999999\ncharging:\tobserved\n",
	};
	struct fdinfo info;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(parse(others[i], &info));
	/* a later kernel's longer words are cut */
	assert_true(parse("session:\t5\ncharging:\tby the light of the moon\n", &info));
	assert_int_equal(strlen(info.charging), FDINFO_CHARGING_MAX - 1);
}

static void test_rate(void **state)
{
	(void)state;
	assert_true(fdinfo_rate(5, 0) == 0);
	assert_true(fdinfo_rate(0, 5) == 0);
	assert_true(fdinfo_rate(50, 1000000000) == 50);
	assert_true(fdinfo_rate(3, 1500000000) == 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_entries_end),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
