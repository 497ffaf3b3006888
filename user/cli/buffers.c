// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace buffers: list buffers and where they are. */
#include <string.h>

#include "cli/buffer_list.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/tiers.h"

static const struct argp argp = {
	.options = command_json_options,
	.parser = command_json_parser,
	.doc = "List buffers: for root all, for others their own. Bytes are real bytes. SESSION is - when "
	       "the session that made the buffer is closed.\v"
	       "Examples:\n"
	       "  terrace buffers\n"
	       "  terrace buffers --json | jq '.[] | select(.class == \"kv\")'",
};

/* What a buffer is shown with: the names of the tiers, the array it goes into as JSON. */
struct listing {
	struct tiers tiers;
	json_t *list;
};

static void print_buffer(const struct terrace_buffer_info *b, void *context)
{
	const struct listing *l = context;
	char size[UNIT_MAX], resident[UNIT_MAX], sealed[UNIT_MAX], extent[UNIT_MAX], session[24];
	const char *class_name = terrace_class_name(b->class_id);
	uint32_t i;

	format_bytes(size, b->bytes);
	format_bytes(resident, b->resident_bytes);
	format_bytes(sealed, b->sealed_bytes);
	format_bytes(extent, 1ULL << b->extent_shift);
	snprintf(session, sizeof(session), b->session ? "%llu" : "-",
		 (unsigned long long)b->session);
	printf("%6u %-16s %-10s %12s %12s %12s %10s %8u %7u %7s ", b->buffer,
	       b->name[0] ? b->name : "-", class_name ? class_name : "?", size, resident, sealed,
	       extent, b->uid, b->pid, session);
	for (i = 0; i < TERRACE_TIERS_MAX; i++) {
		if (!b->tier_bytes[i])
			continue;
		format_bytes(size, b->tier_bytes[i]);
		printf(" %s %s", tiers_name(&l->tiers, i), size);
	}
	putchar('\n');
}

static void add_buffer(const struct terrace_buffer_info *b, void *context)
{
	const struct listing *l = context;
	json_t *on = json_object(), *entry;
	uint32_t i;

	for (i = 0; i < TERRACE_TIERS_MAX; i++)
		if (b->tier_bytes[i])
			json_object_set_new(on, tiers_name(&l->tiers, i),
					    json_amount(b->tier_bytes[i]));
	entry = json_pack("{s:o, s:s, s:s?, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o?, s:o}",
			  "buffer", json_amount(b->buffer), "name", b->name,
			  "class", terrace_class_name(b->class_id),
			  "pinnable", (b->flags & TERRACE_CREATE_PINNABLE) != 0,
			  "bytes", json_amount(b->bytes),
			  "resident_bytes", json_amount(b->resident_bytes),
			  "sealed_bytes", json_amount(b->sealed_bytes),
			  "extent_bytes", json_amount(1ULL << b->extent_shift),
			  "uid", json_amount(b->uid), "pid", json_amount(b->pid),
			  "session", b->session ? json_amount(b->session) : json_null(),
			  "tier_bytes", on);
	json_array_append_new(l->list, entry);
}

static int list_buffers(struct terrace_session *s, bool json)
{
	struct listing l = { .list = json ? json_array() : NULL };
	int err;

	if (tiers_read(s, &l.tiers)) {
		json_decref(l.list);
		return command_failed("%s", terrace_error());
	}
	if (!json)
		printf("%6s %-16s %-10s %12s %12s %12s %10s %8s %7s %7s  %s\n", "BUFFER", "NAME",
		       "CLASS", "SIZE", "RESIDENT", "SEALED", "EXTENT", "UID", "PID", "SESSION",
		       "ON TIERS");
	err = buffer_list(s, json ? add_buffer : print_buffer, &l);
	if (!err)
		return json ? print_json(l.list) : STATUS_DONE;
	json_decref(l.list);
	return command_failed("cannot list the buffers: %s", strerror(-err));
}

int cmd_buffers(int argc, char **argv)
{
	struct terrace_session *s;
	bool json = false;
	int status;

	command_parse(&argp, argc, argv, &json);
	if (terrace_session_open(NULL, &s))
		return command_failed("%s", terrace_error());
	status = list_buffers(s, json);
	terrace_session_close(s);
	return status;
}
