// SPDX-License-Identifier: LGPL-2.1-or-later
/* Placing: from a file or an allocation to a region in a buffer. */
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/gguf.h"
#include "lib/internal.h"
#include "preload/preload.h"

#define EXPERT_EXTENT_MIN	16384U	/* below, faults cost more than bytes */
#define EXPERT_EXTENT_MAX	65536U
#define LARGE_EXTENT	(2U << 20)
#define SMALL_EXTENT	65536U

struct file {
	int fd;
	char path[PATH_MAX];
	bool gguf;
};

static bool file_matches(const struct rule *rule, void *arg)
{
	struct file *f = arg;

	if (!*rule->pattern)
		return f->gguf;
	return *f->path && !fnmatch(rule->pattern, f->path, 0);
}

static void file_look(struct file *f, int fd)
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, f->path, sizeof(f->path) - 1);
	f->path[n > 0 ? n : 0] = '\0';
	f->fd = fd;
	f->gguf = gguf_is(fd);
}

static bool memory_matches(const struct rule *rule, void *arg)
{
	return !*rule->pattern || caller_matches(arg, rule->pattern);
}

/* One line for each class and each reason is enough. */
static void say_plain(const struct rule *rule, uint64_t bytes)
{
	static uint32_t said;
	static char reason[256];
	uint32_t class_bit = 1U << rule->class_id;

	if (__atomic_fetch_or(&said, class_bit, __ATOMIC_RELAXED) & class_bit ||
	    !strncmp(reason, terrace_error(), sizeof(reason) - 1))
		return;
	snprintf(reason, sizeof(reason), "%s", terrace_error());
	say("%s (%llu bytes) stay in plain memory: %s", rule->name, (unsigned long long)bytes,
	    reason);
}

static const char *wanted_tier(const struct rule *rule)
{
	if (*rule->tier)
		return rule->tier;
	if (rule->class_id == TERRACE_CLASS_WEIGHTS)
		return preload_settings.weights;
	return rule->class_id == TERRACE_CLASS_KV ? preload_settings.kv : "";
}

static void options(struct terrace_session *s, const struct rule *rule, uint32_t extent_bytes,
		    struct terrace_buffer_options *o)
{
	*o = (struct terrace_buffer_options) {
		.class_id = rule->class_id,
		.extent_bytes = rule->extent_bytes ? rule->extent_bytes : extent_bytes,
		.tier = device_tier(s, wanted_tier(rule)),
		.name = rule->name,
	};
}

static void say_descriptors(const struct rule *rule, uint64_t bytes)
{
	static bool said;

	if (!__atomic_exchange_n(&said, true, __ATOMIC_RELAXED))
		say("%s (%llu bytes) stay in plain memory: no high descriptor is free for a buffer; raise 'ulimit -n', or min_bytes of the rule",
		    rule->name, (unsigned long long)bytes);
}

/* Move a buffer's descriptors out of the program's way. */
static bool region_hold(struct region *r, struct terrace_buffer *b)
{
	if (held_take(b->fd, &r->held) < 0)
		return false;
	b->fd = r->held.fd;
	if (!terrace_buffer_shared(b))
		return true;
	if (held_take(b->keeper, &r->keeper) < 0)
		return false;
	b->keeper = r->keeper.fd;
	return true;
}

/*
 * The mapping becomes the region's: it is taken away piece by piece. What the last extent has
 * beyond the range is unmapped at once, as the program does not know of it.
 */
static void *region_open(struct terrace_buffer *b, uint64_t bytes, const struct rule *rule,
			 enum region_kind kind)
{
	struct region *r = calloc(1, sizeof(*r));
	uintptr_t base = (uintptr_t)b->data;
	uint64_t mapped = PAGE_UP(bytes);

	if (!r)
		goto out_free;
	if (!region_hold(r, b)) {
		say_descriptors(rule, bytes);
		goto out_region;
	}
	if (mapped < b->bytes)
		real_munmap((void *)(base + mapped), b->bytes - mapped);
	b->data = NULL;
	r->buffer = b;
	r->base = base;
	r->bytes = bytes;
	r->rule = rule;
	r->kind = kind;
	r->private = !terrace_buffer_shared(b);
	if (regions_add(base, base + mapped, r))
		return (void *)base;
	real_munmap((void *)base, mapped);
out_region:
	free(r);
out_free:
	terrace_buffer_free(b);
	return NULL;
}

/*
 * Experts are read one by one: what an extent has beyond one's slice is read in vain. So it is no
 * larger than the smallest slice.
 */
static uint32_t expert_extent(int fd)
{
	struct gguf_stack *stacks;
	size_t i, n = gguf_stacks(fd, &stacks);
	uint32_t extent = EXPERT_EXTENT_MAX;

	for (i = 0; i < n; i++)
		while (extent > EXPERT_EXTENT_MIN && extent > stacks[i].slice_bytes)
			extent /= 2;
	free(stacks);
	return n ? extent : 0;
}

static uint32_t file_extent(const struct file *f)
{
	if (preload_settings.extent_bytes)
		return preload_settings.extent_bytes;
	return f->gguf ? expert_extent(f->fd) : 0;
}

static void *file_open(const struct file *f, off_t offset, size_t bytes, const struct rule *rule,
		       enum region_kind kind)
{
	struct terrace_session *s = device_session();
	struct terrace_buffer_options o;
	struct terrace_buffer *b;

	if (!s)
		return NULL;
	options(s, rule, file_extent(f), &o);
	o.name = NULL;		/* the file's */
	if (terrace_weights_open(s, f->fd, offset, bytes, &o, &b)) {
		say_plain(rule, bytes);
		return NULL;
	}
	return region_open(b, bytes, rule, kind);
}

/*
 * The bytes of a regular file that lie in the pages asked for; 0 when there are pages behind its
 * last one: there is a signal to be had, which is the kernel's. What is no file is not read.
 */
static size_t file_bytes(int fd, off_t offset, size_t bytes)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || offset < 0 || offset >= st.st_size ||
	    PAGE_UP(bytes) > PAGE_UP(st.st_size - offset))
		return 0;
	bytes = PAGE_UP(bytes);
	return bytes < (uint64_t)(st.st_size - offset) ? bytes : (size_t)(st.st_size - offset);
}

void *place_file(int fd, off_t offset, size_t bytes, enum region_kind kind)
{
	const struct rule *rule;
	struct file f;

	bytes = file_bytes(fd, offset, bytes);
	if (!bytes)
		return NULL;
	file_look(&f, fd);
	rule = rules_find(preload_settings.rules, preload_settings.rules_n, RULE_FILE, bytes,
			  file_matches, &f);
	return rule ? file_open(&f, offset, bytes, rule, kind) : NULL;
}

/* Large pages where they cost little: a buffer is whole extents. */
static uint32_t memory_extent(uint64_t bytes)
{
	return bytes >= 8ULL * LARGE_EXTENT ? LARGE_EXTENT : SMALL_EXTENT;
}

void *place_memory(size_t bytes, size_t align, enum region_kind kind)
{
	struct caller c = { 0 };
	struct terrace_buffer_options o;
	struct terrace_session *s;
	struct terrace_buffer *b;
	const struct rule *rule;

	if (align > PAGE)
		return NULL;
	rule = rules_find(preload_settings.rules, preload_settings.rules_n, RULE_MEMORY, bytes,
			  memory_matches, &c);
	s = rule ? device_session() : NULL;
	if (!s)
		return NULL;
	options(s, rule, memory_extent(bytes), &o);
	if (terrace_buffer_create(s, bytes, &o, &b)) {
		say_plain(rule, bytes);
		return NULL;
	}
	return region_open(b, bytes, rule, kind);
}

/* Over the old mapping in one step: there is no moment without memory. */
static int plain_copy(const struct piece *p, void *start, size_t bytes)
{
	void *copy;

	copy = real_mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (copy == MAP_FAILED)
		return -ENOMEM;
	memcpy(copy, start, bytes);
	if ((region_writable(p->region) || !real_mprotect(copy, bytes, PROT_READ)) &&
	    real_mremap(copy, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, start) != MAP_FAILED)
		return 0;
	real_munmap(copy, bytes);
	return -ENOMEM;
}

int place_plain(const struct piece *p, uintptr_t start, uintptr_t end, int unused)
{
	int err = p ? plain_copy(p, (void *)start, end - start) : 0;

	(void)unused;
	if (p && !err)
		regions_plain(start, end);
	return err;
}
