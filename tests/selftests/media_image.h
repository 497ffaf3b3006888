/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The format of flash media, read and written without the code that is tested. */
#ifndef _SELFTESTS_MEDIA_IMAGE_H
#define _SELFTESTS_MEDIA_IMAGE_H

#include <linux/terrace_media.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* CRC-32 with the 4 bytes at @field taken for 0. */
uint32_t image_crc(const void *at, size_t bytes, size_t field);

/* Give superblock, or copy 0 or 1 of the wear table, the checksum of what it is now. */
void image_seal_super(uint8_t *image);
void image_seal_wear(uint8_t *image, int copy);

struct terrace_media_super *image_super(uint8_t *image);
struct terrace_media_wear_header *image_wear(uint8_t *image, int copy);
struct terrace_media_wear *image_entries(uint8_t *image, int copy);

/* Whether a copy of the wear table is whole. */
bool image_wear_valid(uint8_t *image, int copy);

/* The whole copy with the higher sequence number, or -1. */
int image_newest(uint8_t *image);

/* Bytes that a copy says were programmed. */
uint64_t image_programmed(uint8_t *image, int copy);

#endif /* _SELFTESTS_MEDIA_IMAGE_H */
