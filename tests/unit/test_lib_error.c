// SPDX-License-Identifier: LGPL-2.1-or-later
/* Names and error sentences of libterrace, as far as no device is needed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/internal.h"

static void assert_says(const char *part)
{
	if (!strstr(terrace_error(), part))
		fail_msg("\"%s\" does not say \"%s\"", terrace_error(), part);
}

static void test_classes(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 0; i < TERRACE_CLASSES; i++)
		assert_int_equal(terrace_class_parse(terrace_class_name(i)), i);
	assert_null(terrace_class_name(TERRACE_CLASSES));
	assert_null(terrace_class_name(UINT32_MAX));
}

static void test_nearest_class(void **state)
{
	static const struct {
		const char *wrong, *right;
	} words[] = {
		{ "weight", "\"weights\"?" }, { "wieghts", "\"weights\"?" }, { "vk", "\"kv\"?" },
		{ "KV", "\"kv\"?" }, { "conttext", "\"context\"?" }, { "contxt", "\"context\"?" },
		{ "aktivation", "\"activation\"?" }, { "activations", "\"activation\"?" },
		{ "", "\"kv\"?" },
		{ "a word that is longer than any", "weights, kv, context and activation" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		assert_int_equal(terrace_class_parse(words[i].wrong), -EINVAL);
		assert_says(words[i].right);
		assert_says(words[i].wrong);
	}
}

static void test_reasons(void **state)
{
	uint32_t i, j;

	(void)state;
	for (i = 0; i <= TERRACE_REASON_EXPIRED; i++) {
		assert_string_not_equal(terrace_strreason(i), "unknown");
		for (j = 0; j < i; j++)
			assert_string_not_equal(terrace_strreason(i), terrace_strreason(j));
	}
	assert_string_equal(terrace_strreason(TERRACE_REASON_EXPIRED + 1), "unknown");
	assert_string_equal(terrace_strreason(UINT32_MAX), "unknown");
}

static void *other_thread(void *context)
{
	terrace_class_parse("other");
	return strstr(terrace_error(), "other") ? context : NULL;
}

static void test_error_is_of_the_thread(void **state)
{
	pthread_t thread;
	void *result;

	terrace_class_parse("mine");
	assert_int_equal(pthread_create(&thread, NULL, other_thread, state), 0);
	pthread_join(thread, &result);
	assert_ptr_equal(result, state);
	assert_says("mine");
}

static void test_error_is_cut(void **state)
{
	char word[2000];

	(void)state;
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = 0;
	assert_int_equal(terrace_class_parse(word), -EINVAL);
	assert_true(strlen(terrace_error()) < 1000);
}

static void test_no_module(void **state)
{
	struct terrace_session *s = NULL;

	(void)state;
	if (!access("/dev/terrace", F_OK)) {
		print_message("skipped: the module is loaded here\n");
		skip();
	}
	assert_int_equal(terrace_session_open(NULL, &s), -ENOENT);
	assert_null(s);
	assert_says("/dev/terrace is not there");
	assert_says("modprobe terrace");
	assert_says("make load");
	assert_int_equal(terrace_tier_offline("hbm0"), -ENODEV);
	assert_says("/sys/kernel/config/terrace is not there");
	terrace_session_close(NULL);
	terrace_buffer_free(NULL);
}

/* A descriptor that is no device: every call fails with a sentence, nothing is mapped. */
static void test_not_a_device(void **state)
{
	struct terrace_session s = { .fd = open("/dev/null", O_RDWR) };
	struct terrace_buffer b = { .fd = s.fd, .id = 9, .extent_bytes = 4096, .bytes = 8192 };
	struct terrace_buffer_options o = { .tier = TERRACE_TIER_ANY };
	struct terrace_buffer *out = NULL;
	struct terrace_extent_info extents[2];
	uint64_t moved = 1;

	(void)state;
	pthread_mutex_init(&s.lock, NULL);
	assert_int_equal(terrace_buffer_create(&s, 1, &o, &out), -ENOTTY);
	assert_int_equal(terrace_buffer_open(&s, 1, &out), -ENOTTY);
	assert_null(out);
	assert_int_equal(terrace_seal(&b, 0, 4096), -ENOTTY);
	assert_says("seal");
	assert_int_equal(terrace_discard(&b, 0, 4096), -ENOTTY);
	assert_int_equal(terrace_query(&b, 0, 8192, extents), -ENOTTY);
	assert_int_equal(terrace_migrate(&b, 0, 4096, 0, &moved), -ENOTTY);
	assert_int_equal(moved, 0);
	assert_int_equal(terrace_step_begin(&s, 0, 0, 0, 0), -ENOTTY);
	assert_int_equal(terrace_step_end(&s, NULL), -ENOTTY);
	assert_int_equal(terrace_record(&s, 1, 1, 0, 1), -EOPNOTSUPP);
	assert_says("ring_entries");
	assert_int_equal(terrace_tier_find(&s, "hbm0"), -ENXIO);
	assert_says("terrace tier load");
	pthread_mutex_destroy(&s.lock);
	close(s.fd);
}

static void test_buffer_options(void **state)
{
	struct terrace_session s = { .fd = -1 };
	struct terrace_buffer_options o = { .class_id = 4, .tier = TERRACE_TIER_ANY };
	struct terrace_buffer *out = NULL;

	(void)state;
	assert_int_equal(terrace_buffer_create(&s, 1, &o, &out), -EINVAL);
	assert_says("class 4");
	o.class_id = TERRACE_CLASS_KV;
	o.extent_bytes = 65537;
	assert_int_equal(terrace_buffer_create(&s, 1, &o, &out), -EINVAL);
	assert_says("65537");
	assert_says("power of two");
	o.extent_bytes = 2048;
	assert_int_equal(terrace_buffer_create(&s, 1, &o, &out), -EINVAL);
	assert_says("2048");
	assert_says("4096");
	o.extent_bytes = 1U << 22;
	assert_int_equal(terrace_buffer_create(&s, 1, &o, &out), -EINVAL);
	o.extent_bytes = 0;
	o.name = "a name of thirty-two characters.";
	assert_int_equal(terrace_buffer_create(&s, 1, &o, &out), -ENAMETOOLONG);
	assert_says("31");
	assert_null(out);
}

static void test_advice_range(void **state)
{
	struct terrace_session s = { .fd = -1 };
	struct terrace_buffer b = { .fd = -1, .id = 9, .extent_bytes = 4096, .bytes = 8192 };
	static const struct {
		uint64_t offset, bytes;
	} bad[] = {
		{ 0, 0 }, { 1, 4096 }, { 0, 4095 }, { 0, 12288 }, { 8192, 4096 }, { 4096, 8192 },
		{ UINT64_MAX - 4095, 8192 }, { 4096, UINT64_MAX - 4095 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(terrace_advise(&s, &b, bad[i].offset, bad[i].bytes,
						TERRACE_ADVICE_HOT), -EINVAL);
		assert_says("whole extents of 4096 bytes within its 8192 bytes");
	}
	assert_int_equal(terrace_advise(&s, &b, 0, 4096, 7), -EINVAL);
	assert_says("advice 7");
}

static void test_tier_names(void **state)
{
	static const char * const bad[] = {
		"", "..", "a/b", "../x", "Hbm", "a b", "a.b", "12345678901234567890123456789012",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(tier_name_check(bad[i]), -EINVAL);
		assert_says(bad[i]);
	}
	assert_int_equal(tier_name_check("hbm-0_1"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_nearest_class),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_error_is_of_the_thread),
		cmocka_unit_test(test_error_is_cut),
		cmocka_unit_test(test_no_module),
		cmocka_unit_test(test_not_a_device),
		cmocka_unit_test(test_buffer_options),
		cmocka_unit_test(test_advice_range),
		cmocka_unit_test(test_tier_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
