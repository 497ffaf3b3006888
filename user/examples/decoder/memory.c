// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How a runtime uses libterrace. Read this file first.
 *
 * One session is one stream of steps. It has a ring of access records, so that a step is charged
 * for what it says it reads and writes (declared); without a ring the kernel takes the mappings
 * away when a step begins and charges each extent that is touched (observed): nothing needs to be
 * said then, but an extent costs as a whole.
 */
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "refuse.h"

/* A step of a small model fits; when it is full, terrace_record() has the kernel read it. */
#define RING_ENTRIES	4096

int memory_open(struct memory *m, const struct memory_options *options)
{
	struct terrace_options session = {
		.ring_entries = options->observed ? 0 : RING_ENTRIES,
		.pace_permille = options->pace_permille,
	};
	int err;

	*m = (struct memory){ 0 };
	if (options->plain)
		return 0;
	err = terrace_session_open(&session, &m->session);
	if (err == -ENOENT || err == -EACCES) {
		/* a model that runs slower than it could is better than one that does not run */
		fprintf(stderr, "decoder: %s; going on in plain memory\n", terrace_error());
		return 0;
	}
	if (err)
		return refuse("%s", terrace_error());
	m->declared = !options->observed;
	return 0;
}

void memory_close(struct memory *m)
{
	terrace_session_close(m->session);
	m->session = NULL;
}

/* A tier that was named is meant: no room there is an error, not some other tier. */
static int place(struct memory *m, const struct placement *where, struct terrace_buffer_options *o)
{
	int tier;

	o->tier = TERRACE_TIER_ANY;
	o->extent_bytes = where->extent_bytes;
	if (!where->tier)
		return 0;
	tier = terrace_tier_find(m->session, where->tier);
	if (tier < 0)
		return refuse("%s", terrace_error());
	o->tier = tier;
	o->strict = true;
	return 0;
}

/* A tier of memory has a node; one without is a device, whose bytes are fetched when touched. */
static bool on_device(struct memory *m, const struct terrace_buffer *b)
{
	struct terrace_buffer_info buffer;
	struct terrace_tier_info tier;
	uint32_t i;

	if (terrace_buffer_info(b, &buffer))
		return false;
	for (i = 0; i < TERRACE_TIERS_MAX; i++)
		if (buffer.tier_bytes[i] && !terrace_tier_get(m->session, i, &tier) &&
		    tier.node < 0)
			return true;
	return false;
}

/* mmap(2) wants whole pages; a file's weights begin anywhere. */
static int map_file(struct memory *m, int fd, uint64_t offset, uint64_t bytes, struct area *out)
{
	uint64_t page = sysconf(_SC_PAGESIZE), before = offset % page;
	void *at = mmap(NULL, bytes + before, PROT_READ, MAP_SHARED, fd, offset - before);

	if (at == MAP_FAILED)
		return refuse("cannot map %llu bytes of weights: %s", (unsigned long long)bytes,
			      strerror(errno));
	*out = (struct area){
		.memory = m,
		.data = (char *)at + before,
		.mapped = at,
		.mapped_bytes = bytes + before,
	};
	return 0;
}

/*
 * Weights are sealed: they will not change, so the kernel may drop what it can read again, and a
 * tier of flash programs them once. They are never written here, and mapped to read only.
 */
int memory_load_weights(struct memory *m, int fd, uint64_t offset, uint64_t bytes,
			const struct placement *where, struct area *out)
{
	struct terrace_buffer_options o = {
		.class_id = TERRACE_CLASS_WEIGHTS,
		.name = "decoder weights",
	};

	if (!m->session)
		return map_file(m, fd, offset, bytes, out);
	*out = (struct area){ .memory = m };
	if (place(m, where, &o))
		return -1;
	if (terrace_weights_open(m->session, fd, offset, bytes, &o, &out->buffer))
		return refuse("%s", terrace_error());
	out->data = terrace_buffer_data(out->buffer);
	out->prefetch = on_device(m, out->buffer);
	/* or the kernel would fetch the neighbours of an expert, and drop others for them */
	if (out->prefetch && where->scattered)
		posix_fadvise(terrace_buffer_fd(out->buffer), 0, 0, POSIX_FADV_RANDOM);
	return 0;
}

static int make_plain(struct memory *m, uint64_t bytes, struct area *out)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return refuse("there is no memory for %llu bytes: free some, or give a smaller -n",
			      (unsigned long long)bytes);
	*out = (struct area){ .memory = m, .data = at, .mapped = at, .mapped_bytes = bytes };
	return 0;
}

int memory_make_area(struct memory *m, uint32_t class_id, uint64_t bytes,
		     const struct placement *where, struct area *out)
{
	struct terrace_buffer_options o = { .class_id = class_id };
	char name[TERRACE_NAME_MAX];

	if (!m->session)
		return make_plain(m, bytes, out);
	snprintf(name, sizeof(name), "decoder %s", terrace_class_name(class_id));
	o.name = name;
	*out = (struct area){ .memory = m };
	if (place(m, where, &o))
		return -1;
	if (terrace_buffer_create(m->session, bytes, &o, &out->buffer))
		return refuse("%s", terrace_error());
	out->data = terrace_buffer_data(out->buffer);
	return 0;
}

void memory_free_area(struct area *a)
{
	terrace_buffer_free(a->buffer);
	if (a->mapped)
		munmap(a->mapped, a->mapped_bytes);
	*a = (struct area){ 0 };
}

/* ---- steps ---- */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

int memory_begin_step(struct memory *m, uint32_t kind, uint64_t flops)
{
	m->began_ns = now_ns();
	if (!m->session)
		return 0;
	if (terrace_step_begin(m->session, kind, flops, 1, 1))
		return refuse("%s", terrace_error());
	return 0;
}

/* A step that was paced is over also when a signal woke it up: then it was only not long enough. */
int memory_end_step(struct memory *m, struct terrace_step_end *cost)
{
	int err;

	*cost = (struct terrace_step_end){ .wall_ns = now_ns() - m->began_ns };
	if (!m->session)
		return 0;
	err = terrace_step_end(m->session, cost);
	if (err && err != -EINTR)
		return refuse("%s", terrace_error());
	if (m->err)
		return refuse("an access record was not taken: %s", strerror(-m->err));
	return 0;
}

/*
 * A record says what a step will have read or written when it ends. Granules and the tiers that the
 * extents are on then are the kernel's business: the range is what the program touches, no more.
 */
void memory_access(const struct area *a, uint32_t flags, uint64_t offset, uint64_t bytes)
{
	struct memory *m = a->memory;
	int err;

	if (!m->declared)
		return;
	err = terrace_record(m->session, terrace_buffer_id(a->buffer), flags, offset, bytes);
	if (err && !m->err)
		m->err = err;
}

/*
 * Only for what is on a device: workers fetch it while this thread computes. Tiers of memory have
 * nothing to fetch, and there the same advice would move the range to a faster tier that has room:
 * which tier is right is decided over many steps, by the daemon, and not by each of them.
 */
void memory_prefetch(const struct area *a, uint64_t offset, uint64_t bytes)
{
	if (a->prefetch && bytes)
		terrace_prefetch(a->buffer, offset, bytes);
}
