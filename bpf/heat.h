/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * The heat map: what access.bpf.c counts for each extent, as user space sees it by mmap(2).
 *
 * The map `heat` is an array of sets. An extent belongs to exactly one set, heat_set_of() its key,
 * and takes one of the set's HEAT_WAYS ways, any of them, so that a way may be freed at any time
 * without breaking a search. Neighbouring extents belong to neighbouring sets. An access to an
 * extent whose set has no free way is not counted for it; the program counts it as dropped.
 *
 * Concurrency: the programs claim a way by compare-and-swap of its key from 0 and add atomically.
 * User space only reads, but for freeing the way of a buffer that is gone: it zeroes the counts
 * first, then stores 0 to the key with release order. Two ways may rarely hold the same key (a way
 * was freed while two processors claimed one); readers add them up.
 */
#ifndef _TERRACE_BPF_HEAT_H
#define _TERRACE_BPF_HEAT_H

#define HEAT_WAYS	16U
#define HEAT_BITS_MIN	6U	/* log2 of the number of sets: 1024 extents */
#define HEAT_BITS_MAX	18U	/* 4 Mi extents, 224 MiB */
#define HEAT_RANGE_MAX	65536U	/* extents of one charge that are counted; the rest is skipped */

/**
 * struct heat_counts - what happened to an extent
 * @accesses: charges that covered it
 * @writes: of them, those that wrote
 * @model_bytes: modelled bytes charged to it: a charge is spread evenly over its extents
 * @faults: page faults on it that the module answered
 * @last_step: number of steps that had ended on the device since the program was loaded, at the
 *             last access or fault
 * @last_ns: CLOCK_MONOTONIC of the last access or fault
 */
struct heat_counts {
	__u64 accesses;
	__u64 writes;
	__u64 model_bytes;
	__u64 faults;
	__u64 last_step;
	__u64 last_ns;
};

/**
 * struct heat_set - one element of the map
 * @keys: heat_key() of the extent in each way; 0 = free
 * @counts: its counts
 */
struct heat_set {
	__u64 keys[HEAT_WAYS];
	struct heat_counts counts[HEAT_WAYS];
};

/* Buffer ids are never 0, so no key is. */
static inline __u64 heat_key(__u32 buffer, __u32 extent)
{
	return (__u64)buffer << 32 | extent;
}

static inline __u32 heat_key_buffer(__u64 key)
{
	return key >> 32;
}

static inline __u32 heat_key_extent(__u64 key)
{
	return (__u32)key;
}

/* Fibonacci hashing (Knuth, TAOCP 6.4) places the buffers' first extents evenly over the sets. */
static inline __u32 heat_set_of(__u64 key, __u32 bits)
{
	__u32 first = (heat_key_buffer(key) * 2654435769U) >> (32 - bits);

	return (first + heat_key_extent(key)) & ((1U << bits) - 1);
}

#endif /* _TERRACE_BPF_HEAT_H */
