// SPDX-License-Identifier: GPL-2.0-only
/*
 * Background work on extents of flash tiers: filling ahead of use, programming what is sealed.
 * Several workers, so that the checksum of one extent overlaps with the transfer of another; those
 * that read do not wait for those that write.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "terrace.h"

/* Jobs at a time of each kind: what keeps a device busy, not more. */
#define BACKGROUND_DEPTH	4

/* Small extents share a job of so many bytes. */
#define BACKGROUND_BYTES	(256U << 10)

/* Jobs of a buffer that are waiting or running. */
#define BACKGROUND_MOST		1024

/**
 * struct background_job - what is to be done with a run of extents
 * @link: in the buffer's jobs, under its table_lock; who takes it off frees the job
 * @b: in use (terrace_buffer_use())
 */
struct background_job {
	struct work_struct work;
	struct list_head link;
	struct terrace_buffer *b;
	terrace_background_fn fn;
	u64 first;
	u64 count;
};

static struct workqueue_struct *background_queues[TERRACE_BACKGROUND_KINDS];

/* Take a job off its buffer's list. Return: was it there? */
static bool background_take(struct background_job *job)
{
	struct terrace_buffer *b = job->b;

	guard(spinlock)(&b->table_lock);
	if (list_empty(&job->link))
		return false;
	list_del_init(&job->link);
	b->job_count--;
	return true;
}

static void background_work(struct work_struct *work)
{
	struct background_job *job = container_of(work, struct background_job, work);
	struct terrace_buffer *b = job->b;
	u64 i;

	for (i = 0; i < job->count && READ_ONCE(b->file); i++) {
		job->fn(b, job->first + i);
		cond_resched();
	}
	if (background_take(job))
		kfree(job);
	terrace_buffer_unuse(b);
}

static bool background_list(struct background_job *job)
{
	struct terrace_buffer *b = job->b;

	guard(spinlock)(&b->table_lock);
	if (b->job_count >= BACKGROUND_MOST)
		return false;
	list_add_tail(&job->link, &b->jobs);
	b->job_count++;
	return true;
}

static bool background_queue_job(struct terrace_buffer *b, u64 first, u64 count,
				 enum terrace_background kind, terrace_background_fn fn)
{
	struct background_job *job = kmalloc(sizeof(*job), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);

	if (!job)
		return false;
	*job = (struct background_job) { .b = b, .fn = fn, .first = first, .count = count };
	INIT_WORK(&job->work, background_work);
	if (!background_list(job)) {
		kfree(job);
		return false;
	}
	terrace_buffer_use(b);
	queue_work(background_queues[kind], &job->work);
	return true;
}

/**
 * terrace_background - do something with each extent of a range, later
 * @fn: is called with nothing held, and may not count on the extent being as it is now
 *
 * The caller keeps the buffer's file. What finds no memory, or too much waiting already, is left
 * undone: all of it is for speed.
 */
void terrace_background(struct terrace_buffer *b, u64 first, u64 end, enum terrace_background kind,
			terrace_background_fn fn)
{
	u64 run = max(BACKGROUND_BYTES >> b->shift, 1U);

	for (; first < end; first += run)
		if (!background_queue_job(b, first, min(run, end - first), kind, fn))
			return;
}

static struct background_job *background_first(struct terrace_buffer *b)
{
	struct background_job *job;

	guard(spinlock)(&b->table_lock);
	job = list_first_entry_or_null(&b->jobs, struct background_job, link);
	if (job)
		list_del_init(&job->link);
	return job;
}

/**
 * terrace_background_cancel - the buffer is going: forget what waits, wait for what runs
 *
 * What runs ends with the extent it is at.
 */
void terrace_background_cancel(struct terrace_buffer *b)
{
	struct background_job *job;

	while ((job = background_first(b))) {
		if (cancel_work_sync(&job->work))
			terrace_buffer_unuse(b);
		kfree(job);
	}
}

/**
 * terrace_background_init - make the workers
 */
int terrace_background_init(void)
{
	u32 i;

	for (i = 0; i < TERRACE_BACKGROUND_KINDS; i++) {
		background_queues[i] = alloc_workqueue("terrace%u", WQ_UNBOUND, BACKGROUND_DEPTH,
						       i);
		if (!background_queues[i]) {
			terrace_background_exit();
			return -ENOMEM;
		}
	}
	return 0;
}

/**
 * terrace_background_exit - no buffer is left, so nothing is queued
 */
void terrace_background_exit(void)
{
	u32 i;

	for (i = 0; i < TERRACE_BACKGROUND_KINDS; i++)
		if (background_queues[i])
			destroy_workqueue(background_queues[i]);
}
