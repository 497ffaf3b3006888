// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Superblocks and wear tables that are wrong though their checksum is right. Each is refused by a
 * known error, or the tier comes up, works, goes and comes again. TERRACE_SEED=N repeats a run.
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "devices.h"
#include "kselftest_harness.h"
#include "media_image.h"
#include "pattern.h"
#include "tiers.h"

#define DEVICE_BYTES	(64 * MIB)
#define TABLES		(2 * MIB)
#define CAPACITY	(16 * MIB)
#define LANDING		(4 * MIB)
#define BYTES		(2 * MIB)
#define ROUNDS		150

FIXTURE(media_fuzz) {
	struct loop_device disk;
	uint8_t *sound;		/* the tables as they were */
	uint64_t seed;
	struct terrace_session *s;
	struct terrace_buffer *b;
	uint32_t refused;
	uint32_t worked;
};

FIXTURE_SETUP(media_fuzz)
{
	struct terrace_buffer_options o = { .class_id = TERRACE_CLASS_KV };
	const char *seed = getenv("TERRACE_SEED");
	const struct tiers_config config = {
		.fast_bytes = CAPACITY, .slow_bytes = CAPACITY, .fast_classes = ALL_CLASSES,
		.slow_classes = ALL_CLASSES,
	};

	self->seed = seed ? strtoull(seed, NULL, 0) | 1 : (uint64_t)time(NULL) | 1;
	printf("# TERRACE_SEED=%llu\n", (unsigned long long)self->seed);
	ASSERT_EQ(0, loop_up(&self->disk, DEVICE_BYTES));
	ASSERT_EQ(0, tiers_format(self->disk.path));
	self->sound = malloc(TABLES);
	ASSERT_NE(NULL, self->sound);
	/* with some wear, and two tables that differ */
	ASSERT_EQ(0, tiers_up(&config));
	ASSERT_EQ(0, terrace_session_open(NULL, &self->s));
	ASSERT_EQ(0, tiers_flash_up("flash", 2, self->disk.path, CAPACITY, LANDING));
	o.tier = terrace_tier_find(self->s, "fast");
	ASSERT_EQ(0, terrace_buffer_create(self->s, BYTES, &o, &self->b));
	fill_words(self->b, 0, BYTES, 1);
	ASSERT_EQ(0, terrace_migrate(self->b, 0, BYTES, terrace_tier_find(self->s, "flash"), NULL));
	ASSERT_EQ(0, terrace_migrate(self->b, 0, BYTES, o.tier, NULL));
	ASSERT_EQ(0, terrace_tier_offline("flash"));
	memcpy(self->sound, self->disk.content, TABLES);
	self->refused = 0;
	self->worked = 0;
}

FIXTURE_TEARDOWN(media_fuzz)
{
	TH_LOG("%u refused, %u worked", self->refused, self->worked);
	terrace_buffer_free(self->b);
	terrace_session_close(self->s);
	tiers_down();
	loop_down(&self->disk);
	free(self->sound);
}

/* xorshift64 (Marsaglia, Journal of Statistical Software 8(14), 2003) */
static uint64_t draw(uint64_t *seed, uint64_t below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (*seed >> 8) % below;
}

/* Change 1 to 4 bytes: to anything, by a bit, or to the ends of what a byte holds. */
static void mutate(uint64_t *seed, uint8_t *at, uint64_t bytes)
{
	uint64_t n = 1 + draw(seed, 4);

	while (n--) {
		uint8_t *byte = &at[draw(seed, bytes)];

		switch (draw(seed, 4)) {
		case 0:
			*byte = draw(seed, 256);
			break;
		case 1:
			*byte ^= 1 << draw(seed, 8);
			break;
		case 2:
			*byte = 0;
			break;
		default:
			*byte = 255;
		}
	}
}

/* The tier is up: content goes there and comes back, and the wear stays when the tier goes. */
static void must_work(struct __test_metadata *_metadata, struct _test_data_media_fuzz *self)
{
	int flash = terrace_tier_find(self->s, "flash"), fast = terrace_tier_find(self->s, "fast");
	long long programmed = tiers_value("flash", "flash_programmed_bytes");

	ASSERT_LE(0, flash);
	ASSERT_EQ(0, terrace_migrate(self->b, 0, BYTES, flash, NULL));
	ASSERT_EQ(0, terrace_migrate(self->b, 0, BYTES, fast, NULL));
	ASSERT_EQ(0, wrong_words(self->b, 0, BYTES, 1));
	/* an absurd number of pages need not be added up right */
	if (programmed >= 0 && programmed < 1LL << 60) {
		programmed += BYTES;
		ASSERT_EQ(programmed, tiers_value("flash", "flash_programmed_bytes"));
	}
	ASSERT_LE(0, tiers_value("flash", "pe_cycles_average_milli"));
	ASSERT_EQ(0, terrace_tier_offline("flash"));
	ASSERT_EQ(0, tiers_flash_up("flash", 2, self->disk.path, CAPACITY, LANDING));
	if (programmed >= 0 && programmed < 1LL << 60)
		ASSERT_EQ(programmed, tiers_value("flash", "flash_programmed_bytes"));
	ASSERT_EQ(0, terrace_tier_offline("flash"));
	self->worked++;
}

static void try_device(struct __test_metadata *_metadata, struct _test_data_media_fuzz *self,
		       bool may_be_none)
{
	uint8_t *wrong = malloc(TABLES);
	int err;

	memcpy(wrong, self->disk.content, TABLES);
	err = tiers_flash_up("flash", 2, self->disk.path, CAPACITY, LANDING);
	if (!err) {
		must_work(_metadata, self);
	} else {
		ASSERT_EQ(true, err == -EUCLEAN || err == -ESTALE || err == -EFBIG ||
			  (may_be_none && err == -ENODATA)) {
			TH_LOG("%s", terrace_error());
		}
		/* what is refused is not written to, but for what has too little room */
		if (err != -EFBIG)
			ASSERT_EQ(0, memcmp(wrong, self->disk.content, TABLES));
		self->refused++;
	}
	free(wrong);
}

TEST_F_TIMEOUT(media_fuzz, superblocks, 240)
{
	for (int round = 0; round < ROUNDS; round++) {
		uint8_t *image = self->disk.content;

		memcpy(image, self->sound, TABLES);
		mutate(&self->seed, image, sizeof(struct terrace_media_super));
		image_seal_super(image);
		try_device(_metadata, self, memcmp(image, self->sound, 8) != 0);
	}
	EXPECT_GT(self->refused, 0);
}

static void wrong_field(uint8_t *image, size_t at, size_t bytes, uint64_t value)
{
	value = htole64(value);
	memcpy(image + at, &value, bytes);
	image_seal_super(image);
}

/* Each number at its ends and just beside what it is. */
TEST_F_TIMEOUT(media_fuzz, numbers_of_superblocks, 240)
{
	static const struct {
		size_t at;
		size_t bytes;
	} fields[] = {
		{ offsetof(struct terrace_media_super, segment_shift), 4 },
		{ offsetof(struct terrace_media_super, device_bytes), 8 },
		{ offsetof(struct terrace_media_super, wear_offset[0]), 8 },
		{ offsetof(struct terrace_media_super, wear_offset[1]), 8 },
		{ offsetof(struct terrace_media_super, wear_bytes), 8 },
		{ offsetof(struct terrace_media_super, data_offset), 8 },
		{ offsetof(struct terrace_media_super, segments), 4 },
		{ offsetof(struct terrace_media_super, reserved), 4 },
	};
	uint8_t *image = self->disk.content;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		uint64_t was = 0;

		memcpy(&was, self->sound + fields[i].at, fields[i].bytes);
		was = le64toh(was);
		const uint64_t values[] = {
			0, 1, was - 1, was + 1, was - 4096, was + 4096, was - EXTENT, was + EXTENT,
			was * 2, was / 2, was << 12, 1ULL << 31, 1ULL << 32, 1ULL << 63,
			UINT64_MAX - 4095, UINT64_MAX,
		};

		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
			memcpy(image, self->sound, TABLES);
			wrong_field(image, fields[i].at, fields[i].bytes, values[v]);
			if (memcmp(image, self->sound, TABLES) != 0)
				try_device(_metadata, self, false);
		}
	}
	EXPECT_GT(self->refused, 0);
}

/* In the newest table or both: header and entries. */
TEST_F_TIMEOUT(media_fuzz, wear_tables, 240)
{
	uint8_t *image = self->disk.content;
	uint64_t header = sizeof(struct terrace_media_wear_header);

	for (int round = 0; round < ROUNDS; round++) {
		int newest = image_newest(self->sound), copies = 1 + draw(&self->seed, 2);
		int copy;

		memcpy(image, self->sound, TABLES);
		for (copy = newest; copies--; copy = !copy) {
			if (draw(&self->seed, 2))
				mutate(&self->seed, (uint8_t *)image_wear(image, copy), header);
			else
				mutate(&self->seed, (uint8_t *)image_entries(image, copy), 512);
			image_seal_wear(image, copy);
		}
		try_device(_metadata, self, false);
	}
	EXPECT_GT(self->worked, 0);
}

/* The last sequence number there is: the tables after it count. */
TEST_F_TIMEOUT(media_fuzz, the_last_sequence_number, 60)
{
	uint8_t *image = self->disk.content;

	for (int copy = 0; copy < 2; copy++) {
		for (uint64_t back = 0; back < 4; back++) {
			memcpy(image, self->sound, TABLES);
			image_wear(image, copy)->sequence = htole64(UINT64_MAX - back);
			image_seal_wear(image, copy);
			try_device(_metadata, self, false);
		}
	}
}

TEST_HARNESS_MAIN
