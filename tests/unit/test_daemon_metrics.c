// SPDX-License-Identifier: LGPL-2.1-or-later
/* The text exposition format: escaping, exact decimals, histograms, and the kernel's files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/metrics.h"
#include "daemon/sysfs_metrics.h"

struct written {
	struct metrics metrics;
	char *text;
	size_t bytes;
};

static void begin(struct written *w)
{
	memset(w, 0, sizeof(*w));
	w->metrics.out = open_memstream(&w->text, &w->bytes);
	assert_non_null(w->metrics.out);
}

static const char *end(struct written *w)
{
	assert_int_equal(fclose(w->metrics.out), 0);
	return w->text;
}

static void test_family(void **state)
{
	struct written w;

	(void)state;
	begin(&w);
	metrics_family(&w.metrics, "a_total", "counter", "Back\\slash, \"quotes\" and\nnewline.");
	metrics_value(&w.metrics, NULL, 0, 18446744073709551614ULL, 0);
	assert_string_equal(end(&w), "# HELP a_total Back\\\\slash, \"quotes\" and\\nnewline.\n"
			    "# TYPE a_total counter\n"
			    "a_total 18446744073709551614\n");
	free(w.text);
}

static void test_labels(void **state)
{
	const struct metrics_label labels[] = { { "tier", "h\"b\\m\n0" }, { "class", "kv" } };
	struct written w;

	(void)state;
	begin(&w);
	w.metrics.name = "x";
	metrics_value(&w.metrics, labels, 2, 1, 0);
	assert_string_equal(end(&w), "x{tier=\"h\\\"b\\\\m\\n0\",class=\"kv\"} 1\n");
	free(w.text);
}

static void test_decimals(void **state)
{
	struct written w;

	(void)state;
	begin(&w);
	w.metrics.name = "x";
	metrics_value(&w.metrics, NULL, 0, 0, 9);
	metrics_value(&w.metrics, NULL, 0, 1, 9);
	metrics_value(&w.metrics, NULL, 0, 12345678901ULL, 9);
	metrics_value(&w.metrics, NULL, 0, 1500, 3);
	metrics_value(&w.metrics, NULL, 0, METRICS_INFINITE, 6);
	assert_string_equal(end(&w), "x 0.000000000\nx 0.000000001\nx 12.345678901\nx 1.500\n"
			    "x +Inf\n");
	free(w.text);
}

static double bucket_value(const char *text, const char *le)
{
	char key[64];
	const char *at;

	snprintf(key, sizeof(key), "le=\"%s\"} ", le);
	at = strstr(text, key);
	assert_non_null(at);
	return strtod(at + strlen(key), NULL);
}

static void test_histogram(void **state)
{
	const struct metrics_label label = { "kind", "decode" };
	struct hist h = { .count = 9, .sum_ns = 3000000001ULL };
	const char *text, *at;
	double last = 0;
	int buckets = 0;
	struct written w;

	(void)state;
	h.buckets[3] = 1;	/* below the first bound */
	h.buckets[10] = 2;
	h.buckets[39] = 4;
	h.buckets[50] = 1;	/* above the last bound */
	begin(&w);
	w.metrics.name = "s";
	metrics_histogram(&w.metrics, &label, 1, &h);
	text = end(&w);
	assert_true(bucket_value(text, "0.000001023") == 1);
	assert_true(bucket_value(text, "0.000002047") == 3);
	assert_true(bucket_value(text, "1099.511627775") == 7);
	assert_true(bucket_value(text, "+Inf") == 8);
	assert_non_null(strstr(text, "s_sum{kind=\"decode\"} 3.000000001\n"));
	/* The buckets' sum, so that a page agrees with itself while the program counts on. */
	assert_non_null(strstr(text, "s_count{kind=\"decode\"} 8\n"));
	assert_non_null(strstr(text, "s_bucket{kind=\"decode\",le="));
	for (at = strstr(text, "le=\""); at; at = strstr(at + 1, "le=\"")) {
		double below = strtod(strchr(at, '}') + 1, NULL);

		assert_true(below >= last);
		last = below;
		buckets++;
	}
	assert_int_equal(buckets, 32);
	free(w.text);
}

static void put(const char *folder, const char *file, const char *text)
{
	char path[512];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static void make_folder(char *to, size_t room, const char *folder, const char *name)
{
	snprintf(to, room, "%s/%s", folder, name);
	assert_int_equal(mkdir(to, 0755), 0);
}

static void test_sysfs(void **state)
{
	char root[] = "/tmp/terrace-unit-XXXXXX", tiers[64], hbm[96], cxl[96], command[128];
	const char *text;
	struct written w;

	(void)state;
	assert_non_null(mkdtemp(root));
	make_folder(tiers, sizeof(tiers), root, "tiers");
	make_folder(hbm, sizeof(hbm), tiers, "hbm0");
	make_folder(cxl, sizeof(cxl), tiers, "cxl0");
	put(root, "scale_shift", "10\n");
	put(root, "clock_ns", "1500000000\n");
	put(root, "sessions", "not a number\n");
	put(hbm, "backing", "mem:0\n");
	put(hbm, "classes", "kv weights\n");
	put(hbm, "read_bytes", "42\n");
	put(hbm, "model_energy_uj", "1000001\n");
	put(hbm, "lifetime_seconds", "18446744073709551615\n");
	put(cxl, "read_bytes", "7\n");
	begin(&w);
	sysfs_metrics_write(&w.metrics, root);
	text = end(&w);
	assert_non_null(strstr(text, "\nterrace_scale_ratio 1024\n"));
	assert_non_null(strstr(text, "\nterrace_model_clock_seconds 1.500000000\n"));
	assert_null(strstr(text, "terrace_sessions"));
	assert_non_null(strstr(text,
			       "terrace_tier_info{tier=\"hbm0\",backing=\"mem:0\","
			       "classes=\"kv weights\"} 1\n"));
	/* One family, its tiers in the order of their names. */
	assert_non_null(strstr(text, "# TYPE terrace_tier_read_bytes_total counter\n"
			       "terrace_tier_read_bytes_total{tier=\"cxl0\"} 7\n"
			       "terrace_tier_read_bytes_total{tier=\"hbm0\"} 42\n"));
	assert_non_null(strstr(text,
			       "terrace_tier_model_energy_joules_total{tier=\"hbm0\"} "
			       "1.000001\n"));
	assert_non_null(strstr(text, "terrace_tier_lifetime_seconds{tier=\"hbm0\"} +Inf\n"));
	assert_null(strstr(text, "terrace_tier_write_bytes_total"));
	free(w.text);
	snprintf(command, sizeof(command), "rm -r %s", root);
	/* NOLINTNEXTLINE(cert-env33-c): a folder this test made, and a name it chose */
	assert_int_equal(system(command), 0);
}

static void test_sysfs_missing(void **state)
{
	struct written w;

	(void)state;
	begin(&w);
	sysfs_metrics_write(&w.metrics, "/nonexistent/terrace");
	assert_string_equal(end(&w), "");
	free(w.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_family),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_decimals),
		cmocka_unit_test(test_histogram),
		cmocka_unit_test(test_sysfs),
		cmocka_unit_test(test_sysfs_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
