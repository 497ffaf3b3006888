// SPDX-License-Identifier: LGPL-2.1-or-later
/* Check 8: measured collectives against the alpha-beta model of the node's network file. */
#include <errno.h>
#include <string.h>

#include "sim/collective.h"
#include "sim/network_file.h"
#include "sim/validate.h"

#define LIMITED_NODE	"h100_dgx"
#define LIMITED_BYTES	2e6

/* What a row is compared as; the first has a limit. */
enum group { GROUP_LIMITED, GROUP_SMALL, GROUP_PAIR, GROUP_SEND, GROUP_OTHER, GROUPS };

static const char *const group_names[GROUPS] = {
	[GROUP_LIMITED] = "8 all-reduce, H100 DGX, 4 and 8 GPUs, above 2 MB (alpha-beta)",
	[GROUP_SMALL] = "8 all-reduce, H100 DGX, 4 and 8 GPUs, to 2 MB (alpha-beta)",
	[GROUP_PAIR] = "8 all-reduce, H100 DGX, other numbers of GPUs (alpha-beta)",
	[GROUP_SEND] = "8 other operations, H100 DGX (alpha-beta)",
	[GROUP_OTHER] = "8 collectives of other nodes (alpha-beta)",
};

/**
 * struct row - a row of the table
 * @known: it has numbers and an operation that is known
 */
struct row {
	const char *node;
	enum collective op;
	double nodes;
	double bytes;
	double seconds;
	bool known;
};

static enum collective find_operation(const char *name)
{
	enum collective op;

	for (op = 0; op < COLLECTIVES; op++)
		if (!strcmp(collective_names[op], name))
			break;
	return op;
}

static struct row read_row(const struct csv *t, size_t i)
{
	struct row r = {
		.node = csv_text(t, i, "node"),
		.op = find_operation(csv_text(t, i, "collective")),
	};

	r.known = r.op < COLLECTIVES && csv_number(t, i, "num_workers", &r.nodes) &&
		csv_number(t, i, "size_bytes", &r.bytes) &&
		csv_number(t, i, "median_ms", &r.seconds) && r.nodes >= 2 &&
		r.nodes <= NETWORK_NODES_MAX && r.nodes == (uint64_t)r.nodes && r.bytes >= 0 &&
		r.seconds > 0;
	r.seconds /= 1000;
	return r;
}

static enum group group_of(const struct row *r)
{
	if (strcmp(r->node, LIMITED_NODE))
		return GROUP_OTHER;
	if (r->op != COLLECTIVE_ALL_REDUCE)
		return GROUP_SEND;
	if (r->nodes != 4 && r->nodes != 8)
		return GROUP_PAIR;
	return r->bytes > LIMITED_BYTES ? GROUP_LIMITED : GROUP_SMALL;
}

static void compare(struct check *c, const struct row *r, const struct network_file *file)
{
	struct engine_error why;
	struct network n;

	if (r->nodes > file->network.nodes ||
	    network_resize(&file->network, r->nodes, &n, &why)) {
		check_skip(c, "the network file of %s has no %g nodes", r->node, r->nodes);
		return;
	}
	check_row(c, check_percent(collective_best(&n, r->op, r->bytes).seconds, r->seconds),
		  "%s %s, %g GPUs, %.0f bytes", r->node, collective_names[r->op], r->nodes,
		  r->bytes);
}

/* The file that was read last stays: rows of a node stand together. */
static int compare_group(const struct csv *t, enum group wanted, struct check *c,
			 struct engine_error *e)
{
	struct network_file file;
	const char *read = NULL;
	struct row r;
	int err = 0;
	size_t i;

	for (i = 0; i < t->n_rows; i++) {
		r = read_row(t, i);
		if (group_of(&r) != wanted)
			continue;
		if (!r.known) {
			check_skip(c, "an operation or number is missing");
			continue;
		}
		if (!read || strcmp(read, r.node)) {
			err = network_file_find(r.node, &file, e);
			read = r.node;
		}
		if (err && err != -ENOENT)
			return err;
		if (err)
			check_skip(c, "there is no network file of %s", r.node);
		else
			compare(c, &r, &file);
	}
	return 0;
}

int validate_collectives(const struct validate *v, struct checks *all, struct engine_error *e)
{
	static const struct check_limit limit = { -17, 17, 0, "%" };
	static const char mixed[] = "many rows are medians of two runs that are far apart";
	struct check *c;
	enum group i;
	int err = 0;

	for (i = 0; !err && i < GROUPS; i++) {
		c = check_begin(all, group_names[i], i == GROUP_LIMITED ? &limit : NULL);
		err = compare_group(&v->published.table[FORM_COLLECTIVES], i, c, e);
		if (i == GROUP_SEND || i == GROUP_OTHER)
			check_note(c, "%s", mixed);
	}
	return err;
}
