/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the decoder's bytes are: on the tiers of /dev/terrace, or in plain memory.
 *
 * This is the only file but kv.c that knows libterrace. The rest of the decoder asks for areas, and
 * says what it reads and writes of them.
 */
#ifndef DECODER_MEMORY_H
#define DECODER_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include <terrace/terrace.h>

/**
 * struct memory_options - how to use the device
 * @plain: not at all
 * @observed: without access records
 * @pace_permille: as of struct terrace_options
 */
struct memory_options {
	bool plain;
	bool observed;
	uint32_t pace_permille;
};

/**
 * struct memory - a session
 * @session: NULL: all memory is plain
 * @declared: access records are written
 * @began_ns: when the running step began, on the wall
 * @err: of the first record that failed; 0: none did
 */
struct memory {
	struct terrace_session *session;
	bool declared;
	uint64_t began_ns;
	int err;
};

/* 0, also without a device: then the reason is said on standard error and memory is plain. */
int memory_open(struct memory *m, const struct memory_options *options);
void memory_close(struct memory *m);

/**
 * struct placement - where an area is to be
 * @tier: a name; NULL: the placement rule chooses
 * @extent_bytes: 0: 2 MiB
 * @scattered: what is read next does not lie behind what was read last
 */
struct placement {
	const char *tier;
	uint32_t extent_bytes;
	bool scattered;
};

/**
 * struct area - bytes of one class
 * @buffer: NULL: plain memory
 * @data: the first byte
 * @mapped, @mapped_bytes: of plain memory, what is to be unmapped
 * @prefetch: part of it is on a device, so that fetching it ahead pays
 */
struct area {
	struct memory *memory;
	struct terrace_buffer *buffer;
	char *data;
	void *mapped;
	uint64_t mapped_bytes;
	bool prefetch;
};

/* Weights are a range of a file, and can only be read. */
int memory_load_weights(struct memory *m, int fd, uint64_t offset, uint64_t bytes,
			const struct placement *where, struct area *out);
/* Others are zero. */
int memory_make_area(struct memory *m, uint32_t class_id, uint64_t bytes,
		     const struct placement *where, struct area *out);
void memory_free_area(struct area *a);

/* A step is one token here; what it cost is zero in plain memory, but for wall_ns. */
int memory_begin_step(struct memory *m, uint32_t kind, uint64_t flops);
int memory_end_step(struct memory *m, struct terrace_step_end *cost);

/* The running step accesses a range; flags are TERRACE_ACCESS_ bits. */
void memory_access(const struct area *a, uint32_t flags, uint64_t offset, uint64_t bytes);

/* A range will be read soon. */
void memory_prefetch(const struct area *a, uint64_t offset, uint64_t bytes);

#endif
