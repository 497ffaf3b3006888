// SPDX-License-Identifier: LGPL-2.1-or-later
#include "media.h"

#include <endian.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <zlib.h>

#define SEGMENT		(1ULL << TERRACE_MEDIA_SEGMENT_SHIFT)

static uint64_t round_up(uint64_t value, uint64_t to)
{
	return (value + to - 1) / to * to;
}

/* CRC of @bytes at @at, its own field of 4 bytes at @field taken for 0. */
static uint32_t crc_without(const void *at, size_t bytes, size_t field)
{
	static const uint8_t zero[4];
	uLong crc = crc32(0, at, field);

	crc = crc32(crc, zero, sizeof(zero));
	return crc32_z(crc, (const uint8_t *)at + field + 4, bytes - field - 4);
}

/* All but the number of segments follows from it. */
static void layout_for(uint32_t segments, struct media_layout *l)
{
	l->segments = segments;
	l->wear_bytes = TERRACE_MEDIA_PAGE +
			round_up((uint64_t)segments * sizeof(struct terrace_media_wear),
				 TERRACE_MEDIA_PAGE);
	l->wear_offset[0] = TERRACE_MEDIA_PAGE;
	l->wear_offset[1] = l->wear_offset[0] + l->wear_bytes;
	l->data_offset = round_up(l->wear_offset[1] + l->wear_bytes, SEGMENT);
}

int media_layout_of(uint64_t device_bytes, struct media_layout *out)
{
	uint64_t segments = device_bytes / SEGMENT;

	if (segments > TERRACE_MEDIA_SEGMENTS_MAX)
		return -EFBIG;
	for (; segments >= TERRACE_MEDIA_SEGMENTS_MIN; segments--) {
		layout_for(segments, out);
		if (out->data_offset + segments * SEGMENT <= device_bytes)
			break;
	}
	if (segments < TERRACE_MEDIA_SEGMENTS_MIN)
		return -ENOSPC;
	out->device_bytes = device_bytes;
	return 0;
}

void media_super_make(const struct media_layout *l, const uint8_t uuid[16], void *page)
{
	struct terrace_media_super *s = page;

	memset(page, 0, TERRACE_MEDIA_PAGE);
	memcpy(s->magic, TERRACE_MEDIA_MAGIC, sizeof(s->magic));
	memcpy(s->uuid, uuid, sizeof(s->uuid));
	s->segment_shift = htole32(TERRACE_MEDIA_SEGMENT_SHIFT);
	s->device_bytes = htole64(l->device_bytes);
	s->wear_offset[0] = htole64(l->wear_offset[0]);
	s->wear_offset[1] = htole64(l->wear_offset[1]);
	s->wear_bytes = htole64(l->wear_bytes);
	s->data_offset = htole64(l->data_offset);
	s->segments = htole32(l->segments);
	s->crc = htole32(crc_without(page, TERRACE_MEDIA_PAGE,
				     offsetof(struct terrace_media_super, crc)));
}

/* Nothing but the canonical layout of its own device size is accepted. */
static bool super_consistent(const struct terrace_media_super *s, struct media_layout *l)
{
	if (media_layout_of(le64toh(s->device_bytes), l))
		return false;
	return le32toh(s->segment_shift) == TERRACE_MEDIA_SEGMENT_SHIFT &&
	       le32toh(s->segments) == l->segments && le64toh(s->wear_bytes) == l->wear_bytes &&
	       le64toh(s->wear_offset[0]) == l->wear_offset[0] &&
	       le64toh(s->wear_offset[1]) == l->wear_offset[1] &&
	       le64toh(s->data_offset) == l->data_offset && !s->reserved;
}

int media_super_read(const void *page, struct media_layout *out, uint8_t uuid[16])
{
	const struct terrace_media_super *s = page;

	if (memcmp(s->magic, TERRACE_MEDIA_MAGIC, sizeof(s->magic)) != 0)
		return -ENOENT;
	if (le32toh(s->crc) != crc_without(page, TERRACE_MEDIA_PAGE,
					   offsetof(struct terrace_media_super, crc)) ||
	    !super_consistent(s, out))
		return -EUCLEAN;
	memcpy(uuid, s->uuid, sizeof(s->uuid));
	return 0;
}

void media_wear_make(const struct media_layout *l, const uint8_t uuid[16], uint64_t sequence,
		     void *table)
{
	struct terrace_media_wear_header *h = table;

	memset(table, 0, l->wear_bytes);
	memcpy(h->magic, TERRACE_MEDIA_WEAR_MAGIC, sizeof(h->magic));
	memcpy(h->uuid, uuid, sizeof(h->uuid));
	h->segments = htole32(l->segments);
	h->sequence = htole64(sequence);
	h->clean = htole32(1);
	h->crc = htole32(crc_without(table, l->wear_bytes,
				     offsetof(struct terrace_media_wear_header, crc)));
}

bool media_wear_valid(const struct media_layout *l, const uint8_t uuid[16], const void *table)
{
	const struct terrace_media_wear_header *h = table;

	return !memcmp(h->magic, TERRACE_MEDIA_WEAR_MAGIC, sizeof(h->magic)) &&
	       !memcmp(h->uuid, uuid, sizeof(h->uuid)) && le32toh(h->segments) == l->segments &&
	       le32toh(h->crc) == crc_without(table, l->wear_bytes,
					      offsetof(struct terrace_media_wear_header, crc));
}
