// SPDX-License-Identifier: LGPL-2.1-or-later
/* Headers of GGUF models, and what is none; what is read together of their experts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/experts.h"
#include "lib/gguf.h"

/* A header in the making. */
static char head[1 << 20];
static size_t used;

static void put(const void *bytes, size_t n)
{
	assert_true(used + n <= sizeof(head));
	memcpy(head + used, bytes, n);
	used += n;
}

static void put32(uint32_t value)
{
	put(&value, sizeof(value));
}

static void put64(uint64_t value)
{
	put(&value, sizeof(value));
}

static void put_key(const char *key, uint32_t type)
{
	put64(strlen(key));
	put(key, strlen(key));
	put32(type);
}

static void begin(uint64_t tensors, uint64_t keys)
{
	used = 0;
	put("GGUF", 4);
	put32(3);
	put64(tensors);
	put64(keys);
}

static void put_tensor(const char *name, uint32_t dims, uint64_t last, uint64_t offset)
{
	put64(strlen(name));
	put(name, strlen(name));
	put32(dims);
	for (uint32_t i = 1; i < dims; i++)
		put64(64);
	if (dims)
		put64(last);
	put32(0);
	put64(offset);
}

static int file_fd(void)
{
	int fd = memfd_create("gguf", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, head, used, 0), used);
	return fd;
}

/* What is found in the header with so many bytes of tensors behind it. */
static struct gguf_stack found[8];

static size_t find(uint64_t alignment, uint64_t data_bytes)
{
	struct gguf_stack *stacks;
	int fd = file_fd();
	size_t n;

	assert_int_equal(ftruncate(fd, (used + alignment - 1) / alignment * alignment + data_bytes),
			 0);
	n = gguf_stacks(fd, &stacks);
	assert_int_equal(!n, !stacks);
	assert_true(n <= sizeof(found) / sizeof(found[0]));
	if (stacks)
		memcpy(found, stacks, n * sizeof(*stacks));
	free(stacks);
	close(fd);
	return n;
}

static void assert_stack(size_t i, const char *layer, uint64_t offset, uint64_t slice_bytes,
			 uint64_t slices)
{
	assert_string_equal(found[i].layer, layer);
	assert_int_equal(found[i].offset, offset);
	assert_int_equal(found[i].slice_bytes, slice_bytes);
	assert_int_equal(found[i].slices, slices);
}

static void test_magic(void **state)
{
	int fd, ends[2];

	(void)state;
	begin(0, 0);
	fd = file_fd();
	assert_true(gguf_is(fd));
	assert_int_equal(ftruncate(fd, 4), 0);
	assert_true(gguf_is(fd));
	assert_int_equal(ftruncate(fd, 3), 0);
	assert_false(gguf_is(fd));
	assert_int_equal(pwrite(fd, "GGUX", 4, 0), 4);
	assert_false(gguf_is(fd));
	close(fd);
	assert_int_equal(pipe(ends), 0);
	assert_false(gguf_is(ends[0]));
	close(ends[0]);
	close(ends[1]);
	assert_false(gguf_is(-1));
}

/* One key of every type that is gone past. */
static void put_all_types(void)
{
	static const uint8_t bytes[] = { 1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8 };
	uint32_t type;

	for (type = 0; type < sizeof(bytes); type++) {
		if (!bytes[type])
			continue;
		put_key("some.value", type);
		put("\1\2\3\4\5\6\7\10", bytes[type]);
		put_key("some.array", 9);
		put32(type);
		put64(3);
		put("\1\2\3\4\5\6\7\10\1\2\3\4\5\6\7\10\1\2\3\4\5\6\7\10", 3 * bytes[type]);
	}
}

static void put_strings(void)
{
	static const char text[200000];
	char key[300];
	int i;

	put_key("general.name", 8);
	put64(sizeof(text));	/* more than is read at once */
	put(text, sizeof(text));
	put_key("tokens", 9);
	put32(8);
	put64(1000);
	for (i = 0; i < 1000; i++) {
		put64(i % 100);
		put(text, i % 100);
	}
	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	put_key(key, 0);	/* longer than any that is looked for */
	put("", 1);
}

/* Tensors may stand in any order; each ends where the next one in the file begins. */
static void put_layer(void)
{
	put_tensor("blk.3.ffn_down_exps.weight", 3, 8, 8 * 1024 + 64);
	put_tensor("blk.3.ffn_gate_exps.weight", 3, 8, 64);
	put_tensor("output.weight", 2, 8, 0);
	put_tensor("blk.12.mlp.up_exps.weight", 3, 3, 8 * 1024 + 64 + 8 * 512);
}

static void test_stacks(void **state)
{
	uint64_t data;

	(void)state;
	begin(4, 24 + 3 - 2);
	put_all_types();
	put_strings();
	put_layer();
	data = (used + 31) / 32 * 32;
	assert_int_equal(find(32, 16384), 3);
	assert_stack(0, "blk.3.", data + 8 * 1024 + 64, 512, 8);
	assert_stack(1, "blk.3.", data + 64, 1024, 8);
	assert_stack(2, "blk.12.mlp.", data + 8 * 1024 + 64 + 8 * 512, (4096 - 64) / 3, 3);
}

static void test_alignment(void **state)
{
	(void)state;
	begin(1, 1);
	put_key("general.alignment", 4);
	put32(4096);
	put_tensor("blk.0.ffn_up_exps.weight", 3, 2, 4096);
	assert_int_equal(find(4096, 3 * 4096), 1);
	assert_stack(0, "blk.0.", 2 * 4096, 4096, 2);
	/* of another type it is not the alignment */
	begin(1, 1);
	put_key("general.alignment", 10);
	put64(4096);
	put_tensor("blk.0.ffn_up_exps.weight", 3, 2, 0);
	assert_int_equal(find(32, 64), 1);
	assert_stack(0, "blk.0.", (used + 31) / 32 * 32, 32, 2);
	for (uint32_t i = 0; i < 2; i++) {
		begin(1, 1);
		put_key("general.alignment", 4);
		put32(i ? 48 : 0);
		put_tensor("blk.0.ffn_up_exps.weight", 3, 2, 0);
		assert_int_equal(find(4096, 4096), 0);
	}
}

/* What is no stack: other shapes and names, and what only looks like one. */
static void test_no_stack(void **state)
{
	char name[300];

	(void)state;
	memset(name, 'k', sizeof(name));
	strcpy(name + sizeof(name) - 20, "_exps.weight");
	begin(8, 0);
	put_tensor("blk.0.ffn_gate_exps.bias", 2, 8, 0);
	put_tensor("blk.0.ffn_gate_exps.scale", 0, 0, 32);
	put_tensor("blk.0.ffn_gate_exps.weight", 4, 8, 64);
	put_tensor("blk.0.ffn_gate_shexp.weight", 3, 8, 96);
	put_tensor("blk.0.ffn_gate_exps", 3, 8, 128);
	put_tensor("", 3, 8, 160);
	put_tensor(name, 3, 8, 192);
	put_tensor("_exps.", 3, 1, 224);
	assert_int_equal(find(32, 256), 1);
	assert_stack(0, "", (used + 31) / 32 * 32 + 224, 32, 1);
}

/* What is cut off anywhere says nothing, and is not read beyond. */
static void test_cut_off(void **state)
{
	size_t whole;

	(void)state;
	begin(4, 22);
	put_all_types();
	put_layer();
	assert_int_equal(find(32, 16384), 3);
	for (whole = used; used; used--)
		if (used < whole)
			assert_int_equal(find(1, 0), 0);
}

static void test_hostile_keys(void **state)
{
	static const uint64_t lengths[] = {
		UINT64_MAX, UINT64_MAX - 7, UINT64_MAX / 2, 1ULL << 32, 256ULL << 20,
		(256ULL << 20) - 40, (256ULL << 20) - 1000,
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		begin(1, 4096);
		put64(lengths[i]);	/* a key */
		assert_int_equal(find(1, 0), 0);
		begin(1, 4096);
		put_key("k", 8);
		put64(lengths[i]);	/* a text */
		assert_int_equal(find(1, 0), 0);
		begin(1, 4096);
		put_key("k", 9);
		put32(12);
		put64(lengths[i]);	/* an array of numbers */
		assert_int_equal(find(1, 0), 0);
		begin(1, 4096);
		put_key("k", 9);
		put32(8);
		put64(lengths[i]);	/* of texts */
		assert_int_equal(find(1, 0), 0);
		begin(1, 4096);
		put_key("k", 9);
		put32(9);	/* of arrays */
		put64(lengths[i]);
		assert_int_equal(find(1, 0), 0);
		begin(1, 4096);
		put_key("k", lengths[i]);
		assert_int_equal(find(1, 0), 0);
		begin(1, 0);
		put64(lengths[i]);	/* a tensor's name */
		assert_int_equal(find(1, 0), 0);
		begin(1, lengths[i]);	/* keys */
		put_layer();
		assert_int_equal(find(1, 0), 0);
		begin(lengths[i], 0);	/* tensors */
		put_layer();
		assert_int_equal(find(1, 0), 0);
	}
}

/* Stacks that would not lie within the file, or have no slices; one of them spoils the others. */
static void test_hostile_stacks(void **state)
{
	static const struct { uint64_t slices, offset; } bad[] = {
		{ 0, 0 }, { UINT64_MAX, 0 }, { 4097, 0 }, { 1, 4096 }, { 1, UINT64_MAX },
		{ 2, UINT64_MAX - 31 }, { 8, 1ULL << 63 }, { 1, 4064 + 64 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		begin(2, 0);
		put_tensor("blk.0.ffn_up_exps.weight", 3, bad[i].slices, bad[i].offset);
		put_tensor("blk.1.ffn_up_exps.weight", 3, 1, 2048);
		assert_int_equal(find(32, 4096), 0);
	}
	begin(1, 0);
	put_tensor("blk.0.ffn_up_exps.weight", 5, 8, 0);	/* dimensions */
	assert_int_equal(find(32, 4096), 0);
	begin(1, 0);
	put_tensor("blk.0.ffn_up_exps.weight", 3, 8, 0);
	assert_int_equal(find(32, 4096), 1);
	memset(head + used - 8 - 4 - 24 - 4, 0xff, 4);
	assert_int_equal(find(32, 4096), 0);
	/* behind a header that ends with the file there is nothing */
	begin(1, 0);
	put_tensor("blk.0.ffn_up_exps.weight", 3, 1, 0);
	assert_int_equal(find(1, 0), 0);
}

/* Two at one place: both end where the next one begins. */
static void test_same_place(void **state)
{
	(void)state;
	begin(3, 0);
	put_tensor("blk.0.ffn_up_exps.weight", 3, 4, 32);
	put_tensor("blk.0.ffn_down_exps.weight", 3, 4, 32);
	put_tensor("output.weight", 2, 4, 32 + 4 * 64);
	assert_int_equal(find(32, 4096), 2);
	assert_int_equal(found[0].slice_bytes, 64);
	assert_int_equal(found[1].slice_bytes, 64);
}

/* Lengths that together go on behind what is looked at, and around. */
static void test_around(void **state)
{
	struct gguf_stack *stacks;
	uint64_t length;
	int fd;

	(void)state;
	begin(1, 4096);
	put_key("k", 8);
	put64((256ULL << 20) - used - 8 - 4);
	fd = file_fd();
	/* a key there, just inside, whose length leads back to the first */
	length = UINT64_MAX - (256ULL << 20);
	assert_int_equal(pwrite(fd, &length, sizeof(length), (256ULL << 20) - 4), 8);
	assert_int_equal(ftruncate(fd, 300ULL << 20), 0);
	assert_int_equal(gguf_stacks(fd, &stacks), 0);
	assert_null(stacks);
	close(fd);
	assert_int_equal(gguf_stacks(-1, &stacks), 0);
	assert_null(stacks);
}

/* The sets of a range that begins @offset bytes behind the first tensor. */
static size_t sets_of(uint64_t offset, uint64_t bytes, struct experts_set **sets)
{
	uint64_t data = (used + 31) / 32 * 32;
	int fd = file_fd();
	size_t n;

	assert_int_equal(ftruncate(fd, data + 1024), 0);
	n = experts_sets(fd, data + offset, bytes, sets);
	assert_int_equal(!n, !*sets);
	close(fd);
	return n;
}

static void assert_set(const struct experts_set *set, uint64_t pieces, uint32_t count,
		       const struct terrace_piece_range *ranges)
{
	assert_int_equal(set->pieces, pieces);
	assert_int_equal(set->count, count);
	assert_memory_equal(set->ranges, ranges, count * sizeof(*ranges));
}

/* Three stacks of one layer, two of another, and one of a third. */
static void put_layers(void)
{
	begin(6, 0);
	put_tensor("blk.1.ffn_down_exps.weight", 3, 4, 128);
	put_tensor("blk.0.ffn_gate_up_exps.weight", 3, 2, 384);
	put_tensor("blk.1.ffn_up_exps.weight", 3, 4, 0);
	put_tensor("blk.10.ffn_up_exps.weight", 3, 4, 512);
	put_tensor("blk.0.ffn_down_exps.weight", 3, 2, 448);
	put_tensor("blk.1.ffn_gate_exps.weight", 3, 4, 256);
}

static void test_sets(void **state)
{
	static const struct terrace_piece_range layer0[] = { { 384, 32 }, { 448, 32 } };
	static const struct terrace_piece_range layer1[] = { { 0, 32 }, { 128, 32 }, { 256, 32 } };
	struct experts_set *sets;

	(void)state;
	put_layers();
	assert_int_equal(sets_of(0, 1024, &sets), 2);
	assert_set(&sets[0], 2, 2, layer0);
	assert_set(&sets[1], 4, 3, layer1);
	free(sets);
}

/* What is not all in the range is not in the buffer; offsets are those in the buffer. */
static void test_sets_of_a_range(void **state)
{
	static const struct terrace_piece_range layer0[] = { { 383, 32 }, { 447, 32 } };
	static const struct terrace_piece_range layer1[] = { { 127, 32 }, { 255, 32 } };
	struct experts_set *sets;

	(void)state;
	put_layers();
	assert_int_equal(sets_of(1, 1023, &sets), 2);
	assert_set(&sets[0], 2, 2, layer0);
	assert_set(&sets[1], 4, 2, layer1);
	free(sets);
	assert_int_equal(sets_of(0, 512, &sets), 2);
	free(sets);
	assert_int_equal(sets_of(0, 511, &sets), 1);
	assert_int_equal(sets->pieces, 4);
	free(sets);
	assert_int_equal(sets_of(129, 255, &sets), 0);
	assert_int_equal(sets_of(UINT64_MAX / 2, UINT64_MAX / 2, &sets), 0);
}

/* One set is no larger than the kernel takes; experts of another number are others. */
static void test_large_sets(void **state)
{
	struct experts_set *sets;
	char name[64];
	int i;

	(void)state;
	begin(8, 0);
	for (i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "blk.0.part%d_exps.weight", i);
		put_tensor(name, 3, i < 7 ? 2 : 1, 64 * i);
	}
	assert_int_equal(sets_of(0, 1024, &sets), 2);
	assert_int_equal(sets[0].count, 4);
	assert_int_equal(sets[0].ranges[0].offset, 0);
	assert_int_equal(sets[1].count, 3);
	assert_int_equal(sets[1].ranges[2].offset, 6 * 64);
	free(sets);
	begin(3, 0);
	for (i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "blk.0.part%d_exps.weight", i);
		put_tensor(name, 3, i + 1, 256 * i);
	}
	assert_int_equal(sets_of(0, 1024, &sets), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_magic),
		cmocka_unit_test(test_stacks),
		cmocka_unit_test(test_alignment),
		cmocka_unit_test(test_no_stack),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_hostile_keys),
		cmocka_unit_test(test_hostile_stacks),
		cmocka_unit_test(test_same_place),
		cmocka_unit_test(test_around),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_sets_of_a_range),
		cmocka_unit_test(test_large_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
