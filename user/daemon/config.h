/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the daemon is asked to do: the file /etc/terrace/terraced.conf and the options of the
 * command line, which have the same names and win over the file.
 *
 * INI, one section:
 *
 *   [daemon]
 *   tiers           tier file whose tiers are brought online; empty = those that are online already
 *   policy          static, lru or class
 *   socket          absolute path of the metrics' unix socket, up to 107 bytes
 *   listen          127.x.y.z:PORT or [::1]:PORT to serve the metrics on loopback; empty = not
 *   interval_ms     time between decisions, 10 to 60000
 *   inflight_bytes  real bytes that may be migrating at a time, 2 MiB to 16 GiB
 *   heat_extents    extents the heat map has room for, a power of two, 1024 to 4194304
 *   weights_keep_s  seconds that weights without users stay in their tiers, 0 to 31536000
 *   observe_uprobe  FILE or FILE:FUNCTION whose calls are measured; empty = none
 */
#ifndef _DAEMON_CONFIG_H
#define _DAEMON_CONFIG_H

#include <limits.h>
#include <linux/types.h>
#include <sys/socket.h>

#include "engine/error.h"

#define CONFIG_POLICY_MAX	16
#define CONFIG_SOCKET_MAX	108	/* sizeof(sun_path) */
#define CONFIG_FUNCTION_MAX	256
#define CONFIG_UPROBE_FUNCTION	"ggml_backend_sched_graph_compute_async"

/**
 * struct config - settings, always valid
 * @tiers: path, or ""
 * @policy: name of a policy
 * @socket: path
 * @listen: address; ss_family is AF_UNSPEC when loopback is not asked for
 * @listen_bytes: its length
 * @interval_ms: 10 to 60000
 * @inflight_bytes: 2 MiB to 16 GiB
 * @heat_extents: a power of two, 1024 to 4194304
 * @weights_keep_s: 0 to 31536000
 * @uprobe_file: executable or library, or ""
 * @uprobe_function: symbol in it
 */
struct config {
	char tiers[PATH_MAX];
	char policy[CONFIG_POLICY_MAX];
	char socket[CONFIG_SOCKET_MAX];
	struct sockaddr_storage listen;
	socklen_t listen_bytes;
	__u32 interval_ms;
	__u32 heat_extents;
	__u32 weights_keep_s;
	__u64 inflight_bytes;
	char uprobe_file[PATH_MAX];
	char uprobe_function[CONFIG_FUNCTION_MAX];
};

/**
 * config_init - set the defaults: static, /run/terrace/metrics.sock, 100 ms, 64 MiB, 262144
 * extents, one hour
 */
void config_init(struct config *c);

/**
 * config_set - set one value
 * @key: as in the file
 *
 * Return: 0; -EINVAL and @c unchanged when the key is unknown or the value out of range.
 */
int config_set(struct config *c, const char *key, const char *value, struct engine_error *e);

/**
 * config_read - set what a file says
 *
 * Return: 0; -EINVAL with file and line in @e; -ENOENT or another negative errno of fopen(3). After
 * an error @c is undefined.
 */
int config_read(struct config *c, const char *path, struct engine_error *e);

#endif /* _DAEMON_CONFIG_H */
