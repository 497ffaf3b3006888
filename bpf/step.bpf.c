// SPDX-License-Identifier: GPL-2.0-only
/*
 * Step latencies: from the module's tracepoint terrace_step, and of calls of any function of any
 * file that user space attaches the probes to.
 *
 * A call is measured from entry to return in the same thread. Of a function that calls itself only
 * the innermost call is measured; the returns of the others count as unmatched.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "step.h"

/* A program takes all arguments of its tracepoint, whatever it uses of them. */
#pragma clang diagnostic ignored "-Wunused-parameter"

#define STEP_DECODE	1U	/* TERRACE_STEP_DECODE */

char LICENSE[] SEC("license") = "GPL";

__u64 step_lost;	/* events that found the ring full */
__u64 call_unmatched;	/* returns without a known entry */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, STEP_HISTS);
	__type(key, __u32);
	__type(value, struct hist);
} hists SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, STEP_RING_BYTES);
} events SEC(".maps");

struct thread {
	__u64 entered_ns;	/* 0: not inside the function */
	__u64 last_entered_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, STEP_THREADS_MAX);
	__type(key, __u64);
	__type(value, struct thread);
} threads SEC(".maps");

static __always_inline __u32 log2_floor(__u64 v)
{
	__u32 log = 0;

	if (v >> 32) {
		v >>= 32;
		log += 32;
	}
	if (v >> 16) {
		v >>= 16;
		log += 16;
	}
	if (v >> 8) {
		v >>= 8;
		log += 8;
	}
	if (v >> 4) {
		v >>= 4;
		log += 4;
	}
	if (v >> 2) {
		v >>= 2;
		log += 2;
	}
	return log + (v >> 1 & 1);
}

static __always_inline void hist_add(__u32 index, __u64 ns)
{
	struct hist *h = bpf_map_lookup_elem(&hists, &index);

	if (!h)
		return;
	__sync_fetch_and_add(&h->buckets[log2_floor(ns) & (HIST_BUCKETS - 1)], 1);
	__sync_fetch_and_add(&h->sum_ns, ns);
	__sync_fetch_and_add(&h->count, 1);
}

SEC("tp_btf/terrace_step")
int BPF_PROG(on_step, __u64 session, __u64 step, __u32 kind, __u64 wall_ns, __u64 model_ns,
	     __u64 compute_ns)
{
	bool decode = kind == STEP_DECODE;
	struct step_event *e;

	hist_add(decode ? STEP_HIST_WALL_DECODE : STEP_HIST_WALL_PREFILL, wall_ns);
	hist_add(decode ? STEP_HIST_MODEL_DECODE : STEP_HIST_MODEL_PREFILL, model_ns);
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e) {
		__sync_fetch_and_add(&step_lost, 1);
		return 0;
	}
	e->session = session;
	e->step = step;
	e->kind = kind;
	e->reserved = 0;
	e->wall_ns = wall_ns;
	e->model_ns = model_ns;
	e->compute_ns = compute_ns;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("uprobe")
int BPF_KPROBE(on_call)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u64 now = bpf_ktime_get_ns();
	struct thread *known = bpf_map_lookup_elem(&threads, &id);
	struct thread fresh = { .entered_ns = now, .last_entered_ns = now };

	if (!known) {
		bpf_map_update_elem(&threads, &id, &fresh, BPF_ANY);
		return 0;
	}
	hist_add(STEP_HIST_CALL_INTERVAL, now - known->last_entered_ns);
	known->entered_ns = now;
	known->last_entered_ns = now;
	return 0;
}

SEC("uretprobe")
int BPF_KRETPROBE(on_return)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct thread *known = bpf_map_lookup_elem(&threads, &id);

	if (!known || !known->entered_ns) {
		__sync_fetch_and_add(&call_unmatched, 1);
		return 0;
	}
	hist_add(STEP_HIST_CALL, bpf_ktime_get_ns() - known->entered_ns);
	known->entered_ns = 0;
	return 0;
}
