// SPDX-License-Identifier: GPL-2.0-only
/*
 * Superblock and wear table, as of linux/terrace_media.h. Both are hostile input. The table is
 * written to the two copies in turn, entries first, then the header that makes them valid, behind a
 * flush: a torn write leaves the other copy.
 */
#include <linux/crc32.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "media.h"

/* CRC-32 of @bytes with the 4 bytes at @field taken for 0, as zlib's crc32(). */
static u32 crc_without(const void *at, size_t bytes, size_t field)
{
	static const u8 zero[4];
	u32 crc = crc32_le(~0U, at, field);

	crc = crc32_le(crc, zero, sizeof(zero));
	return ~crc32_le(crc, at + field + 4, bytes - field - 4);
}

static bool copy_within(const struct terrace_media *m, u64 offset)
{
	u64 end;

	return offset >= TERRACE_MEDIA_PAGE && !(offset % TERRACE_MEDIA_PAGE) &&
	       !check_add_overflow(offset, m->wear_bytes, &end) && end <= m->data_offset;
}

static bool super_valid(const struct terrace_media_super *s, struct terrace_media *m)
{
	u64 data, end;

	if (le32_to_cpu(s->crc) != crc_without(s, TERRACE_MEDIA_PAGE,
					       offsetof(struct terrace_media_super, crc)))
		return false;
	if (le32_to_cpu(s->segment_shift) != TERRACE_MEDIA_SEGMENT_SHIFT || s->reserved)
		return false;
	if (m->segment_count < TERRACE_MEDIA_SEGMENTS_MIN ||
	    m->segment_count > TERRACE_MEDIA_SEGMENTS_MAX)
		return false;
	if (m->wear_bytes != TERRACE_MEDIA_PAGE +
	    round_up((u64)m->segment_count * sizeof(struct terrace_media_wear), TERRACE_MEDIA_PAGE))
		return false;
	data = (u64)m->segment_count << TERRACE_MEDIA_SEGMENT_SHIFT;
	if (m->data_offset % (1U << TERRACE_MEDIA_SEGMENT_SHIFT) ||
	    check_add_overflow(m->data_offset, data, &end) || end > m->disk.bytes)
		return false;
	return copy_within(m, m->wear_offset[0]) && copy_within(m, m->wear_offset[1]) &&
	       m->wear_offset[0] + m->wear_bytes <= m->wear_offset[1];
}

static int super_load(struct terrace_media *m)
{
	struct terrace_media_super *s = vzalloc(TERRACE_MEDIA_PAGE);
	int err;

	if (!s)
		return -ENOMEM;
	err = terrace_disk_vmalloc(&m->disk, REQ_OP_READ, 0, s, TERRACE_MEDIA_PAGE);
	if (err)
		goto out;
	err = -ENODATA;
	if (memcmp(s->magic, TERRACE_MEDIA_MAGIC, sizeof(s->magic)))
		goto out;
	memcpy(m->uuid, s->uuid, sizeof(m->uuid));
	m->wear_offset[0] = le64_to_cpu(s->wear_offset[0]);
	m->wear_offset[1] = le64_to_cpu(s->wear_offset[1]);
	m->wear_bytes = le64_to_cpu(s->wear_bytes);
	m->data_offset = le64_to_cpu(s->data_offset);
	m->segment_count = le32_to_cpu(s->segments);
	err = -EUCLEAN;
	if (super_valid(s, m))
		err = le64_to_cpu(s->device_bytes) == m->disk.bytes ? 0 : -ESTALE;
out:
	vfree(s);
	return err;
}

/* Pages of a segment, ever: two billion cycles. */
#define PAGES_MAX	BIT_ULL(40)

/* No table is written so often; above it one after the next would count as the older. */
#define SEQUENCE_MAX	BIT_ULL(62)

/* Read a copy into m->table. Return: its sequence number, or 0 when it is not valid. */
static u64 table_read(struct terrace_media *m, u32 copy)
{
	struct terrace_media_wear_header *h = m->table;
	u64 sequence;

	if (terrace_disk_vmalloc(&m->disk, REQ_OP_READ, m->wear_offset[copy], h, m->wear_bytes))
		return 0;
	if (memcmp(h->magic, TERRACE_MEDIA_WEAR_MAGIC, sizeof(h->magic)) ||
	    memcmp(h->uuid, m->uuid, sizeof(h->uuid)) ||
	    le32_to_cpu(h->segments) != m->segment_count ||
	    le32_to_cpu(h->crc) != crc_without(h, m->wear_bytes,
					       offsetof(struct terrace_media_wear_header, crc)))
		return 0;
	sequence = le64_to_cpu(h->sequence);
	return sequence < SEQUENCE_MAX ? sequence : 0;
}

static int table_load(struct terrace_media *m)
{
	const struct terrace_media_wear_header *h = m->table;
	const struct terrace_media_wear *w = m->table + TERRACE_MEDIA_PAGE;
	u64 first = table_read(m, 0), second = table_read(m, 1);
	u32 i;

	m->sequence = max(first, second);
	if (!m->sequence)
		return -EUCLEAN;
	m->copy = first > second ? 0 : 1;
	if (!m->copy && table_read(m, 0) != first)
		return -EIO;
	m->uncertain_pages = le32_to_cpu(h->loss_pages);
	m->segments = kvcalloc(m->segment_count, sizeof(*m->segments), GFP_KERNEL);
	if (!m->segments)
		return -ENOMEM;
	for (i = 0; i < m->segment_count; i++) {
		m->segments[i].pages = le64_to_cpu(w[i].pages);
		if (m->segments[i].pages > PAGES_MAX)
			return -EUCLEAN;
		m->segments[i].retired = le32_to_cpu(w[i].flags) & TERRACE_MEDIA_RETIRED;
	}
	return 0;
}

/**
 * terrace_media_wear_load - read superblock and wear table of an open device
 *
 * Return: 0; -ENODATA it was never formatted, -EUCLEAN broken, -ESTALE the device has another size
 * than when it was formatted, -ENOMEM, or an error of the device. m->table and m->segments are the
 * caller's to free in any case.
 */
int terrace_media_wear_load(struct terrace_media *m)
{
	int err = super_load(m);

	if (err)
		return err;
	m->table = vzalloc(m->wear_bytes);
	return m->table ? table_load(m) : -ENOMEM;
}

static void table_fill(struct terrace_media *m, bool clean)
{
	struct terrace_media_wear_header *h = m->table;
	struct terrace_media_wear *w = m->table + TERRACE_MEDIA_PAGE;
	u32 i;

	memset(m->table, 0, m->wear_bytes);
	memcpy(h->magic, TERRACE_MEDIA_WEAR_MAGIC, sizeof(h->magic));
	memcpy(h->uuid, m->uuid, sizeof(h->uuid));
	h->segments = cpu_to_le32(m->segment_count);
	h->sequence = cpu_to_le64(m->sequence + 1);
	h->clean = cpu_to_le32(clean);
	h->loss_pages = cpu_to_le32(min(m->uncertain_pages + (clean ? 0 : MEDIA_LOSS_PAGES),
					(u64)U32_MAX));
	for (i = 0; i < m->segment_count; i++) {
		w[i].pages = cpu_to_le64(READ_ONCE(m->segments[i].pages));
		if (READ_ONCE(m->segments[i].retired))
			w[i].flags = cpu_to_le32(TERRACE_MEDIA_RETIRED);
	}
	h->crc = cpu_to_le32(crc_without(m->table, m->wear_bytes,
					 offsetof(struct terrace_media_wear_header, crc)));
}

static int table_write(struct terrace_media *m)
{
	u64 offset = m->wear_offset[!m->copy];
	int err;

	err = terrace_disk_vmalloc(&m->disk, REQ_OP_WRITE, offset + TERRACE_MEDIA_PAGE,
				   m->table + TERRACE_MEDIA_PAGE,
				   m->wear_bytes - TERRACE_MEDIA_PAGE);
	if (err)
		return err;
	return terrace_disk_vmalloc(&m->disk, REQ_OP_WRITE | REQ_PREFLUSH | REQ_FUA, offset,
				    m->table, TERRACE_MEDIA_PAGE);
}

/* What could not be saved stays unsaved. */
static int wear_save(struct terrace_media *m, bool clean)
{
	u64 unsaved = READ_ONCE(m->unsaved_pages);
	int err;

	lockdep_assert_held(&m->wear_lock);
	table_fill(m, clean);
	err = table_write(m);
	if (err)
		return err;
	m->sequence++;
	m->copy = !m->copy;
	spin_lock(&m->lock);
	m->unsaved_pages -= unsaved;
	spin_unlock(&m->lock);
	return 0;
}

/**
 * terrace_media_wear_save - write the table
 * @clean: nothing is programmed after it
 */
int terrace_media_wear_save(struct terrace_media *m, bool clean)
{
	guard(mutex)(&m->wear_lock);
	return wear_save(m, clean);
}

static bool wear_due(struct terrace_media *m)
{
	guard(spinlock)(&m->lock);
	/* what a program under way counted may be written before the next look */
	return m->unsaved_pages + MEDIA_SEGMENT_PAGES > MEDIA_LOSS_PAGES;
}

/**
 * terrace_media_wear_checkpoint - write the table if much was programmed since it was written
 *
 * Return: 0, or an error: then nothing may be programmed, it would be uncounted after a crash.
 */
int terrace_media_wear_checkpoint(struct terrace_media *m)
{
	if (!wear_due(m))
		return 0;
	guard(mutex)(&m->wear_lock);
	return wear_due(m) ? wear_save(m, false) : 0;
}
