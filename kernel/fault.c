// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping: faults return the extent's folio locked, after the table was checked again, so that the
 * core maps what the migration path will find and unmap. A 2 MiB extent maps as one PMD. Of a
 * smaller one the core maps the page that was touched; who reads gets the others around it, and
 * those extents in memory that are read with it (pieces.c).
 *
 * Every way to SIGBUS goes through fault_sigbus(): no frame on any tier that allows the class, a
 * store to a sealed extent, a broken page, a fatal signal while waiting.
 */
#include <linux/file.h>
#include <linux/pagemap.h>

#include "terrace.h"
#include "trace.h"

/* Pages inserted at a time; their addresses are on the stack. */
#define FAULT_BATCH	32U

static u64 fault_index(struct terrace_buffer *b, struct vm_fault *vmf)
{
	return vmf->pgoff >> terrace_extent_order(b);
}

static vm_fault_t fault_sigbus(struct terrace_buffer *b, u64 index, bool write, int error)
{
	u32 tier = READ_ONCE(b->extents[index].tier);

	atomic64_inc(&terrace.sigbus);
	terrace_tier_event(tier, TERRACE_EV_SIGBUS);
	trace_terrace_fault(b->id, index, tier, write, error);
	return VM_FAULT_SIGBUS;
}

/*
 * Lock the folio if it is still the extent's and nobody has exclusive use of it. On false the
 * reference is gone.
 */
static bool fault_lock(struct terrace_buffer *b, u64 index, struct folio *folio)
{
	struct terrace_extent *e = &b->extents[index];

	folio_lock(folio);
	if (READ_ONCE(e->folio) == folio && !test_bit(TERRACE_X_MOVING, &e->flags))
		return true;
	folio_unlock(folio);
	return false;
}

/* Pieces may share a page: which one is used is in the address. */
static u64 fault_byte(const struct vm_fault *vmf)
{
	return ((u64)vmf->pgoff << PAGE_SHIFT) + offset_in_page(vmf->real_address);
}

static void fault_ahead(struct vm_fault *vmf, struct terrace_buffer *b, u64 index)
{
	if (!terrace_pieces_use(b, fault_byte(vmf)))
		terrace_readahead(b, index);
}

/*
 * Fill an extent of a flash tier without the core's lock, which would keep the whole process from
 * mapping and unmapping as long as the device takes. What came of it is seen when the core tries
 * again.
 */
static vm_fault_t fault_fill(struct vm_fault *vmf, struct terrace_buffer *b, u64 index)
{
	struct file *file;

	if (vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
		return VM_FAULT_RETRY;
	file = get_file(vmf->vma->vm_file);
	release_fault_lock(vmf);
	terrace_block_fill(b, index);
	fput(file);
	return VM_FAULT_RETRY | VM_FAULT_MAJOR;
}

/* Pages of a run that are good to be mapped, as many as @pages has room for. */
static unsigned int fault_good_pages(struct folio *folio, pgoff_t from, pgoff_t end,
				     struct page **pages)
{
	unsigned int n;

	for (n = 0; n < FAULT_BATCH && from + n < end; n++) {
		pages[n] = folio_page(folio, from + n - folio->index);
		if (PageHWPoison(pages[n]))
			break;
	}
	return n;
}

/*
 * Map pages of an extent, the first of which is not mapped yet. The core gives the entries no right
 * to write that a tracked buffer's page_mkwrite did not grant, and each of them a reference and a
 * count in the folio, as if it had been faulted in.
 *
 * @from: moved behind those that were mapped
 *
 * Return: 0; -EBUSY it is mapped, or broken; an error of the core.
 */
static int fault_insert(struct vm_area_struct *vma, struct folio *folio, pgoff_t *from, pgoff_t end)
{
	struct page *pages[FAULT_BATCH];
	unsigned int n = fault_good_pages(folio, *from, end, pages);
	unsigned long left = n;
	int err = -EBUSY;

	if (n)
		err = vm_insert_pages(vma, vma->vm_start + ((*from - vma->vm_pgoff) << PAGE_SHIFT),
				      pages, &left);
	*from += n - left;
	return err;
}

/* The same, leaving out those that are mapped already and broken ones. */
static void fault_insert_rest(struct vm_area_struct *vma, struct folio *folio, pgoff_t from,
			      pgoff_t end)
{
	int err;

	while (from < end) {
		err = fault_insert(vma, folio, &from, end);
		if (err == -EBUSY)
			from++;
		else if (err)
			return;		/* it was not asked for: the next touch faults */
	}
}

/* Can more be mapped than what was touched? Who stores to a tracked buffer faults for each page. */
static bool fault_more(const struct vm_fault *vmf, const struct terrace_buffer *b)
{
	return (vmf->vma->vm_flags & VM_MIXEDMAP) &&
	       !((vmf->flags & FAULT_FLAG_WRITE) && terrace_tracked(b));
}

/* Pages of a folio that a VMA has. */
static pgoff_t fault_first(const struct vm_area_struct *vma, const struct folio *folio)
{
	return max(folio->index, vma->vm_pgoff);
}

static pgoff_t fault_end(struct vm_area_struct *vma, struct folio *folio)
{
	return min(folio->index + folio_nr_pages(folio), vma->vm_pgoff + vma_pages(vma));
}

/*
 * Map what the VMA has of a small extent, whose folio is locked, but for the page that was touched:
 * that one is the core's, which may have to make it writable.
 */
static void fault_around(struct vm_fault *vmf, struct folio *folio)
{
	struct vm_area_struct *vma = vmf->vma;

	fault_insert_rest(vma, folio, fault_first(vma, folio), vmf->pgoff);
	fault_insert_rest(vma, folio, vmf->pgoff + 1, fault_end(vma, folio));
}

/* Map an extent that is read with the one that was touched, unless somebody is at work on it. */
static void fault_with(struct vm_fault *vmf, struct terrace_buffer *b, u64 index)
{
	struct folio *folio = terrace_extent_trylock(b, index);
	struct vm_area_struct *vma = vmf->vma;
	pgoff_t from, end;

	if (!folio)
		return;
	from = fault_first(vma, folio);
	end = fault_end(vma, folio);
	if (from < end && !terrace_extent_flash(b, index)) {
		terrace_sample_fault(vma->vm_file, index, TERRACE_ACCESS_READ);
		trace_terrace_fault(b->id, index, b->extents[index].tier, false, 0);
		while (from < end && !fault_insert(vma, folio, &from, end))
			;
	}
	folio_unlock(folio);
	folio_put(folio);
}

/*
 * Who reads a part of an expert reads all of it: one fault maps its extents. In memory only, and
 * where a mapping is not a right to write.
 */
static void fault_pieces(struct vm_fault *vmf, struct terrace_buffer *b, u64 touched)
{
	struct terrace_piece_runs runs;
	u64 index;
	u32 i;

	if (!terrace_tracked(b) || terrace_extent_flash(b, touched))
		return;
	terrace_pieces_find(b, fault_byte(vmf), &runs);
	for (i = 0; i < runs.count; i++)
		for (index = runs.run[i].first; index < runs.run[i].end; index++)
			if (index != touched)
				fault_with(vmf, b, index);
}

static vm_fault_t terrace_fault(struct vm_fault *vmf)
{
	struct terrace_buffer *b = terrace_file_buffer(vmf->vma->vm_file);
	bool write = vmf->flags & FAULT_FLAG_WRITE;
	u64 index = fault_index(b, vmf);
	struct folio *folio;
	struct page *page;
	int err;

	if (index >= b->count)
		return VM_FAULT_SIGBUS;
	if (terrace_extent_flash(b, index) && fault_flag_allow_retry_first(vmf->flags)) {
		fault_ahead(vmf, b, index);
		if (!READ_ONCE(b->extents[index].folio))
			return fault_fill(vmf, b, index);
	}
	for (;;) {
		err = terrace_extent_touch(b, index, &folio);
		if (err)
			return fault_sigbus(b, index, write, err);
		if (fault_lock(b, index, folio))
			break;
		folio_put(folio);
	}

	page = folio_page(folio, vmf->pgoff & (folio_nr_pages(folio) - 1));
	if (PageHWPoison(page)) {
		folio_unlock(folio);
		folio_put(folio);
		return fault_sigbus(b, index, write, -EIO);
	}
	/* a pinnable buffer's mapping may be written without another fault */
	if (!terrace_tracked(b))
		set_bit(TERRACE_X_DIRTY, &b->extents[index].flags);
	if (terrace_extent_flash(b, index))
		set_bit(TERRACE_X_USED, &b->extents[index].flags);
	terrace_tier_event(b->extents[index].tier, TERRACE_EV_FAULTS);
	terrace_sample_fault(vmf->vma->vm_file, index, TERRACE_ACCESS_READ);
	if (!terrace_tracked(b) && write)
		terrace_sample_fault(vmf->vma->vm_file, index, TERRACE_ACCESS_WRITE);
	trace_terrace_fault(b->id, index, b->extents[index].tier, write, 0);
	if (fault_more(vmf, b)) {
		fault_around(vmf, folio);
		fault_pieces(vmf, b, index);
	}
	vmf->page = page;
	return VM_FAULT_LOCKED;
}

static vm_fault_t terrace_page_mkwrite(struct vm_fault *vmf)
{
	struct terrace_buffer *b = terrace_file_buffer(vmf->vma->vm_file);
	struct folio *folio = page_folio(vmf->page);
	u64 index = fault_index(b, vmf);
	struct terrace_extent *e = &b->extents[index];

	if (terrace_extent_wait(b, index, folio))
		return fault_sigbus(b, index, true, -EINTR);
	if (!fault_lock(b, index, folio))
		return VM_FAULT_NOPAGE;
	if (test_bit(TERRACE_X_SEALED, &e->flags)) {
		folio_unlock(folio);
		return fault_sigbus(b, index, true, -EROFS);
	}
	set_bit(TERRACE_X_DIRTY, &e->flags);
	terrace_sample_fault(vmf->vma->vm_file, index, TERRACE_ACCESS_WRITE);
	return VM_FAULT_LOCKED;
}

/* Without a map_pages hook the core retries every fault under mmap_lock. */
static vm_fault_t terrace_map_pages(struct vm_fault *vmf, pgoff_t start, pgoff_t end)
{
	return 0;
}

static const struct vm_operations_struct terrace_tracked_vm_ops = {
	.fault		= terrace_fault,
	.map_pages	= terrace_map_pages,
	.page_mkwrite	= terrace_page_mkwrite,
};

/* page_mkwrite would make long-term pins for writing fail. */
static const struct vm_operations_struct terrace_pinnable_vm_ops = {
	.fault		= terrace_fault,
	.map_pages	= terrace_map_pages,
};

/**
 * terrace_fault_mmap - map a buffer, or a view of it
 *
 * -EINVAL: private, or beyond the buffer. -EROFS: writable and the whole buffer is sealed.
 */
int terrace_fault_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct terrace_buffer *b = terrace_file_buffer(file);
	u64 pages = b->count << terrace_extent_order(b);

	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (vma->vm_pgoff > pages || vma_pages(vma) > pages - vma->vm_pgoff)
		return -EINVAL;
	if ((vma->vm_flags & VM_WRITE) && terrace_sealed_whole(b))
		return -EROFS;
	vm_flags_set(vma, VM_DONTDUMP);
	/*
	 * Lets pages be inserted. Never for extents that map as a PMD: the core would take it for a
	 * special one and not give its reference back.
	 */
	if (b->shift > PAGE_SHIFT && b->shift < PMD_SHIFT)
		vm_flags_set(vma, VM_MIXEDMAP);
	vma->vm_ops = terrace_tracked(b) ? &terrace_tracked_vm_ops : &terrace_pinnable_vm_ops;
	return 0;
}
