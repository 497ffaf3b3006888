// SPDX-License-Identifier: LGPL-2.1-or-later
/* The format of flash tiers: layouts of every size, and superblocks and tables as hostile input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <endian.h>
#include <errno.h>
#include <cmocka.h>

#include "lib/media.h"

#define MIB		(1ULL << 20)
#define SEGMENT		(2 * MIB)

static const uint8_t uuid[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

static void layout_holds(uint64_t device_bytes)
{
	struct media_layout l;

	assert_int_equal(media_layout_of(device_bytes, &l), 0);
	assert_int_equal(l.device_bytes, device_bytes);
	assert_true(l.segments >= TERRACE_MEDIA_SEGMENTS_MIN);
	assert_int_equal(l.wear_offset[0], TERRACE_MEDIA_PAGE);
	assert_true(l.wear_offset[1] >= l.wear_offset[0] + l.wear_bytes);
	assert_true(l.data_offset >= l.wear_offset[1] + l.wear_bytes);
	assert_int_equal(l.data_offset % SEGMENT, 0);
	assert_true(l.wear_bytes >= TERRACE_MEDIA_PAGE +
		    l.segments * sizeof(struct terrace_media_wear));
	assert_true(l.data_offset + l.segments * SEGMENT <= device_bytes);
	/* and no segment that would fit is given away */
	assert_true(l.data_offset + (l.segments + 2) * SEGMENT > device_bytes);
}

static void test_layouts(void **state)
{
	uint64_t n;

	(void)state;
	for (n = TERRACE_MEDIA_SEGMENTS_MIN + 1; n < 20000; n += 7)
		layout_holds(n * SEGMENT + n % 5 * 4096);
	for (n = 64 * MIB; n < TERRACE_MEDIA_SEGMENTS_MAX * SEGMENT; n = n * 3 / 2)
		layout_holds(n);
	layout_holds(TERRACE_MEDIA_SEGMENTS_MAX * SEGMENT);
}

static void test_sizes_that_do_not_go(void **state)
{
	struct media_layout l;

	(void)state;
	assert_int_equal(media_layout_of(0, &l), -ENOSPC);
	assert_int_equal(media_layout_of(TERRACE_MEDIA_SEGMENTS_MIN * SEGMENT, &l), -ENOSPC);
	assert_int_equal(media_layout_of(UINT64_MAX, &l), -EFBIG);
	assert_int_equal(media_layout_of(MEDIA_DEVICE_MAX + SEGMENT, &l), -EFBIG);
}

static void test_super_round_trip(void **state)
{
	uint8_t page[TERRACE_MEDIA_PAGE], got[16];
	struct media_layout l, read;

	(void)state;
	memset(&l, 0, sizeof(l));
	memset(&read, 0, sizeof(read));	/* padding is compared as well */
	assert_int_equal(media_layout_of(4ULL << 30, &l), 0);
	media_super_make(&l, uuid, page);
	assert_int_equal(media_super_read(page, &read, got), 0);
	assert_memory_equal(&l, &read, sizeof(l));
	assert_memory_equal(uuid, got, sizeof(uuid));
}

/* Any bit that is flipped is noticed: in the magic as no superblock, elsewhere as a broken one. */
static void test_super_flipped_bits(void **state)
{
	uint8_t page[TERRACE_MEDIA_PAGE], got[16];
	struct media_layout l, read;
	size_t bit;

	(void)state;
	assert_int_equal(media_layout_of(4ULL << 30, &l), 0);
	media_super_make(&l, uuid, page);
	for (bit = 0; bit < sizeof(page) * 8; bit++) {
		page[bit / 8] ^= 1 << bit % 8;
		assert_int_equal(media_super_read(page, &read, got),
				 bit < 64 ? -ENOENT : -EUCLEAN);
		page[bit / 8] ^= 1 << bit % 8;
	}
}

/* A superblock whose checksum is right but whose geometry is not that of its device. */
static void test_super_wrong_geometry(void **state)
{
	uint8_t page[TERRACE_MEDIA_PAGE], got[16];
	struct media_layout l, wrong, read;

	(void)state;
	assert_int_equal(media_layout_of(4ULL << 30, &l), 0);
	wrong = l;
	wrong.segments++;
	media_super_make(&wrong, uuid, page);
	assert_int_equal(media_super_read(page, &read, got), -EUCLEAN);
	wrong = l;
	wrong.data_offset = 0;
	media_super_make(&wrong, uuid, page);
	assert_int_equal(media_super_read(page, &read, got), -EUCLEAN);
	wrong = l;
	wrong.wear_offset[1] = wrong.wear_offset[0];
	media_super_make(&wrong, uuid, page);
	assert_int_equal(media_super_read(page, &read, got), -EUCLEAN);
	wrong = l;
	wrong.device_bytes = UINT64_MAX;
	media_super_make(&wrong, uuid, page);
	assert_int_equal(media_super_read(page, &read, got), -EUCLEAN);
}

static void test_wear_table(void **state)
{
	const uint8_t other[16] = { 0 };
	struct media_layout l;
	uint8_t *table;
	size_t at;

	(void)state;
	assert_int_equal(media_layout_of(64 * MIB, &l), 0);
	table = malloc(l.wear_bytes);
	assert_non_null(table);
	media_wear_make(&l, uuid, 1, table);
	assert_true(media_wear_valid(&l, uuid, table));
	assert_false(media_wear_valid(&l, other, table));
	for (at = 0; at < l.wear_bytes; at++) {
		table[at] ^= 0x10;
		assert_false(media_wear_valid(&l, uuid, table));
		table[at] ^= 0x10;
	}
	free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_sizes_that_do_not_go),
		cmocka_unit_test(test_super_round_trip),
		cmocka_unit_test(test_super_flipped_bits),
		cmocka_unit_test(test_super_wrong_geometry),
		cmocka_unit_test(test_wear_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
