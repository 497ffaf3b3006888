// SPDX-License-Identifier: LGPL-2.1-or-later
/* Documents of a file, points of documents, and data that are put into a page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/report_documents.h"
#include "sim/report_page.h"
#include "sim/report_points.h"

static char path[64];

static int make_file(void **state)
{
	int fd;

	(void)state;
	strcpy(path, "/tmp/test_sim_report.XXXXXX");
	fd = mkstemp(path);
	return fd < 0 || close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void write_text(const char *text, size_t n)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
}

static char *read_text(void)
{
	static char text[4096];
	FILE *file = fopen(path, "r");
	size_t n;

	assert_non_null(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	fclose(file);
	return text;
}

/* ---- documents ---- */

/* "LINE:n ..." of all documents, n being a number in each. */
static int note(void *ctx, const char *file, size_t line, json_t *object, struct engine_error *e)
{
	char *out = ctx;
	json_int_t n = json_integer_value(json_object_get(object, "n"));

	if (n < 0) {
		engine_error_set(e, "%s:%zu: below 0", file, line);
		return -ERANGE;
	}
	sprintf(out + strlen(out), "%zu:%d ", line, (int)n);
	return 0;
}

static void documents_have_their_lines(void **state)
{
	static const struct {
		const char *text;
		const char *documents;
	} cases[] = {
		{ "", "" },
		{ " \t\r\n\t", "" },
		{ "{\"n\": 1}", "1:1 " },
		{ "{\"n\": 1}\n{\"n\": 2}\n\n{\"n\": 3}\n", "1:1 2:2 4:3 " },
		{ "{\n\"n\":\n1\n}\n{\"n\": 2}", "1:1 5:2 " },
		{ "{\"n\": 1} {\"n\": 2}{\"n\": 3}", "1:1 1:2 1:3 " },
		{ "\n[{\"n\": 1},\n {\"n\": 2}]\n{\"n\": 3}", "2:1 2:2 4:3 " },
		{ "[]", "" },
	};
	struct engine_error e;
	char got[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		write_text(cases[i].text, strlen(cases[i].text));
		*got = '\0';
		if (report_documents(path, note, got, &e))
			fail_msg("%s", e.text);
		assert_string_equal(got, cases[i].documents);
	}
}

static void what_is_no_document_is_told_with_its_line(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		int err;
		const char *told;
	} cases[] = {
		{ "{\"n\": 1}\n{\"n\": ", 15, -EINVAL, ":2: not JSON" },
		{ "{\"n\": 1}\n{\n\"n\": x}", 19, -EINVAL, ":3: not JSON" },
		{ "{\"n\": 1}\nnull", 13, -EINVAL, ":2: not an object" },
		{ "\n7", 2, -EINVAL, ":2: not an object" },
		{ "[[{\"n\": 1}]]", 12, -EINVAL, ":1: not an object" },
		{ "{\"n\": 1}\0{\"n\": 2}", 17, -EINVAL, ":1: not JSON" },
		{ "{\"n\": \"\xff\"}", 10, -EINVAL, ":1: not JSON" },
		{ "{\"n\": 1e999}", 12, -EINVAL, ":1: not JSON" },
		{ "{\"n\": 1}\n{\"n\": -1}", 18, -ERANGE, ":2: below 0" },
	};
	struct engine_error e;
	char got[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		write_text(cases[i].text, cases[i].n);
		*got = '\0';
		assert_int_equal(report_documents(path, note, got, &e), cases[i].err);
		if (!strstr(e.text, cases[i].told))
			fail_msg("'%s' is not in '%s'", cases[i].told, e.text);
	}
	assert_int_equal(report_documents("/nowhere/at.all", note, got, &e), -ENOENT);
	assert_int_equal(report_documents("/tmp", note, got, &e), -EIO);
}

/* Longer than what is read at once. */
static void long_files_are_read_whole(void **state)
{
	size_t i, n = 20000;
	FILE *file = fopen(path, "w");
	struct engine_error e;
	char *text;

	(void)state;
	assert_non_null(file);
	for (i = 0; i < n; i++)
		fprintf(file, "{\"n\": 7}\n");
	fclose(file);
	text = calloc(n, 16);
	assert_non_null(text);
	assert_int_equal(report_documents(path, note, text, &e), 0);
	assert_string_equal(text + strlen(text) - strlen("19999:7 20000:7 "), "19999:7 20000:7 ");
	free(text);
}

/* ---- points ---- */

static json_t *point_of(const char *text)
{
	json_t *object = json_loads(text, 0, NULL), *point;

	assert_non_null(object);
	point = report_point(object);
	assert_non_null(point);
	json_decref(object);
	return point;
}

static void points_are_numbers_by_name(void **state)
{
	static const struct {
		const char *object;
		const char *point;
	} cases[] = {
		{ "{}", "{\"numbers\":{},\"texts\":{}}" },
		{ "{\"a\":1,\"b\":2.5,\"c\":\"x\",\"d\":null,\"e\":true,\"f\":[1]}",
		  "{\"numbers\":{\"a\":1,\"b\":2.5},\"texts\":{\"c\":\"x\"}}" },
		{ "{\"figures\":{\"a\":{\"value\":1,\"unit\":\"s\"},\"b\":{\"value\":null}}}",
		  "{\"numbers\":{\"a\":1},\"texts\":{}}" },
		{ "{\"settings\":{\"tp\":{\"value\":\"8\",\"default\":true}}}",
		  "{\"numbers\":{},\"texts\":{\"tp\":\"8\"}}" },
		{ "{\"values\":{\"tp\":\"2\"},\"refused\":null}",
		  "{\"numbers\":{},\"texts\":{\"tp\":\"2\"}}" },
		{ "{\"net\":{\"hops\":3,\"deep\":{\"er\":4}}}",
		  "{\"numbers\":{\"net.hops\":3,\"net.deep.er\":4},\"texts\":{}}" },
		{ "{\"net\":{\"figures\":{\"a\":1}}}",
		  "{\"numbers\":{\"net.figures.a\":1},\"texts\":{}}" },
		{ "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":1}}}}},\"g\":2}",
		  "{\"numbers\":{\"g\":2},\"texts\":{}}" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		json_t *point = point_of(cases[i].object);
		char *text = json_dumps(point, JSON_COMPACT);

		assert_string_equal(text, cases[i].point);
		free(text);
		json_decref(point);
	}
}

static void long_names_are_left_out(void **state)
{
	char object[512], name[300];
	json_t *point;

	(void)state;
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	snprintf(object, sizeof(object), "{\"%s\": 1, \"a\": 2}", name);
	point = point_of(object);
	assert_int_equal(json_object_size(json_object_get(point, "numbers")), 1);
	json_decref(point);
}

static void axes_are_what_most_points_have(void **state)
{
	static const struct {
		const char *points[3];
		const char *x;
		const char *y;
	} cases[] = {
		{ { "{\"a\":1}", "{\"a\":2}" }, NULL, NULL },
		{ { "{\"tpot_ms\":1,\"tokens_per_second\":2}",
		    "{\"tpot_ms\":2,\"tokens_per_second\":3}" }, "tpot_ms", "tokens_per_second" },
		/* The better of several, when as many have it. */
		{ { "{\"tpot_mean\":1,\"tpot_p50\":1,\"tokens_per_second\":2,"
		    "\"useful_tokens_per_second\":1}",
		    "{\"tpot_mean\":2,\"tpot_p50\":2,\"tokens_per_second\":3,"
		    "\"useful_tokens_per_second\":2}" }, "tpot_p50", "useful_tokens_per_second" },
		{ { "{\"tpot_p50\":1,\"tpot_ms\":1}", "{\"tpot_ms\":2}",
		    "{\"tpot_p50\":3,\"tpot_ms\":3}" },
		  "tpot_ms", NULL },
		/* All serve what arrives. */
		{ { "{\"tokens_per_second\":9,\"usd_per_million_tokens\":1}",
		    "{\"tokens_per_second\":9,\"usd_per_million_tokens\":2}" },
		  NULL, "usd_per_million_tokens" },
	};
	const char *axes[2];
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		json_t *points = json_array();

		for (k = 0; k < 3 && cases[i].points[k]; k++)
			json_array_append_new(points, point_of(cases[i].points[k]));
		report_points_axes(points, axes);
		assert_int_equal(!axes[0], !cases[i].x);
		assert_int_equal(!axes[1], !cases[i].y);
		if (axes[0])
			assert_string_equal(axes[0], cases[i].x);
		if (axes[1])
			assert_string_equal(axes[1], cases[i].y);
		json_decref(points);
	}
}

/* ---- the page ---- */

static void data_take_their_place(void **state)
{
	json_t *data = json_pack("{s:s, s:i}", "</script><!--&", "\xe2\x80\xa8 \xc3\xa9", "n", 1);
	struct engine_error e;

	(void)state;
	assert_int_equal(report_page_write("<a>@DATA@</a>\n", data, path, &e), 0);
	assert_string_equal(read_text(), "<a>{\"\\u003c/script\\u003e\\u003c!--\\u0026\":"
			    "\"\\u2028 \\u00E9\",\"n\":1}</a>\n");
	json_decref(data);
}

static void a_page_that_fails_leaves_nothing(void **state)
{
	json_t *data = json_object();
	struct engine_error e;
	char part[80];

	(void)state;
	snprintf(part, sizeof(part), "%s.part", path);
	write_text("old", 3);
	assert_int_equal(mkdir(part, 0700), 0);
	assert_int_equal(report_page_write("@DATA@", data, path, &e), -EISDIR);
	assert_string_equal(read_text(), "old");
	assert_int_equal(rmdir(part), 0);
	assert_int_equal(report_page_write("@DATA@", data, "/nowhere/page.html", &e), -ENOENT);
	assert_non_null(strstr(e.text, "/nowhere/page.html"));
	/* What is no file is written to, not replaced. */
	assert_int_equal(report_page_write("@DATA@", data, "/dev/full", &e), -ENOSPC);
	json_decref(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_have_their_lines),
		cmocka_unit_test(what_is_no_document_is_told_with_its_line),
		cmocka_unit_test(long_files_are_read_whole),
		cmocka_unit_test(points_are_numbers_by_name),
		cmocka_unit_test(long_names_are_left_out),
		cmocka_unit_test(axes_are_what_most_points_have),
		cmocka_unit_test(data_take_their_place),
		cmocka_unit_test(a_page_that_fails_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
