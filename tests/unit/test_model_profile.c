// SPDX-License-Identifier: LGPL-2.1-or-later
/* Defaults and checks of profiles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../modules/model_random.h"

static struct tmodel_profile usable(void)
{
	struct tmodel_profile p;

	tmodel_profile_init(&p);
	p.capacity_bytes = 1ULL << 30;
	p.read_bps = 1000000000;
	p.write_bps = 1000000000;
	return p;
}

static void test_defaults(void **state)
{
	struct tmodel_profile p;
	const char *field = NULL;

	(void)state;
	tmodel_profile_init(&p);
	assert_int_equal(p.capacity_bytes, 0);
	assert_int_equal(p.read_granule_bytes, 64);
	assert_int_equal(p.write_granule_bytes, 64);
	assert_int_equal(p.channels, 1);
	assert_int_equal(p.waf_permille, 1000);
	assert_int_equal(p.lifetime_s, 0);
	assert_int_equal(tmodel_profile_check(&p, &field), TMODEL_PROFILE_RANGE);
	assert_string_equal(field, "capacity_bytes");
	p = usable();
	assert_int_equal(tmodel_profile_check(&p, &field), TMODEL_PROFILE_OK);
}

#define FIELD_ROW(field, ...) { #field, offsetof(struct tmodel_profile, field), __VA_ARGS__ },

static const struct field {
	const char *name;
	size_t offset;
	__u64 lowest, highest, value;
} fields[] = { TMODEL_PROFILE_FIELDS(FIELD_ROW) };

#define FIELDS (sizeof(fields) / sizeof(*fields))

static void check_out_of_range(const struct field *f, __u64 value)
{
	struct tmodel_profile p = usable();
	const char *field = NULL;

	*(__u64 *)((char *)&p + f->offset) = value;
	assert_int_equal(tmodel_profile_check(&p, &field), TMODEL_PROFILE_RANGE);
	assert_string_equal(field, f->name);
	assert_int_equal(tmodel_profile_check(&p, NULL), TMODEL_PROFILE_RANGE);
}

static void check_in_range(const struct field *f, __u64 value)
{
	struct tmodel_profile p = usable();

	*(__u64 *)((char *)&p + f->offset) = value;
	assert_int_not_equal(tmodel_profile_check(&p, NULL), TMODEL_PROFILE_RANGE);
}

static void test_ranges(void **state)
{
	struct tmodel_profile p;
	size_t i;

	(void)state;
	tmodel_profile_init(&p);
	for (i = 0; i < FIELDS; i++) {
		assert_true(*(__u64 *)((char *)&p + fields[i].offset) == fields[i].value);
		check_in_range(&fields[i], fields[i].lowest);
		check_in_range(&fields[i], fields[i].highest);
		check_out_of_range(&fields[i], fields[i].highest + 1);
		if (fields[i].lowest)
			check_out_of_range(&fields[i], fields[i].lowest - 1);
	}
}

static void test_powers(void **state)
{
	struct tmodel_profile p = usable();
	const char *field = NULL;

	(void)state;
	p.read_granule_bytes = 48;
	assert_int_equal(tmodel_profile_check(&p, &field), TMODEL_PROFILE_POWER);
	assert_string_equal(field, "read_granule_bytes");
	p = usable();
	p.write_granule_bytes = 3;
	assert_int_equal(tmodel_profile_check(&p, &field), TMODEL_PROFILE_POWER);
	assert_string_equal(field, "write_granule_bytes");
	p = usable();
	p.page_bytes = 5000;
	p.erase_block_bytes = 50000;
	assert_int_equal(tmodel_profile_check(&p, &field), TMODEL_PROFILE_POWER);
	assert_string_equal(field, "page_bytes");
}

static void test_blocks(void **state)
{
	struct tmodel_profile p = usable();
	const char *field = NULL;

	(void)state;
	p.erase_block_bytes = 1 << 20;
	assert_int_equal(tmodel_profile_check(&p, &field), TMODEL_PROFILE_BLOCK);
	assert_string_equal(field, "page_bytes");
	p.page_bytes = 4096;
	assert_int_equal(tmodel_profile_check(&p, &field), TMODEL_PROFILE_OK);
	p.erase_block_bytes = 4096 * 3 + 512;
	assert_int_equal(tmodel_profile_check(&p, &field), TMODEL_PROFILE_BLOCK);
	assert_string_equal(field, "erase_block_bytes");
	p.erase_block_bytes = 0;
	field = NULL;
	assert_int_equal(tmodel_profile_check(&p, &field), TMODEL_PROFILE_BLOCK);
	assert_string_equal(field, "erase_block_bytes");
}

/* The first field in the table is named, also when several are wrong. */
static void test_first_is_named(void **state)
{
	struct tmodel_profile p = usable();
	const char *field = NULL;

	(void)state;
	p.read_granule_bytes = 48;
	p.lifetime_s = TMODEL_U64_MAX;
	p.write_bps = 1;
	assert_int_equal(tmodel_profile_check(&p, &field), TMODEL_PROFILE_RANGE);
	assert_string_equal(field, "write_bps");
}

static void test_random_profiles_pass(void **state)
{
	struct model_random r = { .state = 3 };
	struct tmodel_profile p;
	int i;

	(void)state;
	for (i = 0; i < 10000; i++) {
		model_random_profile(&r, &p);
		assert_int_equal(tmodel_profile_check(&p, NULL), TMODEL_PROFILE_OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_powers),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_first_is_named),
		cmocka_unit_test(test_random_profiles_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
