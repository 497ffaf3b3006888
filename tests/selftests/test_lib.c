// SPDX-License-Identifier: LGPL-2.1-or-later
/* The public functions of libterrace end to end, and the sentences they fail with. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "tiers.h"

#define SMALL	(64ULL << 10)	/* extent of most buffers here */

FIXTURE(lib) {
	struct terrace_session *s;
	struct terrace_buffer *b;
	int fast;
	int slow;
};

FIXTURE_SETUP(lib)
{
	const struct tiers_config config = {
		.fast_bytes = 16 * MIB,
		.slow_bytes = 64 * MIB,
		.fast_classes = ALL_CLASSES,
		.slow_classes = 1U << TERRACE_CLASS_WEIGHTS | 1U << TERRACE_CLASS_KV,
	};

	self->s = NULL;
	self->b = NULL;
	ASSERT_EQ(0, tiers_up(&config));
	ASSERT_EQ(0, terrace_session_open(NULL, &self->s));
	self->fast = terrace_tier_find(self->s, "fast");
	self->slow = terrace_tier_find(self->s, "slow");
	ASSERT_LE(0, self->fast);
	ASSERT_LE(0, self->slow);
}

FIXTURE_TEARDOWN(lib)
{
	terrace_buffer_free(self->b);
	terrace_session_close(self->s);
	tiers_down();
}

/* Whether the last error has a part; if not, it is shown. */
static bool says(const char *part)
{
	if (strstr(terrace_error(), part))
		return true;
	printf("# \"%s\" does not say \"%s\"\n", terrace_error(), part);
	return false;
}

static int create(struct terrace_session *s, uint64_t bytes, int tier, struct terrace_buffer **b)
{
	const struct terrace_buffer_options o = {
		.class_id = TERRACE_CLASS_KV, .extent_bytes = SMALL, .tier = tier, .name = "lib",
	};

	return terrace_buffer_create(s, bytes, &o, b);
}

TEST_F(lib, sessions_and_tiers_describe_themselves)
{
	struct terrace_tier_info tier;
	struct terrace_ledger ledger;
	struct terrace_info info;

	ASSERT_EQ(0, terrace_session_info(self->s, &info));
	EXPECT_EQ(TERRACE_ABI_VERSION, info.abi_version);
	EXPECT_EQ(1U << self->fast | 1U << self->slow, info.tiers);
	EXPECT_LE(0, terrace_session_fd(self->s));
	ASSERT_EQ(0, terrace_tier_get(self->s, self->slow, &tier));
	EXPECT_STREQ("slow", tier.name);
	EXPECT_EQ(1, tier.rank);
	EXPECT_EQ(64 * MIB, tier.capacity_bytes);
	ASSERT_EQ(0, terrace_session_ledger(self->s, &ledger));
	EXPECT_EQ(0, ledger.steps);
	EXPECT_EQ(-ENXIO, terrace_tier_find(self->s, "slower"));
	EXPECT_TRUE(says("\"slower\" is not online; online are "));
	EXPECT_EQ(-ENXIO, terrace_tier_get(self->s, TERRACE_TIERS_MAX - 1, &tier));
	EXPECT_TRUE(says("terrace tier load"));
	EXPECT_EQ(-EPERM, terrace_advance(self->s, 1));
	EXPECT_TRUE(says("not opened as a replay"));
}

TEST_F(lib, session_options_are_explained)
{
	const struct terrace_options odd = { .ring_entries = 3 };
	const struct terrace_options both = { .ring_entries = 4, .sample_period = 2 };
	struct terrace_session *other = NULL;

	EXPECT_EQ(-EINVAL, terrace_session_open(&odd, &other));
	EXPECT_TRUE(says("ring_entries 3 must be 0 or a power of two up to 65536"));
	EXPECT_EQ(-EINVAL, terrace_session_open(&both, &other));
	EXPECT_TRUE(says("sample_period 2"));
	EXPECT_EQ(NULL, other);
}

TEST_F(lib, a_replay_needs_the_device_for_itself)
{
	const struct terrace_options replay = { .replay = true };
	struct terrace_session *other = NULL;

	ASSERT_EQ(0, create(self->s, SMALL, self->fast, &self->b));
	EXPECT_EQ(-EBUSY, terrace_session_open(&replay, &other));
	EXPECT_TRUE(says("terrace buffers"));
	terrace_buffer_free(self->b);
	self->b = NULL;
	terrace_session_close(self->s);
	self->s = NULL;
	ASSERT_EQ(0, terrace_session_open(&replay, &self->s));
	/* more than the kernel takes at once */
	EXPECT_EQ(0, terrace_advance(self->s, 2 * TERRACE_ADVANCE_NS_MAX + 5));
	ASSERT_EQ(0, terrace_session_open(NULL, &other));
	EXPECT_EQ(-EBUSY, create(other, SMALL, self->fast, &self->b));
	EXPECT_TRUE(says("replay"));
	terrace_session_close(other);
}

/* Every extent size, of one extent, where the kernel aligns less, and of several. */
TEST_F(lib, mappings_are_aligned_to_extents)
{
	uint32_t extent;
	int n;

	for (extent = 4096; extent <= 2 * MIB; extent *= 2) {
		struct terrace_buffer_options o = {
			.class_id = TERRACE_CLASS_WEIGHTS, .extent_bytes = extent,
			.tier = TERRACE_TIER_ANY,
		};

		for (n = 1; n <= 5; n += 2) {
			struct terrace_buffer *b;

			ASSERT_EQ(0, terrace_buffer_create(self->s, extent * (n - 1ULL) + 1, &o,
							   &b));
			EXPECT_EQ(extent, terrace_buffer_extent_bytes(b));
			EXPECT_EQ(extent * (uint64_t)n, terrace_buffer_bytes(b));
			EXPECT_EQ(0, (uintptr_t)terrace_buffer_data(b) % extent);
			memset(terrace_buffer_data(b), 1, terrace_buffer_bytes(b));
			terrace_buffer_free(b);
		}
	}
	EXPECT_EQ(0, tiers_value("fast", "used_bytes"));
}

TEST_F(lib, buffers_say_why_there_is_no_room)
{
	struct terrace_buffer_options o = {
		.class_id = TERRACE_CLASS_ACTIVATION, .tier = TERRACE_TIER_ANY,
	};

	EXPECT_EQ(-ENOSPC, terrace_buffer_create(self->s, 20 * MIB, &o, &self->b));
	EXPECT_TRUE(says("20971520 bytes of class activation do not fit on the tiers that allow"));
	EXPECT_TRUE(says("4194304 bytes are missing"));
	o.tier = self->slow;
	EXPECT_EQ(-EXDEV, terrace_buffer_create(self->s, MIB, &o, &self->b));
	EXPECT_TRUE(says("slow does not allow class activation"));
	o.class_id = TERRACE_CLASS_KV;
	o.strict = true;
	EXPECT_EQ(-ENOSPC, terrace_buffer_create(self->s, 66 * MIB, &o, &self->b));
	EXPECT_TRUE(says("do not fit on slow: 2097152 bytes are missing"));
	o.tier = 9;
	EXPECT_EQ(-ENXIO, terrace_buffer_create(self->s, MIB, &o, &self->b));
	EXPECT_TRUE(says("tier 9 is not online"));
	o.tier = self->fast;
	EXPECT_EQ(-EINVAL, terrace_buffer_create(self->s, 0, &o, &self->b));
	EXPECT_TRUE(says("at least 1 byte"));
	o.name = "caf\xe9";
	EXPECT_EQ(-EINVAL, terrace_buffer_create(self->s, MIB, &o, &self->b));
	EXPECT_EQ(NULL, self->b);
}

TEST_F(lib, buffers_are_opened_by_id)
{
	struct terrace_buffer *other = NULL;
	struct terrace_buffer_info info;
	char text[5];

	ASSERT_EQ(0, create(self->s, 4 * SMALL, self->fast, &self->b));
	strcpy(terrace_buffer_data(self->b), "here");
	ASSERT_EQ(0, terrace_buffer_open(self->s, terrace_buffer_id(self->b), &other));
	EXPECT_EQ(NULL, terrace_buffer_data(other));
	EXPECT_EQ(4 * SMALL, terrace_buffer_bytes(other));
	EXPECT_EQ(SMALL, terrace_buffer_extent_bytes(other));
	EXPECT_EQ(5, pread(terrace_buffer_fd(other), text, 5, 0));
	EXPECT_STREQ("here", text);
	ASSERT_EQ(0, terrace_buffer_info(other, &info));
	EXPECT_STREQ("lib", info.name);
	EXPECT_EQ(TERRACE_CLASS_KV, info.class_id);
	EXPECT_EQ(4 * SMALL, info.tier_bytes[self->fast]);
	terrace_buffer_free(other);
	EXPECT_EQ(-ENOENT, terrace_buffer_open(self->s, UINT32_MAX, &other));
	EXPECT_TRUE(says("there is no buffer 4294967295"));
}

TEST_F(lib, buffers_outlive_their_session)
{
	struct terrace_buffer_info info;

	ASSERT_EQ(0, create(self->s, 2 * SMALL, self->fast, &self->b));
	terrace_session_close(self->s);
	self->s = NULL;
	memset(terrace_buffer_data(self->b), 7, 2 * SMALL);
	EXPECT_EQ(0, terrace_migrate(self->b, 0, 2 * SMALL, self->slow, NULL));
	ASSERT_EQ(0, terrace_buffer_info(self->b, &info));
	EXPECT_EQ(0, info.session);
	EXPECT_EQ(7, ((char *)terrace_buffer_data(self->b))[2 * SMALL - 1]);
}

TEST_F(lib, ranges_are_sealed_discarded_and_queried)
{
	struct terrace_extent_info extents[4];
	char *data;

	ASSERT_EQ(0, create(self->s, 4 * SMALL, self->fast, &self->b));
	data = terrace_buffer_data(self->b);
	data[SMALL] = 'x';
	ASSERT_EQ(0, terrace_seal(self->b, SMALL, SMALL));
	ASSERT_EQ(0, terrace_query(self->b, 0, 4 * SMALL, extents));
	EXPECT_EQ(self->fast, extents[1].tier);
	EXPECT_NE(0, extents[1].flags & TERRACE_EXTENT_SEALED);
	EXPECT_EQ(0, extents[0].flags & TERRACE_EXTENT_SEALED);
	EXPECT_EQ(-1, pwrite(terrace_buffer_fd(self->b), "y", 1, SMALL));
	EXPECT_EQ(EROFS, errno);
	ASSERT_EQ(0, terrace_discard(self->b, SMALL, SMALL));
	EXPECT_EQ(0, data[SMALL]);
	data[SMALL] = 'z';
	EXPECT_EQ(-EINVAL, terrace_seal(self->b, 0, SMALL + 1));
	EXPECT_TRUE(says("cannot seal bytes 0+65537"));
	EXPECT_TRUE(says("whole extents of 65536 bytes within its 262144 bytes"));
	EXPECT_EQ(-EINVAL, terrace_discard(self->b, 4 * SMALL, SMALL));
	EXPECT_TRUE(says("cannot discard"));
	EXPECT_EQ(-EINVAL, terrace_query(self->b, SMALL, 4 * SMALL, extents));
	EXPECT_TRUE(says("cannot query"));
}

TEST_F(lib, a_pinnable_buffer_says_why_it_is_not_sealed)
{
	const struct terrace_buffer_options o = {
		.class_id = TERRACE_CLASS_KV, .tier = self->fast, .pinnable = true,
	};

	ASSERT_EQ(0, terrace_buffer_create(self->s, EXTENT, &o, &self->b));
	EXPECT_EQ(-EOPNOTSUPP, terrace_seal(self->b, 0, EXTENT));
	EXPECT_TRUE(says("it is pinnable"));
}

TEST_F(lib, migration_says_what_stopped_it)
{
	struct terrace_move moves[3] = { { 0 } };
	uint64_t moved = 0;

	ASSERT_EQ(0, create(self->s, 24 * MIB, self->slow, &self->b));
	EXPECT_EQ(-ENOSPC, terrace_migrate(self->b, 0, 24 * MIB, self->fast, &moved));
	EXPECT_EQ(16 * MIB, moved);
	EXPECT_TRUE(says("is full, 8388608 bytes"));
	EXPECT_TRUE(says("from 16777216 on"));
	EXPECT_EQ(-ENXIO, terrace_migrate(self->b, 0, SMALL, 9, &moved));
	EXPECT_TRUE(says("tier 9 is not online"));
	EXPECT_EQ(-EINVAL, terrace_migrate(self->b, 1, SMALL, self->slow, NULL));
	EXPECT_TRUE(says("cannot migrate bytes 1+65536"));
	moves[0] = (struct terrace_move){ .bytes = SMALL, .tier = self->slow };
	moves[1] = (struct terrace_move){ .offset = 3, .bytes = SMALL, .tier = self->slow };
	moves[2] = (struct terrace_move){ .offset = SMALL, .bytes = SMALL, .tier = self->slow };
	ASSERT_EQ(0, terrace_migrate_moves(self->b, moves, 3, &moved));
	EXPECT_EQ(2 * SMALL, moved);
	EXPECT_EQ(0, moves[0].error);
	EXPECT_EQ(-EINVAL, moves[1].error);
	EXPECT_STREQ("range", terrace_strreason(moves[1].reason));
	EXPECT_EQ(0, moves[2].error);
	EXPECT_EQ(-EINVAL, terrace_migrate_moves(self->b, moves, 0, &moved));
	EXPECT_TRUE(says("1 to 256 ranges"));
	EXPECT_EQ(-EINVAL, terrace_migrate_moves(self->b, moves, TERRACE_MOVES_MAX + 1, NULL));
}

static int tier_of(struct terrace_buffer *b, uint64_t offset)
{
	struct terrace_extent_info extent;

	return terrace_query(b, offset, SMALL, &extent) ? -1 : extent.tier;
}

TEST_F(lib, advice_moves_what_it_can)
{
	struct terrace_buffer *rest = NULL;
	char *data;

	ASSERT_EQ(0, create(self->s, 4 * SMALL, self->fast, &self->b));
	data = terrace_buffer_data(self->b);
	memset(data, 3, 4 * SMALL);
	ASSERT_EQ(0, terrace_advise(self->s, self->b, SMALL, SMALL, TERRACE_ADVICE_COLD));
	EXPECT_EQ(self->fast, tier_of(self->b, 0));
	EXPECT_EQ(self->slow, tier_of(self->b, SMALL));
	EXPECT_EQ(self->fast, tier_of(self->b, 2 * SMALL));
	/* the lowest tier already, and no room above: both are no errors */
	ASSERT_EQ(0, terrace_advise(self->s, self->b, SMALL, SMALL, TERRACE_ADVICE_COLD));
	ASSERT_EQ(0, create(self->s, 16 * MIB - 3 * SMALL, self->fast, &rest));
	ASSERT_EQ(0, terrace_advise(self->s, self->b, 0, 4 * SMALL, TERRACE_ADVICE_HOT));
	EXPECT_EQ(self->slow, tier_of(self->b, SMALL));
	terrace_buffer_free(rest);
	ASSERT_EQ(0, terrace_advise(self->s, self->b, 0, 4 * SMALL, TERRACE_ADVICE_HOT));
	EXPECT_EQ(self->fast, tier_of(self->b, SMALL));
	EXPECT_EQ(3, data[2 * SMALL - 1]);
	ASSERT_EQ(0, terrace_advise(self->s, self->b, SMALL, SMALL, TERRACE_ADVICE_DONTNEED));
	EXPECT_EQ(0, data[SMALL]);
	EXPECT_EQ(3, data[2 * SMALL]);
	EXPECT_EQ(-EINVAL, terrace_advise(self->s, self->b, 0, 5 * SMALL, TERRACE_ADVICE_HOT));
	EXPECT_TRUE(says("give advice on"));
}

/* ---- steps ---- */

#define THREADS	4
#define RECORDS	500

struct recorder {
	struct terrace_session *s;
	pthread_t thread;
	uint32_t buffer;
	int failures;
};

static void *record(void *context)
{
	struct recorder *r = context;
	int i;

	for (i = 0; i < RECORDS; i++)
		r->failures += terrace_record(r->s, r->buffer, TERRACE_ACCESS_READ, 0, 64) != 0;
	return NULL;
}

TEST_F(lib, threads_share_a_ring)
{
	const struct terrace_options o = { .ring_entries = 16 };
	struct recorder recorders[THREADS];
	struct terrace_step_end end;
	struct terrace_session *s;
	int i;

	ASSERT_EQ(0, terrace_session_open(&o, &s));
	ASSERT_EQ(0, create(s, SMALL, self->fast, &self->b));
	ASSERT_EQ(0, terrace_step_begin(s, TERRACE_STEP_DECODE, 0, 1, 1));
	for (i = 0; i < THREADS; i++) {
		recorders[i] = (struct recorder){ .s = s, .buffer = terrace_buffer_id(self->b) };
		ASSERT_EQ(0, pthread_create(&recorders[i].thread, NULL, record, &recorders[i]));
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(recorders[i].thread, NULL);
		EXPECT_EQ(0, recorders[i].failures);
	}
	ASSERT_EQ(0, terrace_step_end(s, &end));
	EXPECT_EQ(THREADS * RECORDS, end.records);
	EXPECT_EQ(0, end.rejected);
	EXPECT_EQ(THREADS * RECORDS * 64, end.model_tier_read_bytes[self->fast]);
	terrace_session_close(s);
}

TEST_F(lib, steps_say_what_is_out_of_order)
{
	const struct terrace_options o = { .ring_entries = 2 };
	struct terrace_session *s;

	EXPECT_EQ(-ESRCH, terrace_step_end(self->s, NULL));
	EXPECT_TRUE(says("terrace_step_begin()"));
	EXPECT_EQ(-EOPNOTSUPP, terrace_record(self->s, 1, TERRACE_ACCESS_READ, 0, 1));
	EXPECT_TRUE(says("ring_entries"));
	EXPECT_EQ(-EINVAL, terrace_step_begin(self->s, 2, 0, 0, 0));
	EXPECT_TRUE(says("kind 2"));
	ASSERT_EQ(0, terrace_step_begin(self->s, TERRACE_STEP_PREFILL, 0, 1, 1));
	EXPECT_EQ(-EBUSY, terrace_step_begin(self->s, TERRACE_STEP_PREFILL, 0, 1, 1));
	EXPECT_TRUE(says("terrace_step_end()"));
	EXPECT_EQ(0, terrace_step_end(self->s, NULL));
	ASSERT_EQ(0, terrace_session_open(&o, &s));
	EXPECT_EQ(0, terrace_record(s, 1, TERRACE_ACCESS_READ, 0, 1));
	EXPECT_EQ(0, terrace_record(s, 1, TERRACE_ACCESS_READ, 0, 1));
	EXPECT_EQ(-ESRCH, terrace_record(s, 1, TERRACE_ACCESS_READ, 0, 1));
	EXPECT_TRUE(says("the ring of 2 records is full and no step is running"));
	terrace_session_close(s);
}

/* ---- the KV pool in a real buffer ---- */

TEST_F(lib, kv_blocks_keep_their_bytes_where_they_go)
{
	struct terrace_kv_pool *pool;
	uint32_t first, second;

	ASSERT_EQ(0, create(self->s, MIB, self->fast, &self->b));
	pool = terrace_kv_pool_create(self->b, SMALL);
	ASSERT_NE(NULL, pool);
	first = terrace_kv_alloc(pool);
	second = terrace_kv_alloc(pool);
	memset(terrace_kv_data(pool, first), 1, SMALL);
	memset(terrace_kv_data(pool, second), 2, SMALL);
	ASSERT_EQ(0, terrace_kv_publish(pool, first, 99));
	ASSERT_EQ(0, terrace_kv_put(pool, first));
	ASSERT_EQ(0, terrace_migrate(self->b, terrace_kv_offset(pool, first), SMALL, self->slow,
				     NULL));
	EXPECT_EQ(first, terrace_kv_lookup(pool, 99));
	EXPECT_EQ(1, ((char *)terrace_kv_data(pool, first))[SMALL - 1]);
	EXPECT_EQ(2, ((char *)terrace_kv_data(pool, second))[0]);
	terrace_kv_pool_free(pool);
}

/* ---- control ---- */

TEST_F(lib, control_refuses_and_leaves_nothing_behind)
{
	struct terrace_device_config device = { .accel = { .efficiency_permille = 1000 } };
	struct terrace_tier_config c = {
		.name = "third", .backing = "mem:0", .rank = 0, .classes = ALL_CLASSES,
		.profile = {
			.capacity_bytes = 4096, .read_bps = 1000000, .write_bps = 1000000,
			.read_granule_bytes = 64, .write_granule_bytes = 64, .channels = 1,
			.waf_permille = 1000,
		},
	};

	EXPECT_EQ(-EBUSY, terrace_device_configure(&device));
	EXPECT_TRUE(says("terrace tier unload"));
	EXPECT_EQ(-EBUSY, terrace_tier_online(&c));
	EXPECT_TRUE(says("rank 0 is taken"));
	c.rank = 2;
	c.backing = "mem:9";
	EXPECT_EQ(-ENODEV, terrace_tier_online(&c));
	EXPECT_TRUE(says("mem:9"));
	c.backing = "blk:/dev/null";
	EXPECT_EQ(-ENOTBLK, terrace_tier_online(&c));
	EXPECT_TRUE(says("blk:/dev/null"));
	c.backing = "mem:0";
	c.classes = 0;
	EXPECT_EQ(-EINVAL, terrace_tier_online(&c));
	EXPECT_TRUE(says("classes 0 of tier third"));
	c.classes = 1U << TERRACE_CLASSES;
	EXPECT_EQ(-EINVAL, terrace_tier_online(&c));
	c.classes = ALL_CLASSES;
	c.profile.read_bps = 1;
	EXPECT_EQ(-EINVAL, terrace_tier_online(&c));
	EXPECT_TRUE(says("read_bps of tier third is 1, not 1000000 to 1000000000000000"));
	c.profile.read_bps = 1000000;
	c.name = "slow";
	EXPECT_EQ(-EEXIST, terrace_tier_online(&c));
	c.name = "a/b";
	EXPECT_EQ(-EINVAL, terrace_tier_online(&c));
	EXPECT_NE(0, access("/sys/kernel/config/terrace/tiers/third", F_OK));
	c.name = "third";
	ASSERT_EQ(0, terrace_tier_online(&c));
	EXPECT_EQ(4096, tiers_value("third", "capacity_bytes"));
	EXPECT_EQ(0, terrace_tier_offline("third"));
	EXPECT_EQ(-ENOENT, terrace_tier_offline("third"));
	EXPECT_TRUE(says("there is no tier third"));
}

TEST_F(lib, a_tier_that_cannot_be_emptied_stays)
{
	ASSERT_EQ(0, create(self->s, 70 * MIB, self->slow, &self->b));
	EXPECT_EQ(-EBUSY, terrace_tier_offline("slow"));
	EXPECT_TRUE(says("tier slow cannot go offline"));
	EXPECT_LE(0, terrace_tier_find(self->s, "slow"));
}

TEST_HARNESS_MAIN
