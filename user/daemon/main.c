// SPDX-License-Identifier: LGPL-2.1-or-later
/* terraced: the command line. */
#include <argp.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/config.h"
#include "daemon/daemon.h"
#include "daemon/http.h"
#include "daemon/lock.h"
#include "daemon/log.h"
#include "daemon/loop.h"

#define OVERRIDES_MAX	32

/* What the command line says; it wins over the file at every reload. */
static struct command_line {
	const char *file;
	struct {
		const char *key;
		const char *value;
	} overrides[OVERRIDES_MAX];
	size_t n;
} command_line;

static const struct daemon_option {
	const char *name;
	int key;
	const char *setting;
	const char *value;
	const char *help;
} options[] = {
	{ "tiers", 't', "tiers", "FILE", "Bring the tiers of this tier file online" },
	{ "policy", 'p', "policy", "NAME", "static (default), lru or class" },
	{ "socket", 's', "socket", "PATH",
	  "Unix socket of the metrics (/run/terrace/metrics.sock)" },
	{ "listen", 'l', "listen", "ADDRESS:PORT", "Serve the metrics on loopback as well" },
	{ "interval", 'i', "interval_ms", "MS", "Time between decisions (100)" },
	{ "inflight", 'b', "inflight_bytes", "BYTES",
	  "Real bytes migrating at a time (67108864)" },
	{ "heat-extents", 'e', "heat_extents", "N",
	  "Extents the heat map has room for, a power of two (262144)" },
	{ "weights-keep", 'k', "weights_keep_s", "SECONDS",
	  "How long weights that nobody uses stay in their tiers (3600)" },
	{ "observe-uprobe", 'u', "observe_uprobe", "FILE[:FUNCTION]",
	  "Measure the calls of a function, by default " CONFIG_UPROBE_FUNCTION },
};

#define OPTIONS (sizeof(options) / sizeof(options[0]))

static error_t parse(int key, char *arg, struct argp_state *state)
{
	if (key == 'c') {
		command_line.file = arg;
		return 0;
	}
	if (key == ARGP_KEY_ARG)
		argp_error(state, "'%s' is not expected: terraced takes options only", arg);
	for (size_t i = 0; i < OPTIONS; i++) {
		if (options[i].key != key)
			continue;
		if (command_line.n == OVERRIDES_MAX)
			argp_error(state, "more than %d options", OVERRIDES_MAX);
		command_line.overrides[command_line.n].key = options[i].setting;
		command_line.overrides[command_line.n++].value = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static void parse_command_line(int argc, char **argv)
{
	static const char doc[] =
		"Brings memory tiers online, decides which extents live where, migrates them and serves metrics."
		"\vExamples:\n"
		"  terraced --config /etc/terrace/terraced.conf\n"
		"  terraced --tiers hbm-cxl.ini --policy lru --listen 127.0.0.1:9464\n"
		"  terraced --observe-uprobe libggml-base.so\n"
		"  curl --unix-socket /run/terrace/metrics.sock http://localhost/metrics\n\n"
		"SIGHUP reads the configuration again, SIGTERM ends the daemon and leaves the "
		"tiers online.";
	struct argp_option list[OPTIONS + 2] = {
		{ "config", 'c', "FILE", 0, "Read settings from this file; options win over it",
		  0 },
	};
	const struct argp argp = { .options = list, .parser = parse, .doc = doc };

	for (size_t i = 0; i < OPTIONS; i++)
		list[i + 1] = (struct argp_option){
			options[i].name, options[i].key, options[i].value, 0, options[i].help, 0
		};
	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
}

static int read_config(struct config *c, struct engine_error *e)
{
	int err = 0;

	config_init(c);
	if (command_line.file)
		err = config_read(c, command_line.file, e);
	for (size_t i = 0; !err && i < command_line.n; i++)
		err = config_set(c, command_line.overrides[i].key,
				 command_line.overrides[i].value, e);
	return err;
}

static int print_libbpf(enum libbpf_print_level level, const char *fmt, va_list args)
{
	char text[1024];

	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(text, sizeof(text), fmt, args);
	text[strcspn(text, "\n")] = '\0';
	log_line(LOG_WARNING, "%s", text);
	return 0;
}

static void page(void *arg, FILE *out)
{
	daemon_metrics(arg, out);
}

static int serve(struct daemon *d, struct engine_error *e)
{
	const struct config *c = &d->config;
	struct http *local = NULL, *tcp = NULL;
	int err;

	err = http_open_unix(c->socket, page, d, &local, e);
	if (err)
		return err;
	if (c->listen.ss_family != AF_UNSPEC)
		err = http_open_tcp((const struct sockaddr *)&c->listen, c->listen_bytes, page, d,
				    &tcp, e);
	if (!err) {
		log_line(LOG_NOTICE, "ready: policy %s, metrics on %s", c->policy, c->socket);
		err = loop_run(d, local, tcp, read_config, e);
	}
	http_close(tcp);
	http_close(local);
	return err;
}

int main(int argc, char **argv)
{
	struct engine_error e = { "" };
	struct config config;
	struct daemon daemon = { 0 };
	int lock, err;

	parse_command_line(argc, argv);
	libbpf_set_print(print_libbpf);
	loop_block_signals();
	err = read_config(&config, &e);
	if (err) {
		log_line(LOG_ERR, "%s", e.text);
		return 2;
	}
	lock = lock_take(&e);
	err = lock < 0 ? lock : daemon_open(&daemon, &config, &e);
	if (!err)
		err = serve(&daemon, &e);
	if (err)
		log_line(LOG_ERR, "%s", e.text);
	else
		log_line(LOG_NOTICE, "the end; the tiers stay online");
	daemon_close(&daemon);
	if (lock >= 0)
		close(lock);
	return err ? 1 : 0;
}
