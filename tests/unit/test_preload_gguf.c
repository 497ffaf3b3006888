// SPDX-License-Identifier: LGPL-2.1-or-later
/* Headers of GGUF models, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "preload/preload.h"

const struct real *real(void)
{
	static const struct real functions = { .calloc = calloc, .free = free };

	return &functions;
}

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

static void begin(uint64_t keys)
{
	used = 0;
	put("GGUF", 4);
	put32(3);
	put64(7);
	put64(keys);
}

static int file_fd(void)
{
	int fd = memfd_create("gguf", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, head, used, 0), used);
	return fd;
}

static bool has_experts(void)
{
	int fd = file_fd();
	bool has = gguf_has_experts(fd);

	close(fd);
	return has;
}

static void test_magic(void **state)
{
	int fd, ends[2];

	(void)state;
	begin(0);
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

static void test_experts(void **state)
{
	(void)state;
	begin(24 + 3 - 2 + 1);
	put_all_types();
	put_strings();
	put_key("llama.expert_count", 4);
	put32(8);
	assert_true(has_experts());
	used -= 4;
	put32(0);
	assert_false(has_experts());
	used -= 4;
	assert_false(has_experts());	/* cut off */
	begin(1);
	put_key("expert_count", 4);	/* of no architecture */
	put32(8);
	assert_false(has_experts());
	begin(1);
	put_key("llama.expert_count", 8);	/* a text */
	put64(4);
	put("many", 4);
	assert_false(has_experts());
	begin(0);
	put_key("llama.expert_count", 4);	/* behind the last */
	put32(8);
	assert_false(has_experts());
}

/* What is cut off anywhere says nothing, and is not read beyond. */
static void test_cut_off(void **state)
{
	size_t whole;

	(void)state;
	begin(25);
	put_all_types();
	put_key("llama.expert_count", 4);
	put32(8);
	for (whole = used; used; used--)
		if (used < whole)
			assert_false(has_experts());
}

static void test_hostile(void **state)
{
	static const uint64_t lengths[] = {
		UINT64_MAX, UINT64_MAX - 7, UINT64_MAX / 2, 1ULL << 32, 256ULL << 20,
		(256ULL << 20) - 40, (256ULL << 20) - 1000,
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		begin(UINT64_MAX);
		put64(lengths[i]);	/* a key */
		assert_false(has_experts());
		begin(UINT64_MAX);
		put_key("k", 8);
		put64(lengths[i]);	/* a text */
		assert_false(has_experts());
		begin(UINT64_MAX);
		put_key("k", 9);
		put32(12);
		put64(lengths[i]);	/* an array of numbers */
		assert_false(has_experts());
		begin(UINT64_MAX);
		put_key("k", 9);
		put32(8);
		put64(lengths[i]);	/* of texts */
		assert_false(has_experts());
		begin(UINT64_MAX);
		put_key("k", 9);
		put32(9);	/* of arrays */
		put64(lengths[i]);
		assert_false(has_experts());
		begin(UINT64_MAX);
		put_key("k", lengths[i]);
		assert_false(has_experts());
	}
}

/* Lengths that together go on behind what is looked at, and around. */
static void test_around(void **state)
{
	uint64_t length;
	int fd;

	(void)state;
	begin(UINT64_MAX);
	put_key("k", 8);
	put64((256ULL << 20) - used - 8 - 4);
	fd = file_fd();
	/* a key there, just inside, whose length leads back to the first */
	length = UINT64_MAX - (256ULL << 20);
	assert_int_equal(pwrite(fd, &length, sizeof(length), (256ULL << 20) - 4), 8);
	assert_int_equal(ftruncate(fd, 300ULL << 20), 0);
	assert_false(gguf_has_experts(fd));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_magic),
		cmocka_unit_test(test_experts),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_around),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
