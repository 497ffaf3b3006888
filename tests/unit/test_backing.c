// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the library takes for a backing. That it finds the device is for tests in the guest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <terrace/terrace.h>

#include "lib/backing.h"

#define UUID	"0d4e8a3c-5f0b-4a53-9a37-3f2b8c1d7e60"

static void test_valid(void **state)
{
	static const char *const good[] = { "mem:0", "blk:/dev/nvme0n1", "blk:" UUID };
	static const char *const bad[] = {
		"", "blk:", "blk", "mem", "dev:/dev/nvme0n1", "blk:nvme0n1", "/dev/nvme0n1", UUID,
		"mem" UUID, "blk:" UUID "0", "blk: " UUID, "BLK:" UUID,
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!backing_valid(good[i]))
			fail_msg("'%s' is refused", good[i]);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (backing_valid(bad[i]))
			fail_msg("'%s' is taken", bad[i]);
}

static void test_uuids(void **state)
{
	(void)state;
	assert_true(backing_is_uuid("blk:" UUID));
	assert_true(backing_is_uuid("blk:0D4E8A3C-5F0B-4A53-9A37-3F2B8C1D7E60"));
	assert_false(backing_is_uuid("blk:/" UUID));
	assert_false(backing_is_uuid("mem:" UUID));
	assert_false(backing_is_uuid(UUID));
	assert_false(backing_is_uuid("blk:0d4e8a3c5f0b4a539a373f2b8c1d7e60"));
	assert_false(backing_is_uuid("blk:0d4e8a3c-5f0b-4a53-9a37-3f2b8c1d7e6"));
	assert_false(backing_is_uuid("blk:0d4e8a3c-5f0b-4a53-9a37-3f2b8c1d7e6g"));
}

static void test_not_a_uuid(void **state)
{
	char found[BACKING_MAX];

	(void)state;
	assert_int_equal(backing_find("hbf0", "blk:nvme0n1", found), -EINVAL);
	assert_non_null(strstr(terrace_error(), "\"nvme0n1\" is not a UUID"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_uuids),
		cmocka_unit_test(test_not_a_uuid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
