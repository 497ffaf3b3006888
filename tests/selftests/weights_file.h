/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of weights for tests, and a way to stop whoever reads one in the middle. */
#ifndef _SELFTESTS_WEIGHTS_FILE_H
#define _SELFTESTS_WEIGHTS_FILE_H

#include <terrace/terrace.h>

/* Make or overwrite a file of bytes that follow from their offsets and a seed; 0 or -1. */
int weights_file_make(const char *path, uint64_t bytes, uint64_t seed);

/*
 * Bytes of a mapped buffer that are not those of such a file from @offset on, or, beyond @bytes,
 * not zero.
 */
uint64_t weights_file_wrong(const struct terrace_buffer *b, uint64_t offset, uint64_t bytes,
			    uint64_t seed);

/**
 * struct hold - who reads a file is stopped before each read
 * @group: of fanotify(7); a forked process closes it
 */
struct hold {
	int group;
	int event;
};

/* Begin: 0; 1 when the kernel cannot; -1. */
int hold_begin(struct hold *h, const char *path);

/* Wait until somebody is stopped; its pid or -1. */
int hold_wait(struct hold *h);

/* Let go of who is stopped, and stop nobody any more. */
void hold_end(struct hold *h);

#endif /* _SELFTESTS_WEIGHTS_FILE_H */
