// SPDX-License-Identifier: GPL-2.0-only
/*
 * Observed charging, for sessions without a ring: at the start of an observed step the session's
 * weights and kv mappings are taken away, and each refault charges its extent once a step. Whole
 * extents are charged, so this is an upper bound.
 *
 * What has views is shared with processes of other sessions, which are not to be charged for this
 * session's steps: there only the caller's own mappings are taken away.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "compat.h"
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

static bool sample_viewed(struct terrace_buffer *b)
{
	guard(spinlock)(&b->table_lock);
	return !list_empty(&b->views);
}

/* Is this a mapping of what is shared, through a descriptor that is charged to the session? */
static bool sample_own(const struct terrace_session *s, const struct vm_area_struct *vma)
{
	struct terrace_buffer *b = vma->vm_file ? terrace_file_buffer(vma->vm_file) : NULL;
	const struct terrace_view_file *v;

	if (!b || !sample_class(b))
		return false;
	v = terrace_file_view(vma->vm_file);
	return v ? v->session == s : b->session == s && sample_viewed(b);
}

static void sample_unmap_own(const struct terrace_session *s)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;

	/* who is being killed touches nothing any more */
	if (mmap_read_lock_killable(mm))
		return;
	for (vma = find_vma(mm, 0); vma; vma = find_vma(mm, vma->vm_end))
		if (sample_own(s, vma))
			terrace_zap_vma(vma);
	mmap_read_unlock(mm);
}

/**
 * terrace_sample_begin - decide whether the step that begins is observed, and unmap if so
 *
 * Called under the session's step_lock.
 */
void terrace_sample_begin(struct terrace_session *s)
{
	bool own = atomic_read(&s->views);
	struct terrace_buffer *b;
	u64 number = 0;

	/* what a prefill reads says nothing of what a decode step reads */
	s->observing = !s->ring &&
		       s->stats[s->step_kind].steps % max(s->sample_period, 1) == 0;
	if (!s->observing)
		return;
	while ((b = sample_next(s, &number))) {
		if (sample_viewed(b))
			own = true;
		else
			unmap_mapping_pages(b->mapping, 0, 0, false);
		terrace_buffer_put(b);
	}
	if (own)
		sample_unmap_own(s);
}

/**
 * terrace_sample_fault - an extent was faulted in; charge it if its session observes this step
 * @file: that was mapped, a buffer or a view
 * @flags: TERRACE_ACCESS_READ or WRITE
 *
 * Called with the extent's folio locked, which serialises callers for one extent.
 */
void terrace_sample_fault(const struct file *file, u64 index, u32 flags)
{
	struct terrace_buffer *b = terrace_file_buffer(file);
	struct terrace_view_file *v = terrace_file_view(file);
	struct terrace_session *s = v ? v->session : b->session;
	u32 *observed = v ? &v->observed[index] : &b->extents[index].observed;
	/* bit 0 tells a write that follows a read of the same step from the read */
	u32 mark = ((u32)READ_ONCE(s->step) << 1) | (flags == TERRACE_ACCESS_WRITE);

	if (!READ_ONCE(s->running) || !READ_ONCE(s->observing) || !sample_class(b))
		return;
	if ((*observed | 1) == (mark | 1) && *observed >= mark)
		return;
	*observed = mark;
	terrace_charge_extents(s, b, flags, index << b->shift, terrace_extent_bytes(b));
}
