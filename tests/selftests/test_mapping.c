// SPDX-License-Identifier: LGPL-2.1-or-later
/* Mapping and seal rules: private, mprotect, fork, mremap, madvise, partial munmap, SIGBUS. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus.h"
#include "kselftest_harness.h"
#include "tiers.h"

FIXTURE(mapping) {
	struct terrace_session *s;
	struct terrace_buffer *b;
	char *data;
	int fd;
};

FIXTURE_SETUP(mapping)
{
	struct terrace_buffer_options o = { .class_id = TERRACE_CLASS_WEIGHTS };

	ASSERT_EQ(0, tiers_up_default());
	ASSERT_EQ(0, terrace_session_open(NULL, &self->s));
	o.tier = terrace_tier_find(self->s, "slow");
	ASSERT_EQ(0, terrace_buffer_create(self->s, 4 * EXTENT, &o, &self->b));
	self->data = terrace_buffer_data(self->b);
	self->fd = terrace_buffer_fd(self->b);
	memset(self->data, 0x5a, 4 * EXTENT);
}

FIXTURE_TEARDOWN(mapping)
{
	terrace_buffer_free(self->b);
	terrace_session_close(self->s);
	EXPECT_EQ(0, tiers_value("slow", "used_bytes"));
	tiers_down();
}

TEST_F(mapping, private_and_oversized_mappings_are_refused)
{
	EXPECT_EQ(MAP_FAILED, mmap(NULL, EXTENT, PROT_READ, MAP_PRIVATE, self->fd, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, EXTENT, PROT_READ, MAP_SHARED, self->fd, 4 * EXTENT));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 5 * EXTENT, PROT_READ, MAP_SHARED, self->fd, 0));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(mapping, a_sealed_range_is_immutable)
{
	char byte = 7;
	char *ro, *rw;

	ASSERT_EQ(0, terrace_seal(self->b, EXTENT, EXTENT));
	EXPECT_EQ(0, terrace_seal(self->b, EXTENT, EXTENT));
	EXPECT_EQ(1, bus_store(self->data + EXTENT, 1));
	EXPECT_EQ(0, bus_load(self->data + EXTENT));
	EXPECT_EQ(0x5a, self->data[EXTENT]);
	EXPECT_EQ(0, bus_store(self->data, 1));
	EXPECT_EQ(-1, pwrite(self->fd, &byte, 1, EXTENT));
	EXPECT_EQ(EROFS, errno);
	EXPECT_EQ(1, pwrite(self->fd, &byte, 1, 0));

	/* mprotect cannot widen what is sealed */
	ro = mmap(NULL, 4 * EXTENT, PROT_READ, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, ro);
	EXPECT_EQ(0, mprotect(ro, 4 * EXTENT, PROT_READ | PROT_WRITE));
	EXPECT_EQ(1, bus_store(ro + EXTENT + 4096, 1));
	munmap(ro, 4 * EXTENT);

	ASSERT_EQ(0, terrace_seal(self->b, 0, 4 * EXTENT));
	rw = mmap(NULL, EXTENT, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd, 0);
	EXPECT_EQ(MAP_FAILED, rw);
	EXPECT_EQ(EROFS, errno);

	/* moving does not unseal, discarding does */
	EXPECT_EQ(0, terrace_migrate(self->b, EXTENT, EXTENT,
				     terrace_tier_find(self->s, "fast"), NULL));
	EXPECT_EQ(1, bus_store(self->data + EXTENT, 1));
	EXPECT_EQ(0x5a, self->data[EXTENT]);
	EXPECT_EQ(0, terrace_discard(self->b, EXTENT, EXTENT));
	EXPECT_EQ(0, bus_store(self->data + EXTENT, 1));
	EXPECT_EQ(1, self->data[EXTENT]);
}

TEST_F(mapping, a_pinnable_buffer_cannot_be_sealed)
{
	struct terrace_buffer_options o = {
		.class_id = TERRACE_CLASS_KV, .tier = TERRACE_TIER_ANY, .pinnable = true,
	};
	struct terrace_buffer *b;

	ASSERT_EQ(0, terrace_buffer_create(self->s, EXTENT, &o, &b));
	EXPECT_EQ(-EOPNOTSUPP, terrace_seal(b, 0, EXTENT));
	terrace_buffer_free(b);
}

TEST_F(mapping, fork_shares_the_pages)
{
	int status;
	pid_t pid = fork();

	ASSERT_GE(pid, 0);
	if (!pid) {
		if (self->data[EXTENT] != 0x5a)
			_exit(1);
		self->data[EXTENT] = 0x11;
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0x11, self->data[EXTENT]);
	EXPECT_EQ(0, terrace_migrate(self->b, 0, 4 * EXTENT,
				     terrace_tier_find(self->s, "fast"), NULL));
	EXPECT_EQ(0x11, self->data[EXTENT]);
}

TEST_F(mapping, mremap_and_partial_munmap)
{
	char *twin = mmap(NULL, 4 * EXTENT, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd, 0);
	char *moved;

	ASSERT_NE(MAP_FAILED, twin);
	EXPECT_EQ(0x5a, twin[0]);
	ASSERT_EQ(0, munmap(twin, 4096));		/* splits a huge mapping */
	EXPECT_EQ(0x5a, twin[4096]);
	ASSERT_EQ(0, munmap(twin + EXTENT + 8192, 4096));
	twin[EXTENT] = 3;
	EXPECT_EQ(3, self->data[EXTENT]);
	moved = mremap(twin + 2 * EXTENT, EXTENT, EXTENT, MREMAP_MAYMOVE);
	ASSERT_NE(MAP_FAILED, moved);
	EXPECT_EQ(0x5a, moved[0]);
	moved = mremap(moved, EXTENT, 2 * EXTENT, MREMAP_MAYMOVE);
	if (moved != MAP_FAILED) {
		EXPECT_EQ(0x5a, moved[EXTENT]);
		munmap(moved, 2 * EXTENT);
	}
	EXPECT_EQ(0, terrace_migrate(self->b, 0, 4 * EXTENT,
				     terrace_tier_find(self->s, "fast"), NULL));
	EXPECT_EQ(0x5a, twin[4096]);
	munmap(twin, 4 * EXTENT);
}

TEST_F(mapping, mremap_past_the_end_is_sigbus)
{
	char *twin = mmap(NULL, EXTENT, PROT_READ, MAP_SHARED, self->fd, 3 * EXTENT);
	char *grown;

	ASSERT_NE(MAP_FAILED, twin);
	grown = mremap(twin, EXTENT, 2 * EXTENT, MREMAP_MAYMOVE);
	ASSERT_NE(MAP_FAILED, grown);
	EXPECT_EQ(0, bus_load(grown));
	EXPECT_EQ(1, bus_load(grown + EXTENT));
	munmap(grown, 2 * EXTENT);
}

TEST_F(mapping, madvise_loses_nothing)
{
	static const int advices[] = {
		MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED,
		MADV_COLD, MADV_PAGEOUT, MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_DONTDUMP,
		MADV_POPULATE_READ, MADV_POPULATE_WRITE, 25 /* MADV_COLLAPSE */, MADV_REMOVE,
		MADV_FREE, MADV_MERGEABLE, MADV_HWPOISON + 1,
	};
	size_t i, at;
	int wrong = 0;

	for (i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
		madvise(self->data + 4096, 2 * EXTENT, advices[i]);
		madvise(self->data, 4 * EXTENT, advices[i]);
		for (at = 0; at < 4 * EXTENT; at += 512)
			wrong += self->data[at] != 0x5a;
		EXPECT_EQ(0, wrong) {
			TH_LOG("advice %d", advices[i]);
		}
	}
	EXPECT_EQ(0, mlock(self->data, 4 * EXTENT));
	EXPECT_EQ(0, terrace_migrate(self->b, 0, 4 * EXTENT,
				     terrace_tier_find(self->s, "fast"), NULL));
	EXPECT_EQ(0, munlock(self->data, 4 * EXTENT));
	EXPECT_EQ(0x5a, self->data[0]);
}

TEST_F(mapping, direct_io_into_the_mapping)
{
	char name[] = "/tmp/terrace-directXXXXXX";
	int file = mkstemp(name);
	char *copy = malloc(EXTENT);

	ASSERT_GE(file, 0);
	ASSERT_NE(NULL, copy);
	unlink(name);
	memset(copy, 0x77, EXTENT);
	ASSERT_EQ((ssize_t)EXTENT, write(file, copy, EXTENT));
	EXPECT_EQ((ssize_t)EXTENT, pread(file, self->data, EXTENT, 0));
	EXPECT_EQ(0x77, self->data[EXTENT - 1]);
	close(file);

	/* the guest's NVMe disk takes direct I/O; reading it changes nothing on it */
	file = open("/dev/nvme0n1", O_RDONLY | O_DIRECT);
	if (file < 0) {
		free(copy);
		SKIP(return, "no /dev/nvme0n1 to read directly from");
	}
	ASSERT_EQ((ssize_t)EXTENT, pread(file, self->data, EXTENT, 0));
	close(file);
	file = open("/dev/nvme0n1", O_RDONLY);
	ASSERT_EQ((ssize_t)EXTENT, pread(file, copy, EXTENT, 0));
	EXPECT_EQ(0, memcmp(copy, self->data, EXTENT));
	close(file);
	free(copy);
}

TEST_F(mapping, another_process_reads_through_the_kernel)
{
	char copy[4096];
	struct iovec local = { copy, sizeof(copy) };
	struct iovec remote = { self->data + EXTENT, sizeof(copy) };

	EXPECT_EQ((ssize_t)sizeof(copy), process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
	EXPECT_EQ(0x5a, copy[100]);
}

/* Extents of 64 KiB: what is touched maps as a whole. */
#define SMALL	65536UL
#define SMALLS	32
#define PAGE	4096UL

FIXTURE(small) {
	struct terrace_session *s;
	struct terrace_buffer *b;
	char *data;
	int fd;
};

FIXTURE_VARIANT(small) {
	bool pinnable;
};

FIXTURE_VARIANT_ADD(small, tracked) {
	.pinnable = false,
};

FIXTURE_VARIANT_ADD(small, pinnable) {
	.pinnable = true,
};

/* What is in a page of the buffer. */
static char mark(unsigned long page)
{
	return 1 + page % 127;
}

FIXTURE_SETUP(small)
{
	struct terrace_buffer_options o = {
		.class_id = TERRACE_CLASS_WEIGHTS, .extent_bytes = SMALL,
		.pinnable = variant->pinnable,
	};
	char page[PAGE];
	unsigned long at;

	ASSERT_EQ(0, tiers_up_default());
	ASSERT_EQ(0, terrace_session_open(NULL, &self->s));
	o.tier = terrace_tier_find(self->s, "slow");
	ASSERT_EQ(0, terrace_buffer_create(self->s, SMALLS * SMALL, &o, &self->b));
	self->data = terrace_buffer_data(self->b);
	self->fd = terrace_buffer_fd(self->b);
	/* written, but not mapped */
	for (at = 0; at < SMALLS * SMALL; at += PAGE) {
		memset(page, mark(at / PAGE), PAGE);
		ASSERT_EQ((ssize_t)PAGE, pwrite(self->fd, page, PAGE, at));
	}
}

FIXTURE_TEARDOWN(small)
{
	terrace_buffer_free(self->b);
	terrace_session_close(self->s);
	EXPECT_EQ(0, tiers_value("slow", "used_bytes"));
	EXPECT_EQ(0, tiers_value("fast", "used_bytes"));
	tiers_down();
}

/* How many pages of a mapping do not hold what they should; @from is the first one's number. */
static int wrong_pages(const char *data, unsigned long from, unsigned long pages)
{
	unsigned long i;
	int wrong = 0;

	for (i = 0; i < pages; i++)
		wrong += data[i * PAGE] != mark(from + i) ||
			 data[i * PAGE + PAGE - 1] != mark(from + i);
	return wrong;
}

/* How many pages of a mapping are present, by the page tables; -1 when they cannot be read. */
static int present(const char *data, unsigned long pages)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	unsigned long i;
	uint64_t entry;
	int n = 0;

	for (i = 0; i < pages && n >= 0; i++) {
		if (pread(fd, &entry, 8, ((uintptr_t)data / PAGE + i) * 8) != 8)
			n = -1;
		else
			n += entry >> 63;
	}
	close(fd);
	return n;
}

static long long faults(void)
{
	return tiers_value("slow", "faults") + tiers_value("fast", "faults");
}

TEST_F(small, one_fault_maps_an_extent)
{
	long long before = faults();
	unsigned long i;

	EXPECT_EQ(0, present(self->data, SMALLS * SMALL / PAGE));
	EXPECT_EQ(mark(3 * 16 + 5), self->data[3 * SMALL + 5 * PAGE]);
	EXPECT_EQ(before + 1, faults());
	EXPECT_EQ(16, present(self->data, SMALLS * SMALL / PAGE));
	EXPECT_EQ(16, present(self->data + 3 * SMALL, 16));
	EXPECT_EQ(0, wrong_pages(self->data + 3 * SMALL, 3 * 16, 16));
	EXPECT_EQ(before + 1, faults());
	/* each from another page of it */
	for (i = 0; i < SMALLS; i++)
		EXPECT_EQ(mark(i * 16 + i % 16), self->data[i * SMALL + i % 16 * PAGE]);
	EXPECT_EQ(before + SMALLS, faults());
	EXPECT_EQ(0, wrong_pages(self->data, 0, SMALLS * 16));
	EXPECT_EQ(before + SMALLS, faults());

	/* a migration takes all of it away */
	ASSERT_EQ(0, terrace_migrate(self->b, SMALL, SMALL, terrace_tier_find(self->s, "fast"),
				     NULL));
	EXPECT_EQ(0, present(self->data + SMALL, 16));
	EXPECT_EQ(0, wrong_pages(self->data + SMALL, 16, 16));
	EXPECT_EQ(before + SMALLS + 1, faults());
}

TEST_F(small, a_store_maps_what_may_be_written)
{
	struct terrace_extent_info info[SMALLS];
	long long before = faults();
	int i;

	ASSERT_EQ(0, terrace_discard(self->b, 0, SMALLS * SMALL));
	self->data[SMALL + 7 * PAGE] = 1;
	EXPECT_EQ(variant->pinnable ? 16 : 1, present(self->data, SMALLS * SMALL / PAGE));
	EXPECT_EQ(0, self->data[SMALL + 8 * PAGE]);
	EXPECT_EQ(16, present(self->data, SMALLS * SMALL / PAGE));
	EXPECT_EQ(before + (variant->pinnable ? 1 : 2), faults());
	for (i = 0; i < 16; i++)
		self->data[SMALL + i * PAGE] = i + 1;
	EXPECT_EQ(before + (variant->pinnable ? 1 : 2), faults());
	for (i = 0; i < 16; i++)
		EXPECT_EQ(i + 1, self->data[SMALL + i * PAGE]);

	/* to be mapped is not to be written, where writes are told */
	EXPECT_EQ(0, self->data[3 * SMALL]);
	ASSERT_EQ(0, terrace_query(self->b, 0, SMALLS * SMALL, info));
	for (i = 0; i < SMALLS; i++)
		EXPECT_EQ(i == 1 || (variant->pinnable && i == 3),
			  !!(info[i].flags & TERRACE_EXTENT_DIRTY));
	self->data[3 * SMALL + 9 * PAGE] = 1;
	ASSERT_EQ(0, terrace_query(self->b, 3 * SMALL, SMALL, info));
	EXPECT_NE(0, info[0].flags & TERRACE_EXTENT_DIRTY);
}

TEST_F(small, a_mapping_is_not_left)
{
	long long before = faults();
	char *at;

	/* from within an extent into another */
	at = mmap(NULL, SMALL, PROT_READ, MAP_SHARED, self->fd, SMALL + 5 * PAGE);
	ASSERT_NE(MAP_FAILED, at);
	EXPECT_EQ(mark(16 + 5), at[0]);
	EXPECT_EQ(11, present(at, 16));
	EXPECT_EQ(mark(32 + 4), at[15 * PAGE]);
	EXPECT_EQ(16, present(at, 16));
	EXPECT_EQ(before + 2, faults());
	EXPECT_EQ(0, wrong_pages(at, 16 + 5, 16));
	munmap(at, SMALL);

	/* what is left of one of which a part is gone */
	ASSERT_EQ(0, munmap(self->data + 4 * SMALL, 3 * PAGE));
	ASSERT_EQ(0, munmap(self->data + 4 * SMALL + 10 * PAGE, PAGE));
	EXPECT_EQ(mark(64 + 12), self->data[4 * SMALL + 12 * PAGE]);
	EXPECT_EQ(5, present(self->data + 4 * SMALL, 16));
	EXPECT_EQ(0, wrong_pages(self->data + 4 * SMALL + 11 * PAGE, 64 + 11, 5));
	EXPECT_EQ(0, wrong_pages(self->data + 4 * SMALL + 3 * PAGE, 64 + 3, 7));
	EXPECT_EQ(12, present(self->data + 4 * SMALL, 16));
	EXPECT_EQ(before + 4, faults());
	EXPECT_EQ(0, present(self->data, 4 * 16));
	EXPECT_EQ(0, present(self->data + 5 * SMALL, 16));
}

TEST_F(small, what_is_mapped_is_left_alone)
{
	long long before;

	EXPECT_EQ(0, wrong_pages(self->data, 0, 32));
	before = faults();
	ASSERT_EQ(0, madvise(self->data, PAGE, MADV_DONTNEED));
	ASSERT_EQ(0, madvise(self->data + 3 * PAGE, 2 * PAGE, MADV_DONTNEED));
	ASSERT_EQ(0, madvise(self->data + 12 * PAGE, PAGE, MADV_DONTNEED));
	ASSERT_EQ(0, madvise(self->data + 15 * PAGE, 2 * PAGE, MADV_DONTNEED));
	EXPECT_EQ(26, present(self->data, 32));
	EXPECT_EQ(mark(4), self->data[4 * PAGE]);
	EXPECT_EQ(16, present(self->data, 16));
	EXPECT_EQ(15, present(self->data + SMALL, 16));
	EXPECT_EQ(before + 1, faults());
	EXPECT_EQ(0, wrong_pages(self->data, 0, 32));
	EXPECT_EQ(before + 2, faults());
	/* every page is counted: a migration finds no reference that it does not know */
	EXPECT_EQ(0, terrace_migrate(self->b, 0, SMALLS * SMALL,
				     terrace_tier_find(self->s, "fast"), NULL));
	EXPECT_EQ(0, wrong_pages(self->data, 0, SMALLS * 16));
}

TEST_F(small, a_sealed_extent_takes_no_store)
{
	int i;

	if (variant->pinnable) {
		EXPECT_EQ(-EOPNOTSUPP, terrace_seal(self->b, 0, 2 * SMALL));
		return;
	}
	EXPECT_EQ(0, wrong_pages(self->data, 0, 16));
	EXPECT_EQ(0, bus_store(self->data + 2 * PAGE, 0));
	ASSERT_EQ(0, terrace_seal(self->b, 0, 2 * SMALL));
	for (i = 0; i < 32; i += 5) {
		EXPECT_EQ(1, bus_store(self->data + i * PAGE, 1));
		EXPECT_EQ(0, bus_load(self->data + i * PAGE));
		EXPECT_EQ(1, bus_store(self->data + i * PAGE, 1));
	}
	EXPECT_EQ(0, bus_store(self->data + 2 * SMALL, 0));
	/* nor after it was made readable alone and writable again, or mapped again */
	ASSERT_EQ(0, mprotect(self->data, 2 * SMALL, PROT_READ));
	EXPECT_EQ(0, wrong_pages(self->data, 0, 32));
	ASSERT_EQ(0, mprotect(self->data, 2 * SMALL, PROT_READ | PROT_WRITE));
	EXPECT_EQ(1, bus_store(self->data + PAGE, 1));
	EXPECT_EQ(0, terrace_migrate(self->b, 0, SMALL, terrace_tier_find(self->s, "fast"), NULL));
	EXPECT_EQ(0, bus_load(self->data));
	EXPECT_EQ(1, bus_store(self->data + 9 * PAGE, 1));
	EXPECT_EQ(0, wrong_pages(self->data, 0, 32));
}

TEST_F(small, fork_copies_the_mapping)
{
	int status;
	pid_t pid;

	EXPECT_EQ(0, wrong_pages(self->data, 0, 16 * SMALLS));
	self->data[5 * PAGE + 1] = 3;
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		if (present(self->data, 16) != 16 || wrong_pages(self->data, 0, 16 * SMALLS))
			_exit(1);
		if (self->data[5 * PAGE + 1] != 3)
			_exit(2);
		self->data[5 * PAGE + 1] = 4;
		self->data[6 * PAGE + 1] = 5;
		/* pages that two processes map move as well */
		if (terrace_migrate(self->b, 0, SMALLS * SMALL,
				    terrace_tier_find(self->s, "fast"), NULL))
			_exit(3);
		if (wrong_pages(self->data, 0, 16 * SMALLS) || self->data[6 * PAGE + 1] != 5)
			_exit(4);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(4, self->data[5 * PAGE + 1]);
	EXPECT_EQ(5, self->data[6 * PAGE + 1]);
	EXPECT_EQ(0, wrong_pages(self->data, 0, 16 * SMALLS));
	EXPECT_EQ(0, terrace_migrate(self->b, 0, SMALLS * SMALL,
				     terrace_tier_find(self->s, "slow"), NULL));
	EXPECT_EQ(5, self->data[6 * PAGE + 1]);
}

TEST_F(small, mremap_mlock_and_other_processes)
{
	char *twin = mmap(NULL, 4 * SMALL, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd, 0);
	char copy[2 * PAGE];
	struct iovec local = { copy, sizeof(copy) }, remote;
	char *moved;

	ASSERT_NE(MAP_FAILED, twin);
	EXPECT_EQ(mark(16), twin[SMALL]);
	moved = mremap(twin + SMALL, 2 * SMALL, 2 * SMALL, MREMAP_MAYMOVE | MREMAP_FIXED,
		       mmap(NULL, 2 * SMALL, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	ASSERT_NE(MAP_FAILED, moved);
	EXPECT_EQ(0, wrong_pages(moved, 16, 32));
	EXPECT_EQ(0, mlock(moved, 2 * SMALL));
	EXPECT_EQ(0, mlock(twin, SMALL));
	EXPECT_EQ(16, present(twin, 16));
	remote = (struct iovec) { self->data + 9 * SMALL + 15 * PAGE, sizeof(copy) };
	EXPECT_EQ((ssize_t)sizeof(copy), process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
	EXPECT_EQ(0, wrong_pages(copy, 9 * 16 + 15, 2));
	EXPECT_EQ(0, terrace_migrate(self->b, 0, SMALLS * SMALL,
				     terrace_tier_find(self->s, "fast"), NULL));
	EXPECT_EQ(0, munlock(moved, 2 * SMALL));
	EXPECT_EQ(0, wrong_pages(moved, 16, 32));
	EXPECT_EQ(0, terrace_migrate(self->b, 0, SMALLS * SMALL,
				     terrace_tier_find(self->s, "slow"), NULL));
	EXPECT_EQ(0, wrong_pages(twin, 0, 16));
	munmap(moved, 2 * SMALL);
	munmap(twin, SMALL);
	munmap(twin + 3 * SMALL, SMALL);
}

TEST_HARNESS_MAIN
