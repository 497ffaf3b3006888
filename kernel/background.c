// SPDX-License-Identifier: GPL-2.0-only
/*
 * Background work on extents of flash tiers: filling ahead of use, programming what is sealed.
 * Several workers, so that the checksum of one extent overlaps with the transfer of another.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "terrace.h"

/* Jobs at a time: what keeps a device busy, not more. */
#define BACKGROUND_DEPTH	4

/* Small extents share a job of so many bytes. */
#define BACKGROUND_BYTES	(256U << 10)

/**
 * struct background_job - what is to be done with a run of extents
 * @b: in use (terrace_buffer_use())
 */
struct background_job {
	struct work_struct work;
	struct terrace_buffer *b;
	terrace_background_fn fn;
	u64 first;
	u64 count;
};

static struct workqueue_struct *background_queue;

static void background_work(struct work_struct *work)
{
	struct background_job *job = container_of(work, struct background_job, work);
	u64 i;

	for (i = 0; i < job->count && READ_ONCE(job->b->file); i++) {
		job->fn(job->b, job->first + i);
		cond_resched();
	}
	terrace_buffer_unuse(job->b);
	kfree(job);
}

static bool background_queue_job(struct terrace_buffer *b, u64 first, u64 count,
				 terrace_background_fn fn)
{
	struct background_job *job = kmalloc(sizeof(*job), GFP_KERNEL | __GFP_NOWARN);

	if (!job)
		return false;
	*job = (struct background_job) { .b = b, .fn = fn, .first = first, .count = count };
	INIT_WORK(&job->work, background_work);
	terrace_buffer_use(b);
	queue_work(background_queue, &job->work);
	return true;
}

/**
 * terrace_background - do something with each extent of a range, later
 * @fn: is called with nothing held, and may not count on the extent being as it is now
 *
 * The caller keeps the buffer's file. What finds no memory is left undone: all of it is for speed.
 */
void terrace_background(struct terrace_buffer *b, u64 first, u64 end, terrace_background_fn fn)
{
	u64 run = max(BACKGROUND_BYTES >> b->shift, 1U);

	for (; first < end; first += run)
		if (!background_queue_job(b, first, min(run, end - first), fn))
			return;
}

/**
 * terrace_background_work - queue work of a tier's own
 */
void terrace_background_work(struct work_struct *work)
{
	queue_work(background_queue, work);
}

/**
 * terrace_background_init - make the workers
 */
int terrace_background_init(void)
{
	background_queue = alloc_workqueue("terrace", WQ_UNBOUND, BACKGROUND_DEPTH);
	return background_queue ? 0 : -ENOMEM;
}

/**
 * terrace_background_exit - no buffer and no tier is left, so nothing is queued
 */
void terrace_background_exit(void)
{
	destroy_workqueue(background_queue);
}
