// SPDX-License-Identifier: LGPL-2.1-or-later
/* Totals and quantiles of the daemon's histograms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "daemon/hist.h"

static void hist_fill(struct hist *h, const __u64 *ns, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned int bucket = ns[i] ? 63 - __builtin_clzll(ns[i]) : 0;

		h->buckets[bucket]++;
		h->count++;
		h->sum_ns += ns[i];
	}
}

static int by_size(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return (x > y) - (x < y);
}

static void test_tops(void **state)
{
	(void)state;
	assert_true(hist_top_ns(0) == 1);
	assert_true(hist_top_ns(9) == 1023);
	assert_true(hist_top_ns(62) == 0x7fffffffffffffffULL);
	assert_true(hist_top_ns(63) == ~0ULL);
}

static void test_empty(void **state)
{
	struct hist h = {};

	(void)state;
	assert_true(hist_total(&h) == 0);
	assert_true(hist_quantile_ns(&h, 500) == 0);
	assert_true(hist_quantile_ns(&h, 1000) == 0);
}

static void test_one_bucket(void **state)
{
	struct hist h = {};

	(void)state;
	h.buckets[10] = 4;	/* 1024 to 2047 ns */
	assert_true(hist_total(&h) == 4);
	assert_true(hist_quantile_ns(&h, 0) == 1024);
	assert_true(hist_quantile_ns(&h, 500) == 1024 + 1023 / 2);
	assert_true(hist_quantile_ns(&h, 1000) == 2047);
	assert_true(hist_quantile_ns(&h, 4000) == 2047);
}

static void test_between_buckets(void **state)
{
	struct hist h = {};

	(void)state;
	h.buckets[4] = 90;
	h.buckets[20] = 9;
	h.buckets[30] = 1;
	assert_in_range(hist_quantile_ns(&h, 900), 16, 31);
	assert_in_range(hist_quantile_ns(&h, 901), 1 << 20, (1 << 21) - 1);
	assert_in_range(hist_quantile_ns(&h, 990), 1 << 20, (1 << 21) - 1);
	assert_in_range(hist_quantile_ns(&h, 1000), 1 << 30, (1ULL << 31) - 1);
}

static void test_top_bucket(void **state)
{
	struct hist h = {};

	(void)state;
	h.buckets[63] = 1;
	assert_true(hist_quantile_ns(&h, 0) == 1ULL << 63);
}

/* Against sorting: the estimate lies in the true value's bucket. */
static void test_against_sorted(void **state)
{
	enum { N = 1000 };
	static __u64 ns[N];
	uint64_t seed = 88172645463325252ULL;

	(void)state;
	for (int round = 0; round < 50; round++) {
		struct hist h = {};

		for (int i = 0; i < N; i++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			ns[i] = seed >> (seed % 50 + 10);
		}
		hist_fill(&h, ns, N);
		qsort(ns, N, sizeof(ns[0]), by_size);
		assert_true(hist_total(&h) == N);
		for (unsigned int permille = 1; permille <= 1000; permille++) {
			__u64 truth = ns[permille - 1];
			unsigned int bucket = truth ? 63 - __builtin_clzll(truth) : 0;

			assert_in_range(hist_quantile_ns(&h, permille),
					bucket ? 1ULL << bucket : 0, hist_top_ns(bucket));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tops),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_one_bucket),
		cmocka_unit_test(test_between_buckets),
		cmocka_unit_test(test_top_bucket),
		cmocka_unit_test(test_against_sorted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
