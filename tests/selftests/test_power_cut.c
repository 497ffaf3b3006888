// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Power cuts while the wear table is written. What three lives of a flash tier write is recorded in
 * its order (dm-log-writes); then the device is made again as it was after each sector of each
 * write to superblock and wear table, and a tier comes online on it.
 */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices.h"
#include "kselftest_harness.h"
#include "media_image.h"
#include "pattern.h"
#include "tiers.h"

/* 319 segments: the entries of a wear table take two pages */
#define DEVICE_BYTES	(640 * MIB)
#define LOG_BYTES	(512 * MIB)
#define TABLES		(2 * MIB)	/* superblock and wear tables lie before */
#define CAPACITY	(32 * MIB)
#define LANDING		(8 * MIB)
#define LOSS		(128 * MIB)	/* what may be missing after a cut */
#define SECTOR		512

/* The log's format (Documentation/admin-guide/device-mapper/log-writes.rst) */
#define LOG_MAGIC	0x6a736677736872ULL
#define LOG_FLUSH	1
#define LOG_FUA		2
#define LOG_DISCARD	4
#define LOG_MARK	8

struct log_super {
	uint64_t magic;
	uint64_t version;
	uint64_t entries;
	uint32_t sector_bytes;
};

struct log_entry {
	uint64_t sector;
	uint64_t sectors;
	uint64_t flags;
	uint64_t data_bytes;
};

struct record {
	uint64_t at;
	uint64_t bytes;
	uint64_t flags;
	const uint8_t *data;
};

static struct loop_device disk, victim, log_device;
static struct record *records;
static uint32_t n_records;
static uint8_t formatted[TABLES];
static const char *failure = "nothing was recorded";
static bool mapper_lacks;

static int record_take(const struct log_super *super, uint64_t *at)
{
	const struct log_entry *e = (const void *)(log_device.content + *at);
	struct record *r = &records[n_records++];
	uint32_t sector = super->sector_bytes;
	bool data = !(e->flags & (LOG_DISCARD | LOG_MARK));

	*r = (struct record) {
		.at = e->sector * sector,
		.bytes = data ? e->sectors * sector : 0,
		.flags = e->flags,
		.data = log_device.content + *at + sector,
	};
	*at += sector + r->bytes;
	return *at > log_device.bytes ? -1 : 0;
}

static int records_read(void)
{
	const struct log_super *super = (const void *)log_device.content;
	uint64_t at, i;

	if (super->magic != LOG_MAGIC || !super->entries)
		return -1;
	records = calloc(super->entries, sizeof(*records));
	at = super->sector_bytes;
	for (i = 0; i < super->entries; i++)
		if (record_take(super, &at))
			return -1;
	return 0;
}

/* A life of the tier, in which @rounds times its capacity is programmed. */
static const char *life(int rounds)
{
	const struct tiers_config config = {
		.fast_bytes = CAPACITY, .slow_bytes = CAPACITY, .fast_classes = ALL_CLASSES,
		.slow_classes = ALL_CLASSES, .slow_device = "/dev/mapper/recorded",
		.slow_kept = true, .landing_bytes = LANDING,
	};
	struct terrace_buffer_options o = { .class_id = TERRACE_CLASS_WEIGHTS };
	struct terrace_session *s;
	struct terrace_buffer *b;
	const char *bad = NULL;
	int slow;

	if (tiers_up(&config))
		return "the tiers did not come up";
	if (terrace_session_open(NULL, &s))
		return terrace_error();
	slow = terrace_tier_find(s, "slow");
	o.tier = terrace_tier_find(s, "fast");
	if (terrace_buffer_create(s, CAPACITY, &o, &b))
		return terrace_error();
	fill_words(b, 0, CAPACITY, rounds);
	for (; rounds && !bad; rounds--)
		if (terrace_migrate(b, 0, CAPACITY, slow, NULL) ||
		    terrace_migrate(b, 0, CAPACITY, o.tier, NULL))
			bad = "a migration failed";
	terrace_buffer_free(b);
	terrace_session_close(s);
	tiers_down();
	return bad;
}

/* Three lives: without a checkpoint between, with one, and without any write. */
static const char *record(void)
{
	static const int rounds[] = { 1, 4, 0 };
	const char *bad = NULL;
	char table[128];

	mapper_lacks = !mapper_has("log-writes");
	if (mapper_lacks)
		return "no dm-log-writes";
	if (loop_up(&disk, DEVICE_BYTES) || loop_up(&log_device, LOG_BYTES) ||
	    loop_up(&victim, DEVICE_BYTES) || tiers_format(disk.path))
		return "no formatted loop device";
	memcpy(formatted, disk.content, TABLES);
	snprintf(table, sizeof(table), "0 %llu log-writes %s %s", DEVICE_BYTES / SECTOR, disk.path,
		 log_device.path);
	if (mapper_up("recorded", table))
		return "no recording device";
	for (size_t i = 0; i < sizeof(rounds) / sizeof(rounds[0]) && !bad; i++)
		bad = life(rounds[i]);
	mapper_down("recorded");
	return bad ? bad : records_read() ? "the log is not one" : NULL;
}

/* Where the recorded writes have come to. */
struct replay {
	uint8_t image[TABLES];
	uint64_t programmed;	/* bytes, also those that are being programmed */
	uint64_t saved;		/* what the last whole table says */
	uint32_t cuts;
};

static struct replay *replay_begin(void)
{
	struct replay *r = calloc(1, sizeof(*r));

	memcpy(r->image, formatted, TABLES);
	return r;
}

static void cut_online(struct __test_metadata *_metadata, struct replay *r)
{
	memcpy(victim.content, r->image, TABLES);
	r->cuts++;
	ASSERT_EQ(0, tiers_flash_up("slow", 1, victim.path, CAPACITY, LANDING)) {
		TH_LOG("cut %u", r->cuts);
	}
}

typedef void (*at_cut)(struct __test_metadata *_metadata, struct replay *r);

/* Call @check with the device as it was after each sector written. */
static void each_cut(struct __test_metadata *_metadata, at_cut check)
{
	struct replay *r = replay_begin();
	uint32_t i;

	check(_metadata, r);
	for (i = 0; i < n_records; i++) {
		const struct record *w = &records[i];

		if (w->at >= TABLES) {
			r->programmed += w->bytes;
			continue;
		}
		for (uint64_t done = 0; done < w->bytes; done += SECTOR) {
			memcpy(r->image + w->at + done, w->data + done, SECTOR);
			check(_metadata, r);
		}
	}
	TH_LOG("%u cuts", r->cuts);
	/* seven tables of three pages: each of the lives begins and ends with one */
	EXPECT_EQ(1 + 7 * 3 * 8, r->cuts);
	EXPECT_EQ(5 * CAPACITY, r->programmed);
	free(r);
}

FIXTURE(power_cut) {
	int unused;
};

FIXTURE_SETUP(power_cut)
{
	if (mapper_lacks)
		SKIP(return, "the kernel has no dm-log-writes (CONFIG_DM_LOG_WRITES)");
	ASSERT_EQ(NULL, failure) {
		TH_LOG("%s", failure);
	}
}

FIXTURE_TEARDOWN(power_cut)
{
}

/*
 * A whole table is always there, the newest counts to the byte, and what was programmed after it is
 * not more than is said to be uncertain.
 */
static void check_counts(struct __test_metadata *_metadata, struct replay *r)
{
	int newest = image_newest(r->image);
	bool clean;

	ASSERT_LE(0, newest);
	clean = le32toh(image_wear(r->image, newest)->clean);
	/* tables follow each other: no cut makes an older one count */
	ASSERT_GE(image_programmed(r->image, newest), r->saved);
	r->saved = image_programmed(r->image, newest);
	/* a block is counted before it is programmed */
	ASSERT_LE(r->saved, r->programmed + EXTENT);
	ASSERT_LE(r->programmed, r->saved + (clean ? 0 : LOSS));
	cut_online(_metadata, r);
	ASSERT_EQ((long long)r->saved, tiers_value("slow", "flash_programmed_bytes"));
	ASSERT_EQ(clean ? 0 : (long long)LOSS, tiers_value("slow", "flash_uncertain_bytes"));
	ASSERT_EQ(0, tiers_value("slow", "flash_retired_bytes"));
	ASSERT_EQ(0, terrace_tier_offline("slow"));
	newest = image_newest(victim.content);
	ASSERT_LE(0, newest);
	ASSERT_EQ(r->saved, image_programmed(victim.content, newest));
	ASSERT_EQ(1, le32toh(image_wear(victim.content, newest)->clean));
}

TEST_F_TIMEOUT(power_cut, wear_is_what_the_newest_whole_table_says, 120)
{
	each_cut(_metadata, check_counts);
}

/* So a second cut, in the first table after the first, leaves it. */
static void check_spared(struct __test_metadata *_metadata, struct replay *r)
{
	int newest = image_newest(r->image);
	uint64_t at = le64toh(image_super(r->image)->wear_offset[newest]);
	uint64_t bytes = le64toh(image_super(r->image)->wear_bytes);

	cut_online(_metadata, r);
	ASSERT_EQ(0, memcmp(r->image + at, victim.content + at, bytes)) {
		TH_LOG("cut %u: table %llu was overwritten by table %llu", r->cuts,
		       (unsigned long long)le64toh(image_wear(r->image, newest)->sequence),
		       (unsigned long long)le64toh(image_wear(victim.content, newest)->sequence));
		terrace_tier_offline("slow");
	}
	ASSERT_EQ(0, terrace_tier_offline("slow"));
}

TEST_F_TIMEOUT(power_cut, the_newest_whole_table_is_not_overwritten, 120)
{
	each_cut(_metadata, check_spared);
}

/* After the cut the tier comes and goes as it should: what was missing is still missing. */
static void check_uncertain(struct __test_metadata *_metadata, struct replay *r)
{
	long long missing;

	cut_online(_metadata, r);
	missing = r->programmed - tiers_value("slow", "flash_programmed_bytes");
	ASSERT_EQ(0, terrace_tier_offline("slow"));
	if (missing <= 0)
		return;
	ASSERT_EQ(0, tiers_flash_up("slow", 1, victim.path, CAPACITY, LANDING));
	ASSERT_GE(tiers_value("slow", "flash_uncertain_bytes"), missing) {
		TH_LOG("cut %u", r->cuts);
		terrace_tier_offline("slow");
	}
	ASSERT_EQ(0, terrace_tier_offline("slow"));
}

TEST_F_TIMEOUT(power_cut, what_is_uncertain_stays_so, 120)
{
	each_cut(_metadata, check_uncertain);
}

/* Sectors that the device still holds back are lost in a cut: entries, flush, header, flush. */
TEST_F(power_cut, a_header_is_written_behind_a_flush)
{
	bool flushed = true, header_safe = true;
	uint32_t i, headers = 0;

	for (i = 0; i < n_records; i++) {
		const struct record *w = &records[i];

		header_safe |= w->flags & LOG_FLUSH;
		flushed |= w->flags & LOG_FLUSH;
		if (!w->bytes)
			continue;
		ASSERT_EQ(true, header_safe);
		if (w->at >= TABLES || memcmp(w->data, TERRACE_MEDIA_WEAR_MAGIC, 8)) {
			flushed = false;
			continue;
		}
		headers++;
		ASSERT_EQ(true, flushed);
		header_safe = w->flags & LOG_FUA;
	}
	EXPECT_EQ(7, headers);
}

int main(int argc, char **argv)
{
	failure = record();
	return test_harness_run(argc, argv);
}
