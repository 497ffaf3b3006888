// SPDX-License-Identifier: LGPL-2.1-or-later
/* Mapping and seal rules: private, mprotect, fork, mremap, madvise, partial munmap, SIGBUS. */
#include <fcntl.h>
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

TEST_HARNESS_MAIN
