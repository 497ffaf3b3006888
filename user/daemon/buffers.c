// SPDX-License-Identifier: LGPL-2.1-or-later
/* Listing buffers and looking at their extents. */
#include "daemon/buffers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define LIST_ENTRIES	256U

static void known_free(struct known_buffer *k)
{
	free(k->extents);
	free(k->seen);
	free(k->retry_ns);
}

void buffers_free(struct buffers *b)
{
	for (size_t i = 0; i < b->n; i++)
		known_free(&b->known[i]);
	free(b->known);
	memset(b, 0, sizeof(*b));
}

static int by_id(const void *a, const void *b)
{
	const struct known_buffer *x = a, *y = b;

	return (x->info.buffer > y->info.buffer) - (x->info.buffer < y->info.buffer);
}

struct known_buffer *buffers_find(const struct buffers *b, uint32_t id)
{
	struct known_buffer key = { .info.buffer = id };

	return b->n ? bsearch(&key, b->known, b->n, sizeof(key), by_id) : NULL;
}

bool buffers_gone(const struct buffers *b, uint32_t id)
{
	return id <= b->highest && !buffers_find(b, id);
}

static int known_init(struct known_buffer *k, const struct terrace_buffer_info *info)
{
	memset(k, 0, sizeof(*k));
	k->info = *info;
	k->count = info->bytes >> info->extent_shift;
	k->extents = calloc(k->count, sizeof(*k->extents));
	k->seen = calloc(k->count, sizeof(*k->seen));
	k->retry_ns = calloc(k->count, sizeof(*k->retry_ns));
	if (!k->extents || !k->seen || !k->retry_ns) {
		known_free(k);
		return -ENOMEM;
	}
	for (size_t i = 0; i < k->count; i++) {
		k->extents[i].bytes = 1ULL << info->extent_shift;
		k->extents[i].moved_ns = POLICY_NEVER;
		k->extents[i].class_id = info->class_id;
		k->extents[i].fixed = true;
	}
	k->listed = true;
	return 0;
}

/* The kernel lists ascending ids and never uses one again: what is new goes to the end. */
static int buffers_add(struct buffers *b, const struct terrace_buffer_info *info)
{
	struct known_buffer *known;
	size_t room = b->room ? 2 * b->room : 64;
	int err;

	if (b->n == b->room) {
		known = realloc(b->known, room * sizeof(*known));
		if (!known)
			return -ENOMEM;
		b->known = known;
		b->room = room;
	}
	err = known_init(&b->known[b->n], info);
	if (err)
		return err;
	b->n++;
	b->highest = info->buffer;
	return 0;
}

static void buffers_drop_unlisted(struct buffers *b)
{
	size_t kept = 0;

	for (size_t i = 0; i < b->n; i++) {
		if (!b->known[i].listed) {
			known_free(&b->known[i]);
			b->vanished++;
			continue;
		}
		b->known[kept++] = b->known[i];
	}
	b->n = kept;
}

static int list_page(struct buffers *b, int fd, size_t before, struct terrace_list *list)
{
	const struct terrace_buffer_info *infos = (void *)(uintptr_t)list->buffers;
	int err;

	if (ioctl(fd, TERRACE_IOC_LIST, list))
		return -errno;
	for (__u32 i = 0; i < list->count; i++) {
		struct buffers old = { .known = b->known, .n = before };
		struct known_buffer *k = buffers_find(&old, infos[i].buffer);

		if (k) {
			k->info = infos[i];
			k->listed = true;
			continue;
		}
		err = buffers_add(b, &infos[i]);
		if (err)
			return err;
	}
	if (list->count)
		list->after = infos[list->count - 1].buffer;
	return 0;
}

int buffers_list(struct buffers *b, struct terrace_session *s, struct engine_error *e)
{
	struct terrace_buffer_info infos[LIST_ENTRIES];
	struct terrace_list list = {
		.size = sizeof(list),
		.entry_bytes = sizeof(infos[0]),
		.buffers = (uintptr_t)infos,
	};
	size_t before = b->n;
	int err;

	for (size_t i = 0; i < b->n; i++)
		b->known[i].listed = false;
	do {
		list.count = LIST_ENTRIES;
		err = list_page(b, terrace_session_fd(s), before, &list);
	} while (!err && list.count);
	if (err) {
		engine_error_set(e, "the buffers cannot be listed: %s", strerror(-err));
		return err;
	}
	buffers_drop_unlisted(b);
	return 0;
}

/* Heat after @uses more accesses; no product can overflow, no sum wraps. */
static uint32_t hotter(uint32_t heat, uint64_t uses)
{
	uint64_t most = (UINT32_MAX - heat) / POLICY_HEAT_ACCESS;

	return uses < most ? heat + (uint32_t)uses * POLICY_HEAT_ACCESS : UINT32_MAX;
}

static void look_heat(struct known_buffer *k, size_t i, struct heat *heat,
		      const struct clocks *clocks, uint64_t half_life_ns)
{
	struct policy_extent *x = &k->extents[i];
	struct heat_counts counts;
	uint64_t uses, used_ns;

	heat_read(heat, k->info.buffer, i, &counts);
	uses = counts.accesses + counts.faults;
	if (uses <= k->seen[i])
		return;
	used_ns = clocks_model(clocks, counts.last_ns);
	x->heat = hotter(policy_heat(x, used_ns, half_life_ns), uses - k->seen[i]);
	if (used_ns > x->last_used_ns)
		x->last_used_ns = used_ns;
	k->seen[i] = uses;
}

static void look_extent(struct known_buffer *k, size_t i, const struct terrace_extent_info *info,
			const struct clocks *clocks)
{
	struct policy_extent *x = &k->extents[i];

	if (!k->looked)
		x->last_used_ns = clocks->model_ns;
	else if (x->tier != info->tier)
		x->moved_ns = clocks->model_ns;
	x->tier = info->tier;
	x->sealed = info->flags & TERRACE_EXTENT_SEALED;
	x->fixed = !(info->flags & TERRACE_EXTENT_RESIDENT) ||
		   (info->flags & TERRACE_EXTENT_MOVING) || clocks->mono_ns < k->retry_ns[i];
}

static int query_all(struct terrace_session *s, const struct known_buffer *k,
		     struct terrace_extent_info *infos)
{
	struct terrace_buffer *buffer;
	uint64_t at, step = (uint64_t)TERRACE_QUERY_MAX << k->info.extent_shift;
	int err;

	err = terrace_buffer_open(s, k->info.buffer, &buffer);
	if (err)
		return err;
	for (at = 0; !err && at < k->info.bytes; at += step) {
		uint64_t rest = k->info.bytes - at;

		err = terrace_query(buffer, at, rest < step ? rest : step,
				    infos + (at >> k->info.extent_shift));
	}
	terrace_buffer_free(buffer);
	return err;
}

static void look_buffer(struct known_buffer *k, struct terrace_session *s, struct heat *heat,
			const struct clocks *clocks, uint64_t half_life_ns)
{
	struct terrace_extent_info *infos = calloc(k->count, sizeof(*infos));

	if (!infos || query_all(s, k, infos)) {
		for (size_t i = 0; i < k->count; i++)
			k->extents[i].fixed = true;
		free(infos);
		return;
	}
	for (size_t i = 0; i < k->count; i++) {
		look_extent(k, i, &infos[i], clocks);
		look_heat(k, i, heat, clocks, half_life_ns);
	}
	k->looked = true;
	free(infos);
}

void buffers_look(struct buffers *b, struct terrace_session *s, struct heat *heat,
		  const struct clocks *clocks, uint64_t half_life_ns)
{
	for (size_t i = 0; i < b->n; i++)
		look_buffer(&b->known[i], s, heat, clocks, half_life_ns);
}
