/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Block devices to break: loop devices on memory, and tables of the device mapper. */
#ifndef _SELFTESTS_DEVICES_H
#define _SELFTESTS_DEVICES_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct loop_device - a loop device whose content is memory
 * @path: of the device
 * @bytes: its size
 * @content: what is on it; what is changed here is on the device at once
 */
struct loop_device {
	char path[32];
	uint64_t bytes;
	uint8_t *content;
	int image_fd;
	int loop_fd;
};

/* 0 or a negative errno. It goes with the process, or when what uses it lets go after that. */
int loop_up(struct loop_device *d, uint64_t bytes);
void loop_down(struct loop_device *d);

/* Whether the device mapper has a target, after its module was asked for. */
bool mapper_has(const char *target);

/*
 * A device /dev/mapper/NAME with a table of lines "START LENGTH TARGET ...", in sectors of 512
 * bytes; or, while it is in use, its next table. 0, or -EIO with the reason on standard output.
 */
int mapper_up(const char *name, const char *table);
int mapper_reload(const char *name, const char *table);
bool mapper_there(const char *name);
void mapper_down(const char *name);

/* What a shell says of a command: its exit status. */
int shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* _SELFTESTS_DEVICES_H */
