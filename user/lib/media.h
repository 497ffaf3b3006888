/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The on-disk format of flash tiers (linux/terrace_media.h) in user space: where things go on a
 * device, making an empty format, reading one. Nothing here touches a device. Not exported: the
 * terrace program links the object itself.
 *
 * Thread safe.
 */
#ifndef _TERRACE_LIB_MEDIA_H
#define _TERRACE_LIB_MEDIA_H

#include <linux/terrace_media.h>
#include <stdbool.h>
#include <stdint.h>

/* Bytes of the smallest and the largest device. */
#define MEDIA_DEVICE_MIN ((TERRACE_MEDIA_SEGMENTS_MIN + 1ULL) << TERRACE_MEDIA_SEGMENT_SHIFT)
#define MEDIA_DEVICE_MAX ((TERRACE_MEDIA_SEGMENTS_MAX + 0ULL) << TERRACE_MEDIA_SEGMENT_SHIFT)

/**
 * struct media_layout - geometry in host order, as of struct terrace_media_super
 */
struct media_layout {
	uint64_t device_bytes;
	uint64_t wear_offset[2];
	uint64_t wear_bytes;
	uint64_t data_offset;
	uint32_t segments;
};

/**
 * media_layout_of - lay a device out
 * @device_bytes: of the device; what is left over at its end is not used
 *
 * Return: 0; -ENOSPC when the device is smaller than MEDIA_DEVICE_MIN, -EFBIG when it is a segment
 * larger than MEDIA_DEVICE_MAX.
 */
int media_layout_of(uint64_t device_bytes, struct media_layout *out);

/**
 * media_super_make - the superblock of an empty format
 * @page: TERRACE_MEDIA_PAGE bytes
 */
void media_super_make(const struct media_layout *l, const uint8_t uuid[16], void *page);

/**
 * media_super_read - check a superblock and take it apart
 * @page: TERRACE_MEDIA_PAGE bytes, any content
 *
 * Return: 0; -ENOENT when it is none at all, -EUCLEAN when it is broken.
 */
int media_super_read(const void *page, struct media_layout *out, uint8_t uuid[16]);

/**
 * media_wear_make - a wear table of memory that was never programmed
 * @sequence: 1 or 2
 * @table: layout's wear_bytes
 */
void media_wear_make(const struct media_layout *l, const uint8_t uuid[16], uint64_t sequence,
		     void *table);

/**
 * media_wear_valid - is this a wear table of the format?
 */
bool media_wear_valid(const struct media_layout *l, const uint8_t uuid[16], const void *table);

#endif /* _TERRACE_LIB_MEDIA_H */
