// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace migrate: move ranges of a buffer to a tier. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <terrace/terrace.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/ranges.h"

struct migrate_args {
	uint32_t buffer;
	char **ranges;
	uint32_t count;
	const char *to;
	bool json;
};

static uint32_t parse_buffer(const char *text, struct argp_state *state)
{
	char *end;
	unsigned long long id;

	errno = 0;
	id = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || errno || *end || !id || id > UINT32_MAX)
		argp_error(state, "'%s' is not the number of a buffer (1 to %u): see 'terrace buffers'",
			   text, UINT32_MAX);
	return id;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct migrate_args *args = state->input;

	switch (key) {
	case 'j':
		args->json = true;
		return 0;
	case 't':
		args->to = arg;
		return 0;
	case ARGP_KEY_ARGS:
		args->buffer = parse_buffer(state->argv[state->next], state);
		args->ranges = state->argv + state->next + 1;
		args->count = state->argc - state->next - 1;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "the number of a BUFFER is missing: see 'terrace buffers'");
		return 0;
	case ARGP_KEY_SUCCESS:
		if (!args->count)
			argp_error(state, "a RANGE is missing: OFFSET+LENGTH or all");
		if (!args->to)
			argp_error(state, "--to TIER is missing: see 'terrace tier list'");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{ "to", 't', "TIER", 0, "The tier to move to, by name", 0 },
	OPTION_JSON,
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "BUFFER RANGE...",
	.doc = "Move ranges of a buffer to a tier. A RANGE is OFFSET+LENGTH in bytes, or with KiB, MiB, GiB "
	       "or TiB, in whole extents of the buffer; or all. A range stops at the first extent that "
	       "cannot be moved, the next one goes on. Needs the uid that made the buffer, or root.\v"
	       "Examples:\n"
	       "  terrace migrate 3 all --to cxl0\n"
	       "  terrace migrate 3 0+64MiB 1GiB+2MiB --to hbm0 --json\n"
	       "\n"
	       "Exit status: 0 all ranges are on the tier, 1 some are not, 2 the command line is wrong.",
};

static void report(const struct terrace_move *m, const char *tier)
{
	char moved[UNIT_MAX], bytes[UNIT_MAX];

	format_bytes(moved, m->done_bytes);
	format_bytes(bytes, m->bytes);
	printf("%llu+%llu: %s of %s on %s", (unsigned long long)m->offset,
	       (unsigned long long)m->bytes, moved, bytes, tier);
	if (m->error)
		printf(", the next extent cannot move: %s (%s)", terrace_strreason(m->reason),
		       strerrorname_np(-m->error));
	putchar('\n');
}

static json_t *move_json(const struct terrace_move *m)
{
	return json_pack("{s:o, s:o, s:o, s:o?, s:s}", "offset", json_amount(m->offset),
			 "bytes", json_amount(m->bytes), "done_bytes", json_amount(m->done_bytes),
			 "error", m->error ? json_string(strerrorname_np(-m->error)) : json_null(),
			 "reason", terrace_strreason(m->reason));
}

static int report_all(const struct migrate_args *args, const struct terrace_move *moves,
		      uint64_t moved)
{
	json_t *list = args->json ? json_array() : NULL;
	int printed = STATUS_DONE, failed = 0;
	uint32_t i;

	for (i = 0; i < args->count; i++) {
		failed |= moves[i].error;
		if (list)
			json_array_append_new(list, move_json(&moves[i]));
		else
			report(&moves[i], args->to);
	}
	if (list)
		printed = print_json(json_pack("{s:o, s:s, s:o, s:o}",
					       "buffer", json_amount(args->buffer), "to", args->to,
					       "moved_bytes", json_amount(moved), "ranges", list));
	return failed ? STATUS_FAILED : printed;
}

static int moves_parse(const struct migrate_args *args, const struct terrace_buffer *b,
		       uint32_t tier, struct terrace_move *moves)
{
	uint32_t i;
	int err;

	for (i = 0; i < args->count; i++) {
		__u64 *offset = &moves[i].offset, *bytes = &moves[i].bytes;
		uint64_t o, n;

		err = range_parse(args->ranges[i], terrace_buffer_bytes(b), &o, &n);
		if (err) {
			command_failed("'%s' is not a range: %s; a range is OFFSET+LENGTH, as in 0+64MiB, or all",
				       args->ranges[i], err == -ERANGE ?
				       "a number exceeds 2^64 - 1" : "it is of another form");
			return STATUS_USAGE;
		}
		*offset = o;
		*bytes = n;
		moves[i].tier = tier;
	}
	return STATUS_DONE;
}

static int migrate(const struct migrate_args *args, struct terrace_buffer *b, uint32_t tier)
{
	struct terrace_move *moves = calloc(args->count, sizeof(*moves));
	uint64_t sum = 0, moved;
	uint32_t i, n;
	int status;

	if (!moves)
		return command_failed("no memory for %u ranges", args->count);
	status = moves_parse(args, b, tier, moves);
	for (i = 0; !status && i < args->count; i += n) {
		n = args->count - i < TERRACE_MOVES_MAX ? args->count - i : TERRACE_MOVES_MAX;
		if (terrace_migrate_moves(b, moves + i, n, &moved))
			status = command_failed("%s", terrace_error());
		sum += moved;
	}
	if (!status)
		status = report_all(args, moves, sum);
	free(moves);
	return status;
}

int cmd_migrate(int argc, char **argv)
{
	struct migrate_args args = { 0 };
	struct terrace_session *s = NULL;
	struct terrace_buffer *b = NULL;
	int tier, status;

	command_parse(&argp, argc, argv, &args);
	if (terrace_session_open(NULL, &s))
		return command_failed("%s", terrace_error());
	tier = terrace_tier_find(s, args.to);
	if (tier < 0 || terrace_buffer_open(s, args.buffer, &b))
		status = command_failed("%s", terrace_error());
	else
		status = migrate(&args, b, tier);
	terrace_buffer_free(b);
	terrace_session_close(s);
	return status;
}
