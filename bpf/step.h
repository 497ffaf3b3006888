/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * Step latencies as step.bpf.c counts them: histograms of log2 nanoseconds, read by mmap(2), and an
 * event for each step that ended, through a ring buffer.
 */
#ifndef _TERRACE_BPF_STEP_H
#define _TERRACE_BPF_STEP_H

#define HIST_BUCKETS	64U

/**
 * struct hist - a histogram of durations
 * @count: durations counted
 * @sum_ns: their sum
 * @buckets: bucket i counts durations of 2^i to 2^(i+1) - 1 ns; bucket 0 also those of 0 ns
 *
 * The program adds to each field by itself: a reader may find @count ahead of the buckets' sum.
 */
struct hist {
	__u64 count;
	__u64 sum_ns;
	__u64 buckets[HIST_BUCKETS];
};

/* Indices of the map `hists`. */
enum step_hist {
	STEP_HIST_WALL_PREFILL,		/* wall time of prefill steps */
	STEP_HIST_WALL_DECODE,
	STEP_HIST_MODEL_PREFILL,	/* modelled time, overlapped bound */
	STEP_HIST_MODEL_DECODE,
	STEP_HIST_CALL,			/* entry to return of the probed function */
	STEP_HIST_CALL_INTERVAL,	/* entry to next entry of the probed function in a thread */
	STEP_HISTS,
};

#define STEP_THREADS_MAX	4096U	/* threads followed by the function probe; LRU beyond */
#define STEP_RING_BYTES		(256U << 10)	/* events on their way; more are lost and counted */

/**
 * struct step_event - a step that ended
 * @session: number of its session
 * @step: its number in the session
 * @kind: TERRACE_STEP_
 * @wall_ns: what it took on this host
 * @model_ns: what it took in the model
 * @compute_ns: the accelerator's share of it
 */
struct step_event {
	__u64 session;
	__u64 step;
	__u32 kind;
	__u32 reserved;
	__u64 wall_ns;
	__u64 model_ns;
	__u64 compute_ns;
};

#endif /* _TERRACE_BPF_STEP_H */
