// SPDX-License-Identifier: LGPL-2.1-or-later
/* Broken pages (memory failure): nobody gets them again, and the tier is that much smaller. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "tiers.h"

FIXTURE(poison) {
	struct terrace_session *s;
	struct terrace_buffer *b;
	char *data;
	uint64_t extent;
};

FIXTURE_VARIANT(poison) {
	unsigned int shift;
};

FIXTURE_VARIANT_ADD(poison, small) {
	.shift = 12,
};

FIXTURE_VARIANT_ADD(poison, medium) {
	.shift = 16,
};

FIXTURE_VARIANT_ADD(poison, huge) {
	.shift = 21,
};

FIXTURE_SETUP(poison)
{
	struct terrace_buffer_options o = {
		.class_id = TERRACE_CLASS_KV, .extent_bytes = 1ULL << variant->shift,
	};

	ASSERT_EQ(0, tiers_up_default());
	ASSERT_EQ(0, terrace_session_open(NULL, &self->s));
	o.tier = terrace_tier_find(self->s, "slow");
	self->extent = 1ULL << variant->shift;
	ASSERT_EQ(0, terrace_buffer_create(self->s, 4 * self->extent, &o, &self->b));
	self->data = terrace_buffer_data(self->b);
	memset(self->data, 0x5a, 4 * self->extent);
}

FIXTURE_TEARDOWN(poison)
{
	terrace_session_close(self->s);
	tiers_down();
}

static sigjmp_buf bus_jump;

static void on_bus(int sig)
{
	siglongjmp(bus_jump, sig);
}

/* Break the page at an address. The kernel may tell by SIGBUS at once, or at the next access. */
static void break_page(char *at)
{
	if (!sigsetjmp(bus_jump, 1))
		madvise(at, 4096, MADV_HWPOISON);
}

static bool load_fails(const char *at)
{
	if (sigsetjmp(bus_jump, 1))
		return true;
	(void)*(const volatile char *)at;
	return false;
}

TEST_F(poison, a_broken_page_is_lost_and_nothing_else)
{
	long long capacity = tiers_value("slow", "capacity_bytes");
	uint32_t fast = terrace_tier_find(self->s, "fast");
	struct sigaction action = { .sa_handler = on_bus }, old;
	char *broken = self->data + self->extent;
	char byte;

	sigaction(SIGBUS, &action, &old);
	break_page(broken);
	/* a mapping from before may still reach the page: emulated memory does not break */
	ASSERT_EQ(0, munmap(self->data, 4 * self->extent));
	self->data = mmap(self->data, 4 * self->extent, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_FIXED, terrace_buffer_fd(self->b), 0);
	ASSERT_NE(MAP_FAILED, self->data);
	/* what maps the pages beside it leaves it out */
	if (self->extent > 4096)
		EXPECT_EQ(0x5a, broken[4096]);
	EXPECT_EQ(true, load_fails(broken));
	EXPECT_EQ(-1, pread(terrace_buffer_fd(self->b), &byte, 1, self->extent));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(0x5a, self->data[0]);
	EXPECT_EQ(0x5a, self->data[2 * self->extent]);

	EXPECT_EQ(-EIO, terrace_migrate(self->b, self->extent, self->extent, fast, NULL));
	EXPECT_EQ(0, terrace_migrate(self->b, 0, self->extent, fast, NULL));
	EXPECT_EQ(0, tiers_value("slow", "poisoned_bytes"));

	ASSERT_EQ(0, terrace_discard(self->b, self->extent, self->extent));
	EXPECT_EQ(false, load_fails(broken));
	EXPECT_EQ(0, *broken);
	EXPECT_EQ((long long)self->extent, tiers_value("slow", "poisoned_bytes"));
	EXPECT_EQ(capacity - (long long)self->extent, tiers_value("slow", "capacity_bytes"));

	/* and when the buffer goes with one */
	break_page(self->data + 3 * self->extent);
	sigaction(SIGBUS, &old, NULL);
	terrace_buffer_free(self->b);
	EXPECT_EQ(2 * (long long)self->extent, tiers_value("slow", "poisoned_bytes"));
	EXPECT_EQ(0, tiers_value("slow", "used_bytes"));
}

/* Where the kernel is told of a page by its frame, it marks nothing but that page. */
static int break_frame(const char *at)
{
	uint64_t entry = 0;
	int fd, ok;

	fd = open("/proc/self/pagemap", O_RDONLY);
	ok = fd >= 0 && pread(fd, &entry, 8, (uintptr_t)at / 4096 * 8) == 8 && entry >> 63;
	close(fd);
	fd = open("/sys/kernel/debug/hwpoison/corrupt-pfn", O_WRONLY);
	if (fd < 0)
		return -errno;
	if (ok)
		dprintf(fd, "%llu", (unsigned long long)(entry & ((1ULL << 55) - 1)));
	close(fd);
	return ok ? 0 : -EIO;
}

TEST_F(poison, a_broken_tail_page_is_seen)
{
	long long capacity = tiers_value("slow", "capacity_bytes");
	uint32_t fast = terrace_tier_find(self->s, "fast");
	char *broken = self->data + 2 * self->extent - 4096;
	int err;

	err = break_frame(broken);
	if (err == -ENOENT)
		SKIP(goto out, "no hwpoison-inject: load the module, or build it into the kernel");
	ASSERT_EQ(0, err);
	EXPECT_EQ(-EIO, terrace_migrate(self->b, self->extent, self->extent, fast, NULL));
	ASSERT_EQ(0, terrace_discard(self->b, self->extent, self->extent));
	EXPECT_EQ((long long)self->extent, tiers_value("slow", "poisoned_bytes"));
	EXPECT_EQ(capacity - (long long)self->extent, tiers_value("slow", "capacity_bytes"));
	EXPECT_EQ(0, broken[0]);
out:
	terrace_buffer_free(self->b);
}

TEST_HARNESS_MAIN
