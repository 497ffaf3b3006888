// SPDX-License-Identifier: GPL-2.0-only
/*
 * Observed charging, for sessions without a ring: at the start of an observed step the session's
 * weights and kv mappings are taken away, and each refault charges its extent once a step. Whole
 * extents are charged, so this is an upper bound.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "terrace.h"

static bool sample_class(const struct terrace_buffer *b)
{
	return b->class_id == TERRACE_CLASS_WEIGHTS || b->class_id == TERRACE_CLASS_KV;
}

/*
 * The next of the session's buffers after @number, kept by a reference: unmapping sleeps, so the
 * list cannot be walked under its lock.
 */
static struct terrace_buffer *sample_next(struct terrace_session *s, u64 *number)
{
	struct terrace_buffer *b;

	guard(spinlock)(&s->buffers_lock);
	list_for_each_entry(b, &s->buffers, link) {
		if (b->number <= *number || !sample_class(b) || !get_file_active(&b->file))
			continue;
		*number = b->number;
		return b;
	}
	return NULL;
}

/**
 * terrace_sample_begin - decide whether the step that begins is observed, and unmap if so
 *
 * Called under the session's step_lock.
 */
void terrace_sample_begin(struct terrace_session *s)
{
	struct terrace_buffer *b;
	u64 number = 0;

	s->observing = !s->ring && (s->step - 1) % max(s->sample_period, 1) == 0;
	if (!s->observing)
		return;
	while ((b = sample_next(s, &number))) {
		unmap_mapping_pages(b->mapping, 0, 0, false);
		terrace_buffer_put(b);
	}
}

/**
 * terrace_sample_fault - an extent was faulted in; charge it if its session observes this step
 * @flags: TERRACE_ACCESS_READ or WRITE
 *
 * Called with the extent's folio locked, which serialises callers for one extent.
 */
void terrace_sample_fault(struct terrace_buffer *b, u64 index, u32 flags)
{
	struct terrace_session *s = b->session;
	struct terrace_extent *e = &b->extents[index];
	/* bit 0 tells a write that follows a read of the same step from the read */
	u32 mark = ((u32)READ_ONCE(s->step) << 1) | (flags == TERRACE_ACCESS_WRITE);

	if (!READ_ONCE(s->running) || !READ_ONCE(s->observing) || !sample_class(b))
		return;
	if ((e->observed | 1) == (mark | 1) && e->observed >= mark)
		return;
	e->observed = mark;
	terrace_charge_extents(s, b, flags, index << b->shift, terrace_extent_bytes(b));
}
