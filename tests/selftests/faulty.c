// SPDX-License-Identifier: LGPL-2.1-or-later
#include <endian.h>
#include <errno.h>
#include <stdio.h>

#include "faulty.h"
#include "media_image.h"

#define NAME	"faulty"

const char *faulty_lacks(void)
{
	return mapper_has("flakey") ? NULL : "the kernel has no dm-flakey (CONFIG_DM_FLAKEY)";
}

int faulty_up(struct loop_device *disk)
{
	char table[128];
	int err;

	if (mapper_there(NAME)) {
		tiers_down();
		mapper_down(NAME);
	}
	err = loop_up(disk, FAULTY_BYTES);
	if (err)
		return err;
	if (tiers_format(disk->path))
		return -EIO;
	snprintf(table, sizeof(table), "0 %llu linear %s 0", FAULTY_BYTES / 512, disk->path);
	return mapper_up(NAME, table);
}

void faulty_down(struct loop_device *disk)
{
	mapper_down(NAME);
	loop_down(disk);
}

int faulty_tiers_up(void)
{
	const struct tiers_config config = {
		.fast_bytes = FAULTY_CAPACITY, .slow_bytes = FAULTY_CAPACITY, .slow_kept = true,
		.fast_classes = ALL_CLASSES, .slow_classes = ALL_CLASSES,
		.slow_device = "/dev/mapper/" NAME, .landing_bytes = FAULTY_LANDING,
	};

	return tiers_up(&config);
}

/* A line of a table: sectors that are @disk's, @how. */
static void add_line(FILE *table, const struct loop_device *disk, uint64_t from, uint64_t to,
		     const char *target, const char *how)
{
	if (from < to)
		fprintf(table, "%llu %llu %s %s %llu%s\n", (unsigned long long)from,
			(unsigned long long)(to - from), target, disk->path,
			(unsigned long long)from, how);
}

int faulty_range(struct loop_device *disk, uint64_t at, uint64_t bytes, const char *feature)
{
	uint64_t from = at / 512, to = from + bytes / 512;
	char how[64], text[512] = "";
	FILE *table = fmemopen(text, sizeof(text), "w");

	/* never up, then down for an hour */
	snprintf(how, sizeof(how), " 0 3600 1 %s", feature);
	add_line(table, disk, 0, from, "linear", "");
	add_line(table, disk, from, to, "flakey", how);
	add_line(table, disk, to, disk->bytes / 512, "linear", "");
	fclose(table);
	return mapper_reload(NAME, text);
}

int faulty_tables(struct loop_device *disk)
{
	return faulty_range(disk, TERRACE_MEDIA_PAGE, 2 * image_super(disk->content)->wear_bytes,
			    "error_writes");
}

int faulty_none(struct loop_device *disk)
{
	return faulty_range(disk, 0, 0, "");
}

uint64_t faulty_segment(struct loop_device *disk, uint32_t index)
{
	return le64toh(image_super(disk->content)->data_offset) + index * EXTENT;
}
