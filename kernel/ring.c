// SPDX-License-Identifier: GPL-2.0-only
/* The ring of access records: memory shared with user space, charged to who set it up. */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "terrace.h"

static void ring_free_pages(struct page **pages, u32 n)
{
	while (n--)
		__free_page(pages[n]);
	kvfree(pages);
}

static struct page **ring_alloc_pages(u32 n)
{
	struct page **pages = kvcalloc(n, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	u32 i;

	if (!pages)
		return NULL;
	for (i = 0; i < n; i++) {
		pages[i] = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
		if (!pages[i]) {
			ring_free_pages(pages, i);
			return NULL;
		}
	}
	return pages;
}

/**
 * terrace_ring_setup - make a session's ring
 * @arg: ring_entries is valid; ring_bytes is set
 *
 * Called under the session's step_lock. vmalloc_user() would not charge the memory.
 *
 * Return: 0 or -ENOMEM.
 */
int terrace_ring_setup(struct terrace_session *s, struct terrace_setup *arg)
{
	struct terrace_ring *ring;
	struct page **pages;
	u32 n;

	arg->ring_bytes = PAGE_ALIGN(TERRACE_RING_RECORDS +
				     (u64)arg->ring_entries * sizeof(struct terrace_access));
	n = arg->ring_bytes >> PAGE_SHIFT;
	pages = ring_alloc_pages(n);
	if (!pages)
		return -ENOMEM;
	/* vfree() gives back the pages and their array as well */
	ring = vmap(pages, n, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	if (!ring) {
		ring_free_pages(pages, n);
		return -ENOMEM;
	}
	ring->entries = arg->ring_entries;
	s->ring_entries = arg->ring_entries;
	s->ring_pages = pages;
	s->ring_page_count = n;
	/* pairs with the acquire in terrace_ring_mmap(), which does not take step_lock */
	smp_store_release(&s->ring, ring);
	return 0;
}

/**
 * terrace_ring_mmap - map a session's ring, from its start
 */
int terrace_ring_mmap(struct terrace_session *s, struct vm_area_struct *vma)
{
	/* pairs with the release in terrace_ring_setup(): its content is there */
	if (!smp_load_acquire(&s->ring) || !(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (vma_pages(vma) > s->ring_page_count)
		return -EINVAL;
	vm_flags_set(vma, VM_DONTDUMP | VM_DONTEXPAND);
	return vm_map_pages_zero(vma, s->ring_pages, s->ring_page_count);
}
