// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Integrity of random sequences: stores, writes, seals, discards, moves, advice, forks, remaps of
 * one thread, checked against an oracle, while another thread migrates, two read, and allocations
 * and copies fail by injection. TERRACE_SEED=N repeats a run's sequence.
 */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "tiers.h"

#define PAGE		4096ULL
#define WORDS		(PAGE / 8)
#define OPERATIONS	1500

enum operation {
	OP_STORE,
	OP_LOAD,
	OP_PWRITE,
	OP_PREAD,
	OP_SEAL,
	OP_DISCARD,
	OP_MIGRATE,
	OP_ADVISE,
	OP_REMAP,
	OP_FORK,
	OP_REFRESH,
	OP_NR,
};

static const char * const operation_names[OP_NR] = {
	"stores", "loads", "pwrites", "preads", "seals", "discards", "migrates", "advices",
	"remaps", "forks", "refreshes",
};

/**
 * struct oracle - what must be true
 * @version: by page; every word of a page is its number + 1 and its version, or 0 with version 0
 * @sealed: by extent
 */
struct oracle {
	uint32_t *version;
	bool *sealed;
};

struct run {
	struct terrace_session *s;
	struct terrace_buffer *b;
	struct oracle oracle;
	char *data;
	uint64_t extent;
	uint64_t extents;
	uint64_t pages;
	uint64_t seed;
	uint32_t next_version;
	uint32_t tier[2];
	bool pinnable;
	bool no_frames;		/* allocations fail by injection now */
	bool no_copies;		/* and so do copies */
	bool no_flash;		/* and transfers */
	unsigned long done[OP_NR];
	unsigned long refused;
	atomic_bool stop;
	atomic_ulong reads;
	atomic_ulong moved;
	atomic_ulong injected;
	atomic_ulong wrong;
	char first_wrong[160];
};

/* Count what must not be, and remember the first. */
static void wrong_if(struct run *r, bool wrong, const char *what, uint64_t where, int error)
{
	if (!wrong || r->wrong++)
		return;
	snprintf(r->first_wrong, sizeof(r->first_wrong), "%s %llu: error %d", what,
		 (unsigned long long)where, error);
}

static uint64_t draw(uint64_t *seed, uint64_t below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (*seed >> 8) % below;
}

static uint64_t word_of(uint64_t page, uint32_t version)
{
	return version ? (uint64_t)version << 16 | (page + 1) : 0;
}

/*
 * Is it a word of the page, of any version? A write(2) that races may be seen byte by byte, the
 * lowest first, on a page that was zero.
 */
static bool word_belongs(uint64_t word, uint64_t page)
{
	return !word || (word & 0xffff) == page + 1 || word == ((page + 1) & 0xff);
}

static void fill_page(uint64_t *to, uint64_t page, uint32_t version)
{
	for (uint64_t i = 0; i < WORDS; i++)
		to[i] = word_of(page, version);
}

static bool page_is(const uint64_t *at, uint64_t page, uint32_t version)
{
	for (uint64_t i = 0; i < WORDS; i++)
		if (at[i] != word_of(page, version))
			return false;
	return true;
}

static _Thread_local sigjmp_buf bus_jump;

static void on_bus(int sig)
{
	siglongjmp(bus_jump, sig);
}

/* By injection, now. */
static bool no_content(const struct run *r)
{
	return r->no_frames || r->no_flash;
}

static bool may_fail_with(const struct run *r, int error)
{
	return (error == ENOMEM && no_content(r)) || (error == EIO && r->no_flash);
}

/* ---- the threads beside ---- */

/* A word is of its own page: a move or a discard may change it between two loads, never mix it. */
static void *reader(void *arg)
{
	struct run *r = arg;
	uint64_t seed = 1 + (uintptr_t)&seed;

	while (!r->stop) {
		uint64_t page = draw(&seed, r->pages);
		volatile uint64_t *at = (uint64_t *)(r->data + page * PAGE);

		if (sigsetjmp(bus_jump, 1))
			continue;	/* no frames, by injection */
		for (uint64_t i = 0; i < WORDS; i += 61) {
			uint64_t word = at[i];

			wrong_if(r, !word_belongs(word, page), "beside: page", page, 0);
		}
		r->reads++;
	}
	return NULL;
}

static void *mover(void *arg)
{
	struct run *r = arg;
	uint64_t seed = 88172645463325252ULL;

	while (!r->stop) {
		uint64_t at = draw(&seed, r->extents) * r->extent, moved = 0;
		int err = terrace_migrate(r->b, at, r->extent, r->tier[draw(&seed, 2)], &moved);

		r->moved += moved;
		if (err == -EIO || err == -ENOMEM)
			r->injected++;
	}
	return NULL;
}

/* ---- the operations ---- */

static bool page_sealed(const struct run *r, uint64_t page)
{
	return r->oracle.sealed[page * PAGE / r->extent];
}

/* A store ends in SIGBUS when the page is sealed, or when its content is out of reach. */
static void op_store(struct run *r, uint64_t page)
{
	uint64_t *at = (uint64_t *)(r->data + page * PAGE);
	uint32_t version = ++r->next_version;

	if (sigsetjmp(bus_jump, 1)) {
		r->refused++;
		wrong_if(r, !page_sealed(r, page) && !no_content(r), "SIGBUS: store to page", page,
			 0);
		return;
	}
	*(volatile uint64_t *)at = word_of(page, version);
	wrong_if(r, page_sealed(r, page), "store to a sealed page", page, 0);
	/* a move may come in between: the rest of the page may meet another fault */
	for (;;) {
		if (sigsetjmp(bus_jump, 1))
			continue;
		fill_page(at, page, version);
		break;
	}
	r->oracle.version[page] = version;
}

static void op_load(struct run *r, uint64_t page)
{
	if (sigsetjmp(bus_jump, 1)) {
		r->refused++;
		wrong_if(r, !no_content(r), "SIGBUS: load of page", page, 0);
		return;
	}
	wrong_if(r, !page_is((uint64_t *)(r->data + page * PAGE), page, r->oracle.version[page]),
		 "load of page", page, 0);
}

static void op_pwrite(struct run *r, uint64_t page)
{
	uint64_t content[WORDS];
	uint32_t version = ++r->next_version;
	ssize_t n;

	fill_page(content, page, version);
	n = pwrite(terrace_buffer_fd(r->b), content, PAGE, page * PAGE);
	if (n == (ssize_t)PAGE) {
		wrong_if(r, page_sealed(r, page), "pwrite to a sealed page", page, 0);
		r->oracle.version[page] = version;
		return;
	}
	r->refused++;
	wrong_if(r, n != -1 || (!may_fail_with(r, errno) &&
				(errno != EROFS || !page_sealed(r, page))),
		 "pwrite of page", page, errno);
}

static void op_pread(struct run *r, uint64_t page)
{
	uint64_t content[WORDS];
	ssize_t n = pread(terrace_buffer_fd(r->b), content, PAGE, page * PAGE);

	if (n != (ssize_t)PAGE) {
		r->refused++;
		wrong_if(r, !may_fail_with(r, errno), "pread of page", page, errno);
		return;
	}
	wrong_if(r, !page_is(content, page, r->oracle.version[page]), "pread of page", page, 0);
}

static void op_seal(struct run *r, uint64_t first, uint64_t n)
{
	int err = terrace_seal(r->b, first * r->extent, n * r->extent);

	if (err) {
		r->refused++;
		wrong_if(r, err != (r->pinnable ? -EOPNOTSUPP : -EBUSY), "seal from extent", first,
			 err);
		return;
	}
	wrong_if(r, r->pinnable, "seal of a pinnable buffer", first, 0);
	for (uint64_t i = first; i < first + n; i++)
		r->oracle.sealed[i] = true;
}

/* Stops at the first extent that somebody holds on to; a query would not tell which: one by one. */
static void op_discard(struct run *r, uint64_t first, uint64_t n)
{
	uint64_t pages = r->extent / PAGE;

	for (uint64_t i = first; i < first + n; i++) {
		int err = terrace_discard(r->b, i * r->extent, r->extent);

		if (err) {
			r->refused++;
			wrong_if(r, err != -EBUSY, "discard of extent", i, err);
			return;
		}
		r->oracle.sealed[i] = false;
		memset(&r->oracle.version[i * pages], 0, pages * sizeof(uint32_t));
	}
}

static void op_migrate(struct run *r, uint64_t first, uint64_t n)
{
	uint64_t moved = 0;
	int err;

	err = terrace_migrate(r->b, first * r->extent, n * r->extent,
			      r->tier[draw(&r->seed, 2)], &moved);
	r->moved += moved;
	if (!err)
		return;
	r->refused++;
	if ((err == -EIO && r->no_copies) || may_fail_with(r, -err))
		r->injected++;
	else
		wrong_if(r, err != -EBUSY, "migrate from extent", first, err);
}

static void op_advise(struct run *r, uint64_t first, uint64_t n)
{
	int advice = draw(&r->seed, 2) ? POSIX_FADV_WILLNEED : POSIX_FADV_DONTNEED;
	int err;

	err = posix_fadvise(terrace_buffer_fd(r->b), first * r->extent, n * r->extent, advice);
	wrong_if(r, err, "advice from extent", first, err);
}

/* The readers go on meanwhile, so the mapping is replaced in one step. */
static void op_remap(struct run *r, uint64_t first, uint64_t n)
{
	char *at = r->data + first * r->extent;
	void *got;

	/* a wholly sealed buffer cannot be mapped writable any more, and MAP_FIXED leaves a hole */
	for (uint64_t i = 0; i <= r->extents; i++) {
		if (i == r->extents)
			return;
		if (!r->oracle.sealed[i])
			break;
	}
	got = mmap(at, n * r->extent, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		   terrace_buffer_fd(r->b), first * r->extent);
	wrong_if(r, got == MAP_FAILED, "remap from extent", first, errno);
}

static void op_fork(struct run *r, uint64_t page)
{
	int status;
	pid_t child = fork();

	if (!child) {
		if (sigsetjmp(bus_jump, 1))
			_exit(!no_content(r));
		_exit(!page_is((uint64_t *)(r->data + page * PAGE), page,
			       r->oracle.version[page]));
	}
	wrong_if(r, child < 0 || waitpid(child, &status, 0) != child || status, "fork: page", page,
		 errno);
}

static void op_refresh(struct run *r, uint64_t first, uint64_t n)
{
	uint64_t refreshed, lost;
	int err = terrace_refresh(r->b, first * r->extent, n * r->extent, 0, &refreshed, &lost);

	wrong_if(r, err && !may_fail_with(r, -err), "refresh from extent", first, err);
	wrong_if(r, lost && !r->no_flash, "refresh lost from extent", first, 0);
}

static void operate(struct run *r)
{
	/* of a hundred: what is common in use is common here */
	static const uint8_t share[OP_NR] = { 27, 15, 12, 8, 4, 6, 12, 5, 6, 2, 3 };
	uint64_t page = draw(&r->seed, r->pages);
	uint64_t first = draw(&r->seed, r->extents);
	uint64_t left = r->extents - first;
	uint64_t n = 1 + draw(&r->seed, left < 4 ? left : 4);
	int pick = draw(&r->seed, 100), op = 0;

	while (pick >= share[op])
		pick -= share[op++];
	r->done[op]++;
	switch ((enum operation)op) {
	case OP_STORE:
		op_store(r, page);
		break;
	case OP_LOAD:
		op_load(r, page);
		break;
	case OP_PWRITE:
		op_pwrite(r, page);
		break;
	case OP_PREAD:
		op_pread(r, page);
		break;
	case OP_SEAL:
		op_seal(r, first, n);
		break;
	case OP_DISCARD:
		op_discard(r, first, n);
		break;
	case OP_MIGRATE:
		op_migrate(r, first, n);
		break;
	case OP_ADVISE:
		op_advise(r, first, n);
		break;
	case OP_REMAP:
		op_remap(r, first, n);
		break;
	case OP_FORK:
		op_fork(r, page);
		break;
	case OP_REFRESH:
		op_refresh(r, first, n);
		break;
	case OP_NR:
		break;
	}
}

/* ---- the test ---- */

FIXTURE(integrity) {
	struct run r;
};

FIXTURE_VARIANT(integrity) {
	bool pinnable;
	uint64_t landing_bytes;	/* slow is on flash */
	uint32_t extent_bytes;
	uint32_t extents;
};

FIXTURE_VARIANT_ADD(integrity, tracked_2m) {
	.extent_bytes = 2 << 20, .extents = 8,
};

FIXTURE_VARIANT_ADD(integrity, tracked_64k) {
	.extent_bytes = 65536, .extents = 64,
};

FIXTURE_VARIANT_ADD(integrity, tracked_4k) {
	.extent_bytes = 4096, .extents = 128,
};

FIXTURE_VARIANT_ADD(integrity, pinnable_2m) {
	.pinnable = true, .extent_bytes = 2 << 20, .extents = 8,
};

FIXTURE_VARIANT_ADD(integrity, pinnable_64k) {
	.pinnable = true, .extent_bytes = 65536, .extents = 64,
};

FIXTURE_VARIANT_ADD(integrity, pinnable_4k) {
	.pinnable = true, .extent_bytes = 4096, .extents = 128,
};

FIXTURE_VARIANT_ADD(integrity, flash_2m) {
	.landing_bytes = 8 * MIB, .extent_bytes = 2 << 20, .extents = 8,
};

FIXTURE_VARIANT_ADD(integrity, flash_64k) {
	.landing_bytes = 2 * MIB, .extent_bytes = 65536, .extents = 64,
};

FIXTURE_VARIANT_ADD(integrity, flash_4k) {
	.landing_bytes = 2 * MIB, .extent_bytes = 4096, .extents = 128,
};

FIXTURE_VARIANT_ADD(integrity, flash_pinnable_64k) {
	.landing_bytes = 2 * MIB, .pinnable = true, .extent_bytes = 65536, .extents = 64,
};

FIXTURE_SETUP(integrity)
{
	const struct tiers_config config = {
		.fast_bytes = 64 * MIB, .slow_bytes = 256 * MIB,
		.fast_classes = ALL_CLASSES, .slow_classes = ALL_CLASSES,
		.slow_device = variant->landing_bytes ? "/dev/nvme0n1" : NULL,
		.landing_bytes = variant->landing_bytes,
	};
	struct terrace_buffer_options o = {
		.class_id = TERRACE_CLASS_KV,
		.extent_bytes = variant->extent_bytes,
		.pinnable = variant->pinnable,
		.tier = TERRACE_TIER_ANY,
	};
	struct sigaction action = { .sa_handler = on_bus, .sa_flags = SA_NODEFER };
	const char *seed = getenv("TERRACE_SEED");
	struct run *r = &self->r;

	memset(r, 0, sizeof(*r));
	ASSERT_EQ(0, tiers_up(&config));
	ASSERT_EQ(0, terrace_session_open(NULL, &r->s));
	r->tier[0] = terrace_tier_find(r->s, "fast");
	r->tier[1] = terrace_tier_find(r->s, "slow");
	r->pinnable = variant->pinnable;
	r->extent = variant->extent_bytes;
	r->extents = variant->extents;
	r->pages = r->extent * r->extents / PAGE;
	r->seed = seed ? strtoull(seed, NULL, 0) | 1 : (uint64_t)time(NULL);
	ASSERT_EQ(0, terrace_buffer_create(r->s, r->extent * r->extents, &o, &r->b));
	r->data = terrace_buffer_data(r->b);
	r->oracle.version = calloc(r->pages, sizeof(uint32_t));
	r->oracle.sealed = calloc(r->extents, sizeof(bool));
	ASSERT_NE(NULL, r->oracle.version);
	ASSERT_NE(NULL, r->oracle.sealed);
	sigaction(SIGBUS, &action, NULL);
}

static void inject_nothing(void)
{
	static const char *const sites[] = { "alloc", "copy", "policy", "read", "program" };
	char name[32];

	for (size_t i = 0; i < sizeof(sites) / sizeof(sites[0]); i++) {
		snprintf(name, sizeof(name), "inject_%s", sites[i]);
		module_parameter(name, 0);
	}
}

FIXTURE_TEARDOWN(integrity)
{
	inject_nothing();
	terrace_buffer_free(self->r.b);
	terrace_session_close(self->r.s);
	free(self->r.oracle.version);
	free(self->r.oracle.sealed);
	EXPECT_EQ(0, tiers_value("fast", "used_bytes"));
	EXPECT_EQ(0, tiers_value("slow", "used_bytes"));
	tiers_down();
}

static unsigned long compare_all(struct run *r)
{
	uint64_t content[WORDS];
	unsigned long wrong = 0;

	for (uint64_t page = 0; page < r->pages; page++) {
		const uint64_t *at = (uint64_t *)(r->data + page * PAGE);

		wrong += !page_is(at, page, r->oracle.version[page]);
		if (pread(terrace_buffer_fd(r->b), content, PAGE, page * PAGE) != (ssize_t)PAGE ||
		    !page_is(content, page, r->oracle.version[page]))
			wrong++;
	}
	return wrong;
}

static unsigned long seals_wrong(struct run *r)
{
	struct terrace_extent_info info[128];
	unsigned long wrong = 0;

	if (terrace_query(r->b, 0, r->extent * r->extents, info))
		return 1;
	for (uint64_t i = 0; i < r->extents; i++)
		wrong += !!(info[i].flags & TERRACE_EXTENT_SEALED) != r->oracle.sealed[i];
	return wrong;
}

TEST_F_TIMEOUT(integrity, an_oracle_agrees, 240)
{
	struct run *r = &self->r;
	pthread_t threads[3];
	int i;

	TH_LOG("TERRACE_SEED=%llu", (unsigned long long)r->seed);
	ASSERT_EQ(0, pthread_create(&threads[0], NULL, reader, r));
	ASSERT_EQ(0, pthread_create(&threads[1], NULL, reader, r));
	ASSERT_EQ(0, pthread_create(&threads[2], NULL, mover, r));
	for (i = 0; i < OPERATIONS; i++) {
		/* faults come and go */
		if (i % 50 == 0) {
			r->no_frames = i % 100;
			module_parameter("inject_alloc", r->no_frames ? 5 : 0);
			r->no_copies = i % 150;
			module_parameter("inject_copy", r->no_copies ? 7 : 0);
			r->no_flash = i % 200 && variant->landing_bytes;
			module_parameter("inject_read", r->no_flash ? 6 : 0);
			module_parameter("inject_program", r->no_flash ? 5 : 0);
			module_parameter("inject_policy", i % 250 ? 3 : 0);
		}
		operate(r);
	}
	inject_nothing();
	r->stop = true;
	for (i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);

	EXPECT_EQ(0, atomic_load(&r->wrong)) TH_LOG("first: %s", r->first_wrong);
	EXPECT_EQ(0, compare_all(r));
	EXPECT_EQ(0, seals_wrong(r));
	EXPECT_GT(atomic_load(&r->reads), 0);
	EXPECT_GT(atomic_load(&r->moved), 0);
	EXPECT_GT(atomic_load(&r->injected), 0);
	for (i = 0; i < OP_NR; i++) {
		EXPECT_GT(r->done[i], 0);
		TH_LOG("%lu %s", r->done[i], operation_names[i]);
	}
	TH_LOG("%lu refused, %lu failed by injection, %lu KiB moved, %lu reads beside",
	       r->refused, atomic_load(&r->injected), atomic_load(&r->moved) >> 10,
	       atomic_load(&r->reads));
}

TEST_HARNESS_MAIN
