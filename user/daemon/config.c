// SPDX-License-Identifier: LGPL-2.1-or-later
/* Settings: defaults, checks, and the configuration file. */
#include "daemon/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ini.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTION		"daemon"
#define MIB		(1ULL << 20)

void config_init(struct config *c)
{
	memset(c, 0, sizeof(*c));
	strcpy(c->policy, "static");
	strcpy(c->socket, "/run/terrace/metrics.sock");
	c->listen.ss_family = AF_UNSPEC;
	c->interval_ms = 100;
	c->inflight_bytes = 64 * MIB;
	c->heat_extents = 262144;
	c->weights_keep_s = 3600;
	strcpy(c->uprobe_function, CONFIG_UPROBE_FUNCTION);
}

static int set_text(char *to, size_t room, const char *key, const char *value,
		    struct engine_error *e)
{
	if (strlen(value) >= room) {
		engine_error_set(e, "%s is %zu bytes long, the limit is %zu: use a shorter one",
				 key, strlen(value), room - 1);
		return -EINVAL;
	}
	strcpy(to, value);
	return 0;
}

static int set_number(__u64 *to, const char *key, const char *value, __u64 low, __u64 high,
		      struct engine_error *e)
{
	char *end;
	__u64 v;

	errno = 0;
	v = strtoull(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end || errno || v < low || v > high) {
		engine_error_set(e, "%s=%s is not a whole number from %" PRIu64 " to %" PRIu64,
				 key, value, (uint64_t)low, (uint64_t)high);
		return -EINVAL;
	}
	*to = v;
	return 0;
}

static int set_tiers(struct config *c, const char *key, const char *value, struct engine_error *e)
{
	return set_text(c->tiers, sizeof(c->tiers), key, value, e);
}

static int set_policy(struct config *c, const char *key, const char *value,
		      struct engine_error *e)
{
	static const char *const names[] = { "static", "lru", "class" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(value, names[i]))
			return set_text(c->policy, sizeof(c->policy), key, value, e);
	engine_error_set(e, "%s=%s is unknown: use static, lru or class (did you mean %s?)", key,
			 value, engine_nearest(value, names, sizeof(names) / sizeof(names[0])));
	return -EINVAL;
}

static int set_socket(struct config *c, const char *key, const char *value,
		      struct engine_error *e)
{
	if (value[0] != '/') {
		engine_error_set(e, "%s=%s is not an absolute path: begin it with /", key, value);
		return -EINVAL;
	}
	return set_text(c->socket, sizeof(c->socket), key, value, e);
}

/* Splits HOST:PORT; an IPv6 host stands in brackets. */
static int split_address(const char *value, char *host, size_t room, __u64 *port)
{
	const char *colon = strrchr(value, ':');
	size_t len;

	if (!colon)
		return -EINVAL;
	len = colon - value;
	if (value[0] == '[' && len >= 2 && value[len - 1] == ']') {
		value++;
		len -= 2;
	} else if (memchr(value, ':', len)) {
		return -EINVAL;
	}
	if (!len || len >= room)
		return -EINVAL;
	memcpy(host, value, len);
	host[len] = '\0';
	return set_number(port, "port", colon + 1, 1, 65535, NULL);
}

static int set_listen(struct config *c, const char *key, const char *value,
		      struct engine_error *e)
{
	struct sockaddr_storage to = { .ss_family = AF_UNSPEC };
	struct sockaddr_in *in = (struct sockaddr_in *)&to;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&to;
	char host[INET6_ADDRSTRLEN];
	socklen_t bytes = 0;
	__u64 port;

	if (!value[0])
		goto out;
	if (split_address(value, host, sizeof(host), &port)) {
		engine_error_set(e, "%s=%s is not an address and a port from 1 to 65535: use 127.0.0.1:9464",
				 key, value);
		return -EINVAL;
	}
	if (inet_pton(AF_INET, host, &in->sin_addr) == 1 &&
	    ntohl(in->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		bytes = sizeof(*in);
	} else if (inet_pton(AF_INET6, host, &in6->sin6_addr) == 1 &&
		   IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr)) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		bytes = sizeof(*in6);
	} else {
		engine_error_set(e, "%s=%s is not on loopback, and the metrics have no access control: "
				 "use 127.0.0.1:%" PRIu64 " and a proxy that has",
				 key, value, (uint64_t)port);
		return -EINVAL;
	}
out:
	c->listen = to;
	c->listen_bytes = bytes;
	return 0;
}

static int set_interval(struct config *c, const char *key, const char *value,
			struct engine_error *e)
{
	__u64 v;

	if (set_number(&v, key, value, 10, 60000, e))
		return -EINVAL;
	c->interval_ms = v;
	return 0;
}

static int set_inflight(struct config *c, const char *key, const char *value,
			struct engine_error *e)
{
	return set_number(&c->inflight_bytes, key, value, 2 * MIB, 16384 * MIB, e);
}

static int set_heat_extents(struct config *c, const char *key, const char *value,
			    struct engine_error *e)
{
	__u64 v;

	if (set_number(&v, key, value, 1024, 4194304, e))
		return -EINVAL;
	if (v & (v - 1)) {
		engine_error_set(e, "%s=%s is not a power of two: use 262144 for 512 GiB of 2 MiB extents",
				 key, value);
		return -EINVAL;
	}
	c->heat_extents = v;
	return 0;
}

static int set_weights_keep(struct config *c, const char *key, const char *value,
			    struct engine_error *e)
{
	__u64 v;

	if (set_number(&v, key, value, 0, 31536000, e))
		return -EINVAL;
	c->weights_keep_s = v;
	return 0;
}

/* The function begins after the last colon, so that file names may hold colons. */
static int set_uprobe(struct config *c, const char *key, const char *value,
		      struct engine_error *e)
{
	const char *colon = strrchr(value, ':');
	const char *function = colon ? colon + 1 : CONFIG_UPROBE_FUNCTION;
	size_t len = colon ? (size_t)(colon - value) : strlen(value);

	if (value[0] && (!len || !function[0])) {
		engine_error_set(e,
				 "%s=%s is not FILE or FILE:FUNCTION: use libggml-base.so:%s", key,
				 value, CONFIG_UPROBE_FUNCTION);
		return -EINVAL;
	}
	if (len >= sizeof(c->uprobe_file) || strlen(function) >= sizeof(c->uprobe_function)) {
		engine_error_set(e, "%s is too long: a file has up to %zu bytes, a function up to %zu",
				 key, sizeof(c->uprobe_file) - 1, sizeof(c->uprobe_function) - 1);
		return -EINVAL;
	}
	memcpy(c->uprobe_file, value, len);
	c->uprobe_file[len] = '\0';
	strcpy(c->uprobe_function, function);
	return 0;
}

static const struct setting {
	const char *key;
	int (*set)(struct config *c, const char *key, const char *value, struct engine_error *e);
} settings[] = {
	{ "tiers", set_tiers },
	{ "policy", set_policy },
	{ "socket", set_socket },
	{ "listen", set_listen },
	{ "interval_ms", set_interval },
	{ "inflight_bytes", set_inflight },
	{ "heat_extents", set_heat_extents },
	{ "weights_keep_s", set_weights_keep },
	{ "observe_uprobe", set_uprobe },
};

#define SETTINGS (sizeof(settings) / sizeof(settings[0]))

int config_set(struct config *c, const char *key, const char *value, struct engine_error *e)
{
	const char *names[SETTINGS];

	for (size_t i = 0; i < SETTINGS; i++) {
		if (!strcmp(key, settings[i].key))
			return settings[i].set(c, key, value, e);
		names[i] = settings[i].key;
	}
	engine_error_set(e, "%s is not a setting: did you mean %s?", key,
			 engine_nearest(key, names, SETTINGS));
	return -EINVAL;
}

/* inih tells neither the handler its line nor where a bad pair stood among bad lines. */
struct reading {
	struct config *config;
	FILE *file;
	int line;
	int bad_line;	/* of the first bad pair; 0 = none */
	struct engine_error error;
};

static char *read_line(char *text, int room, void *stream)
{
	struct reading *r = stream;
	char *got = fgets(text, room, r->file);

	if (got)
		r->line++;
	return got;
}

static int read_pair(void *user, const char *section, const char *key, const char *value)
{
	struct reading *r = user;

	if (r->bad_line)
		return 0;
	if (!strcmp(section, SECTION)) {
		if (!config_set(r->config, key, value, &r->error))
			return 1;
	} else {
		engine_error_set(&r->error, "section [%s] is unknown: put the settings into [%s]",
				 section, SECTION);
	}
	r->bad_line = r->line;
	return 0;
}

int config_read(struct config *c, const char *path, struct engine_error *e)
{
	struct reading r = { .config = c };
	int err = 0, line;

	r.file = fopen(path, "re");
	if (!r.file) {
		err = -errno;
		engine_error_set(e, "cannot read the configuration %s: %s", path, strerror(-err));
		return err;
	}
	line = ini_parse_stream(read_line, &r, read_pair, &r);
	if (ferror(r.file) || line < 0) {
		err = line < 0 ? -ENOMEM : -EIO;
		engine_error_set(e, "cannot read the configuration %s: %s", path, strerror(-err));
	} else if (line > 0) {
		err = -EINVAL;
		engine_error_set(e, "%s:%d: %.400s", path, line,
				 line == r.bad_line ? r.error.text :
				 "this is not a section, a comment or key = value");
	}
	fclose(r.file);
	return err;
}
