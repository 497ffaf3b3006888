// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace buffers: list buffers and where they are. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/tiers.h"

#define CHUNK	64	/* buffers a call */

static const struct argp argp = {
	.options = command_json_options,
	.parser = command_json_parser,
	.doc = "List buffers: for root all, for others their own. Bytes are real bytes. SESSION is - when "
	       "the session that made the buffer is closed.\v"
	       "Examples:\n"
	       "  terrace buffers\n"
	       "  terrace buffers --json | jq '.[] | select(.class == \"kv\")'",
};

typedef void (*buffer_fn)(const struct terrace_buffer_info *b, const struct tiers *tiers,
			  json_t *list);

static void print_buffer(const struct terrace_buffer_info *b, const struct tiers *tiers,
			 json_t *list)
{
	char size[UNIT_MAX], resident[UNIT_MAX], sealed[UNIT_MAX], extent[UNIT_MAX], session[24];
	const char *class_name = terrace_class_name(b->class_id);
	uint32_t i;

	(void)list;
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
		printf(" %s %s", tiers_name(tiers, i), size);
	}
	putchar('\n');
}

static void add_buffer(const struct terrace_buffer_info *b, const struct tiers *tiers, json_t *list)
{
	json_t *on = json_object(), *entry;
	uint32_t i;

	for (i = 0; i < TERRACE_TIERS_MAX; i++)
		if (b->tier_bytes[i])
			json_object_set_new(on, tiers_name(tiers, i),
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
	json_array_append_new(list, entry);
}

/* Return: 0; a negative errno. */
static int each_buffer(struct terrace_session *s, const struct tiers *tiers, buffer_fn visit,
		       json_t *list)
{
	struct terrace_buffer_info chunk[CHUNK];
	struct terrace_list l = { .size = sizeof(l), .entry_bytes = sizeof(chunk[0]) };
	uint32_t i;

	do {
		l.count = CHUNK;
		l.buffers = (uintptr_t)chunk;
		if (ioctl(terrace_session_fd(s), TERRACE_IOC_LIST, &l))
			return -errno;
		for (i = 0; i < l.count && i < CHUNK; i++) {
			chunk[i].name[TERRACE_NAME_MAX - 1] = 0;
			visit(&chunk[i], tiers, list);
			l.after = chunk[i].buffer;
		}
	} while (l.count);
	return 0;
}

static int list_buffers(struct terrace_session *s, bool json)
{
	json_t *list = json ? json_array() : NULL;
	struct tiers tiers;
	int err;

	if (tiers_read(s, &tiers)) {
		json_decref(list);
		return command_failed("%s", terrace_error());
	}
	if (!json)
		printf("%6s %-16s %-10s %12s %12s %12s %10s %8s %7s %7s  %s\n", "BUFFER", "NAME",
		       "CLASS", "SIZE", "RESIDENT", "SEALED", "EXTENT", "UID", "PID", "SESSION",
		       "ON TIERS");
	err = each_buffer(s, &tiers, json ? add_buffer : print_buffer, list);
	if (!err)
		return json ? print_json(list) : STATUS_DONE;
	json_decref(list);
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
