// SPDX-License-Identifier: GPL-2.0-only
/*
 * Heat of every extent, from the module's tracepoints terrace_charge and terrace_fault.
 *
 * The layout and its limits stand in heat.h. Charges say what a step read and wrote, so only they
 * count as accesses; faults are counted beside them.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "heat.h"

/* A program takes all arguments of its tracepoint, whatever it uses of them. */
#pragma clang diagnostic ignored "-Wunused-parameter"

#define ACCESS_WRITE	2U	/* TERRACE_ACCESS_WRITE */

char LICENSE[] SEC("license") = "GPL";

/* log2 of the sets; user space sets it together with the map's max_entries. */
const volatile __u32 heat_bits = 14;

__u64 heat_steps;	/* steps ended */
__u64 heat_charges;	/* charges seen */
__u64 heat_faults;	/* faults seen */
__u64 heat_dropped;	/* accesses and faults whose set was full */
__u64 heat_skipped;	/* extents of charges beyond HEAT_RANGE_MAX */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1 << 14);
	__type(key, __u32);
	__type(value, struct heat_set);
} heat SEC(".maps");

struct charge {
	__u64 first_extent;
	__u64 bytes_each;
	__u64 now_ns;
	__u32 buffer;
	__u32 write;
};

static __always_inline struct heat_counts *heat_find(struct heat_set *set, __u64 key)
{
	__u32 way;

	for (way = 0; way < HEAT_WAYS; way++)
		if (set->keys[way] == key)
			return &set->counts[way];
	return NULL;
}

static __always_inline struct heat_counts *heat_claim(struct heat_set *set, __u64 key)
{
	__u64 old;
	__u32 way;

	for (way = 0; way < HEAT_WAYS; way++) {
		if (set->keys[way])
			continue;
		old = __sync_val_compare_and_swap(&set->keys[way], 0, key);
		if (!old || old == key)
			return &set->counts[way];
	}
	return NULL;
}

static __always_inline struct heat_counts *heat_get(__u32 buffer, __u32 extent)
{
	__u64 key = heat_key(buffer, extent);
	__u32 index = heat_set_of(key, heat_bits);
	struct heat_set *set = bpf_map_lookup_elem(&heat, &index);
	struct heat_counts *counts;

	if (!set)
		return NULL;
	counts = heat_find(set, key);
	if (!counts)
		counts = heat_claim(set, key);
	if (!counts)
		__sync_fetch_and_add(&heat_dropped, 1);
	return counts;
}

static long charge_extent(__u32 i, struct charge *c)
{
	struct heat_counts *counts = heat_get(c->buffer, c->first_extent + i);

	if (!counts)
		return 0;
	__sync_fetch_and_add(&counts->accesses, 1);
	__sync_fetch_and_add(&counts->model_bytes, c->bytes_each);
	if (c->write)
		__sync_fetch_and_add(&counts->writes, 1);
	counts->last_step = heat_steps;
	counts->last_ns = c->now_ns;
	return 0;
}

SEC("tp_btf/terrace_charge")
int BPF_PROG(on_charge, __u64 session, __u32 buffer, __u64 first_extent, __u64 extents,
	     __u32 flags, __u64 model_bytes)
{
	struct charge c = {
		.first_extent = first_extent,
		.buffer = buffer,
		.write = flags & ACCESS_WRITE,
	};

	__sync_fetch_and_add(&heat_charges, 1);
	if (!extents)
		return 0;
	c.bytes_each = model_bytes / extents;
	c.now_ns = bpf_ktime_get_ns();
	if (extents > HEAT_RANGE_MAX) {
		__sync_fetch_and_add(&heat_skipped, extents - HEAT_RANGE_MAX);
		extents = HEAT_RANGE_MAX;
	}
	bpf_loop(extents, charge_extent, &c, 0);
	return 0;
}

SEC("tp_btf/terrace_fault")
int BPF_PROG(on_fault, __u32 buffer, __u64 extent, __u32 tier, bool write, int error)
{
	struct heat_counts *counts;

	__sync_fetch_and_add(&heat_faults, 1);
	if (error)
		return 0;
	counts = heat_get(buffer, extent);
	if (!counts)
		return 0;
	__sync_fetch_and_add(&counts->faults, 1);
	counts->last_step = heat_steps;
	counts->last_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/terrace_step")
int BPF_PROG(on_step)
{
	__sync_fetch_and_add(&heat_steps, 1);
	return 0;
}
