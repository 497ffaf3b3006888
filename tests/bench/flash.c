// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A flash tier against the device it is on: raw, by io_uring with O_DIRECT, and through the page
 * cache. Takes and formats /dev/nvme0n1 of the test guest.
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <terrace/terrace.h>

#include "figure.h"

#define DEVICE		"/dev/nvme0n1"
#define MIB		(1UL << 20)
#define EXTENT		(2 * MIB)
#define LANDING		(64 * MIB)
#define BYTES		(256 * MIB)
#define DATA		(64 * MIB)	/* where on the device the peer reads and writes */
#define DEPTH		4
#define SMALL		(64UL << 10)
#define LATENCIES	1000
#define ROUNDS		5
#define PAGE		4096UL

static const char sequential[] =
	"256 MiB in extents of 2 MiB, pool of 64 MiB; peer: 4 x 2 MiB in flight; a byte of each page is "
	"looked at; median of 5";
static const char cached[] =
	"256 MiB, cold; peer: mmap of the device with the default read-ahead of 128 KiB; a byte of each "
	"page is looked at; median of 5";
static const char written[] =
	"256 MiB of memory to flash, 4 migrations of 2 MiB in flight; peer: 4 x 2 MiB; median of 5";
static const char stored[] =
	"256 MiB stored through a fresh mapping, sealed and on flash; peer: stored to a buffer, 4 x 2 MiB "
	"in flight; median of 5";
static const char at_random[] =
	"1000 extents of 2 MiB, pool a quarter of them; peer: pread of as much; a byte of each page is "
	"looked at; p99";
static const char small_at_random[] =
	"1000 extents of 64 KiB, pool a quarter of them; peer: pread of as much; a byte of each page is "
	"looked at; p99";

static void print_flash(const char *name, double ours, double peer, const char *unit,
			const char *conditions)
{
	const char *bps = getenv("TERRACE_VM_FLASH_BPS");
	char text[512];

	snprintf(text, sizeof(text), "QEMU TCG guest, 2 CPUs, emulated NVMe, %s bytes/s at most; %s",
		 bps ? bps : "unlimited", conditions);
	print_figure(name, ours, peer, unit, text);
}

static char *data_of(struct terrace_buffer *b)
{
	return terrace_buffer_data(b);
}

static void look(const volatile char *at, size_t bytes)
{
	char sink = 0;

	for (size_t i = 0; i < bytes; i += PAGE)
		sink += at[i];
	(void)sink;
}

static double mbps(double start)
{
	return (double)BYTES / (now() - start) / 1e6;
}

/* ---- the tier ---- */

static long long tier_value(const char *file)
{
	char path[128], text[32];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/misc/terrace/tiers/flash/%s", file);
	f = fopen(path, "r");
	if (!f || !fgets(text, sizeof(text), f))
		die(path);
	fclose(f);
	return strtoll(text, NULL, 10);
}

static uint32_t tier_of(struct terrace_session *s, const char *name)
{
	int tier = terrace_tier_find(s, name);

	if (tier < 0)
		die(name);
	return tier;
}

static struct terrace_buffer *make(struct terrace_session *s, uint64_t bytes, uint32_t extent,
				   const char *tier)
{
	struct terrace_buffer_options o = {
		.class_id = TERRACE_CLASS_WEIGHTS, .extent_bytes = extent,
		.tier = tier_of(s, tier), .strict = true,
	};
	struct terrace_buffer *b;

	if (terrace_buffer_create(s, bytes, &o, &b))
		die("a buffer");
	return b;
}

/* Fill and seal, and wait until flash has it. */
static void program(struct terrace_buffer *b)
{
	uint64_t bytes = terrace_buffer_bytes(b);
	long long end = tier_value("flash_programmed_bytes") + (long long)bytes;

	for (uint64_t at = 0; at < bytes; at += EXTENT)
		memset(data_of(b) + at, (int)(at / EXTENT) + 1, EXTENT);
	if (terrace_seal(b, 0, bytes))
		die("a seal");
	while (tier_value("flash_programmed_bytes") < end)
		usleep(1000);
}

/* ---- ours: DEPTH migrations in flight ---- */

struct mover {
	struct io_uring ring;
	struct terrace_buffer *buffer;
	uint32_t tier;
	struct terrace_migrate calls[BYTES / EXTENT];
	struct terrace_move moves[BYTES / EXTENT];
};

static void submit_move(struct mover *m, size_t i)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&m->ring);
	struct terrace_uring_cmd cmd = { .arg = (uintptr_t)&m->calls[i] };

	m->moves[i] = (struct terrace_move) {
		.offset = i * EXTENT, .bytes = EXTENT, .tier = m->tier,
	};
	m->calls[i] = (struct terrace_migrate) {
		.size = sizeof(m->calls[i]), .count = 1, .moves = (uintptr_t)&m->moves[i],
	};
	io_uring_prep_rw(IORING_OP_URING_CMD, sqe, terrace_buffer_fd(m->buffer), NULL, 0, 0);
	sqe->cmd_op = TERRACE_BUF_MIGRATE;
	memcpy(sqe->cmd, &cmd, sizeof(cmd));
	io_uring_submit(&m->ring);
}

static void move_all(struct mover *m)
{
	const size_t extents = BYTES / EXTENT;
	struct io_uring_cqe *cqe;
	size_t next;

	for (next = 0; next < DEPTH; next++)
		submit_move(m, next);
	for (size_t done = 0; done < extents; done++) {
		if (io_uring_wait_cqe(&m->ring, &cqe) || cqe->res)
			die("a migration");
		io_uring_cqe_seen(&m->ring, cqe);
		if (next < extents)
			submit_move(m, next++);
	}
	for (size_t i = 0; i < extents; i++)
		if (m->moves[i].error)
			die("a move");
}

static double write_ours(struct terrace_session *s)
{
	static struct mover m;
	double v[ROUNDS], start;

	if (io_uring_queue_init(DEPTH, &m.ring, 0))
		die("io_uring");
	for (int i = 0; i < ROUNDS; i++) {
		m.buffer = make(s, BYTES, EXTENT, "fast");
		m.tier = tier_of(s, "flash");
		memset(data_of(m.buffer), i + 1, BYTES);
		start = now();
		move_all(&m);
		v[i] = mbps(start);
		terrace_buffer_free(m.buffer);
	}
	io_uring_queue_exit(&m.ring);
	return quantile(v, ROUNDS, 500);
}

static double store_ours(struct terrace_session *s)
{
	double v[ROUNDS], start;

	for (int i = 0; i < ROUNDS; i++) {
		struct terrace_buffer *b = make(s, BYTES, EXTENT, "flash");

		start = now();
		program(b);
		v[i] = mbps(start);
		terrace_buffer_free(b);
	}
	return quantile(v, ROUNDS, 500);
}

static double read_ours(struct terrace_buffer *b)
{
	double v[ROUNDS], start;

	look(data_of(b), BYTES);
	for (int i = 0; i < ROUNDS; i++) {
		start = now();
		look(data_of(b), BYTES);
		v[i] = mbps(start);
	}
	return quantile(v, ROUNDS, 500);
}

/* ---- the device ---- */

enum transfer { READ, WRITE, STORE };

static void submit(struct io_uring *ring, int fd, char *slot, size_t at, enum transfer what)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	if (what == STORE)
		memset(slot, (int)(at / EXTENT) + 1, EXTENT);
	if (what == READ)
		io_uring_prep_read(sqe, fd, slot, EXTENT, DATA + at);
	else
		io_uring_prep_write(sqe, fd, slot, EXTENT, DATA + at);
	io_uring_sqe_set_data(sqe, slot);
	io_uring_submit(ring);
}

/* Whatever slot is done takes the next extent. */
static void transfer(struct io_uring *ring, int fd, char *memory, enum transfer what)
{
	struct io_uring_cqe *cqe;
	size_t next = 0;
	char *slot;

	for (; next < DEPTH * EXTENT; next += EXTENT)
		submit(ring, fd, memory + next, next, what);
	for (size_t done = 0; done < BYTES; done += EXTENT) {
		if (io_uring_wait_cqe(ring, &cqe) || cqe->res != (int)EXTENT)
			die("the peer");
		slot = io_uring_cqe_get_data(cqe);
		io_uring_cqe_seen(ring, cqe);
		if (what == READ)
			look(slot, EXTENT);
		if (next < BYTES)
			submit(ring, fd, slot, next, what);
		next += EXTENT;
	}
	if (what != READ && fdatasync(fd))
		die("fdatasync");
}

static double raw(enum transfer what)
{
	double v[ROUNDS], start;
	struct io_uring ring;
	char *memory;
	int fd = open(DEVICE, O_RDWR | O_DIRECT);

	memory = mmap(NULL, DEPTH * EXTENT, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (fd < 0 || memory == MAP_FAILED || io_uring_queue_init(DEPTH, &ring, 0))
		die(DEVICE);
	for (int i = 0; i < ROUNDS; i++) {
		start = now();
		transfer(&ring, fd, memory, what);
		v[i] = mbps(start);
	}
	io_uring_queue_exit(&ring);
	munmap(memory, DEPTH * EXTENT);
	close(fd);
	return quantile(v, ROUNDS, 500);
}

static double page_cache(void)
{
	double v[ROUNDS], start;
	int fd = open(DEVICE, O_RDONLY);
	char *memory;

	memory = fd < 0 ? MAP_FAILED : mmap(NULL, BYTES, PROT_READ, MAP_SHARED, fd, DATA);
	if (memory == MAP_FAILED)
		die(DEVICE);
	for (int i = 0; i < ROUNDS; i++) {
		madvise(memory, BYTES, MADV_DONTNEED);
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		start = now();
		look(memory, BYTES);
		v[i] = mbps(start);
	}
	munmap(memory, BYTES);
	close(fd);
	return quantile(v, ROUNDS, 500);
}

/* ---- loads at random ---- */

static uint64_t scramble(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static double random_ours(struct terrace_buffer *b)
{
	size_t bytes = terrace_buffer_extent_bytes(b);
	static double v[LATENCIES];
	uint64_t seed = 88172645463325252ULL;

	for (size_t i = 0; i < LATENCIES; i++) {
		uint64_t at = scramble(&seed) % (BYTES / bytes) * bytes;
		double start = now();

		look(data_of(b) + at, bytes);
		v[i] = (now() - start) * 1e6;
	}
	return quantile(v, LATENCIES, 990);
}

static double random_raw(size_t bytes)
{
	static double v[LATENCIES];
	uint64_t seed = 88172645463325252ULL;
	int fd = open(DEVICE, O_RDONLY | O_DIRECT);
	void *memory;

	if (fd < 0 || posix_memalign(&memory, EXTENT, bytes))
		die(DEVICE);
	for (size_t i = 0; i < LATENCIES; i++) {
		uint64_t at = scramble(&seed) % (BYTES / bytes) * bytes;
		double start = now();

		if (pread(fd, memory, bytes, (off_t)(DATA + at)) != (ssize_t)bytes)
			die("pread");
		look(memory, bytes);
		v[i] = (now() - start) * 1e6;
	}
	free(memory);
	close(fd);
	return quantile(v, LATENCIES, 990);
}

/* ---- all of it ---- */

static void format_device(void)
{
	int status;
	pid_t child = fork();

	if (!child) {
		if (!freopen("/dev/null", "w", stdout))
			_exit(1);
		execlp("terrace", "terrace", "tier", "format", DEVICE, "--overwrite", DEVICE, NULL);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		die("formatting " DEVICE);
}

static void tier_up(const char *name, const char *backing, uint32_t rank)
{
	const struct terrace_tier_config config = {
		.name = name,
		.backing = backing,
		.landing_bytes = *backing == 'b' ? LANDING : 0,
		.rank = rank,
		.classes = 1U << TERRACE_CLASS_WEIGHTS,
		.profile = {
			.capacity_bytes = 4 * BYTES,
			.read_bps = 1000000000000ULL,
			.write_bps = 1000000000000ULL,
			.read_granule_bytes = 4096,
			.write_granule_bytes = 4096,
			.channels = 1,
			.waf_permille = 1000,
		},
	};

	if (terrace_tier_online(&config))
		die(name);
}

static void measure_reads(struct terrace_session *s)
{
	struct terrace_buffer *b = make(s, BYTES, EXTENT, "flash");
	double read;

	program(b);
	read = read_ours(b);
	print_flash("flash_read_vs_odirect", read, raw(READ), "MB/s", sequential);
	print_flash("flash_read_vs_page_cache", read, page_cache(), "MB/s", cached);
	print_flash("flash_random_p99_vs_odirect", random_ours(b), random_raw(EXTENT), "us",
		    at_random);
	terrace_buffer_free(b);
	b = make(s, BYTES, SMALL, "flash");
	program(b);
	print_flash("flash_random_small_p99_vs_odirect", random_ours(b), random_raw(SMALL), "us",
		    small_at_random);
	terrace_buffer_free(b);
}

int main(void)
{
	struct terrace_session *s;
	double write, store;

	errno = 0;
	format_device();
	tier_up("fast", "mem:0", 0);
	tier_up("flash", "blk:" DEVICE, 1);
	if (terrace_session_open(NULL, &s))
		die("/dev/terrace");
	write = write_ours(s);
	store = store_ours(s);
	measure_reads(s);
	terrace_session_close(s);
	if (terrace_tier_offline("flash") || terrace_tier_offline("fast"))
		die("a tier");
	/* the peers write to the device that the tier has given back */
	print_flash("flash_write_vs_odirect", write, raw(WRITE), "MB/s", written);
	print_flash("flash_store_vs_odirect", store, raw(STORE), "MB/s", stored);
	return 0;
}
