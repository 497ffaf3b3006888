// SPDX-License-Identifier: LGPL-2.1-or-later
/* The heat map, mapped into the daemon. */
#include "daemon/heat.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "access.skel.h"
#include "daemon/requirements.h"

#define WHAT	"the heat map (access.bpf.c)"

struct heat {
	struct access_bpf *skel;
	struct heat_set *sets;
	size_t map_bytes;
	__u32 bits;
	__u64 extents;
	__u64 lookups;
	__u64 freed;
};

static size_t round_to_page(size_t bytes)
{
	size_t page = sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

static int heat_load(struct heat *h)
{
	int err;

	h->skel = access_bpf__open();
	if (!h->skel)
		return -errno;
	h->skel->rodata->heat_bits = h->bits;
	err = bpf_map__set_max_entries(h->skel->maps.heat, 1U << h->bits);
	if (!err)
		err = access_bpf__load(h->skel);
	if (!err)
		err = access_bpf__attach(h->skel);
	return err;
}

int heat_open(__u32 extents, struct heat **out, struct engine_error *e)
{
	struct heat *h = calloc(1, sizeof(*h));
	void *at;
	int err;

	if (!h) {
		engine_error_set(e, "out of memory");
		return -ENOMEM;
	}
	h->bits = __builtin_ctz(extents / HEAT_WAYS);
	err = heat_load(h);
	if (err)
		goto fail;
	h->map_bytes = round_to_page(sizeof(struct heat_set) << h->bits);
	at = mmap(NULL, h->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
		  bpf_map__fd(h->skel->maps.heat), 0);
	if (at == MAP_FAILED) {
		err = -errno;
		goto fail;
	}
	h->sets = at;
	*out = h;
	return 0;
fail:
	requirements_bpf_error(WHAT, err, e);
	heat_close(h);
	return err;
}

void heat_close(struct heat *h)
{
	if (!h)
		return;
	if (h->sets)
		munmap(h->sets, h->map_bytes);
	access_bpf__destroy(h->skel);
	free(h);
}

static void counts_add(struct heat_counts *to, const struct heat_counts *from)
{
	to->accesses += from->accesses;
	to->writes += from->writes;
	to->model_bytes += from->model_bytes;
	to->faults += from->faults;
	if (from->last_ns > to->last_ns) {
		to->last_ns = from->last_ns;
		to->last_step = from->last_step;
	}
}

void heat_read(struct heat *h, __u32 buffer, __u32 extent, struct heat_counts *out)
{
	__u64 key = heat_key(buffer, extent);
	const struct heat_set *set = &h->sets[heat_set_of(key, h->bits)];

	memset(out, 0, sizeof(*out));
	h->lookups++;
	for (unsigned int way = 0; way < HEAT_WAYS; way++)
		if (__atomic_load_n(&set->keys[way], __ATOMIC_RELAXED) == key)
			counts_add(out, &set->counts[way]);
}

__u64 heat_steps(const struct heat *h)
{
	return __atomic_load_n(&h->skel->bss->heat_steps, __ATOMIC_RELAXED);
}

static void sweep_set(struct heat *h, struct heat_set *set,
		      bool (*gone)(__u32 buffer, void *arg), void *arg)
{
	for (unsigned int way = 0; way < HEAT_WAYS; way++) {
		__u64 key = __atomic_load_n(&set->keys[way], __ATOMIC_RELAXED);

		if (!key)
			continue;
		if (!gone(heat_key_buffer(key), arg)) {
			h->extents++;
			continue;
		}
		memset(&set->counts[way], 0, sizeof(set->counts[way]));
		__atomic_store_n(&set->keys[way], 0, __ATOMIC_RELEASE);
		h->freed++;
	}
}

void heat_sweep(struct heat *h, bool (*gone)(__u32 buffer, void *arg), void *arg)
{
	h->extents = 0;
	for (__u32 i = 0; i < 1U << h->bits; i++)
		sweep_set(h, &h->sets[i], gone, arg);
}

void heat_stats(const struct heat *h, struct heat_stats *out)
{
	*out = (struct heat_stats){
		.extents = h->extents,
		.room = (__u64)HEAT_WAYS << h->bits,
		.steps = heat_steps(h),
		.charges = __atomic_load_n(&h->skel->bss->heat_charges, __ATOMIC_RELAXED),
		.faults = __atomic_load_n(&h->skel->bss->heat_faults, __ATOMIC_RELAXED),
		.dropped = __atomic_load_n(&h->skel->bss->heat_dropped, __ATOMIC_RELAXED),
		.skipped = __atomic_load_n(&h->skel->bss->heat_skipped, __ATOMIC_RELAXED),
		.lookups = h->lookups,
		.freed = h->freed,
	};
}
