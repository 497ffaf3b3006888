// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Migration and faults against what the kernel offers today. One JSON line a figure:
 * {"name", "ours", "peer", "ratio", "unit", "conditions"}; ratio = ours / peer.
 *
 * The guest's nodes are equal memory: the figures show software cost, not memory physics.
 */
#include <errno.h>
#include <numaif.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <terrace/terrace.h>

#include "figure.h"

#define EXTENT		(2UL << 20)
#define BYTES		(64 * EXTENT)
#define PAGE		4096UL
#define ROUNDS		5
#define LATENCIES	(1 << 20)

static const char conditions[] =
	"QEMU TCG guest, 2 CPUs, 128 MiB between node 0 and node 1, median of 5; equal nodes: "
	"software cost only";

/* Something that moves BYTES to node 0 or 1. */
struct mover {
	struct terrace_buffer *buffer;
	uint32_t tier[2];
	char *memory;
	unsigned long page_bytes;
};

static void move_buffer(struct mover *m, int node)
{
	uint64_t moved;

	if (terrace_migrate(m->buffer, 0, BYTES, m->tier[node], &moved))
		die(terrace_error());
}

static void move_memory(struct mover *m, int node)
{
	static void *pages[BYTES / PAGE];
	static int nodes[BYTES / PAGE], status[BYTES / PAGE];
	unsigned long i, n = BYTES / m->page_bytes;

	for (i = 0; i < n; i++) {
		pages[i] = m->memory + i * m->page_bytes;
		nodes[i] = node;
	}
	if (move_pages(0, n, pages, nodes, status, MPOL_MF_MOVE) < 0)
		die("move_pages");
}

static double bandwidth(struct mover *m, void (*move)(struct mover *m, int node))
{
	double v[ROUNDS];
	int i;

	move(m, 0);
	for (i = 0; i < ROUNDS; i++) {
		double start = now();

		move(m, ~i & 1);
		v[i] = (double)BYTES / (now() - start) / 1e6;
	}
	return quantile(v, ROUNDS, 500);
}

static char *map_anonymous(int advice)
{
	char *p = mmap(NULL, BYTES + EXTENT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	p = (char *)(((uintptr_t)p + EXTENT - 1) & ~(EXTENT - 1));
	madvise(p, BYTES, advice);
	return p;
}

static void bind_to(void *p, int node)
{
	unsigned long mask = 1UL << node;

	if (mbind(p, BYTES, MPOL_BIND, &mask, 8, 0))
		die("mbind");
}

static double copy_bandwidth(void)
{
	char *from = map_anonymous(MADV_HUGEPAGE), *to = map_anonymous(MADV_HUGEPAGE);
	volatile unsigned char sink = 0;
	double v[ROUNDS];
	int i;

	bind_to(from, 0);
	bind_to(to, 1);
	memset(from, 1, BYTES);
	memset(to, 2, BYTES);
	for (i = 0; i < ROUNDS; i++) {
		double start = now();

		memcpy(to, from, BYTES);
		v[i] = (double)BYTES / (now() - start) / 1e6;
		sink += to[BYTES - 1 - i];
	}
	return quantile(v, ROUNDS, 500);
}

/* ---- how long a reader stalls meanwhile ---- */

struct reader {
	char *memory;
	atomic_bool stop;
	double *latency;
	size_t n;
};

static void *read_at_random(void *arg)
{
	struct reader *r = arg;
	uint64_t seed = 88172645463325252ULL;
	volatile char sink = 0;

	while (!r->stop) {
		double start;

		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		start = now();
		sink += r->memory[seed % (BYTES / PAGE) * PAGE];
		r->latency[r->n++ % LATENCIES] = (now() - start) * 1e6;
	}
	return NULL;
}

static double stall_p99_us(struct mover *m, void (*move)(struct mover *m, int node), char *memory)
{
	struct reader r = { .memory = memory, .latency = calloc(LATENCIES, sizeof(double)) };
	pthread_t thread;
	double p99;
	size_t n;
	int i;

	if (!r.latency || pthread_create(&thread, NULL, read_at_random, &r))
		die("a reader");
	for (i = 0; i < 2 * ROUNDS; i++)
		move(m, i & 1);
	r.stop = true;
	pthread_join(thread, NULL);
	n = r.n < LATENCIES ? r.n : LATENCIES;
	p99 = quantile(r.latency, n, 990);
	free(r.latency);
	return p99;
}

/* ---- faults ---- */

static double touch_us(char *memory)
{
	double start = now();
	unsigned long i;

	for (i = 0; i < BYTES; i += EXTENT)
		*(volatile char *)(memory + i) = 1;
	return (now() - start) * 1e6 * (double)EXTENT / (double)BYTES;
}

static double first_touch_ours(struct mover *m)
{
	double v[ROUNDS];
	int i;

	for (i = 0; i < ROUNDS; i++) {
		if (terrace_discard(m->buffer, 0, BYTES))
			die(terrace_error());
		v[i] = touch_us(terrace_buffer_data(m->buffer));
	}
	return quantile(v, ROUNDS, 500);
}

static double first_touch_anonymous(char *memory)
{
	double v[ROUNDS];
	int i;

	for (i = 0; i < ROUNDS; i++) {
		madvise(memory, BYTES, MADV_DONTNEED);
		v[i] = touch_us(memory);
	}
	return quantile(v, ROUNDS, 500);
}

static double refault(char *memory)
{
	/* shared memory keeps its pages: they are only mapped again */
	touch_us(memory);
	return first_touch_anonymous(memory);
}

/* Debian's default is never: let MADV_HUGEPAGE work on shared memory. */
static void allow_huge_shmem(void)
{
	FILE *f = fopen("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "w");

	if (!f || fputs("advise", f) < 0 || fclose(f))
		die("transparent_hugepage/shmem_enabled");
}

static char *map_shmem(void)
{
	int fd = memfd_create("bench", 0);
	char *p;

	allow_huge_shmem();
	if (fd < 0 || ftruncate(fd, BYTES + EXTENT))
		die("memfd_create");
	p = mmap(NULL, BYTES + EXTENT, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		die("mmap of a memfd");
	close(fd);
	p = (char *)(((uintptr_t)p + EXTENT - 1) & ~(EXTENT - 1));
	madvise(p, BYTES, MADV_HUGEPAGE);
	return p;
}

static int tier_online(const char *name, const char *backing, uint32_t rank)
{
	const struct terrace_tier_config config = {
		.name = name,
		.backing = backing,
		.rank = rank,
		.classes = (1U << TERRACE_CLASSES) - 1,
		.profile = {
			.capacity_bytes = 2 * BYTES,
			.read_bps = 1000000000000ULL,
			.write_bps = 1000000000000ULL,
			.read_granule_bytes = 64,
			.write_granule_bytes = 64,
			.channels = 1,
			.waf_permille = 1000,
		},
	};

	return terrace_tier_online(&config);
}

static void measure(struct mover *m)
{
	struct mover small = { .memory = map_anonymous(MADV_NOHUGEPAGE), .page_bytes = PAGE };
	struct mover huge = { .memory = map_anonymous(MADV_HUGEPAGE), .page_bytes = EXTENT };
	char *ours = terrace_buffer_data(m->buffer);
	double mbps;

	memset(ours, 1, BYTES);
	memset(small.memory, 1, BYTES);
	memset(huge.memory, 1, BYTES);
	mbps = bandwidth(m, move_buffer);
	print_figure("migrate_vs_move_pages_4k", mbps, bandwidth(&small, move_memory), "MB/s",
		     conditions);
	print_figure("migrate_vs_move_pages_huge", mbps, bandwidth(&huge, move_memory), "MB/s",
		     conditions);
	print_figure("migrate_vs_copy", mbps, copy_bandwidth(), "MB/s", conditions);
	print_figure("stall_p99_vs_move_pages", stall_p99_us(m, move_buffer, ours),
		     stall_p99_us(&huge, move_memory, huge.memory), "us", conditions);
	print_figure("first_touch_vs_anon_huge", first_touch_ours(m),
		     first_touch_anonymous(huge.memory), "us/2MiB", conditions);
	print_figure("refault_vs_shmem_huge", refault(ours), refault(map_shmem()), "us/2MiB",
		     conditions);
}

int main(void)
{
	struct terrace_buffer_options o = { .class_id = TERRACE_CLASS_KV };
	struct terrace_session *s;
	struct mover m = { 0 };

	errno = 0;
	if (tier_online("bench0", "mem:0", 0) || tier_online("bench1", "mem:1", 1) ||
	    terrace_session_open(NULL, &s))
		die(terrace_error());
	m.tier[0] = terrace_tier_find(s, "bench0");
	m.tier[1] = terrace_tier_find(s, "bench1");
	o.tier = m.tier[0];
	if (terrace_buffer_create(s, BYTES, &o, &m.buffer))
		die(terrace_error());
	measure(&m);
	terrace_buffer_free(m.buffer);
	terrace_session_close(s);
	return terrace_tier_offline("bench0") || terrace_tier_offline("bench1");
}
