// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A program that knows nothing of Terrace, and does with memory what programs may do. It is run
 * under terrace run, where everything has to be as without it, and prints TAP.
 *
 *   plain_client placed|plain FILE [NAME...]	the tests, or those of a name
 *   plain_client hold				hold memory until killed
 *   plain_client list				names of the tests
 *
 * The rules that it is run with name FILE, and memory of a MiB and more. "placed" says that both
 * have to be in buffers, "plain" that nothing may be. Each test is a process.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE	4096UL
#define SIZE	(257 * PAGE)	/* placed: a MiB and a page */
#define THREADS	16

static const char *path;	/* of a file of FILE_BYTES that hold byte_at() */
static bool expected;

#define FILE_BYTES	(400 * PAGE + 123)

#define CHECK(condition)						\
	do {								\
		if (!(condition))					\
			fail(__LINE__, #condition);			\
	} while (0)

__attribute__((noreturn)) static void fail(int line, const char *condition)
{
	dprintf(STDOUT_FILENO, "# %d: not %s (%s)\n", line, condition, strerror(errno));
	_exit(1);
}

static unsigned char byte_at(uint64_t i)
{
	return i * 7 + i / PAGE * 3 + 1;
}

static void fill(void *p, uint64_t from, uint64_t to)
{
	for (uint64_t i = from; i < to; i++)
		((unsigned char *)p)[i] = byte_at(i);
}

/* Do bytes [from, to) of @p hold those of byte_at() from @first? */
static bool holds(const void *p, uint64_t from, uint64_t to, uint64_t first)
{
	for (uint64_t i = from; i < to; i++)
		if (((const unsigned char *)p)[i] != byte_at(first + i - from))
			return false;
	return true;
}

static bool zero(const void *p, uint64_t from, uint64_t to)
{
	for (uint64_t i = from; i < to; i++)
		if (((const unsigned char *)p)[i])
			return false;
	return true;
}

/* Is an address mapped from a buffer? */
static bool placed(const void *p)
{
	uintptr_t start, end;
	char line[512], *dash;
	bool found = false;
	FILE *maps = fopen("/proc/self/maps", "re");

	CHECK(maps);
	while (!found && fgets(line, sizeof(line), maps)) {
		start = strtoul(line, &dash, 16);
		end = strtoul(dash + 1, NULL, 16);
		found = (uintptr_t)p >= start && (uintptr_t)p < end &&
			strstr(line, "anon_inode:[terrace");
	}
	fclose(maps);
	return found;
}

/* Is a page mapped at all? */
static bool mapped(const void *p)
{
	unsigned char present;

	return !mincore((void *)p, PAGE, &present);
}

static char *map_memory(void)
{
	char *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED && placed(p) == expected && zero(p, 0, SIZE));
	fill(p, 0, SIZE);
	return p;
}

/* What is never placed, to compare with. */
static char *map_plain(void)
{
	char *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	CHECK(p != MAP_FAILED && !placed(p));
	fill(p, 0, SIZE);
	return p;
}

static char *map_file(size_t bytes, int flags, int mode, off_t offset)
{
	int fd = open(path, mode | O_CLOEXEC);
	char *p;

	CHECK(fd >= 0);
	p = mmap(NULL, bytes, PROT_READ, flags, fd, offset);
	close(fd);
	return p;
}

static char *heap(void)
{
	char *p = malloc(SIZE);

	CHECK(p && placed(p) == expected);
	fill(p, 0, SIZE);
	return p;
}

/* ---- files ---- */

static void test_file_content(void)
{
	static const off_t offsets[] = { 0, 5 * PAGE, 399 * PAGE, 400 * PAGE };
	size_t i, bytes;
	char *p;

	for (i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		bytes = FILE_BYTES - offsets[i];
		p = map_file(bytes, MAP_PRIVATE, O_RDONLY, offsets[i]);
		CHECK(p != MAP_FAILED && placed(p) == expected);
		CHECK(holds(p, 0, bytes, offsets[i]));
		CHECK(zero(p, bytes, (bytes + PAGE - 1) & ~(PAGE - 1)));
		CHECK(!munmap(p, bytes));
		CHECK(!mapped(p));
	}
}

static void test_file_in_a_page(void)
{
	char *p = map_file(PAGE + 10, MAP_SHARED, O_RDONLY, PAGE);

	CHECK(p != MAP_FAILED && placed(p) == expected);
	CHECK(holds(p, 0, 2 * PAGE, PAGE));
}

static void test_file_beyond_its_end(void)
{
	char *p = map_file(FILE_BYTES + 2 * PAGE, MAP_PRIVATE, O_RDONLY, 0);

	CHECK(p != MAP_FAILED && !placed(p));
	CHECK(holds(p, 0, FILE_BYTES, 0));
}

static void refused(int line, char *p, int error)
{
	if (p != MAP_FAILED || errno != error)
		fail(line, "an error as ever");
}

static void test_mmap_refused(void)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	refused(__LINE__, map_file(FILE_BYTES, MAP_PRIVATE, O_WRONLY, 0), EACCES);
	refused(__LINE__, map_file(0, MAP_PRIVATE, O_RDONLY, 0), EINVAL);
	refused(__LINE__, map_file(FILE_BYTES, MAP_PRIVATE, O_RDONLY, 7), EINVAL);
	refused(__LINE__, map_file(FILE_BYTES, 0, O_RDONLY, 0), EINVAL);
	refused(__LINE__, map_file(SIZE_MAX - 100, MAP_PRIVATE, O_RDONLY, 0), ENOMEM);
	refused(__LINE__, mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
	refused(__LINE__, mmap(NULL, SIZE_MAX - PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, fd, 0), ENOMEM);
	close(fd);
}

static void test_file_with_a_writer(void)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char byte, *p;

	p = mmap(NULL, FILE_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED && holds(p, 0, FILE_BYTES, 0));
	byte = ~byte_at(1000);
	CHECK(pwrite(fd, &byte, 1, 1000) == 1);
	CHECK(p[1000] == byte);
	CHECK(!mprotect(p, FILE_BYTES, PROT_READ | PROT_WRITE));
	p[1000] = byte_at(1000);
	CHECK(pread(fd, &byte, 1, 1000) == 1 && (unsigned char)byte == byte_at(1000));
}

static void test_file_made_writable(void)
{
	char *p = map_file(FILE_BYTES, MAP_PRIVATE, O_RDONLY, 0), *file;

	CHECK(placed(p) == expected);
	CHECK(!mprotect(p + 10 * PAGE, 20 * PAGE, PROT_READ | PROT_WRITE));
	memset(p + 10 * PAGE, 0x55, 20 * PAGE);
	CHECK(holds(p, 0, 10 * PAGE, 0) && holds(p, 30 * PAGE, FILE_BYTES, 30 * PAGE));
	CHECK(placed(p) == expected && !placed(p + 10 * PAGE));
	file = map_file(FILE_BYTES, MAP_PRIVATE, O_RDONLY, 0);
	CHECK(holds(file, 0, FILE_BYTES, 0));
	p = map_file(FILE_BYTES, MAP_SHARED, O_RDONLY, 0);
	CHECK(placed(p) == expected);
	CHECK(mprotect(p, PAGE, PROT_READ | PROT_WRITE) == -1 && errno == EACCES);
	CHECK(holds(p, 0, FILE_BYTES, 0));
}

static void test_address_wanted(void)
{
	char *p = map_plain(), *q;

	munmap(p, SIZE);
	q = mmap(p, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(q == p);
}

/* ---- parts ---- */

static void test_unmap_parts(void)
{
	char *p = map_memory();

	CHECK(!munmap(p, 3 * PAGE));
	CHECK(!munmap(p + 100 * PAGE, 20 * PAGE - 5));
	CHECK(!munmap(p + SIZE - 2 * PAGE, 2 * PAGE));
	CHECK(!mapped(p) && !mapped(p + 2 * PAGE) && mapped(p + 3 * PAGE));
	CHECK(mapped(p + 99 * PAGE) && !mapped(p + 100 * PAGE) && !mapped(p + 119 * PAGE));
	CHECK(mapped(p + 120 * PAGE) && !mapped(p + SIZE - PAGE));
	CHECK(holds(p, 3 * PAGE, 100 * PAGE, 3 * PAGE));
	CHECK(holds(p, 120 * PAGE, SIZE - 2 * PAGE, 120 * PAGE));
	CHECK(placed(p + 3 * PAGE) == expected && placed(p + 120 * PAGE) == expected);
	CHECK(munmap(p + 1, PAGE) == -1 && errno == EINVAL);
	CHECK(munmap(p + 5 * PAGE, SIZE_MAX - 10) == -1 && errno == EINVAL);
	CHECK(munmap(p + 5 * PAGE, 0) == -1 && errno == EINVAL);
	CHECK(holds(p, 3 * PAGE, 100 * PAGE, 3 * PAGE));
	CHECK(!munmap(p, SIZE) && !mapped(p + 50 * PAGE));
}

static char *with_other_in_it(void)
{
	char *p = map_memory(), *q;

	q = mmap(p + 50 * PAGE, 50 * PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CHECK(q == p + 50 * PAGE && zero(q, 0, 50 * PAGE) && !placed(q));
	CHECK(holds(p, 0, 50 * PAGE, 0) && holds(p, 100 * PAGE, SIZE, 100 * PAGE));
	return p;
}

static void test_fixed_over_it(void)
{
	char *p = with_other_in_it();

	CHECK(placed(p) == expected && placed(p + 100 * PAGE) == expected);
	refused(__LINE__, mmap(p, 20 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, -1, 0), EBADF);
	CHECK(holds(p, 0, 50 * PAGE, 0));
	refused(__LINE__, mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS |
			       MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
	CHECK(!munmap(p + 40 * PAGE, 70 * PAGE));
	CHECK(!mapped(p + 40 * PAGE) && !mapped(p + 60 * PAGE) && !mapped(p + 109 * PAGE));
	CHECK(holds(p, 0, 40 * PAGE, 0) && holds(p, 110 * PAGE, SIZE, 110 * PAGE));
}

static void test_remap(void)
{
	char *p = map_memory(), *q;

	refused(__LINE__, mremap(p, SIZE, 0, MREMAP_MAYMOVE), EINVAL);
	CHECK(mremap(p, SIZE, 200 * PAGE, 0) == p && !mapped(p + 200 * PAGE));
	CHECK(holds(p, 0, 200 * PAGE, 0) && placed(p) == expected);
	q = mremap(p, 200 * PAGE, 600 * PAGE, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED && holds(q, 0, 200 * PAGE, 0) && zero(q, 200 * PAGE, 600 * PAGE));
	p = map_memory();
	CHECK(mremap(p, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, q) == q);
	CHECK(holds(q, 0, SIZE, 0) && !mapped(p));
	CHECK(!munmap(q, 600 * PAGE));
	p = map_memory();
	q = map_memory();
	CHECK(mremap(p, 100 * PAGE, 100 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q) == q);
	CHECK(holds(q, 0, SIZE, 0) && !mapped(p) && holds(p, 100 * PAGE, SIZE, 100 * PAGE));
	q = mremap(p + 100 * PAGE, 50 * PAGE, 50 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	CHECK(q != MAP_FAILED && holds(q, 0, 50 * PAGE, 100 * PAGE));
	CHECK(zero(p, 100 * PAGE, 150 * PAGE) && holds(p, 150 * PAGE, SIZE, 150 * PAGE));
}

static void test_remap_file(void)
{
	char *p = map_file(100 * PAGE, MAP_PRIVATE, O_RDONLY, 0), *q;

	q = mremap(p, 100 * PAGE, 200 * PAGE, MREMAP_MAYMOVE);
	if (q == MAP_FAILED)
		CHECK(expected && errno == ENOMEM && holds(p, 0, 100 * PAGE, 0));
	else
		CHECK(holds(q, 0, 200 * PAGE, 0));
}

/* Decommit and commit, as allocators and virtual machines do. */
static void test_protections(void)
{
	char *p = map_memory();

	CHECK(!mprotect(p + 10 * PAGE, 10 * PAGE, PROT_NONE));
	CHECK(!madvise(p, 40 * PAGE + 1, MADV_DONTNEED));
	CHECK(!mprotect(p + 10 * PAGE, 10 * PAGE, PROT_READ | PROT_WRITE));
	CHECK(zero(p, 0, 41 * PAGE) && holds(p, 41 * PAGE, SIZE, 41 * PAGE));
	CHECK(!mprotect(p, SIZE, PROT_READ));
	CHECK(holds(p, 41 * PAGE, SIZE, 41 * PAGE));
	CHECK(!mprotect(p, SIZE, PROT_READ | PROT_WRITE));
	fill(p, 0, SIZE);
	CHECK(mprotect(p + 1, PAGE, PROT_READ) == -1 && errno == EINVAL);
	CHECK(!munmap(p, SIZE));
	CHECK(mprotect(p, PAGE, PROT_READ) == -1 && errno == ENOMEM);
}

/* ---- advice and locks: as for memory that is not placed ---- */

static void advise_both(int advice, bool compare)
{
	char *p = map_memory(), *q = map_plain();
	int one, other, error;

	one = madvise(p + 7 * PAGE, 50 * PAGE - 9, advice);
	error = errno;
	other = madvise(q + 7 * PAGE, 50 * PAGE - 9, advice);
	if (compare && (one != other || (one && error != errno))) {
		dprintf(STDOUT_FILENO, "# advice %d: %d (%s), not %d (%s)\n", advice, one,
			strerror(error), other, strerror(errno));
		_exit(1);
	}
	CHECK(holds(p, 0, 7 * PAGE, 0) && holds(p, 57 * PAGE, SIZE, 57 * PAGE));
	if (advice == MADV_DONTNEED || advice == 24)
		CHECK(zero(p, 7 * PAGE, 57 * PAGE));
	else if (advice == MADV_FREE)
		CHECK(zero(p, 7 * PAGE, 57 * PAGE) || !expected);
	else
		CHECK(!memcmp(p, q, SIZE));
	fill(p, 0, SIZE);
	CHECK(!munmap(p, SIZE) && !munmap(q, SIZE));
}

static void test_every_advice(void)
{
	int advice;

	/* to merge and to collapse are no promises; 99 is none at all */
	for (advice = 0; advice <= 25; advice++)
		advise_both(advice, advice != MADV_MERGEABLE && advice != MADV_UNMERGEABLE &&
			    advice != 25);
	advise_both(99, true);
}

static void test_advice_across(void)
{
	char *p = with_other_in_it();

	fill(p, 50 * PAGE, 100 * PAGE);
	CHECK(!madvise(p + 30 * PAGE, 100 * PAGE, MADV_WILLNEED));
	CHECK(!posix_madvise(p, SIZE, POSIX_MADV_DONTNEED));
	CHECK(holds(p, 0, SIZE, 0));
	CHECK(!madvise(p + 30 * PAGE, 100 * PAGE, MADV_DONTNEED));
	CHECK(holds(p, 0, 30 * PAGE, 0) && zero(p, 30 * PAGE, 130 * PAGE));
	CHECK(holds(p, 130 * PAGE, SIZE, 130 * PAGE));
	CHECK(madvise(p + 1, PAGE, MADV_DONTNEED) == -1 && errno == EINVAL);
	CHECK(madvise(p, SIZE_MAX, MADV_DONTNEED) == -1 && errno == EINVAL);
	CHECK(!madvise(p + 140 * PAGE, 0, MADV_DONTNEED));
	CHECK(holds(p, 130 * PAGE, SIZE, 130 * PAGE));
}

static void test_advice_to_a_file(void)
{
	static const int advice[] = { MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED,
				      MADV_DONTNEED, MADV_DONTFORK, MADV_DOFORK };
	char *p = map_file(FILE_BYTES, MAP_PRIVATE, O_RDONLY, 0);

	for (size_t i = 0; i < sizeof(advice) / sizeof(advice[0]); i++)
		CHECK(!madvise(p, FILE_BYTES, advice[i]));
	CHECK(holds(p, 0, FILE_BYTES, 0));
}

static void test_wiped_on_fork(void)
{
	char *p = map_memory();
	int status;

	CHECK(!madvise(p, PAGE, MADV_WIPEONFORK));
	CHECK(!madvise(p + 100 * PAGE, PAGE, MADV_DONTFORK));
	if (!fork()) {
		CHECK(zero(p, 0, PAGE) && holds(p, PAGE, 100 * PAGE, PAGE));
		CHECK(!mapped(p + 100 * PAGE));
		_exit(0);
	}
	CHECK(wait(&status) > 0 && !status);
	CHECK(holds(p, 0, SIZE, 0));
}

static void test_locks(void)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	char *p = map_memory(), *file = map_file(FILE_BYTES, MAP_PRIVATE, O_RDONLY, 0);

	/* without the right to, all may be refused; then it is not what is asked here */
	if (setrlimit(RLIMIT_MEMLOCK, &limit))
		return;
	CHECK(!mlock(p + 5, 20 * PAGE) && !mlock(file, FILE_BYTES) && !mlock2(p, SIZE, 1));
	CHECK(mlock2(p, SIZE, 64) == -1 && errno == EINVAL);
	CHECK(!munlock(p, SIZE) && !munlock(file, FILE_BYTES));
	CHECK(!mlockall(MCL_CURRENT | MCL_FUTURE));
	p = map_memory();
	CHECK(holds(p, 0, SIZE, 0) && !munlockall());
	CHECK(!munmap(p, SIZE));
}

static void test_msync(void)
{
	char *p = map_memory(), *file = map_file(FILE_BYTES, MAP_PRIVATE, O_RDONLY, 0);

	CHECK(!msync(p, SIZE, MS_ASYNC) && !msync(p, SIZE, MS_SYNC));
	CHECK(!msync(file, FILE_BYTES, MS_SYNC) && holds(p, 0, SIZE, 0));
}

/* ---- the allocator ---- */

static void test_allocator(void)
{
	void *p = NULL, *q;
	size_t align;

	CHECK(placed(heap()) == expected);
	p = calloc(257, PAGE);
	CHECK(placed(p) == expected && zero(p, 0, SIZE));
	CHECK(malloc_usable_size(p) >= SIZE);
	memset(p, 1, malloc_usable_size(p));
	free(p);
	for (align = sizeof(void *); align <= 1 << 21; align *= 2) {
		CHECK(!posix_memalign(&p, align, SIZE) && !((uintptr_t)p % align));
		memset(p, 1, SIZE);
		q = aligned_alloc(align, SIZE);
		CHECK(q && !((uintptr_t)q % align));
		memset(q, 1, SIZE);
		free(q);
		q = memalign(align, SIZE);
		CHECK(q && !((uintptr_t)q % align));
		free(p);
		free(q);
	}
	p = &p;
	CHECK(posix_memalign(&q, 24, SIZE) == EINVAL && posix_memalign(&q, 2, SIZE) == EINVAL);
}

static void test_reallocation(void)
{
	const volatile size_t huge = SIZE_MAX / 2, most = SIZE_MAX - PAGE, none = 0;
	char *p = heap(), *q;

	q = realloc(p, 3 * SIZE);
	CHECK(q && holds(q, 0, SIZE, 0));
	q = realloc(q, 100);
	CHECK(q && holds(q, 0, 100, 0));
	q = realloc(q, 2 * SIZE);
	CHECK(q && holds(q, 0, 100, 0));
	errno = 0;
	CHECK(!realloc(q, most) && errno == ENOMEM);
	CHECK(holds(q, 0, 100, 0));
	errno = 0;
	CHECK(!reallocarray(q, huge, 3) && errno == ENOMEM);
	errno = 0;
	CHECK(!calloc(huge, 3) && errno == ENOMEM);
	errno = 0;
	CHECK(!malloc(most) && errno == ENOMEM);
	errno = 0;
	/* NOLINTNEXTLINE(clang-analyzer-optin.portability.UnixAPI): it frees, in this C library */
	CHECK(!realloc(q, none));
	CHECK((q = realloc(NULL, SIZE)) && placed(q) == expected);
	free(q);
	p = heap();
	q = map_memory();
	errno = E2BIG;
	free(p);
	CHECK(!madvise(q, SIZE, MADV_DONTNEED) && !munmap(q, SIZE));
	CHECK(heap() && errno == E2BIG);
}

/* A heap that a child copied, or that was protected for a while, is still the heap. */
static void test_free_of_copies(void)
{
	char *p = heap(), *q = heap();
	uintptr_t page = ((uintptr_t)q + 50 * PAGE) & ~(PAGE - 1);
	int status;

	if (!fork()) {
		CHECK(malloc_usable_size(p) >= SIZE);
		p = realloc(p, 2 * SIZE);
		CHECK(p && holds(p, 0, SIZE, 0));
		free(p);
		free(q);
		exit(0);
	}
	CHECK(wait(&status) > 0 && !status);
	CHECK(!mprotect((void *)page, PAGE, PROT_READ));
	CHECK(!mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE));
	CHECK(holds(p, 0, SIZE, 0) && holds(q, 0, SIZE, 0));
	q = realloc(q, 2 * SIZE);
	CHECK(q && holds(q, 0, SIZE, 0));
	free(q);
	free(p);
}

/* ---- processes ---- */

static void child_of(char *p, char *q, int depth)
{
	int status;

	CHECK(holds(p, 0, SIZE, 0) && holds(q, 0, SIZE, 0));
	memset(p, depth, SIZE);
	fill(p, 0, SIZE);
	if (!depth)
		return;
	if (!fork()) {
		child_of(p, q, depth - 1);
		memset(p, 0xee, SIZE);
		memset(q, 0xee, SIZE);
		_exit(0);
	}
	CHECK(wait(&status) > 0 && !status);
	CHECK(holds(p, 0, SIZE, 0) && holds(q, 0, SIZE, 0));
}

static void test_fork(void)
{
	char *p = map_memory(), *q = heap(), *more;
	int status, i;

	for (i = 0; i < 3; i++) {
		if (!fork()) {
			child_of(p, q, 3);
			more = map_memory();
			CHECK(holds(more, 0, SIZE, 0));
			_exit(0);
		}
		memset(p, 0xaa, SIZE);
		CHECK(wait(&status) > 0 && !status);
		fill(p, 0, SIZE);
	}
	CHECK(holds(q, 0, SIZE, 0) && placed(p) == expected);
}

static void test_spawn(void)
{
	char *const command[] = { "true", NULL };
	char *p = map_memory(), *q = heap();
	pid_t pid;
	int status;

	CHECK(!posix_spawnp(&pid, "true", NULL, NULL, command, environ));
	CHECK(waitpid(pid, &status, 0) == pid && !status);
	/* NOLINTNEXTLINE(cert-env33-c): it is what programs do */
	CHECK(!system("exec true"));
	/* NOLINTNEXTLINE(clang-analyzer-security.insecureAPI.vfork): as that */
	pid = vfork();
	if (!pid) {
		execlp("true", "true", NULL);
		_exit(1);
	}
	CHECK(waitpid(pid, &status, 0) == pid && !status);
	CHECK(holds(p, 0, SIZE, 0) && holds(q, 0, SIZE, 0));
	CHECK(placed(p) == expected && placed(q) == expected);
}

/* ---- threads and signals ---- */

static void *thread_of_all(void *arg)
{
	uintptr_t seed = (uintptr_t)arg;
	int status, i;
	char *p, *q;
	pid_t pid;

	for (i = 0; i < 6; i++) {
		p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		q = malloc(SIZE + (seed % 5) * PAGE);
		CHECK(p != MAP_FAILED && q);
		memset(p, seed, SIZE);
		memset(q, seed, 3000);
		free(malloc(seed * 100));
		if (i == 1) {
			pid = fork();
			if (!pid) {
				CHECK(p[10] == (char)seed && p[SIZE - 1] == (char)seed);
				p[10]++;
				q[10]++;
				free(q);
				_exit(0);
			}
			CHECK(waitpid(pid, &status, 0) == pid && !status);
		}
		CHECK(!munmap(p + 9 * PAGE, 3 * PAGE));
		CHECK(p[10] == (char)seed && q[10] == (char)seed && p[SIZE - 1] == (char)seed);
		CHECK(!munmap(p, SIZE));
		free(q);
	}
	return NULL;
}

static void test_threads(void)
{
	pthread_t threads[THREADS];
	int i;

	for (i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&threads[i], NULL, thread_of_all,
				      (void *)(uintptr_t)(i + 1)));
	for (i = 0; i < THREADS; i++)
		CHECK(!pthread_join(threads[i], NULL));
}

static char *volatile handler_memory;
static volatile int handled;

static void on_signal(int signal)
{
	int saved = errno;
	char *p = handler_memory;

	(void)signal;
	if (p) {
		munmap(p + (handled % 200) * PAGE, PAGE);
		p = mmap(p + (handled % 200) * PAGE, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		if (p == MAP_FAILED)
			_exit(1);
	}
	handled++;
	errno = saved;
}

static volatile bool signalled;

/* One signal after the other has been handled, so that who is interrupted gets on. */
static void *send_signals(void *arg)
{
	int before;

	while (!signalled) {
		before = handled;
		pthread_kill(*(pthread_t *)arg, SIGUSR1);
		while (!signalled && handled == before)
			usleep(50);
		usleep(300);
	}
	return NULL;
}

static void test_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	pthread_t self = pthread_self(), sender;
	char *p, *q;
	int i;

	CHECK(!sigaction(SIGUSR1, &action, NULL));
	handler_memory = map_memory();
	CHECK(!pthread_create(&sender, NULL, send_signals, &self));
	for (i = 0; i < 50 || handled < 50; i++) {
		p = malloc(SIZE);
		q = malloc(100 + i % 1000);
		CHECK(p && q);
		p[i % SIZE] = 1;
		p = realloc(p, SIZE + 30 * PAGE);
		CHECK(p && p[i % SIZE] == 1);
		free(q);
		free(p);
	}
	signalled = true;
	CHECK(!pthread_join(sender, NULL));
	CHECK(holds(handler_memory, 200 * PAGE, SIZE, 200 * PAGE));
}

static void *thread_to_cancel(void *arg)
{
	for (;;) {
		free(malloc(SIZE));
		pthread_testcancel();
	}
	return arg;
}

static void test_cancelled(void)
{
	pthread_t thread;
	char *p;
	int i;

	for (i = 0; i < 8; i++) {
		CHECK(!pthread_create(&thread, NULL, thread_to_cancel, NULL));
		usleep(5000 + i * 777);
		CHECK(!pthread_cancel(thread) && !pthread_join(thread, NULL));
		p = map_memory();
		CHECK(!munmap(p, SIZE));
	}
}

static void *thread_forever(void *arg)
{
	for (;;) {
		char *p = malloc(SIZE);

		p[0] = 1;
		free(p);
	}
	return arg;
}

static void test_exit_while_running(void)
{
	pthread_t thread;
	int i;

	for (i = 0; i < 4; i++)
		CHECK(!pthread_create(&thread, NULL, thread_forever, NULL));
	usleep(20000);
	exit(0);
}

/* ---- descriptors, limits, identity ---- */

static void test_descriptors_closed(void)
{
	char *p = map_memory(), *q = heap(), *file, byte;
	struct rlimit limit = { 1024, 1024 };
	int fd[1021], i;

	CHECK(!setrlimit(RLIMIT_NOFILE, &limit));
	file = map_file(FILE_BYTES, MAP_PRIVATE, O_RDONLY, 0);
	CHECK(!close_range(3, ~0U, 0));
	for (i = 0; i < 1021; i++) {
		fd[i] = open(path, O_RDONLY);
		if (fd[i] < 0)
			break;
		CHECK(fd[i] == i + 3);
	}
	CHECK(i == 1021);
	CHECK(holds(p, 0, SIZE, 0) && holds(q, 0, SIZE, 0) && holds(file, 0, FILE_BYTES, 0));
	CHECK(!madvise(p + PAGE, 100 * PAGE, MADV_DONTNEED));
	CHECK(zero(p, PAGE, 101 * PAGE) && holds(p, 101 * PAGE, SIZE, 101 * PAGE));
	madvise(file, FILE_BYTES, MADV_WILLNEED);
	CHECK(!munmap(p, SIZE) && !munmap(file, FILE_BYTES));
	free(q);
	q = malloc(SIZE);	/* no descriptor is free */
	CHECK(q);
	fill(q, 0, SIZE);
	CHECK(holds(q, 0, SIZE, 0));
	free(q);
	while (i--)
		CHECK(pread(fd[i], &byte, 1, 5) == 1 && (unsigned char)byte == byte_at(5));
	CHECK(!close_range(3, ~0U, 0));
	p = map_memory();	/* and again */
	CHECK(!munmap(p, SIZE));
	CHECK(open(path, O_RDONLY) == 3);
}

/* Many buffers leave the program its descriptors. */
static void test_descriptors_left(void)
{
	struct rlimit limit = { 64, 64 };
	char *p[60];
	int i;

	CHECK(!setrlimit(RLIMIT_NOFILE, &limit));
	for (i = 0; i < 60; i++) {
		p[i] = malloc(SIZE);
		CHECK(p[i]);
		p[i][SIZE - 1] = i;
	}
	for (i = 0; i < 20; i++)
		CHECK(open(path, O_RDONLY) >= 0);
	for (i = 0; i < 60; i++) {
		CHECK(p[i][SIZE - 1] == i);
		free(p[i]);
	}
}

static void test_address_space(void)
{
	struct rlimit limit = { 200UL << 20, 200UL << 20 };
	char *p[400];
	int i, n;

	CHECK(!setrlimit(RLIMIT_AS, &limit));
	for (n = 0; n < 400; n++) {
		p[n] = malloc(SIZE);
		if (!p[n])
			break;
		p[n][SIZE - 1] = n;
	}
	CHECK(n > 50 && n < 400 && errno == ENOMEM);
	for (i = 0; i < n; i++) {
		CHECK(p[i][SIZE - 1] == (char)i);
		free(p[i]);
	}
}

/* A file that takes the place of standard error is the program's. */
static void test_standard_error(void)
{
	char name[] = "/tmp/plain-client-XXXXXX";
	struct rlimit limit = { 16, 16 };
	struct stat st;
	int i;

	CHECK(!close(STDERR_FILENO));
	CHECK(mkstemp(name) == STDERR_FILENO && !unlink(name));
	CHECK(!setrlimit(RLIMIT_NOFILE, &limit));
	for (i = 0; i < 30; i++)
		CHECK(malloc(SIZE));
	CHECK(!fstat(STDERR_FILENO, &st) && !st.st_size);
}

static void test_other_user(void)
{
	char *p = map_memory(), *q;

	if (geteuid())
		return;
	CHECK(!chroot("/proc/self/fdinfo") && !chdir("/"));
	CHECK(!setgid(65534) && !setuid(65534));
	q = malloc(SIZE);
	CHECK(q && holds(p, 0, SIZE, 0));
	fill(q, 0, SIZE);
	CHECK(holds(q, 0, SIZE, 0));
	free(q);
}

static void test_exec(void)
{
	char *p = map_memory();

	CHECK(execl("/nonexistent", "no", NULL) == -1 && errno == ENOENT);
	CHECK(holds(p, 0, SIZE, 0));
	CHECK(!close(STDOUT_FILENO) && open("/dev/null", O_WRONLY) == STDOUT_FILENO);
	execl("/proc/self/exe", "plain_client", expected ? "placed" : "plain", path, "unmap_parts",
	      NULL);
	_exit(1);
}

/* ---- running them ---- */

#define TEST(name)	{ #name, test_##name }

static const struct test {
	const char *name;
	void (*run)(void);
} tests[] = {
	TEST(file_content), TEST(file_in_a_page), TEST(file_beyond_its_end), TEST(mmap_refused),
	TEST(file_with_a_writer), TEST(file_made_writable), TEST(address_wanted),
	TEST(unmap_parts), TEST(fixed_over_it), TEST(remap), TEST(remap_file), TEST(protections),
	TEST(every_advice), TEST(advice_across), TEST(advice_to_a_file), TEST(wiped_on_fork),
	TEST(locks), TEST(msync), TEST(allocator), TEST(reallocation), TEST(free_of_copies),
	TEST(fork), TEST(spawn), TEST(threads), TEST(signals), TEST(cancelled),
	TEST(exit_while_running), TEST(descriptors_closed), TEST(descriptors_left),
	TEST(address_space), TEST(standard_error), TEST(other_user), TEST(exec),
};

#define TESTS	(sizeof(tests) / sizeof(tests[0]))

static bool wanted(const struct test *t, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strcmp(*names, t->name))
			return true;
	return false;
}

/* Returns whether it failed. */
static bool run_one(const struct test *t, int number)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		alarm(150);	/* emulated, and on a kernel that checks itself */
		t->run();
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		status = -1;
	if (WIFSIGNALED(status))
		printf("# signal %d\n", WTERMSIG(status));
	printf("%s %d - %s\n", status ? "not ok" : "ok", number, t->name);
	fflush(stdout);
	return status;
}

static void hold(void)
{
	expected = true;
	map_memory();
	heap();
	puts("held");
	fflush(stdout);
	pause();
}

int main(int argc, char **argv)
{
	int number = 0, failed = 0;
	size_t i;

	if (argc == 2 && !strcmp(argv[1], "hold"))
		hold();
	for (i = 0; argc == 2 && i < TESTS; i++)
		puts(tests[i].name);
	if (argc < 3)
		return 0;
	expected = !strcmp(argv[1], "placed");
	path = argv[2];
	for (i = 0; i < TESTS; i++)
		if (wanted(&tests[i], argv + 3))
			failed += run_one(&tests[i], ++number);
	return failed > 0;
}
