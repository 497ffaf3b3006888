// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Steps: llama.cpp computes each ubatch by one call of ggml_backend_sched_graph_compute_async(),
 * which the processor's backend has computed when it returns. It was there under this name in every
 * version from March 2024 on.
 */
#include <string.h>

#include "preload/preload.h"

typedef int (*compute_fn)(void *sched, void *graph);

struct step_sums steps_sums[2];

static bool running;	/* one step a session: a second context computes along */

static void step_count(uint32_t kind, const struct graph_work *work,
		       const struct terrace_step_end *end)
{
	struct step_sums *sums = &steps_sums[kind];

	sums->steps++;
	sums->tokens += work->tokens;
	sums->flops += work->flops;
	sums->model_ns += end->model_ns;
	sums->wall_ns += end->wall_ns;
}

/* Returns whether a step was begun. */
static bool step_begin(struct terrace_session *s, const void *graph, struct graph_work *work,
		       uint32_t *kind)
{
	graph_work(graph, work);
	*kind = work->outputs == work->tokens ? TERRACE_STEP_DECODE : TERRACE_STEP_PREFILL;
	return !terrace_step_begin(s, *kind, work->flops, work->tokens, work->outputs);
}

static int compute_step(compute_fn compute, struct terrace_session *s, void *sched, void *graph)
{
	struct terrace_step_end end = { .size = sizeof(end) };
	struct graph_work work;
	uint32_t kind;
	bool begun;
	int status;

	preload_enter();
	begun = step_begin(s, graph, &work, &kind);
	preload_leave();
	status = compute(sched, graph);
	preload_enter();
	if (begun && !terrace_step_end(s, &end))
		step_count(kind, &work, &end);
	preload_leave();
	return status;
}

/* Found for each call: the program may load and unload the library, and fork. */
static compute_fn compute_behind(void)
{
	static compute_fn found;

	if (!found)
		preload_function(&found, graph_symbol("ggml_backend_sched_graph_compute_async"));
	return found;
}

EXPORT int ggml_backend_sched_graph_compute_async(void *sched, void *graph);

EXPORT int ggml_backend_sched_graph_compute_async(void *sched, void *graph)
{
	struct terrace_session *s = preload_inside() ? NULL : device_open_session();
	compute_fn compute;
	int status;

	preload_enter();
	compute = compute_behind();
	preload_leave();
	if (!s || __atomic_exchange_n(&running, true, __ATOMIC_ACQUIRE))
		return compute(sched, graph);
	status = compute_step(compute, s, sched, graph);
	__atomic_store_n(&running, false, __ATOMIC_RELEASE);
	return status;
}

void steps_forget(void)
{
	running = false;
	memset(steps_sums, 0, sizeof(steps_sums));
}
