// SPDX-License-Identifier: LGPL-2.1-or-later
/* The daemon's settings: defaults, limits, sentences, files. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>

#include "daemon/config.h"

static void refused(const char *key, const char *value, const char *words)
{
	struct engine_error e = { "" };
	struct config before, c;

	config_init(&c);
	before = c;
	assert_int_equal(config_set(&c, key, value, &e), -EINVAL);
	assert_memory_equal(&c, &before, sizeof(c));
	if (!strstr(e.text, words))
		fail_msg("'%s' does not say '%s'", e.text, words);
}

static void taken(struct config *c, const char *key, const char *value)
{
	struct engine_error e = { "" };

	if (config_set(c, key, value, &e))
		fail_msg("%s=%s: %s", key, value, e.text);
}

static void test_defaults(void **state)
{
	struct config c;

	(void)state;
	config_init(&c);
	assert_string_equal(c.tiers, "");
	assert_string_equal(c.policy, "static");
	assert_string_equal(c.socket, "/run/terrace/metrics.sock");
	assert_int_equal(c.listen.ss_family, AF_UNSPEC);
	assert_int_equal(c.interval_ms, 100);
	assert_int_equal(c.inflight_bytes, 64 << 20);
	assert_int_equal(c.heat_extents, 262144);
	assert_int_equal(c.weights_keep_s, 3600);
	assert_string_equal(c.uprobe_file, "");
}

static void test_numbers(void **state)
{
	struct config c;

	(void)state;
	config_init(&c);
	taken(&c, "interval_ms", "10");
	taken(&c, "interval_ms", "60000");
	assert_int_equal(c.interval_ms, 60000);
	taken(&c, "inflight_bytes", "17179869184");
	assert_true(c.inflight_bytes == 17179869184ULL);
	taken(&c, "heat_extents", "1024");
	taken(&c, "heat_extents", "4194304");
	taken(&c, "weights_keep_s", "0");
	assert_int_equal(c.weights_keep_s, 0);
	taken(&c, "weights_keep_s", "31536000");
	refused("weights_keep_s", "31536001", "0 to 31536000");
	refused("weights_keep_s", "-1", "whole number");
	refused("interval_ms", "9", "10 to 60000");
	refused("interval_ms", "60001", "interval_ms=60001");
	refused("interval_ms", "", "whole number");
	refused("interval_ms", " 100", "whole number");
	refused("interval_ms", "-100", "whole number");
	refused("interval_ms", "100ms", "whole number");
	refused("inflight_bytes", "99999999999999999999999", "whole number");
	refused("heat_extents", "1025", "power of two");
	refused("heat_extents", "512", "1024");
}

static void test_policy(void **state)
{
	struct config c;

	(void)state;
	config_init(&c);
	taken(&c, "policy", "static");
	taken(&c, "policy", "lru");
	taken(&c, "policy", "class");
	assert_string_equal(c.policy, "class");
	refused("policy", "clas", "did you mean class?");
	refused("policy", "", "static, lru or class");
}

static void test_listen(void **state)
{
	struct sockaddr_in *in;
	struct sockaddr_in6 *in6;
	struct config c;

	(void)state;
	config_init(&c);
	taken(&c, "listen", "127.0.0.1:9464");
	in = (struct sockaddr_in *)&c.listen;
	assert_int_equal(in->sin_family, AF_INET);
	assert_int_equal(in->sin_port, htons(9464));
	assert_int_equal(in->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	taken(&c, "listen", "127.8.9.10:1");
	taken(&c, "listen", "[::1]:65535");
	in6 = (struct sockaddr_in6 *)&c.listen;
	assert_int_equal(in6->sin6_family, AF_INET6);
	assert_int_equal(in6->sin6_port, htons(65535));
	assert_true(IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr));
	assert_int_equal(c.listen_bytes, sizeof(*in6));
	taken(&c, "listen", "");
	assert_int_equal(c.listen.ss_family, AF_UNSPEC);
	refused("listen", "0.0.0.0:9464", "not on loopback");
	refused("listen", "192.168.0.1:9464", "127.0.0.1:9464");
	refused("listen", "[::]:9464", "not on loopback");
	refused("listen", "[::ffff:127.0.0.1]:80", "not on loopback");
	refused("listen", "example.org:80", "not on loopback");
	refused("listen", "9464", "address and a port");
	refused("listen", ":9464", "address and a port");
	refused("listen", "::1:9464", "address and a port");
	refused("listen", "[]:9464", "address and a port");
	refused("listen", "127.0.0.1:", "port from 1 to 65535");
	refused("listen", "127.0.0.1:0", "port from 1 to 65535");
	refused("listen", "127.0.0.1:65536", "port from 1 to 65535");
	refused("listen", "127.0.0.1:80x", "port from 1 to 65535");
}

static void test_socket(void **state)
{
	char path[200];

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	refused("socket", path, "limit is 107");
	refused("socket", "metrics.sock", "absolute");
	refused("socket", "", "absolute");
}

static void test_uprobe(void **state)
{
	struct config c;

	(void)state;
	config_init(&c);
	taken(&c, "observe_uprobe", "libggml-base.so");
	assert_string_equal(c.uprobe_file, "libggml-base.so");
	assert_string_equal(c.uprobe_function, "ggml_backend_sched_graph_compute_async");
	taken(&c, "observe_uprobe", "/opt/a:b/lib.so:decode");
	assert_string_equal(c.uprobe_file, "/opt/a:b/lib.so");
	assert_string_equal(c.uprobe_function, "decode");
	taken(&c, "observe_uprobe", "");
	assert_string_equal(c.uprobe_file, "");
	refused("observe_uprobe", "lib.so:", "FILE:FUNCTION");
	refused("observe_uprobe", ":decode", "FILE:FUNCTION");
}

static void test_unknown(void **state)
{
	(void)state;
	refused("intervall_ms", "100", "did you mean interval_ms?");
	refused("", "1", "not a setting");
}

static int read_text(const char *text, struct config *c, struct engine_error *e)
{
	char path[] = "/tmp/terrace-unit-XXXXXX";
	int fd = mkstemp(path);
	int err;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	config_init(c);
	err = config_read(c, path, e);
	unlink(path);
	return err;
}

static void test_file(void **state)
{
	struct engine_error e = { "" };
	struct config c;

	(void)state;
	assert_int_equal(read_text("; a comment\n[daemon]\ntiers = /etc/t.ini\npolicy=lru ; why\n",
				   &c, &e), 0);
	assert_string_equal(c.tiers, "/etc/t.ini");
	assert_string_equal(c.policy, "lru");
	assert_int_equal(read_text("", &c, &e), 0);
	assert_string_equal(c.policy, "static");
}

static void test_bad_files(void **state)
{
	struct engine_error e = { "" };
	struct config c;

	(void)state;
	assert_int_equal(read_text("[daemon]\n\npolicy = lur\nlisten = x\n", &c, &e), -EINVAL);
	assert_non_null(strstr(e.text, ":3: policy=lur"));
	/* A line that is nothing at all before a bad pair. */
	assert_int_equal(read_text("[daemon]\nnonsense\npolicy = lur\n", &c, &e), -EINVAL);
	assert_non_null(strstr(e.text, ":2: this is not a section"));
	assert_int_equal(read_text("[demon]\npolicy = lru\n", &c, &e), -EINVAL);
	assert_non_null(strstr(e.text, ":2: section [demon] is unknown"));
	assert_int_equal(read_text("policy = lru\n", &c, &e), -EINVAL);
	assert_non_null(strstr(e.text, "[daemon]"));
	config_init(&c);
	assert_int_equal(config_read(&c, "/nonexistent/terraced.conf", &e), -ENOENT);
	assert_non_null(strstr(e.text, "/nonexistent/terraced.conf: No such file"));
	assert_int_not_equal(config_read(&c, "/", &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_listen),
		cmocka_unit_test(test_socket),
		cmocka_unit_test(test_uprobe),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_bad_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
