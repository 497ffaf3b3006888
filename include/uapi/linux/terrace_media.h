/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note OR LGPL-2.1-or-later */
/*
 * On-disk format of a flash tier's block device. Little endian.
 *
 *   0                 superblock, one page
 *   wear_offset[0]    wear table, first copy: a header page, then an entry for each segment
 *   wear_offset[1]    second copy
 *   data_offset       segments
 *
 * What outlasts a power cut is the wear, not the data: extents belong to buffers, which are gone
 * then, and the memory that is modelled may lose its content as well (OCP HBF Architecture
 * Specification v0.7.0, August 2026, page 106).
 *
 * The copies of the wear table are written in turn, each with the next higher sequence number; the
 * valid one with the higher number counts. Both broken is an error, never a new beginning. A copy
 * that was written while the tier was online has clean = 0: pages programmed after it may be
 * missing in it. loss_pages says how many are missing at most, and grows with every crash.
 *
 * Written by `terrace tier format`, read as hostile input by the kernel.
 */
#ifndef _UAPI_LINUX_TERRACE_MEDIA_H
#define _UAPI_LINUX_TERRACE_MEDIA_H

#include <linux/types.h>

#define TERRACE_MEDIA_MAGIC		"TERRACE\1"	/* 8 bytes, the last is the version */
#define TERRACE_MEDIA_WEAR_MAGIC	"TERWEAR\1"
#define TERRACE_MEDIA_PAGE		4096U
#define TERRACE_MEDIA_SEGMENT_SHIFT	21		/* 2 MiB: the largest extent */
#define TERRACE_MEDIA_SEGMENTS_MIN	16U
#define TERRACE_MEDIA_SEGMENTS_MAX	(1U << 23)	/* 16 TiB */

/**
 * struct terrace_media_super - superblock, padded with zeroes to a page
 * @magic: TERRACE_MEDIA_MAGIC
 * @crc: CRC-32 (IEEE 802.3, as zlib's crc32()) of the page with this field 0
 * @segment_shift: log2 of the segment's bytes
 * @uuid: of the format
 * @device_bytes: of the device when it was formatted; a device of another size is refused
 * @wear_offset: of each copy of the wear table, a multiple of the page
 * @wear_bytes: of a copy, header included, a multiple of the page
 * @data_offset: of the first segment, a multiple of the segment
 * @segments: number of them
 * @reserved: 0
 */
struct terrace_media_super {
	__u8 magic[8];
	__le32 crc;
	__le32 segment_shift;
	__u8 uuid[16];
	__le64 device_bytes;
	__le64 wear_offset[2];
	__le64 wear_bytes;
	__le64 data_offset;
	__le32 segments;
	__le32 reserved;
};

/**
 * struct terrace_media_wear_header - first page of a copy of the wear table, padded with zeroes
 * @magic: TERRACE_MEDIA_WEAR_MAGIC
 * @crc: CRC-32 of the whole copy with this field 0
 * @segments: entries that follow
 * @uuid: the superblock's
 * @sequence: of this copy, from 1, below 2^62
 * @clean: 1 = the tier went offline after this was written
 * @loss_pages: pages that may have been programmed and are not counted: before earlier crashes,
 *              and, when not clean, after this was written
 */
struct terrace_media_wear_header {
	__u8 magic[8];
	__le32 crc;
	__le32 segments;
	__u8 uuid[16];
	__le64 sequence;
	__le32 clean;
	__le32 loss_pages;
};

#define TERRACE_MEDIA_RETIRED	(1U << 0)	/* the segment failed: it is not used again */

/**
 * struct terrace_media_wear - wear of a segment
 * @pages: pages of TERRACE_MEDIA_PAGE programmed, ever; P/E cycles are this / pages of a segment
 * @flags: TERRACE_MEDIA_ bits
 * @reserved: 0
 */
struct terrace_media_wear {
	__le64 pages;
	__le32 flags;
	__le32 reserved;
};

#endif /* _UAPI_LINUX_TERRACE_MEDIA_H */
