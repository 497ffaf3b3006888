// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace run: an unmodified program with its model on the tiers. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <terrace/terrace.h>

#include "cli/commands.h"
#include "cli/program.h"
#include "cli/ranges.h"
#include "cli/run_rules.h"

#define LIBRARY "libterrace-preload.so"

struct run_args {
	const char *weights;
	const char *kv;
	const char *rules;
	const char *report;
	uint32_t extent_bytes;
	uint32_t pace_permille;
	uint32_t sample_period;
	char **program;
};

static uint32_t parse_extent(const char *text, struct argp_state *state)
{
	const char *end = "";
	uint64_t bytes = 0;

	if (size_parse(text, &bytes, &end) || *end || bytes & (bytes - 1) ||
	    bytes < 1U << TERRACE_EXTENT_SHIFT_MIN || bytes > 1U << TERRACE_EXTENT_SHIFT_MAX)
		argp_error(state, "'%s' is not the size of an extent: a power of two of 4KiB to 2MiB",
			   text);
	return bytes;
}

static uint32_t parse_pace(const char *text, struct argp_state *state)
{
	char *end;
	double factor = strtod(text, &end);

	if (end == text || *end || !(factor >= 0.001 && factor <= TERRACE_PACE_MAX / 1000.0))
		argp_error(state, "'%s' is not a factor of 0.001 to %u", text,
			   TERRACE_PACE_MAX / 1000);
	return lround(factor * 1000);
}

static uint32_t parse_sample(const char *text, struct argp_state *state)
{
	char *end;
	unsigned long k = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || !k || k > TERRACE_SAMPLE_MAX)
		argp_error(state, "'%s' is not a number of steps of 1 to %u", text,
			   TERRACE_SAMPLE_MAX);
	return k;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct run_args *args = state->input;

	switch (key) {
	case 'w':
		args->weights = arg;
		return 0;
	case 'k':
		args->kv = arg;
		return 0;
	case 'e':
		args->extent_bytes = parse_extent(arg, state);
		return 0;
	case 'p':
		args->pace_permille = parse_pace(arg, state);
		return 0;
	case 's':
		args->sample_period = parse_sample(arg, state);
		return 0;
	case 'r':
		args->rules = arg;
		return 0;
	case 'o':
		args->report = arg;
		return 0;
	case ARGP_KEY_ARG:
		args->program = state->argv + state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "a PROGRAM is missing");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{ "weights", 'w', "TIER", 0, "Tier for weights; by default by the placement rule", 0 },
	{ "kv", 'k', "TIER", 0, "Tier for the KV cache", 0 },
	{ "extent", 'e', "SIZE", 0,
	  "Extent size of weights, 4KiB to 2MiB; by default 2MiB, and 16KiB to 64KiB for a mixture of experts",
	  0 },
	{ "pace", 'p', "FACTOR", 0, "Make each step last its modelled time times this", 0 },
	{ "sample", 's', "K", 0, "Observe one in K steps of a kind (64); 1 observes all", 0 },
	{ "rules", 'r', "FILE", 0, "Rules that come before the built-in ones", 0 },
	{ "report", 'o', "FILE", 0,
	  "Append what the steps cost to FILE, a line of JSON for each process", 0 },
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "PROGRAM [ARGUMENT...]",
	.doc = "Run an unmodified dynamic program with its model on the tiers: read-only mappings of GGUF "
	       "files, KV cache and compute buffers of ggml, and whatever rules name. What cannot be placed "
	       "stays in plain memory, and one line says why.\v"
	       "Examples:\n"
	       "  terrace run --weights hbf0 --kv hbm0 -- llama-completion -m model.gguf -p Hello\n"
	       "  terrace run --pace 1000 --report cost.json -- llama-bench -m model.gguf\n"
	       "  terrace run --rules llama2c.ini -- ./run model.bin\n"
	       "\n"
	       "Exit status: the program's; 1 it cannot be run, 2 the command line is wrong.",
};

/* A variable of the program's environment; a value of NULL removes it. Returns an exit status. */
static int put(const char *name, const char *value)
{
	if (value ? setenv(name, value, 1) : unsetenv(name))
		return command_failed("%s cannot be set: %s", name, strerror(errno));
	return STATUS_DONE;
}

static int put_number(const char *name, uint32_t value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	return put(name, text);
}

/* Beside this program's library folder, as it is installed and as it is built. */
static int library_path(char path[PATH_MAX])
{
	static const char * const places[] = {
		"%.*s/../lib/" LIBRARY, TERRACE_PREFIX "/lib/" LIBRARY
	};
	char self[PATH_MAX], candidate[PATH_MAX + sizeof(LIBRARY) + 16];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	size_t i;

	self[n > 0 ? n : 0] = '\0';
	n = strrchr(self, '/') ? strrchr(self, '/') - self : 0;
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(candidate, sizeof(candidate), i ? places[1] : places[0], (int)n, self);
		if (realpath(candidate, path))
			return 0;
	}
	return command_failed("%s is neither in %.*s/../lib nor in " TERRACE_PREFIX "/lib: install it",
			      LIBRARY, (int)n, self);
}

/* The linker separates by blanks and colons, and has no way to quote them. */
static int set_preload(void)
{
	const char *before = getenv("LD_PRELOAD");
	char path[PATH_MAX], list[PATH_MAX + 4096];
	int status = library_path(path);

	if (status)
		return status;
	if (strpbrk(path, " :"))
		return command_failed("the linker cannot preload %s: move it to a path without blanks and colons",
				      path);
	if (snprintf(list, sizeof(list), "%s%s%s", path, before ? ":" : "", before ? before : "") >=
	    (int)sizeof(list))
		return command_failed("LD_PRELOAD is longer than %zu bytes: shorten it",
				      sizeof(list) - sizeof(path));
	return put("LD_PRELOAD", list);
}

/*
 * AddressSanitizer refuses to start behind another library, though it works there. What the user
 * says about it comes later in the list, and decides.
 */
static int set_sanitizer(void)
{
	const char *before = getenv("ASAN_OPTIONS");
	char *list;
	int status;

	if (asprintf(&list, "verify_asan_link_order=0%s%s", before ? ":" : "",
		     before ? before : "") < 0)
		return command_failed("no memory for ASAN_OPTIONS");
	status = put("ASAN_OPTIONS", list);
	free(list);
	return status;
}

static int set_rules(const char *file)
{
	struct rule rules[RULES_MAX];
	char text[RULES_TEXT_MAX];
	struct engine_error e;
	int n;

	if (!file)
		return put("TERRACE_RUN_RULES", NULL);
	n = run_rules_read(file, rules, &e);
	if (n < 0) {
		command_failed("%s", e.text);
		return STATUS_USAGE;
	}
	if (!rules_format(rules, n, text))
		return command_failed("the rules of %s cannot be handed on", file);
	return put("TERRACE_RUN_RULES", text);
}

static int check_tier(struct terrace_session *s, const char *name)
{
	if (!name || terrace_tier_find(s, name) >= 0)
		return STATUS_DONE;
	command_failed("%s", terrace_error());
	return STATUS_USAGE;
}

/* A device that is not there is no reason not to run: the library will say so. */
static int check_tiers(const struct run_args *args)
{
	struct terrace_session *s;
	int status;

	if (terrace_session_open(NULL, &s))
		return STATUS_DONE;
	status = check_tier(s, args->weights);
	if (!status)
		status = check_tier(s, args->kv);
	terrace_session_close(s);
	return status;
}

/* As the program finds it: it may change its folder. */
static int put_report(const char *report)
{
	char path[PATH_MAX];

	if (!report || *report == '/')
		return put("TERRACE_RUN_REPORT", report);
	if (!getcwd(path, sizeof(path)) ||
	    strlen(path) + strlen(report) + 2 > sizeof(path))
		return command_failed("the path of %s is too long", report);
	strcat(path, "/");
	strcat(path, report);
	return put("TERRACE_RUN_REPORT", path);
}

static int set_environment(const struct run_args *args)
{
	if (put("TERRACE_RUN_WEIGHTS", args->weights) || put("TERRACE_RUN_KV", args->kv) ||
	    put_number("TERRACE_RUN_EXTENT", args->extent_bytes) ||
	    put_number("TERRACE_RUN_PACE", args->pace_permille) ||
	    put_number("TERRACE_RUN_SAMPLE", args->sample_period) || put_report(args->report))
		return STATUS_FAILED;
	return set_rules(args->rules);
}

int cmd_run(int argc, char **argv)
{
	struct run_args args = { .sample_period = 64 };
	char path[PATH_MAX];
	struct engine_error e;
	int status;

	/* what follows PROGRAM is the program's */
	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &args);
	if (program_find(*args.program, path, &e) || program_check(path, &e))
		return command_failed("%s", e.text);
	status = check_tiers(&args);
	if (!status)
		status = set_environment(&args);
	if (!status)
		status = set_preload();
	if (!status)
		status = set_sanitizer();
	if (status)
		return status;
	execv(path, args.program);
	return command_failed("%s cannot be run: %s", path, strerror(errno));
}
