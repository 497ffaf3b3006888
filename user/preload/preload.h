/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libterrace-preload: puts the model of an unmodified program into Terrace buffers.
 *
 * It stands in front of the C library's memory functions. What no rule names goes through
 * untouched; what cannot be placed stays in plain memory, and one line on standard error says why.
 *
 * Rules of the house, so that the program never notices:
 *   - Everything here that may allocate, map or free does so between preload_enter() and
 *     preload_leave(): the functions it calls then go straight to the C library.
 *   - errno changes only where the C library's function would have changed it: preload_leave()
 *     puts it back.
 *   - The table of regions is changed with all signals blocked, so that a handler that unmaps finds
 *     it whole and unlocked; looking up takes no lock, so that it may be interrupted anywhere.
 *   - What is placed has the protection that it was made with. For any other it becomes plain
 *     first, so that its content can always be copied and cleared where it is.
 *   - Descriptors are kept at high numbers and looked at before use: a program may close those it
 *     did not open, and open its own.
 *
 * Lock order: device.c's lock, regions.c's lock. Nothing of the program is called under either.
 */
#ifndef _PRELOAD_PRELOAD_H
#define _PRELOAD_PRELOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include <terrace/terrace.h>

#include "preload/rules.h"

#define EXPORT	__attribute__((visibility("default")))

#define PAGE		4096UL
#define PAGE_UP(n)	(((n) + PAGE - 1) & ~(PAGE - 1))

/* ---- settings.c: what terrace run asked for ---- */

/**
 * struct settings - from the environment, fixed
 * @ready: they could be read; without it nothing is placed
 * @weights, @kv: preferred tiers; empty = the placement rule
 * @extent_bytes: of weights; 0 = chosen by content
 * @pace_permille, @sample_period: as of struct terrace_options
 * @report: file for the report at the end, or NULL
 * @memory_min: allocations that are smaller match no rule
 */
struct settings {
	bool ready;
	char weights[RULE_NAME_MAX];
	char kv[RULE_NAME_MAX];
	uint32_t extent_bytes;
	uint32_t pace_permille;
	uint32_t sample_period;
	const char *report;
	struct rule rules[RULES_MAX];
	size_t rules_n;
	uint64_t memory_min;
};

extern struct settings preload_settings;

/* ---- real.c: the functions behind ours ---- */

struct real {
	void *(*malloc)(size_t bytes);
	void *(*calloc)(size_t n, size_t bytes);
	void *(*realloc)(void *p, size_t bytes);
	void (*free)(void *p);
	void *(*aligned_alloc)(size_t align, size_t bytes);
	void *(*memalign)(size_t align, size_t bytes);
	int (*posix_memalign)(void **p, size_t align, size_t bytes);
	size_t (*malloc_usable_size)(void *p);
};

/**
 * preload_function - make a pointer to a function of what dlsym() returned
 * @function: where the pointer is; set to NULL when there is no @symbol
 *
 * POSIX has pointers to functions and to objects be the same; C does not let one assign them.
 */
static inline bool preload_function(void *function, void *symbol)
{
	memcpy(function, &symbol, sizeof(symbol));
	return symbol;
}

/**
 * real - the C library's allocator, or whatever stands behind this library
 */
const struct real *real(void);

/* The system calls, so that no other preloaded library sees what this one does. */
void *real_mmap(void *addr, size_t bytes, int prot, int flags, int fd, off_t offset);
int real_munmap(void *addr, size_t bytes);
int real_madvise(void *addr, size_t bytes, int advice);
void *real_mremap(void *addr, size_t bytes, size_t to_bytes, int flags, void *to);
int real_mprotect(void *addr, size_t bytes, int prot);
int real_mlock(const void *addr, size_t bytes, int flags);

/* Is this thread inside the library, or is the library not ready? Then calls go through. */
bool preload_inside(void);
/* Between them the thread is not cancelled; the outermost leave puts errno back. */
void preload_enter(void);
void preload_leave(void);

/* ---- say.c ---- */

/* Keep in mind what standard error is: the program may close it, and open a file of its own. */
void say_prepare(void);

/**
 * say - one line on standard error, "terrace: ..."; errno does not change
 */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- device.c: the session ---- */

/**
 * struct held_fd - a descriptor of ours among the program's
 * @dev, @ino: of what it is open on
 */
struct held_fd {
	int fd;
	dev_t dev;
	ino_t ino;
};

/* Keep in mind what a descriptor is open on. */
void held_keep(int fd, struct held_fd *held);

/**
 * held_take - move a descriptor to a high number
 *
 * Return: the new number, or -1 where there is none free; @fd is then as it was.
 */
int held_take(int fd, struct held_fd *held);

/* Is it still open on what we opened? */
bool held_valid(const struct held_fd *held);

/**
 * device_session - the session, opened at first use
 *
 * Return: NULL when there is no device to be used; the reason was said once.
 */
struct terrace_session *device_session(void);

/* The session if one is open and the program has not closed it. */
struct terrace_session *device_open_session(void);

/* The tier of a name, TERRACE_TIER_ANY for an empty or unknown one, which is said once. */
uint32_t device_tier(struct terrace_session *s, const char *name);

/* In a child: the parent's session is not ours. */
void device_forget(void);

/* ---- regions.c: which addresses are ours ---- */

enum region_kind {
	REGION_HEAP,		/* what malloc() returned */
	REGION_MEMORY,		/* a private anonymous mapping */
	REGION_FILE,		/* a private mapping of a file */
	REGION_FILE_SHARED,	/* a shared one of a file that is open to be read */
};

/**
 * struct region - a buffer and where it is mapped; counted by its pieces
 * @buffer: kept open for advice; its mapping is ours, not the library's
 * @held: the buffer's descriptor
 * @keeper: its connection to terraced, while that keeps it for others as well
 * @base: address of its first byte
 * @bytes: asked for, at least 1
 * @rule: why
 * @kind: what the program thinks it is
 * @private: nobody else maps it: what is unmapped may be discarded
 * @pieces: that there are of it
 * @placed: those of them that are mapped from the buffer; without any it is closed
 */
struct region {
	struct terrace_buffer *buffer;
	struct held_fd held;
	struct held_fd keeper;
	uintptr_t base;
	uint64_t bytes;
	const struct rule *rule;
	enum region_kind kind;
	bool private;
	unsigned int pieces;
	unsigned int placed;
};

/* Memory may be read and written, a file's content may be read. */
static inline bool region_writable(const struct region *r)
{
	return r->kind == REGION_HEAP || r->kind == REGION_MEMORY;
}

/**
 * struct piece - a mapped part of a region
 * @plain: plain memory has taken its place; it is known so that free() finds its region
 */
struct piece {
	uintptr_t start;
	uintptr_t end;
	struct region *region;
	bool plain;
};

/* Can any of these addresses be ours? No false negatives, cheap, and takes no lock. */
bool regions_near(uintptr_t start, uintptr_t end);

/**
 * regions_add - addresses [@start, @end) are @r's now
 *
 * Return: false when there is no memory for the table.
 */
bool regions_add(uintptr_t start, uintptr_t end, struct region *r);

/**
 * regions_find - the piece that holds an address
 * @out: a copy; the region stays until its last piece is cut
 *
 * Return: false when it is not ours.
 */
bool regions_find(uintptr_t address, struct piece *out);

/**
 * regions_part_fn - does something with a part of a range
 * @p: the piece that it is of; NULL: it is not ours, or plain memory
 *
 * Return: 0, or another value, a negative errno, which ends the walk.
 */
typedef int (*regions_part_fn)(const struct piece *p, uintptr_t start, uintptr_t end, int arg);

/**
 * regions_walk - part by part through a range
 *
 * No lock is held around @fn, which may cut its part.
 */
int regions_walk(uintptr_t start, uintptr_t end, regions_part_fn fn, int arg);

/**
 * regions_cut - these addresses are not ours any more
 *
 * What is mapped there is left to the caller. A region without pieces is closed.
 */
void regions_cut(uintptr_t start, uintptr_t end);

/* Plain memory has been put there: only free() must still find its way. */
void regions_plain(uintptr_t start, uintptr_t end);

/* Around fork(2), in parent and child: the table is whole in the child. */
void regions_lock(void);
void regions_unlock(void);

/* With the lock held: is any region memory? */
bool regions_memory(void);

/* With the lock held: another process maps all regions there are. */
void regions_share(void);

/* ---- place.c: put something into a buffer ---- */

/**
 * place_file - map a range of a file from a sealed buffer
 * @kind: REGION_FILE or REGION_FILE_SHARED
 *
 * Return: the address; NULL: it is to be mapped as it is.
 */
void *place_file(int fd, off_t offset, size_t bytes, enum region_kind kind);

/**
 * place_memory - memory that reads as zero, from a buffer
 * @kind: REGION_HEAP or REGION_MEMORY
 *
 * Return: the address, aligned to at least @align; NULL: it is to be allocated as ever.
 */
void *place_memory(size_t bytes, size_t align, enum region_kind kind);

/**
 * place_plain - put plain memory with the same content in the place of a part, see regions_walk()
 *
 * Return: 0, or -ENOMEM, then nothing has changed.
 */
int place_plain(const struct piece *p, uintptr_t start, uintptr_t end, int unused);

/* ---- caller.c: who is calling? ---- */

#define CALLER_DEPTH	24

/**
 * struct caller - the functions on the stack, looked up when first asked for
 */
struct caller {
	int depth;
	const char *names[CALLER_DEPTH];
};

void caller_prepare(void);
bool caller_matches(struct caller *c, const char *pattern);

/*
 * Is an address in the program's allocator? One that maps its memory by mmap(2) has locks that it
 * would meet again, were that to be placed.
 */
bool caller_allocates(const void *address);

/* ---- graph.c: what a ggml graph computes ---- */

/**
 * struct graph_work - of one graph
 * @flops: of matrix products and attention; 0 when the library's structures are not known
 * @tokens: rows that go in; 1 when they are not known
 * @outputs: rows that come out
 */
struct graph_work {
	uint64_t flops;
	uint32_t tokens;
	uint32_t outputs;
};

void graph_work(const void *graph, struct graph_work *work);

/* A function of the library that holds the running ggml, NULL when it has none of that name. */
void *graph_symbol(const char *name);

/* ---- steps.c, report.c ---- */

/**
 * struct step_sums - of one kind of steps
 */
struct step_sums {
	uint64_t steps;
	uint64_t tokens;
	uint64_t model_ns;
	uint64_t wall_ns;
	uint64_t flops;
};

/* By TERRACE_STEP_ kind; written by the thread that ends a step. */
extern struct step_sums steps_sums[2];

/* In a child: its steps begin again. */
void steps_forget(void);

#endif /* _PRELOAD_PRELOAD_H */
