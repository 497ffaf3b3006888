/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of libterrace share. */
#ifndef _TERRACE_LIB_INTERNAL_H
#define _TERRACE_LIB_INTERNAL_H

#include <pthread.h>
#include <terrace/terrace.h>

#include "ring.h"

/**
 * struct terrace_session - an open session
 * @fd: of /dev/terrace
 * @lock: protects @ring
 * @ring: @ring.head is NULL without a ring
 * @ring_bytes: of its mapping
 */
struct terrace_session {
	int fd;
	pthread_mutex_t lock;
	struct ring ring;
	size_t ring_bytes;
};

/**
 * struct terrace_buffer - an open buffer; fixed after creation
 * @data: mapping, NULL when there is none
 * @keeper: connection to terraced, which keeps the buffer for others as well; -1 = it is not shared
 */
struct terrace_buffer {
	int fd;
	uint32_t id;
	uint32_t class_id;
	uint32_t extent_bytes;
	uint64_t bytes;
	void *data;
	int keeper;
};

/* Keep the sentence for terrace_error(); returns @err, so that a failure is one statement. */
int error_set(int err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ioctl(2) that returns a negative errno. */
int device_call(int fd, unsigned long request, void *arg);

/* Check the options of a buffer, and fill in what the kernel is told of them. */
int buffer_options_check(const struct terrace_buffer_options *o, struct terrace_create *c);

/* Map a whole buffer, aligned to its extents: 0, or a negative errno. */
int buffer_map(struct terrace_buffer *b, int prot);

/* TERRACE_BUF_PIECES: 0 or a negative errno, without a sentence. */
int pieces_tell(int fd, const struct terrace_piece_range *ranges, uint32_t count, uint64_t pieces);

/* What weights are called that the caller has no name for: the last part of the file's path. */
void weights_name(int fd, char name[TERRACE_NAME_MAX]);

/* Name of a tier for a sentence: its name, or its index when it is not online. */
const char *tier_label(struct terrace_session *s, uint32_t tier, char label[TERRACE_NAME_MAX]);

/* 0, or -EINVAL when a word is not a tier's name. */
int tier_name_check(const char *name);

/* Bytes of extents that a formatted device has room for, retired segments included; 0 = unknown. */
uint64_t media_room(const char *device);

#endif /* _TERRACE_LIB_INTERNAL_H */
