// SPDX-License-Identifier: LGPL-2.1-or-later
#include <endian.h>
#include <string.h>

#include "media_image.h"

/* CRC-32 (IEEE 802.3), four bits at a time. */
static uint32_t crc_byte(uint32_t crc, uint8_t byte)
{
	static const uint32_t table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};

	crc = crc >> 4 ^ table[(crc ^ byte) & 15];
	return crc >> 4 ^ table[(crc ^ byte >> 4) & 15];
}

uint32_t image_crc(const void *at, size_t bytes, size_t field)
{
	const uint8_t *byte = at;
	uint32_t crc = ~0U;
	size_t i;

	for (i = 0; i < bytes; i++)
		crc = crc_byte(crc, i >= field && i < field + 4 ? 0 : byte[i]);
	return ~crc;
}

struct terrace_media_super *image_super(uint8_t *image)
{
	return (struct terrace_media_super *)image;
}

struct terrace_media_wear_header *image_wear(uint8_t *image, int copy)
{
	return (void *)(image + le64toh(image_super(image)->wear_offset[copy]));
}

struct terrace_media_wear *image_entries(uint8_t *image, int copy)
{
	return (void *)((uint8_t *)image_wear(image, copy) + TERRACE_MEDIA_PAGE);
}

void image_seal_super(uint8_t *image)
{
	size_t field = offsetof(struct terrace_media_super, crc);

	image_super(image)->crc = htole32(image_crc(image, TERRACE_MEDIA_PAGE, field));
}

static uint32_t wear_crc(uint8_t *image, int copy)
{
	return image_crc(image_wear(image, copy), le64toh(image_super(image)->wear_bytes),
			 offsetof(struct terrace_media_wear_header, crc));
}

void image_seal_wear(uint8_t *image, int copy)
{
	image_wear(image, copy)->crc = htole32(wear_crc(image, copy));
}

bool image_wear_valid(uint8_t *image, int copy)
{
	const struct terrace_media_wear_header *h = image_wear(image, copy);

	return !memcmp(h->magic, TERRACE_MEDIA_WEAR_MAGIC, sizeof(h->magic)) &&
	       !memcmp(h->uuid, image_super(image)->uuid, sizeof(h->uuid)) &&
	       le32toh(h->crc) == wear_crc(image, copy);
}

int image_newest(uint8_t *image)
{
	bool first = image_wear_valid(image, 0), second = image_wear_valid(image, 1);

	if (first && second)
		return le64toh(image_wear(image, 1)->sequence) >
		       le64toh(image_wear(image, 0)->sequence);
	return first ? 0 : second ? 1 : -1;
}

uint64_t image_programmed(uint8_t *image, int copy)
{
	const struct terrace_media_wear *w = image_entries(image, copy);
	uint32_t segments = le32toh(image_super(image)->segments);
	uint64_t pages = 0;

	for (uint32_t i = 0; i < segments; i++)
		pages += le64toh(w[i].pages);
	return pages * TERRACE_MEDIA_PAGE;
}
